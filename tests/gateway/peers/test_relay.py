"""A relayed request: what the owner gets, what the client gets, and what becomes of both when one of them leaves."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from typing import Any

import pytest
from peer_house import DEAD, OURS, OWNERS, House, ask, house, serving, streamed

from gateway.peers import relay as module
from gateway.peers import signature
from gateway.peers.identity import bound_address
from gateway.peers.relay import PeerGone
from gateway.peers.wire import encoded
from gateway.refusal import Unavailable
from tests.waiting import eventually_async

TEN_MIB = 10 * 1024 * 1024
Answers = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


async def test_the_owner_sees_the_request_as_its_client_sent_it() -> None:
    """Architecture 3.3: path, query, headers in order, Host and body; what is about a connection stays here."""
    body = secrets.token_bytes(1000)
    token = "Bearer " + secrets.token_hex(8)
    headers = {
        "Host": "gatehouse.example.com",
        "Authorization": token,
        "Mcp-Session-Id": "abc",
        "X-Repeated": "ü",
        "Keep-Alive": "timeout=5",
        "TE": "trailers",
        "Connection": "keep-alive, x-repeated",
    }
    async with house() as place:
        answer = await ask(place.address, "/mcp/desk%2Fx/echo?a=1&b=%20", body, headers=headers)
    assert (answer.status, answer.body, answer.whole) == (203, body, True)
    scope, received = place.owner.requests[0]
    assert received == body
    assert (scope["method"], scope["raw_path"], scope["query_string"]) == (
        "POST",
        b"/mcp/desk%2Fx/echo",
        b"a=1&b=%20",
    )
    assert scope["client"] == ("127.0.0.1", 0)
    kept = {name: value for name, value in scope["headers"] if name != signature.HEADER}
    assert kept.pop(b"accept-encoding") == b"identity"
    assert kept == {
        b"host": b"gatehouse.example.com",
        b"authorization": token.encode(),
        b"mcp-session-id": b"abc",
        b"x-repeated": "ü".encode("latin-1"),
        b"content-length": b"1000",
    }


async def test_the_client_gets_the_owners_answer_with_its_headers_once() -> None:
    """Repeated headers stay repeated, and no header comes twice for being relayed."""
    async with house() as place:
        answer = await ask(place.address, "/mcp/echo", b"x")
    assert [value for name, value in answer.headers if name == "x-twice"] == ["1", "2"]
    names = [name.lower() for name, _ in answer.headers]
    assert (names.count("date"), names.count("content-length"), "x-gatehouse-peer" in names) == (1, 1, False)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_requests_without_a_body_are_relayed_too(method: str) -> None:
    """A session's stream and its end belong to its owner."""
    async with house() as place:
        answer = await ask(place.address, "/mcp/echo", method=method)
        empty = await ask(place.address, "/mcp/nothing", method=method)
    assert (answer.status, answer.body, empty.status, empty.body) == (203, b"", 204, b"")
    assert [scope["method"] for scope, _ in place.owner.requests] == [method, method]


async def test_an_event_reaches_the_client_before_the_next_one_exists() -> None:
    """Architecture 3.3: streams pass."""
    async with house() as place:
        reader, writer = await streamed(place.address, "/mcp/stream")
        first = await asyncio.wait_for(reader.readuntil(b"data: 1\n\n"), 5)
        assert first.startswith(b"HTTP/1.1 200 OK")
        place.owner.go_on.set()
        await asyncio.wait_for(reader.readuntil(b"data: 2\n\n\r\n0\r\n\r\n"), 5)
        writer.close()
    assert not place.owner.left.is_set()


@pytest.mark.parametrize("path", ["/mcp/stream", "/mcp/silent"])
async def test_the_owner_learns_that_the_client_left(path: str) -> None:
    """Before the answer began and in the middle of it: a call of the stateless era is cancelled so."""
    async with house() as place:
        reader, writer = await streamed(place.address, path)
        if path == "/mcp/stream":
            await asyncio.wait_for(reader.readuntil(b"data: 1\n\n"), 5)
        await eventually_async(lambda: place.owner.requests, what="the request at its owner")
        writer.transport.abort()
        await asyncio.wait_for(place.owner.left.wait(), 5)
        await eventually_async(lambda: place.front.done == 1, what="the end of relaying")
        assert (place.front.gone, place.front.relay.open_connections) == ([], 0)


async def test_an_answer_that_breaks_off_is_broken_for_the_client_too() -> None:
    """Half an answer must not look like a whole one."""
    async with house() as place:
        answer = await ask(place.address, "/mcp/breaks", b"{}")
        assert (answer.status, answer.body, answer.whole) == (200, b"data: 1\n\n", False)
        assert (place.front.gone, place.front.relay.open_connections) == ([], 0)


async def test_ten_mebibytes_pass() -> None:
    """Architecture 3.3: the largest result a server may give."""
    async with house() as place:
        answer = await ask(place.address, "/mcp/large", b"%d" % TEN_MIB)
    assert (len(answer.body), answer.whole) == (TEN_MIB, True)


