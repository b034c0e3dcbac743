"""What a process takes from its peers: a forged, stale or borrowed header is refused, never served nor ignored."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import Any

import pytest
from django.db import OperationalError
from hypothesis import given
from hypothesis import strategies as st
from peer_house import BODY_BYTES, DEAD, KEY, OWNERS, House, Owner, Table, ask, house

from gateway.peers import signature
from gateway.peers.arrivals import BadRelay
from gateway.peers.signature import Claim, NotSigned, Request
from tests.doubles import HandClock

PATH = "/mcp/echo?x=1"
BODY = b'{"jsonrpc":"2.0"}'
TOKEN = "Bearer " + secrets.token_hex(12)
REQUEST = Request("POST", PATH.encode(), (TOKEN.encode(),), BODY)
CLIENT = "203.0.113.7"


def header(place: House | HandClock, *, key: bytes = KEY, request: Request = REQUEST, **claimed: Any) -> str:
    """A header as the front would make it now."""
    now = int((place.clock if isinstance(place, House) else place)())
    claim = replace(Claim(OWNERS, now, CLIENT), **claimed)
    return signature.sign(key, claim, request).decode()


async def knock(place: House, value: str, *, path: str = PATH, body: bytes = BODY, **named: Any) -> Any:
    """The request, straight to the owner."""
    headers = named.pop("headers", {"Authorization": TOKEN}) | {"X-Gatehouse-Peer": value}
    return await ask(place.owner_address, path, body, headers=headers, **named)


async def test_a_relayed_request_counts_as_its_clients() -> None:
    """The address of the agent is what limits and the ledger see."""
    async with house() as place:
        answer = await knock(place, header(place))
    scope, body = place.owner.requests[0]
    assert (answer.status, answer.body, body) == (203, BODY, BODY)
    assert scope["client"] == (CLIENT, 0)


async def test_a_request_of_nobodys_is_served_as_it_came() -> None:
    """Agents send no such header."""
    async with house() as place:
        answer = await ask(place.owner_address, PATH, BODY)
    assert (answer.status, place.owner.requests[0][0]["client"][0]) == (203, "127.0.0.1")


FORGED: dict[str, dict[str, Any]] = {
    "another key": {"key": bytes(32)},
    "another method": {"request": replace(REQUEST, method="DELETE")},
    "another path": {"request": replace(REQUEST, target=b"/mcp/stream?x=1")},
    "another query": {"request": replace(REQUEST, target=b"/mcp/echo?x=2")},
    "no query": {"request": replace(REQUEST, target=b"/mcp/echo")},
    "another body": {"request": replace(REQUEST, body=BODY + b" ")},
    "no body": {"request": replace(REQUEST, body=b"")},
    "another token": {"request": replace(REQUEST, authorization=(TOKEN.encode() + b"x",))},
    "no token": {"request": replace(REQUEST, authorization=())},
    "a token twice": {"request": replace(REQUEST, authorization=(TOKEN.encode(), TOKEN.encode()))},
    "a body that begins in the token": {
        "request": replace(REQUEST, authorization=(TOKEN.encode() + BODY[:1],), body=BODY[1:])
    },
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_header_of_another_request_is_refused(name: str) -> None:
    """The proof is bound to method, path, query, token and body."""
    async with house() as place:
        answer = await knock(place, header(place, **FORGED[name]))
    assert answer.status == 400 and b"signature" in answer.body, answer
    assert place.owner.requests == []
    assert place.owner.refused == [("127.0.0.1", "malformed")]


@pytest.mark.parametrize("part", range(5))
async def test_a_changed_header_is_refused(part: int) -> None:
    """Version, process, time, client and proof: none can be exchanged."""
    other = ["v2", DEAD, "1800000001", "198.51.100.1", "0" * 64]
    async with house() as place:
        claim = header(place, client="client").split(".")
        claim[part] = other[part]
        answer = await knock(place, ".".join(claim))
    assert (answer.status, place.owner.requests) == (400, [])


@pytest.mark.parametrize(
    "value",
    ["", "v1", "v1....", "x" * 5000, "v1." + OWNERS + ".1.1.2.3.4", "v1." + OWNERS + ".-1.a." + "0" * 64, "ü"],
)
async def test_anything_else_under_that_name_is_refused(value: str) -> None:
    """Never silently ignored."""
    async with house() as place:
        answer = await knock(place, value)
    assert (answer.status, place.owner.requests) == (400, [])
    assert b"leave it out" in answer.body


async def test_a_header_that_comes_twice_is_refused() -> None:
    """Which of them holds is nothing to guess."""
    clock = HandClock()
    good = (signature.HEADER, header(clock).encode())
    with pytest.raises(BadRelay, match="twice"):
        await Owner(clock, Table()).arrivals.verified(scope_of("127.0.0.1", good, good), BODY)


@pytest.mark.parametrize(("age", "status"), [(30, 203), (-30, 203), (31, 400), (-31, 400), (86_400, 400)])
async def test_a_header_holds_for_thirty_seconds(age: int, status: int) -> None:
    """At the limit and past it, on either side."""
    async with house() as place:
        answer = await knock(place, header(place, seconds=int(place.clock()) - age))
    assert (answer.status, len(place.owner.requests)) == (status, status == 203)
    assert status == 203 or b"clocks" in answer.body


async def test_a_header_for_another_process_is_refused() -> None:
    """What was caught on its way to one process opens nothing at the next."""
    async with house() as place:
        answer = await knock(place, header(place, process=DEAD))
    assert (answer.status, place.owner.requests) == (421, [])
    assert DEAD.encode() in answer.body


async def test_a_body_over_the_limit_is_refused_before_it_is_judged() -> None:
    """No signature lets anyone fill the memory."""
    body = b"x" * (BODY_BYTES + 1)
    async with house() as place:
        answer = await knock(place, header(place, request=replace(REQUEST, body=body)), body=body)
        relayed = await ask(place.address, "/mcp/echo", body)
        full = await ask(place.address, "/mcp/echo", body[1:])
    assert (answer.status, relayed.status, full.status, len(full.body)) == (413, 413, 203, BODY_BYTES)
    assert len(place.owner.requests) == 1


# Where it comes from.


def scope_of(address: str | None, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """The request as the server would hand it on."""
    return {
        "type": "http",
        "method": "POST",
        "raw_path": b"/mcp/echo",
        "query_string": b"x=1",
        "headers": [(b"authorization", TOKEN.encode()), *headers],
        "client": (address, 4000) if address is not None else None,
    }


PEERS = {
    OWNERS: "http://192.0.2.10:8000",
    DEAD: "https://[2001:db8::7]:8000",
    "1" * 16: "http://nowhere.invalid:8000",
}


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.9.9.9", "::1", "192.0.2.10", "::ffff:192.0.2.10", "2001:db8::7", "2001:db8:0::7"]
)
async def test_a_declared_peer_is_heard(address: str) -> None:
    """Architecture 3.3: loopback, or the host of an address in a lease row."""
    clock = HandClock()
    owner = Owner(clock, Table(PEERS))
    scope = scope_of(address, (signature.HEADER, header(clock).encode()))
    assert await owner.arrivals.verified(scope, BODY) == CLIENT


@pytest.mark.parametrize("address", ["192.0.2.11", "2001:db8::8", "198.51.100.1", "0.0.0.0", "", "testclient", None])
async def test_a_stranger_with_a_right_signature_is_not_heard(address: str | None) -> None:
    """A leaked key alone is not enough."""
    clock = HandClock()
    owner = Owner(clock, Table(PEERS))
    scope = scope_of(address, (signature.HEADER, header(clock).encode()))
    with pytest.raises(BadRelay, match="GATEHOUSE_PEER_URL"):
        await owner.arrivals.verified(scope, BODY)


async def test_a_stranger_without_a_signature_learns_only_that() -> None:
    """Nothing is looked up for whom the key is missing."""
    clock, table = HandClock(), Table(PEERS)
    scope = scope_of("198.51.100.1", (signature.HEADER, header(clock, key=bytes(32), process=DEAD).encode()))
    with pytest.raises(BadRelay, match="signature"):
        await Owner(clock, table).arrivals.verified(scope, BODY)
    assert table.reads == 0


async def test_nobody_is_blamed_while_the_database_is_silent() -> None:
    """The request of a peer is refused as what cannot be judged now; nothing is wrong with it."""
    clock = HandClock()
    owner, said = Owner(clock, Table(problem=OperationalError("down"))), []

    async def receive() -> Any:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = scope_of("192.0.2.10", (signature.HEADER, header(clock).encode()))
    await owner.arrivals.admit(owner.inside, scope, receive, send)
    assert json.loads(said[1]["body"])["error"]["code"] == 50300
    assert (owner.refused, owner.unavailable, owner.requests) == ([], 1, [])


async def test_a_peer_is_known_by_the_name_of_its_host() -> None:
    """An address may name a host; what the name stands for is asked."""
    owner = Owner(HandClock(), Table())
    assert "127.0.0.1" in {str(ip) for ip in await owner.arrivals._addresses_of("localhost")}
    assert await owner.arrivals._addresses_of("nowhere.invalid") == frozenset()


# The proof itself.

requests = st.builds(
    Request,
    st.sampled_from(["POST", "GET", "DELETE"]),
    st.binary(max_size=20),
    st.lists(st.binary(max_size=8), max_size=3).map(tuple),
    st.binary(max_size=20),
)


@given(sent=requests, came=requests)
def test_the_proof_is_of_one_request(sent: Request, came: Request) -> None:
    """Any two different requests have different proofs, however their parts are cut."""
    claim = Claim(OWNERS, 1_800_000_000, "::1")
    value = signature.sign(KEY, claim, sent)
    assert signature.read(KEY, value, sent) == claim
    if came != sent:
        with pytest.raises(NotSigned):
            signature.read(KEY, value, came)


@given(st.text())
def test_any_client_address_fits_the_header(address: str) -> None:
    """Also none, and what is no address."""
    claim = Claim(OWNERS, 1, signature.client_named(address))
    assert signature.read(KEY, signature.sign(KEY, claim, REQUEST), REQUEST) == claim


def test_addresses_of_both_families_are_kept() -> None:
    """They hold the marks that part the header's fields."""
    for address in ("203.0.113.7", "2001:db8::7", "fe80::1%eth0"):
        assert signature.client_named(address) == address
    assert signature.client_named(None) == signature.client_named("a b") == "unknown"
