"""What a hostile HTTP upstream can answer to a call, by name. Used by the simulator; the name is the tool's name."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

Message = Mapping[str, Any]
BLOCK = b"x" * 65536


class Wire(Protocol):
    """The server's side of one connection."""

    async def send(self, data: bytes) -> None:
        """Write, and wait until it is mostly gone."""

    def close(self) -> None:
        """Close when all is written."""

    def reset(self) -> None:
        """Break the connection off."""

    async def gone(self) -> None:
        """Wait until the other side has closed."""


Act = Callable[[Wire, Message, bytes], Awaitable[None]]


def head(status: str = "200 OK", *lines: str) -> bytes:
    """A response head."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def whole(body: bytes, status: str = "200 OK", kind: str = "application/json", *lines: str) -> bytes:
    """A correctly framed response."""
    return head(status, f"Content-Type: {kind}", f"Content-Length: {len(body)}", *lines) + body


def chunked(*chunks: bytes, kind: str = "application/json") -> bytes:
    """A correctly framed chunked response."""
    parts = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head("200 OK", f"Content-Type: {kind}", "Transfer-Encoding: chunked") + parts + b"0\r\n\r\n"


def event(payload: bytes) -> bytes:
    """One server-sent event."""
    return b"event: message\ndata: " + payload + b"\n\n"


def stream(*payloads: bytes) -> bytes:
    """A whole event stream."""
    return chunked(*map(event, payloads), kind="text/event-stream")


SSE_HEAD = head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked")


def piece(data: bytes) -> bytes:
    """One chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def result_with(number: Any, text: str) -> bytes:
    """A tool result with any id."""
    result = {"content": [{"type": "text", "text": text}], "isError": False, "resultType": "complete"}
    return json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode()


def says(build: Callable[[bytes, Message], bytes], end: str = "keep") -> Act:
    """An answer that is written in one piece; `end` says whether the connection is kept, closed or left hanging."""

    async def act(wire: Wire, message: Message, good: bytes) -> None:
        await wire.send(build(good, message))
        if end == "close":
            wire.close()
        elif end == "hang":
            await wire.gone()

    return act


def floods(start: bytes, block: bytes) -> Act:
    """An answer without end."""

    async def act(wire: Wire, message: Message, good: bytes) -> None:
        await wire.send(start)
        while True:
            await wire.send(block)

    return act


async def hang(wire: Wire, message: Message, good: bytes) -> None:
    """Says nothing until the other side gives up."""
    await wire.gone()


async def die(wire: Wire, message: Message, good: bytes) -> None:
    """Closes without a word."""
    wire.close()


async def reset(wire: Wire, message: Message, good: bytes) -> None:
    """Resets the connection."""
    wire.reset()


async def reset_mid_body(wire: Wire, message: Message, good: bytes) -> None:
    """Resets the connection after half of the answer."""
    await wire.send(whole(good)[:-10])
    wire.reset()


async def drip(wire: Wire, message: Message, good: bytes) -> None:
    """The right answer, byte by byte."""
    for byte in whole(good):
        await wire.send(bytes((byte,)))
        await asyncio.sleep(0)


async def drip_stream(wire: Wire, message: Message, good: bytes) -> None:
    """The right event stream, byte by byte, each in a chunk of its own."""
    await wire.send(SSE_HEAD)
    for byte in b": hello\r\n\r\n" + event(good).replace(b"\n", b"\r\n"):
        await wire.send(piece(bytes((byte,))))
        await asyncio.sleep(0)
    await wire.send(b"0\r\n\r\n")


def _text_body(body: bytes) -> Act:
    return says(lambda good, message: whole(body))


def _status(status: str, body: bytes = b"sorry", kind: str = "text/plain") -> Act:
    return says(lambda good, message: whole(body, status, kind))


def _raw(*lines: str, body: bytes | None = None, end: str = "close") -> Act:
    return says(lambda good, message: head("200 OK", "Content-Type: application/json", *lines) + (body or good), end)


def _progress(token: Any) -> bytes:
    params = {"progressToken": token, "progress": 1}
    return json.dumps({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}).encode()


async def flood_after_answer(wire: Wire, message: Message, good: bytes) -> None:
    """The right answer, and events without end behind it."""
    await wire.send(SSE_HEAD + piece(event(good)))
    while True:
        await wire.send(piece(event(_progress("not yours")) * 400))


