"""Every way into the gateway by which a call can come, and how to ask over each: `ENTRY_POINTS`.

Each opens with the place's running Gatehouse and gives a `Way`. Its marks name what of the code it stands for.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.flows.eras_place import PROGRAM
from tests.flows.offices import Office
from tests.flows.sse_line import SseLine
from tests.flows.test_oauth_clients import Browser, Kept, provider
from tests.flows.wrapped import Wrapped
from tests.gateway.stdio.piping import INITIALIZE, INITIALIZED, META, piped
from tests.raw_agent import Agent

SERVER, AGENT = "office", "dev-claude"
POLICY = """
version: "1"
default: deny
rules:
  - {id: all, server: office, action: allow, reason: The rest may be used}
  - {id: no-words, tool: office/echo, action: deny, constraints: {said: {matches: ".*forbidden.*"}}, reason: No}
  - id: no-prompt
    prompt: office/test_prompt_with_arguments
    action: deny
    constraints: {arg1: {matches: ".*forbidden.*"}}
    reason: No
  - {id: no-page, resource: "office/test://template/forbidden/data", action: deny, reason: No}
"""
Message = Mapping[str, Any]


def program(log: Path) -> list[str]:
    """The server behind every entry point; what reaches it stands in the log."""
    return [sys.executable, str(PROGRAM), "both", "--stdio", str(log)]


@dataclass
class Place:
    """An office with that server, its log, and a folder for what an entry point needs."""

    office: Office
    log: Path
    folder: Path

    def token(self) -> str:
        """The agent's static token."""
        return self.office.running.token(AGENT)


@dataclass
class Way:
    """One opened entry point: `ask` gives the answer's message, `log` is of the server behind, `ledger` reads."""

    ask: Callable[[str, Message], Message]
    log: Path
    ledger: Callable[[], list[dict[str, Any]]]
    session_era: bool = True
    aggregate: bool = False


Opened = Iterator[Way]
Open = Callable[[Place], AbstractContextManager[Way]]


@dataclass(frozen=True)
class EntryPoint:
    """How to open one, and the names in the code that it covers: `asgi:` paths and `cli:` subcommands."""

    open: Open
    covers: frozenset[str]


def over_http(place: Place, token: str, path: str, *, session_era: bool) -> Callable[[str, Message], Message]:
    """Ask by POST, in one era."""
    agent = Agent(place.office.running, token, legacy=session_era, path=path)
    return lambda method, params: dict(agent.request(method, params).message)


def transparent(session_era: bool) -> Open:
    """`/mcp/<server>` with a static token."""

    @contextmanager
    def opened(place: Place) -> Opened:
        ask = over_http(place, place.token(), f"/mcp/{SERVER}", session_era=session_era)
        yield Way(ask, place.log, place.office.running.ledger, session_era)

    return opened


def aggregate(session_era: bool) -> Open:
    """`/mcp`, where names are spelled with their server."""

    @contextmanager
    def opened(place: Place) -> Opened:
        ask = over_http(place, place.token(), "/mcp", session_era=session_era)
        yield Way(ask, place.log, place.office.running.ledger, session_era, aggregate=True)

    return opened


@contextmanager
def oauth(place: Place) -> Opened:
    """`/mcp/<server>` with a token that an official client got by OAuth."""
    kept = Kept()

    async def connect() -> None:
        auth = provider(place.office, Browser(place.office, "sec@example.com", ["office"]), kept, SERVER)
        async with httpx2.AsyncClient(auth=auth, timeout=30) as http:
            transport = streamable_http_client(f"{place.office.running.url}/mcp/{SERVER}", http_client=http)
            async with Client(transport, mode="auto") as client:
                assert (await client.list_tools()).tools

    asyncio.run(connect())
    assert kept.tokens is not None
    ask = over_http(place, kept.tokens.access_token, f"/mcp/{SERVER}", session_era=True)
    yield Way(ask, place.log, place.office.running.ledger)


def bridge(session_era: bool) -> Open:
    """`gatehouse stdio`."""

    @contextmanager
    def opened(place: Place) -> Opened:
        with asyncio.Runner() as runner:
            process = piped(f"{place.office.running.url}/mcp/{SERVER}", token=place.token())
            pipe = runner.run(process.__aenter__())
            numbers = itertools.count(1)

            async def answer(message: Message) -> Message:
                pipe.write(message)
                while (said := await pipe.message()).get("id") != message["id"]:
                    pass
                return dict(said)

            def ask(method: str, params: Message) -> Message:
                meta = {} if session_era else {"_meta": META}
                message = {"jsonrpc": "2.0", "id": next(numbers), "method": method, "params": {**params, **meta}}
                return runner.run(answer(message))

            if session_era:
                runner.run(answer(INITIALIZE))
                pipe.write(INITIALIZED)
            try:
                yield Way(ask, place.log, place.office.running.ledger, session_era)
            finally:
                runner.run(process.__aexit__(None, None, None))

    return opened


@contextmanager
def sse(place: Place) -> Opened:
    """`/sse/<server>`, for clients of 2024-11-05."""
    with SseLine(place.office.running, place.token(), SERVER) as line:
        line.open()

        def ask(method: str, params: Message) -> Message:
            return line.answer_to(line.ask(method, params))

        yield Way(ask, place.log, place.office.running.ledger)


@contextmanager
def wrap(place: Place) -> Opened:
    """`gatehouse wrap`, with the same policy around the same program; its evidence is its own."""
    policy, log = place.folder / "wrap.yaml", place.folder / "wrapped.log"
    policy.write_text(POLICY)
    database = place.folder / SERVER / "gatehouse.sqlite3"

    def ledger() -> list[dict[str, Any]]:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            return [json.loads(text) for (text,) in connection.execute("SELECT text FROM governance_ledgerentry")]
        finally:
            connection.close()

    with Wrapped(place.folder, program(log), "--policy", str(policy), "--name", SERVER) as running:
        running.open()

        def ask(method: str, params: Message) -> Message:
            return running.answer_to(running.ask(method, params))

        yield Way(ask, log, ledger)


ENTRY_POINTS: dict[str, EntryPoint] = {
    "transparent, session era": EntryPoint(transparent(True), frozenset({"asgi:/mcp/"})),
    "transparent, stateless era": EntryPoint(transparent(False), frozenset({"asgi:/mcp/"})),
    "OAuth agent": EntryPoint(oauth, frozenset({"asgi:/mcp/"})),
    "aggregate, session era": EntryPoint(aggregate(True), frozenset({"asgi:/mcp"})),
    "aggregate, stateless era": EntryPoint(aggregate(False), frozenset({"asgi:/mcp"})),
    "SSE": EntryPoint(sse, frozenset({"asgi:/sse/"})),
    "stdio bridge, session era": EntryPoint(bridge(True), frozenset({"cli:stdio"})),
    "stdio bridge, stateless era": EntryPoint(bridge(False), frozenset({"cli:stdio"})),
    "wrapper": EntryPoint(wrap, frozenset({"cli:wrap"})),
}
