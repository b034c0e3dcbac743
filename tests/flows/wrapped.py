"""A real `gatehouse wrap` process on its pipes, and the person at its page: `with Wrapped(folder, command) as it`."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.running import ROOT
from tests.waiting import eventually

PROGRAM = Path(sys.executable).parent / "gatehouse"
SHED = ROOT / "tests" / "fixtures_servers" / "shed.py"
STARTS_WITHIN = 60.0
ENDS_WITHIN = 20.0
LINK = re.compile(r"http://127\.0\.0\.1:\d+/admin/link/\w+/")
PAGE = re.compile(r"waits for you: (http://127\.0\.0\.1:\d+(/admin/\S+))")
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}


def shed(log: Path, word: str = "first") -> list[str]:
    """The argv of the shed server."""
    return [sys.executable, str(SHED), str(log), word]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What a client gives its entry: a home, a path, where the data goes."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    cache = os.environ.get("GATEHOUSE_TEST_FOLDER") or str(folder)  # The tables are made once for all of a run.
    return {**kept, "GATEHOUSE_DATA": str(folder), "XDG_CACHE_HOME": cache, **more}


class Wrapped:
    """A running wrapper. Every line it printed is kept; a line of its output that is no message fails the test."""

    def __init__(self, folder: Path, command: Sequence[str], *options: str, **variables: str) -> None:
        self.folder, self.command, self.options, self.variables = folder, command, options, variables
        self.said: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self._ids = itertools.count(1)

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [PROGRAM, "wrap", *self.options, "--", *self.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(self.folder, **self.variables),
            cwd=self.folder,
        )
        self._readers = [
            threading.Thread(target=self._read_messages, daemon=True),
            threading.Thread(target=self._read_words, daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(ENDS_WITHIN)
        for reader in self._readers:
            reader.join(ENDS_WITHIN)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def _read_messages(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.messages.append(json.loads(line))

    def _read_words(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.decode())

    @property
    def words(self) -> str:
        """Standard error so far."""
        return "".join(list(self.said))

    def put(self, message: Mapping[str, Any]) -> None:
        """Write one line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Write a request; its id."""
        number = next(self._ids)
        self.put({"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params or {})})
        return number

    def answer_to(self, number: int, *, within: float = 30.0) -> dict[str, Any]:
        """The answer, once it is there; fails with what the program said when it ended instead."""

        def look() -> list[dict[str, Any]]:
            assert self.process.poll() is None, self.words
            return [said for said in self.messages if said.get("id") == number]

        return eventually(look, within=within, what=f"an answer to {number}; {self.words}")[0]

    def open(self) -> Self:
        """Initialize."""
        said = self.answer_to(self.ask("initialize", INITIALIZE), within=STARTS_WITHIN)
        assert "result" in said, said
        self.put({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def begin(self, tool: str, **arguments: Any) -> int:
        """Begin one tools/call; its id."""
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """One tools/call and its result."""
        said = self.answer_to(self.begin(tool, **arguments))
        assert "result" in said, said
        return dict(said["result"])

    def tools(self) -> set[str]:
        """The names of the listed tools."""
        return {tool["name"] for tool in self.answer_to(self.ask("tools/list"))["result"]["tools"]}

    def end(self) -> int:
        """Close its input, as a client does; the exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(ENDS_WITHIN)

    def asked_page(self, count: int = 1) -> str:
        """The page of the call that waits, the `count`th that was told of."""
        eventually(lambda: len(PAGE.findall(self.words)) >= count, within=20, what="a page to decide on")
        return str(PAGE.findall(self.words)[count - 1][0])

    @contextmanager
    def person(self) -> Iterator[httpx2.Client]:
        """A browser that was signed in with the last link on the terminal."""
        link = LINK.findall(self.words)[-1]
        with httpx2.Client(timeout=30, follow_redirects=True) as browser:
            posted = browser.post(link, data={"csrfmiddlewaretoken": token_in(browser.get(link).text)})
            assert posted.status_code == 200, posted.text
            yield browser


def token_in(page: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found, page
    return found[1]


def decide(browser: httpx2.Client, page: str, decision: str, reason: str = "a test") -> httpx2.Response:
    """Press a button of the page of a held call."""
    said = {"csrfmiddlewaretoken": token_in(browser.get(page).text), "decision": decision, "reason": reason}
    return browser.post(page.rstrip("/") + "/decide/", data=said)


def manage(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` on a data folder, in the mode that it has by itself."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environment(folder),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