GARBAGE: dict[str, Act] = {
    "garbage_bytes": says(lambda good, message: b"\x16\x03\x01 hello, this is no HTTP\r\n\r\n", "close"),
    "garbage_json": _text_body(b'{"jsonrpc": "2.0", "id": 1, "result": '),
    "html_page": says(lambda good, message: whole(b"<html>hello</html>", "200 OK", "text/html")),
    "no_content_type": says(lambda good, message: head("200 OK", f"Content-Length: {len(good)}") + good),
    "empty_body": _text_body(b""),
    "batch": says(lambda good, message: whole(b"[" + good + b"]")),
    "two_documents": says(lambda good, message: whole(good + good)),
    "scalar": _text_body(b"42"),
    "not_2_0": says(lambda good, message: whole(good.replace(b'"2.0"', b'"1.0"'))),
    "bad_utf8": says(lambda good, message: whole(good.replace(b"text", b"te\xffxt"))),
    "nan": says(lambda good, message: whole(good.replace(b"false", b"NaN"))),
    "deep": says(lambda good, message: whole(good.replace(b"false", b"[" * 20000 + b"]" * 20000))),
    "no_result": says(lambda good, message: whole(json.dumps({"jsonrpc": "2.0", "id": message["id"]}).encode())),
    "null_result": says(
        lambda good, message: whole(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": None}).encode())
    ),
    "result_and_error": says(
        lambda good, message: whole(good.rstrip(b"}") + b'}, "error": {"code": 1, "message": "both"}}')
    ),
    "wrong_id": says(lambda good, message: whole(result_with(message["id"] + 1, "stolen"))),
    "foreign_id": says(lambda good, message: whole(result_with("somebody else's", "stolen"))),
    "id_as_text": says(lambda good, message: whole(result_with(str(message["id"]), "stolen"))),
    "gzip": says(
        lambda good, message: whole(gzip.compress(good), "200 OK", "application/json", "Content-Encoding: gzip")
    ),
    "gzip_bomb": says(
        lambda good, message: whole(
            zlib.compress(BLOCK * 64), "200 OK", "application/json", "Content-Encoding: deflate"
        )
    ),
    "length_and_chunked": _raw("Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "chunked_and_length": _raw("Transfer-Encoding: chunked", "Content-Length: 5", body=b"0\r\n\r\n"),
    "two_lengths": _raw("Content-Length: 5", "Content-Length: 50"),
    "negative_length": _raw("Content-Length: -5"),
    "gzip_chunked": _raw("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "chunked_twice": _raw("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "odd_transfer": _raw("Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "bad_chunk_size": _raw("Transfer-Encoding: chunked", body=b"zz\r\nhello\r\n0\r\n\r\n"),
    "chunk_too_short": _raw("Transfer-Encoding: chunked", body=b"2\r\nhello\r\n0\r\n\r\n"),
    "bare_line_feeds": says(lambda good, message: whole(good).replace(b"\r\n", b"\n"), "close"),
    "folded_header": says(lambda good, message: whole(good, "200 OK", "application/json", "X-A: b\r\n c"), "close"),
    "null_in_header": says(lambda good, message: whole(good, "200 OK", "application/json", "X-A: b\0c"), "close"),
    "space_in_name": says(lambda good, message: whole(good, "200 OK", "application/json", "X A: b"), "close"),
    "other_version": says(lambda good, message: whole(good).replace(b"HTTP/1.1", b"HTTP/2.0"), "close"),
    "switch_protocols": says(
        lambda good, message: head("101 Switching Protocols", "Upgrade: x", "Connection: upgrade"), "hang"
    ),
    "interim_without_end": says(lambda good, message: head("103 Early Hints") * 50 + whole(good)),
    "short_length": says(
        lambda good, message: (
            head("200 OK", "Content-Type: application/json", f"Content-Length: {len(good) - 7}") + good
        )
    ),
    "stream_of_garbage": says(lambda good, message: stream(b"no json at all")),
    "session_id_with_control": says(
        lambda good, message: whole(good, "200 OK", "application/json", "Mcp-Session-Id: a\tb"), "close"
    ),
}

TOO_LARGE: dict[str, Act] = {
    "announced_gigabyte": floods(head("200 OK", "Content-Type: application/json", f"Content-Length: {1 << 30}"), BLOCK),
    "chunked_gigabyte": floods(
        head("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked"), piece(BLOCK)
    ),
    "body_without_length": floods(head("200 OK", "Content-Type: application/json"), BLOCK),
    "endless_header": floods(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"y" * 8000 + b"\r\n"),
    "endless_header_line": floods(b"HTTP/1.1 200 OK\r\nX-A: ", BLOCK),
    "endless_chunk_extension": floods(
        head("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked") + b"5;", BLOCK
    ),
    "endless_trailer": floods(
        head("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\nX-A: ", BLOCK
    ),
    "endless_line": floods(SSE_HEAD, piece(BLOCK)),
    "endless_data_lines": floods(SSE_HEAD, piece(b"data: x\n" * 4096)),
    "endless_empty_data_lines": floods(SSE_HEAD, piece(b"data\n" * 8192)),
    "endless_events": floods(SSE_HEAD, piece(event(_progress("not yours")) * 400)),
    "endless_comments": floods(SSE_HEAD, piece(b": still here\n" * 4096)),
    "endless_foreign_answers": floods(SSE_HEAD, piece(event(result_with("x", "stolen")) * 400)),
}

BROKEN_OFF: dict[str, Act] = {
    "die": die,
    "reset": reset,
    "reset_mid_body": reset_mid_body,
    "die_mid_head": says(lambda good, message: whole(good)[:20], "close"),
    "die_mid_body": says(lambda good, message: whole(good)[:-10], "close"),
    "die_mid_chunk": says(lambda good, message: chunked(good)[:-20], "close"),
    "die_mid_event": says(lambda good, message: SSE_HEAD + piece(event(good)[:-10]), "close"),
    "long_length": says(
        lambda good, message: (
            head("200 OK", "Content-Type: application/json", f"Content-Length: {len(good) + 9}") + good
        ),
        "close",
    ),
    "stream_without_answer": says(lambda good, message: stream(b"")),
    "stream_of_others": says(lambda good, message: stream(result_with("x", "stolen"), result_with(None, "stolen"))),
}

TIMED_OUT: dict[str, Act] = {
    "hang": hang,
    "hang_after_head": says(lambda good, message: whole(good)[: -len(good)], "hang"),
    "hang_mid_body": says(lambda good, message: whole(good)[:-10], "hang"),
    "hang_mid_stream": says(lambda good, message: SSE_HEAD + piece(b": wait\n\n"), "hang"),
    "long_length_hang": says(
        lambda good, message: (
            head("200 OK", "Content-Type: application/json", f"Content-Length: {len(good) + 9}") + good
        ),
        "hang",
    ),
    "foreign_answer_then_hang": says(lambda good, message: SSE_HEAD + piece(event(result_with("x", "stolen"))), "hang"),
}

STATUSES: dict[str, tuple[int, Act]] = {
    "redirect": (302, says(lambda good, message: head("302 Found", "Location: /elsewhere", "Content-Length: 0"))),
    "redirect_away": (
        307,
        says(lambda good, message: head("307 Temporary Redirect", "Location: http://192.0.2.1/", "Content-Length: 0")),
    ),
    "redirect_with_answer": (308, says(lambda good, message: whole(good, "308 Permanent Redirect"))),
    "not_modified": (304, says(lambda good, message: head("304 Not Modified"))),
    "accepted": (202, says(lambda good, message: head("202 Accepted", "Content-Length: 0"))),
    "no_content": (204, says(lambda good, message: head("204 No Content"))),
    "unauthorized": (
        401,
        says(lambda good, message: whole(b"", "401 Unauthorized", "text/plain", "WWW-Authenticate: Bearer")),
    ),
    "forbidden": (403, _status("403 Forbidden")),
    "not_found": (404, _status("404 Not Found")),
    "too_many": (429, _status("429 Too Many Requests")),
    "server_error": (500, _status("500 Internal Server Error", b"Traceback: boom")),
    "server_error_of_others": (
        500,
        says(lambda good, message: whole(result_with("x", "stolen"), "500 Internal Server Error")),
    ),
    "server_error_flood": (
        500,
        floods(
            head("500 Internal Server Error", "Content-Type: text/plain", "Transfer-Encoding: chunked"), piece(BLOCK)
        ),
    ),
    "unavailable": (503, _status("503 Service Unavailable")),
}

ANSWERED: dict[str, Act] = {
    "drip": drip,
    "drip_stream": drip_stream,
    "chunked": says(lambda good, message: chunked(good[:10], good[10:])),
    "chunk_extension": says(
        lambda good, message: chunked(good).replace(b"\r\n{", b";a=b\r\n{", 1),
    ),
    "trailer": says(lambda good, message: chunked(good).removesuffix(b"\r\n") + b"X-Late: yes\r\n\r\n"),
    "until_close": says(lambda good, message: head("200 OK", "Content-Type: application/json") + good, "close"),
    "old_version": says(lambda good, message: whole(good).replace(b"HTTP/1.1", b"HTTP/1.0"), "close"),
    "connection_close": says(lambda good, message: whole(good, "200 OK", "application/json", "Connection: close")),
    "interim": says(lambda good, message: head("103 Early Hints", "Link: </a>") + whole(good)),
    "glued_response": says(lambda good, message: whole(good) + whole(result_with(message["id"] + 1, "stolen"))),
    "glued_many": says(
        lambda good, message: (
            whole(good) + b"".join(whole(result_with(message["id"] + more, "stolen")) for more in range(1, 9))
        )
    ),
    "glued_junk": says(lambda good, message: whole(good) + b"junk"),
    "glued_line_end": says(lambda good, message: whole(good) + b"\r\n"),
    "glued_after_chunks": says(lambda good, message: chunked(good) + whole(result_with(message["id"] + 1, "stolen"))),
    "two_answers": says(lambda good, message: stream(good, result_with(message["id"], "second"))),
    "answer_after_others": says(
        lambda good, message: stream(result_with("x", "stolen"), _progress(message["id"]), good)
    ),
    "stream": says(lambda good, message: stream(good)),
    "stream_left_open": says(lambda good, message: SSE_HEAD + piece(event(good)), "hang"),
    "stream_until_close": says(
        lambda good, message: head("200 OK", "Content-Type: text/event-stream") + event(good), "close"
    ),
    "flood_after_answer": flood_after_answer,
    "error_with_status": says(
        lambda good, message: whole(
            json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32602, "message": "no"}}).encode(),
            "400 Bad Request",
        )
    ),
}


FAULTS: dict[str, Act] = {
    **GARBAGE,
    **TOO_LARGE,
    **BROKEN_OFF,
    **TIMED_OUT,
    **{name: act for name, (_, act) in STATUSES.items()},
    **ANSWERED,
}