async def test_a_slow_reader_is_not_buffered_for() -> None:
    """The relay holds pieces, not answers: the owner is slowed down instead."""
    async with house() as place:
        host, port = place.address.removeprefix("http://").split(":")
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, (host, int(port)))
        size = 64 * TEN_MIB
        request = b"POST /mcp/large HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%d" % (len(str(size)), size)
        await loop.sock_sendall(client, request)
        assert (await loop.sock_recv(client, 1000)).startswith(b"HTTP/1.1 200")
        response = await eventually_async(lambda: held_back(place), what="a relay that waits for its client")
        assert sum(map(len, response.pieces)) < 1_000_000
        client.close()
        await eventually_async(lambda: place.front.done == 1, what="the end of relaying")


def held_back(place: House) -> Any:
    """The response of the one connection that is in use, once something of it waits for the client."""
    for connection in place.front.relay._busy:
        if connection._reader._transport is not None and connection._reader._paused:
            return connection._response
    return None


async def test_a_connection_is_used_again_after_a_whole_answer() -> None:
    """No handshake for every request."""
    async with house() as place:
        for _ in range(5):
            assert (await ask(place.address, "/mcp/echo", b"{}")).status == 203
        assert place.front.relay.open_connections == 1
        assert len(place.owner.requests) == 5
        together = await asyncio.gather(*(ask(place.address, "/mcp/echo", b"%d" % each) for each in range(20)))
        assert [answer.body for answer in together] == [b"%d" % each for each in range(20)]


async def test_a_connection_that_rests_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the peer closes it under a request."""
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)
    async with house() as place:
        assert (await ask(place.address, "/mcp/echo", b"{}")).status == 203
        await eventually_async(lambda: place.front.relay.open_connections == 0, what="the rest to end")


# Owners that are gone.


async def test_a_process_that_is_not_in_the_table_is_gone() -> None:
    """Contract of the relay: the caller answers 404."""
    async with house() as place:
        place.front.to = DEAD
        answer = await ask(place.address, "/mcp/echo", b"{}")
    assert (answer.status, place.owner.requests) == (404, [])
    assert not place.front.gone[0].sent


async def test_a_process_that_does_not_listen_any_more_is_gone() -> None:
    """Killed a moment ago: its lease still runs."""
    async with house() as place:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            place.table.rows = {OWNERS: f"http://127.0.0.1:{free.getsockname()[1]}"}
            answer = await ask(place.address, "/mcp/echo", b"{}")
    assert (answer.status, place.front.gone[0].sent) == (404, False)


async def test_another_process_at_the_same_address_does_not_answer_for_it() -> None:
    """Restarted on its port within the lease of the one before: no session of that one is there."""
    async with house(owner_process=DEAD) as place:
        answer = await ask(place.address, "/mcp/echo", b"{}")
    assert (answer.status, place.owner.requests) == (404, [])
    assert "another one is at its address" in str(place.front.gone[0])


async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes a request and says nothing."""
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes a request and answers with something else."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SSH-2.0-what\r\n")
    writer.close()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A head that never ends."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"x-more: %s\r\n" % (b"y" * 4000))
        try:
            await writer.drain()
        except ConnectionError:
            return


@pytest.mark.parametrize("answers", [drop, babble, endless])
async def test_a_process_that_goes_before_it_answers_is_gone_and_is_not_asked_again(answers: Answers) -> None:
    """A call is sent once, whatever becomes of it; the caller is told that it may have arrived."""
    taken = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        taken += 1
        await answers(reader, writer)
        writer.close()

    async with house() as place, await asyncio.start_server(count, "127.0.0.1", 0) as server:
        place.table.rows = {OWNERS: bound_address(*server.sockets[0].getsockname())}
        answer = await ask(place.address, "/mcp/echo", b"{}")
        assert place.front.relay.open_connections == 0
    assert (answer.status, taken, place.front.gone[0].sent) == (404, 1, True)


