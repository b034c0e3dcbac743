"""A client of the 2024-11-05 transport down to the bytes: `with SseLine(running, token) as line`."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

from tests.running import Answer, Running
from tests.waiting import eventually

INITIALIZE = {
    "protocolVersion": "2024-11-05",
    "capabilities": {},
    "clientInfo": {"name": "old", "version": "1"},
}


class Refused(AssertionError):
    """The stream was not opened; the argument is the status."""


class SseLine:
    """One stream and what came on it: `events` as (event, data), without comments."""

    def __init__(self, running: Running, token: str, server: str = "desk", *, to: Running | None = None) -> None:
        self.running, self.token, self.server = running, token, server
        self.to = to or running
        self.events: list[tuple[str, str]] = []
        self.ended = False
        self._ids = itertools.count(1)
        self._connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)

    def __enter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        self._connection.request("GET", f"/sse/{self.server}", headers=headers)
        self._socket = self._connection.sock
        answer = self._connection.getresponse()
        if answer.status != 200:
            self._connection.close()
            raise Refused(answer.status)
        assert answer.headers["content-type"] == "text/event-stream"
        self._reader = threading.Thread(target=self._read, args=(answer,), daemon=True)
        self._reader.start()
        eventually(lambda: self.events, what="the endpoint event")
        kind, self.address = self.events[0]
        assert kind == "endpoint"
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, as a client that was killed does."""
        with suppress(OSError):  # The other side was quicker.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(10)
        self._socket.close()

    def _read(self, answer: http.client.HTTPResponse) -> None:
        kind, data = "message", []
        try:
            for line in answer:
                text = line.decode().rstrip("\r\n")
                if text.startswith("event: "):
                    kind = text[7:]
                elif text.startswith("data: "):
                    data.append(text[6:])
                elif not text and data:
                    self.events.append((kind, "\n".join(data)))
                    kind, data = "message", []
        except (OSError, ValueError, http.client.HTTPException):
            pass  # The test hung up, or the process went.
        answer.close()
        self.ended = True

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The JSON-RPC messages that came."""
        return [json.loads(data) for kind, data in list(self.events) if kind == "message"]

    def post(
        self, message: Mapping[str, Any] | bytes, *, token: str | None = None, address: str = "", **headers: str
    ) -> Answer:
        """One POST to the message address, or to another one; `token` "" sends none."""
        sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        body = message if isinstance(message, bytes) else json.dumps(message)
        token = self.token if token is None else token
        return self.to.request("POST", address or self.address, token=token, body=body, headers=sent)

    def ask(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Post a request; its id."""
        number = next(self._ids)
        answer = self.post({"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params or {})})
        assert (answer.status, answer.body) == (202, b""), answer
        return number

    def answer_to(self, number: int, *, within: float = 20.0) -> dict[str, Any]:
        """The answer on the stream, once it is there."""

        def look() -> list[dict[str, Any]]:
            return [said for said in self.messages if said.get("id") == number and "method" not in said]

        return eventually(look, within=within, what=f"an answer to {number}")[0]

    def open(self) -> dict[str, Any]:
        """Initialize; what the server said."""
        said = self.answer_to(self.ask("initialize", INITIALIZE))
        assert self.post({"jsonrpc": "2.0", "method": "notifications/initialized"}).status == 202
        return dict(said["result"])

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """One tools/call and its result."""
        said = self.answer_to(self.ask("tools/call", {"name": tool, "arguments": arguments}))
        assert "result" in said, said
        return dict(said["result"])
