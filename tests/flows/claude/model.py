"""A model's API on loopback that asks for one tool call and then repeats what came of it: `with model() as mock`.

It speaks the streaming form of `POST /v1/messages`, as far as a client needs it to call a tool. It stands in for the
client's proxy too, and answers 403 there: whatever tries to leave the machine ends here and is remembered.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "mock-model"
CALL_ID = "toolu_mock_1"
NOTHING = "nothing to do"
MAX_BODY = 16 * 1024 * 1024
EVENT_KEYS: dict[str, Any] = {"id": "msg_mock", "type": "message", "role": "assistant", "model": MODEL, "content": []}
USAGE = {"input_tokens": 1, "output_tokens": 1}


@dataclass
class Mock:
    """What the mock will ask for (`tool` under its name at the client, `arguments`), and what it was told.

    `offered` are the tools it could have used, `told` the tool results, `strangers` the addresses beyond loopback.
    """

    port: int
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    offered: set[str] = field(default_factory=set)
    told: list[dict[str, Any]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    def blocks(self, request: Mapping[str, Any]) -> tuple[str, list[tuple[dict[str, Any], dict[str, Any]]]]:
        """The answer to one request: why it stops, and each content block with its only delta."""
        results = results_in(request)
        if results:
            self.told.extend(results)
            return "end_turn", [text(json.dumps(results, ensure_ascii=False))]
        self.offered |= {str(each.get("name")) for each in request.get("tools", ())}
        if self.tool in self.offered:
            start = {"type": "tool_use", "id": CALL_ID, "name": self.tool, "input": {}}
            return "tool_use", [(start, {"type": "input_json_delta", "partial_json": json.dumps(self.arguments)})]
        return "end_turn", [text(NOTHING)]


def text(said: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A block of text and its delta."""
    return {"type": "text", "text": ""}, {"type": "text_delta", "text": said}


def results_in(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tool results in the last message that the user's side sent."""
    asked = [message for message in request.get("messages", ()) if message.get("role") == "user"]
    content = asked[-1]["content"] if asked else []
    if isinstance(content, str):
        return []
    return [block for block in content if block.get("type") == "tool_result"]


def events(stop: str, blocks: list[tuple[dict[str, Any], dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """The events of one streamed answer."""
    yield {"type": "message_start", "message": EVENT_KEYS | {"stop_reason": None, "usage": USAGE}}
    for index, (start, delta) in enumerate(blocks):
        yield {"type": "content_block_start", "index": index, "content_block": start}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": USAGE}
    yield {"type": "message_stop"}


class Api(BaseHTTPRequestHandler):
    """One connection of the client."""

    mock: Mock
    protocol_version = "HTTP/1.1"
    timeout = 120

    def do_HEAD(self) -> None:
        """Whether the API is there."""
        self.answer(200)

    def do_POST(self) -> None:
        """A message; everything else is not there."""
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length) if length <= MAX_BODY else b""
        if self.is_foreign() or self.path.partition("?")[0] != "/v1/messages":
            self.answer(403 if self.is_foreign() else 404)
            return
        lines = [
            f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            for event in events(*self.mock.blocks(json.loads(body)))
        ]
        self.answer(200, "".join(lines).encode(), "text/event-stream")

    def do_GET(self) -> None:
        """Nothing is there."""
        self.answer(403 if self.is_foreign() else 404)

    def do_CONNECT(self) -> None:
        """No proxy: the address is remembered."""
        self.mock.strangers.append(self.path)
        self.close_connection = True
        self.answer(403)

    def is_foreign(self) -> bool:
        """Whether the request is for another host, which makes this its proxy."""
        if self.path.startswith("/"):
            return False
        self.mock.strangers.append(self.path)
        return True

    def answer(self, status: int, body: bytes = b"", kind: str = "application/json") -> None:
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def model() -> Iterator[Mock]:
    """A mock on a free port of loopback; it is gone at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    mock = Mock(server.server_address[1])
    server.RequestHandlerClass = type("OneApi", (Api,), {"mock": mock})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield mock
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