async def test_a_connection_that_died_at_rest_is_not_used_for_a_second_try() -> None:
    """Bytes were written and nothing came: nobody knows whether it arrived, so nothing is sent again."""
    taken: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(await reader.readuntil(b"\r\n\r\n{}"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        taken.append(await reader.readuntil(b"\r\n\r\n{}"))
        writer.transport.abort()

    async with house() as place, await asyncio.start_server(once, "127.0.0.1", 0) as server:
        place.table.rows = {OWNERS: bound_address(*server.sockets[0].getsockname())}
        answers = [(await ask(place.address, "/mcp/echo", b"{}")).status for _ in range(2)]
    assert (answers, len(taken), place.front.gone[0].sent) == ([200, 404], 2, True)


async def test_a_process_that_falls_silent_is_given_up_when_its_lease_ran_out() -> None:
    """A machine that vanished closes no connection."""
    async with house(silence=0.05) as place:
        asking = asyncio.create_task(ask(place.address, "/mcp/silent", b"{}"))
        await eventually_async(lambda: place.owner.requests, what="the request at its owner")
        place.table.rows = {}
        assert (await asking).status == 404
        assert place.front.gone[0].sent


async def test_a_silent_process_with_a_lease_is_waited_for() -> None:
    """A held call says nothing for as long as a person thinks; a database that fails is no reason either."""
    async with house(silence=0.01) as place:
        asking = asyncio.create_task(ask(place.address, "/mcp/silent", b"{}"))
        await eventually_async(lambda: place.table.reads >= 2, what="a second look")
        place.table.problem = Unavailable("the database is away")
        reads = place.table.reads
        await eventually_async(lambda: place.table.reads > reads, what="a look that fails")
        place.owner.go_on.set()
        assert (await asking).body == b"late"


# What is not relayed.


async def refuse(*_: object) -> None:
    raise AssertionError("nothing is received or sent")


def scope_of(**changed: Any) -> dict[str, Any]:
    """A request."""
    plain = {"type": "http", "method": "POST", "raw_path": b"/mcp/echo", "query_string": b"", "headers": []}
    return plain | {"client": ("127.0.0.1", 5)} | changed


async def test_a_relayed_request_is_not_relayed_again() -> None:
    """No loops: two processes that disagree about the owner must not play with a request."""
    async with house() as place:
        scope = scope_of(headers=[(signature.HEADER, b"v1.whatever")])
        with pytest.raises(PeerGone, match="once"):
            await place.front.relay.forward(scope, refuse, refuse, b"{}", to=OWNERS)
        assert place.owner.requests == []


@pytest.mark.parametrize(("method", "to"), [("POST", OURS), ("HEAD", OWNERS), ("CONNECT", OWNERS)])
async def test_nothing_is_relayed_to_oneself_nor_a_method_that_is_none_of_ours(method: str, to: str) -> None:
    """A mistake of the caller, told at once."""
    async with house() as place:
        with pytest.raises(ValueError, match="not relayed"):
            await place.front.relay.forward(scope_of(method=method), refuse, refuse, b"", to=to)


async def test_a_database_that_fails_is_no_owner_that_is_gone() -> None:
    """The caller answers 503 and the client keeps its session."""
    async with house() as place:
        place.table.problem = Unavailable("the database is away")
        with pytest.raises(Unavailable):
            await place.front.relay.forward(scope_of(), refuse, refuse, b"{}", to=OWNERS)


@pytest.mark.parametrize("place", ["method", "target", "name", "value"])
@pytest.mark.parametrize("mark", ["\r", "\n", "\0"])
def test_nothing_that_ends_a_line_is_written(place: str, mark: str) -> None:
    """Security section 4, request splitting: the server's parser refuses these already; this is the second lock."""
    parts = {"method": "POST", "target": "/mcp", "name": "x-a", "value": "b"}
    parts[place] += f"{mark}x: y"
    header = (parts["name"].encode(), parts["value"].encode())
    with pytest.raises(ValueError, match="line break"):
        encoded(parts["method"], parts["target"].encode(), [header], b"{}")


async def test_a_process_that_ends_ends_the_streams_it_relays_and_lets_calls_finish() -> None:
    """A stream would hold it up for as long as its agent listens; the agent's client opens another elsewhere."""
    async with house() as place:
        listening = asyncio.create_task(ask(place.address, "/mcp/stream", method="GET"))
        calling = asyncio.create_task(ask(place.address, "/mcp/silent", b"{}"))
        await eventually_async(lambda: len(place.owner.requests) == 2, what="both at their owner")
        await eventually_async(lambda: started(place), what="the stream's head")
        place.front.relay.drain()
        ended = await asyncio.wait_for(listening, 5)
        assert (ended.body, ended.whole) == (b"data: 1\n\n", True)
        place.owner.go_on.set()
        assert (await calling).body == b"late"


async def test_a_call_that_does_not_finish_does_not_hold_up_the_end() -> None:
    """Nobody waits longer than an operator who stops the process."""
    async with house() as place:
        calling = asyncio.create_task(ask(place.address, "/mcp/silent", b"{}"))
        await eventually_async(lambda: place.owner.requests, what="the call at its owner")
        place.front.relay.drain(within=0.01)
        assert (await asyncio.wait_for(calling, 5)).status == 404


def started(place: House) -> bool:
    """Whether a first piece has gone on to a client."""
    return any(connection._response.begun and not connection._response.pieces for connection in place.front.relay._busy)


async def test_a_closed_relay_leaves_no_connection() -> None:
    """A process that stops."""
    async with house() as place, serving(place.front) as address:
        assert (await ask(address, "/mcp/echo", b"{}")).status == 203
        reader, writer = await streamed(address, "/mcp/stream")
        await asyncio.wait_for(reader.readuntil(b"data: 1\n\n"), 5)
        await place.front.relay.close()
        await asyncio.wait_for(reader.read(), 5)
        await eventually_async(lambda: place.front.done == 2, what="the end of relaying")
        assert place.front.relay.open_connections == 0
        writer.close()
