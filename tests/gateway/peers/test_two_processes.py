"""Real `serve` processes on one PostgreSQL: how they know each other, and what they take from each other."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import override_settings
from peer_house import OURS, Answered, ask, serving

from gateway.peers import signature
from gateway.peers.directory import Peers
from gateway.peers.identity import Identity
from gateway.peers.relay import PeerGone, Relay
from gateway.peers.signature import Claim, Request
from governance import keys
from governance.peers import living_processes
from tests.connections import as_default
from tests.running import Running
from tests.waiting import eventually

pytestmark = pytest.mark.postgres

AGENT = "roaming-bot"
CONFIG = {
    "people": [{"email": "dev@example.com", "roles": ["developer"]}],
    "agents": [{"name": AGENT, "owner": "dev@example.com", "roles": []}],
}
HELLO = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
CLIENT = "203.0.113.7"


@pytest.fixture
def first(gatehouse: Callable[..., Running], databases: Any) -> Running:
    """One process."""
    if not databases.server:
        pytest.skip("several processes need PostgreSQL")
    return gatehouse(CONFIG)


@contextmanager
def beside(running: Running, blocker: Any) -> Iterator[bytes]:
    """This test as a further process of an installation: its database and its secret. Gives the peers' key."""
    secret = (running.folder / "keys" / "secret").read_text().strip()
    with blocker.unblock(), as_default(running.installation.copy.name), override_settings(SECRET_KEY=secret):
        yield keys.derive(keys.PEER_REQUESTS)


def process_at(address: str) -> str:
    """The process that listens there."""
    return next(process for process, at in living_processes().items() if at == address)


def test_processes_know_each_other_by_their_lease_rows(first: Running, django_db_blocker: Any) -> None:
    """Architecture 3.3: the bound address of each, also with --only gateway; stopped ones at once, killed ones soon."""
    with beside(first, django_db_blocker), first.beside("--only", "gateway") as second, first.beside() as third:
        addresses = {first.url, second.url, third.url}
        found = living_processes()
        assert set(found.values()) == addresses
        assert all(len(process) == 16 and int(process, 16) >= 0 for process in found)
        second.stop()
        assert set(living_processes().values()) == {first.url, third.url}
        third.kill()
        eventually(lambda: set(living_processes().values()) == {first.url}, within=8, what="the lease to run out")
        third.start()
        again = {process for process, at in living_processes().items() if at == third.url}
        assert again and not again & set(found), "a process that starts again is another one"


def test_a_process_says_where_its_operator_tells_it_to(first: Running, django_db_blocker: Any) -> None:
    """GATEHOUSE_PEER_URL: what is bound is not what others can reach."""
    first.installation.environment["GATEHOUSE_PEER_URL"] = "http://127.0.0.2:9999/"
    with beside(first, django_db_blocker), first.beside():
        assert set(living_processes().values()) == {first.url, "http://127.0.0.2:9999"}


def test_a_request_is_answered_by_the_process_it_is_relayed_to(first: Running, django_db_blocker: Any) -> None:
    """The agent's own token is what opens the door there, and a process that has gone is told as gone."""
    with beside(first, django_db_blocker) as key, first.beside() as second:
        asyncio.run(relayed(first, second, process_at(second.url), key))
        counted = [entry for entry in first.ledger("call.refused") if "counted" in entry]
    assert [(entry["principal"]["address"], entry["counted"]["what"]) for entry in counted] == [
        (CLIENT, "not authenticated")
    ], "counted under the address of the client, not of the process that relayed"


async def relayed(first: Running, second: Running, owner: str, key: bytes) -> None:
    """Requests through a relay of this test's, whose client has an address of its own."""
    relay = Relay(Peers(Identity(OURS, "")), key, now=time.time)
    gone: list[PeerGone] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive()).get("body", b"")
        try:
            await relay.forward(scope | {"client": (CLIENT, 1)}, receive, send, body, to=owner)
        except PeerGone as problem:
            gone.append(problem)
            await send({"type": "http.response.start", "status": 410, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async with serving(app) as address:
        assert (await greet(address, first.token(AGENT))).status == 404, "no such server for this agent"
        refused = await greet(address, "no token of ours")
        assert (refused.status, json.loads(refused.body)["error"]["code"]) == (401, 40100)
        assert gone == []
        await asyncio.to_thread(second.restart)
        assert (await greet(address, first.token(AGENT))).status == 410
        assert len(gone) == 1
    await relay.close()


def test_real_processes_refuse_what_was_not_relayed_to_them(first: Running, django_db_blocker: Any) -> None:
    """Forged, stale, for another path, and replayed to another process; the right one passes."""
    with beside(first, django_db_blocker) as key, first.beside() as second:
        now, body = int(time.time()), json.dumps(HELLO).encode()
        token = f"Bearer {first.token(AGENT)}"
        claim = Claim(process_at(first.url), now, CLIENT)
        request = Request("POST", b"/mcp/desk", (token.encode(),), body)
        good = signature.sign(key, claim, request)

        def knock(at: Running, value: bytes, path: str = "/mcp/desk") -> int:
            sent = {"Authorization": token, "X-Gatehouse-Peer": value.decode(), "Content-Type": "application/json"}
            return at.request("POST", path, body=body, headers=sent).status

        assert knock(first, good) == 404, "no server of this name for this agent: it was judged as a call"
        assert knock(second, good) == 421
        assert knock(first, good, "/mcp/other") == 400
        assert knock(first, signature.sign(bytes(32), claim, request)) == 400
        stale = Claim(claim.process, now - 60, CLIENT)
        assert knock(first, signature.sign(key, stale, request)) == 400


async def greet(address: str, token: str) -> Answered:
    """A request of an agent to a server that it may not see."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Host": "localhost",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    return await ask(address, "/mcp/desk", json.dumps(HELLO).encode(), headers=headers)
