"""A hostile MCP server over standard streams: `python upstream_child.py [option …]`. The tool called names the fault.

Options: `--legacy`, `--modern` (default both), `--lock` (the first message decides the era for good),
`--discover die|silent`, `--initialize die|silent`, `--start die|silent|noise`, `--ignore-term`, `--grandchild FILE`
(its pid is written there), `--starts FILE` (a line is added at each start), `--tools a,b` (listed beside its own),
`--subscriptions` (the tool `acknowledge` confirms those that wait, without what its `text` names).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.upstream_offer import TOOLS, NotHere, Offer, tool_result

OUT = sys.stdout.buffer


def say(data: bytes) -> None:
    """Write a raw line."""
    OUT.write(data + b"\n")
    OUT.flush()


def response(message: Mapping[str, Any], text: str) -> bytes:
    """A tool result for a request."""
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": tool_result(text)}).encode()


def progress(token: Any) -> bytes:
    """A progress notification."""
    params = {"progressToken": token, "progress": 1}
    return json.dumps({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}).encode()


def text_of(message: Mapping[str, Any]) -> str:
    """The argument `text` of a call."""
    return str(message["params"].get("arguments", {}).get("text", ""))


def flood(write: Callable[[bytes], object], block: bytes) -> None:
    """Write without end."""
    while True:
        write(block)


def stderr_flood(message: Mapping[str, Any]) -> None:
    """Answer, while the error output is flooded."""
    threading.Thread(target=flood, args=(sys.stderr.buffer.write, b"trouble " * 8192), daemon=True).start()
    say(response(message, text_of(message)))


def with_progress(message: Mapping[str, Any]) -> None:
    """Two notices under the token given, one under another, and the answer."""
    token = message["params"]["_meta"]["progressToken"]
    for said in (token, "somebody else's", token):
        say(progress(said))
    say(response(message, "done"))


def announce(message: Mapping[str, Any]) -> None:
    """Say that the tools changed, and something that only one caller should hear, before the answer."""
    for method, params in (("notifications/tools/list_changed", {}), ("notifications/message", {"data": "private"})):
        say(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())
    say(response(message, "said"))


def ask(message: Mapping[str, Any], method: str, named: bool = False) -> None:
    """Ask the client, and answer with what it said; `named` says by its progress token for which request it asks."""
    params: dict[str, Any] = {"message": "who?"}
    if named:
        params["_meta"] = {"progressToken": message["params"]["_meta"]["progressToken"]}
    say(json.dumps({"jsonrpc": "2.0", "id": "q1", "method": method, "params": params}).encode())
    say(response(message, sys.stdin.readline().strip()))


def withdraw(message: Mapping[str, Any]) -> None:
    """Ask, and do not want to know any more once somebody was asked: the next message says so."""
    say(json.dumps({"jsonrpc": "2.0", "id": "q2", "method": "elicitation/create", "params": {}}).encode())
    sys.stdin.readline()
    say(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q2"}}')
    sys.stdin.readline()
    say(response(message, "never mind"))


def limits(message: Mapping[str, Any]) -> None:
    """Answer with the limits it lives under."""
    kinds = (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE, resource.RLIMIT_DATA)
    say(response(message, json.dumps([resource.getrlimit(kind) for kind in kinds])))


def environment(message: Mapping[str, Any]) -> None:
    """Answer with the environment, the folder and the process group."""
    facts = {"env": dict(os.environ), "cwd": str(Path.cwd()), "leads": os.getpgid(0) == os.getpid()}
    say(response(message, json.dumps(facts)))


def stop_reading(message: Mapping[str, Any]) -> None:
    """Never read again."""
    say(response(message, "deaf from now on"))
    signal.pause()


def split(message: Mapping[str, Any]) -> None:
    """The answer in pieces."""
    for byte in response(message, text_of(message)) + b"\n":
        OUT.write(bytes((byte,)))
        OUT.flush()


def die(code: int, last: bytes = b"") -> None:
    """End at once, with last words."""
    sys.stderr.write("I cannot go on\n")
    sys.stderr.flush()
    OUT.write(last)
    OUT.flush()
    os._exit(code)


FAULTS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "hang": lambda message: None,
    "die": lambda message: die(3),
    "die_mid_line": lambda message: die(3, response(message, "half")[:-9]),
    "answer_and_die": lambda message: die(0, response(message, text_of(message)) + b"\n"),
    "close_stdout": lambda message: (os.close(1), signal.pause()),
    "garbage": lambda message: say(b"Traceback (most recent call last): no JSON here"),
    "half_json": lambda message: say(response(message, "half")[:-9]),
    "wrong_id": lambda message: say(response({"id": message["id"] + 1}, "stolen")),
    "text_id": lambda message: say(response({"id": str(message["id"])}, "stolen")),
    "two_answers": lambda message: (say(response(message, text_of(message))), say(response(message, "second"))),
    "noise_then_answer": lambda message: (say(b"starting up ..."), say(b""), say(response(message, text_of(message)))),
    "split": split,
    "crlf": lambda message: say(response(message, text_of(message)) + b"\r"),
    "endless_line": lambda message: flood(OUT.write, b"x" * 65536),
    "endless_noise": lambda message: flood(OUT.write, b"no json\n" * 8192),
    "endless_foreign": lambda message: flood(OUT.write, (response({"id": "x"}, "stolen") + b"\n") * 400),
    "large": lambda message: say(response(message, "x" * 1_000_000)),
    "stderr_flood": stderr_flood,
    "progress": with_progress,
    "announce": announce,
    "ask": lambda message: ask(message, "elicitation/create"),
    "ask_by_token": lambda message: ask(message, "elicitation/create", named=True),
    "withdraw": withdraw,
    "limits": limits,
    "ping_me": lambda message: ask(message, "ping"),
    "environment": environment,
    "stop_reading": stop_reading,
}


class Server:
    """The loop over standard input."""

    def __init__(self, options: argparse.Namespace) -> None:
        eras = {"modern"} if options.modern else {"legacy"} if options.legacy else {"modern", "legacy"}
        more = [{"name": name, "inputSchema": {"type": "object"}} for name in options.tools.split(",") if name]
        self.offer = Offer(tools=(*TOOLS, *more), eras=frozenset(eras))
        self.options = options
        self.cancelled: list[Any] = []
        self.listening: list[Mapping[str, Any]] = []  # Subscriptions that are not acknowledged.
        self.era: str | None = None

    def serve(self) -> None:
        """Answer until standard input ends."""
        for line in sys.stdin:
            message = json.loads(line)
            if "id" not in message:
                if message["method"] == "notifications/cancelled":
                    self.cancelled.append(message["params"]["requestId"])
                continue
            self.handle(message)

    def handle(self, message: Mapping[str, Any]) -> None:
        """One request."""
        method = message["method"]
        fate = {"server/discover": self.options.discover, "initialize": self.options.initialize}.get(method)
        if fate == "die":
            os._exit(1)
        if fate == "silent":
            signal.pause()
        if self.era is None:
            self.era = "modern" if method == "server/discover" else "legacy"
        wanted = {"server/discover": "modern", "initialize": "legacy"}.get(method, self.era)
        if self.options.lock and wanted != self.era:
            error = {"code": -32022, "message": f"connection is serving the {self.era} era"}
            return say(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}).encode())
        tool = message.get("params", {}).get("name") if method == "tools/call" else None
        if tool == "cancelled":
            return say(response(message, json.dumps(self.cancelled)))
        if method == "subscriptions/listen" and self.options.subscriptions:
            self.listening.append(message)
            return None
        if tool == "acknowledge":
            return self.acknowledge(message)
        if tool in FAULTS:
            FAULTS[tool](message)
            return None
        try:
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": self.offer.answer(message)}
        except NotHere:
            answer = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "not here"}}
        return say(json.dumps(answer).encode())

    def acknowledge(self, message: Mapping[str, Any]) -> None:
        """Confirm the subscriptions that wait, and say how many those were."""
        for listen in self.listening:
            wanted = listen["params"]["notifications"]
            uris = [uri for uri in wanted.get("resourceSubscriptions", ()) if uri != text_of(message)]
            meta = {"io.modelcontextprotocol/subscriptionId": listen["id"]}
            params = {"_meta": meta, "notifications": {**wanted, "resourceSubscriptions": uris}}
            acknowledged = {"method": "notifications/subscriptions/acknowledged", "params": params}
            say(json.dumps({"jsonrpc": "2.0", **acknowledged}).encode())
        count, self.listening = len(self.listening), []
        say(response(message, str(count)))


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser()
    for flag in ("--legacy", "--modern", "--lock", "--ignore-term", "--subscriptions"):
        parser.add_argument(flag, action="store_true")
    for option in ("--discover", "--initialize", "--start", "--grandchild", "--starts"):
        parser.add_argument(option)
    parser.add_argument("--tools", default="")
    options = parser.parse_args()
    if options.starts:
        with Path(options.starts).open("a") as starts:
            starts.write("start\n")
    if options.ignore_term:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if options.grandchild:
        sleeper = subprocess.Popen(["sleep", "1000"])
        Path(options.grandchild).write_text(str(sleeper.pid))
    if options.start == "die":
        die(2)
    if options.start == "silent":
        signal.pause()
    if options.start == "noise":
        say(b"Welcome to the server!")
    Server(options).serve()
    if options.ignore_term:
        signal.pause()  # Not even the end of its input ends it.


if __name__ == "__main__":
    main()
