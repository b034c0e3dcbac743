"""Request heads for an HTTP upstream, encoded once and refused when unsafe. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from registry.mcp.revisions import MODERN, header_value
from registry.transports.http_address import HttpAddress

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
_VALUE: Final = re.compile(r"[\x20-\x7e\t\x80-\xff]{0,16384}")
_PARAM: Final = re.compile(r"[Mm][Cc][Pp]-[Pp]aram-[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
_OURS: Final = frozenset(
    (
        "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect",
        "host", "keep-alive", "last-event-id", "origin", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade", "user-agent",
    )
)  # fmt: skip
_CACHED_HEADS: Final = 4096


def configured_headers(headers: Mapping[str, str]) -> bytes:
    """The configured headers of one server as wire bytes. Raises ValueError naming the header, never its value."""
    lines = []
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError("a header name of this server is not a token of RFC 9110")
        if name.lower() in _OURS or name.lower().startswith("mcp-"):
            raise ValueError(f"the header {name} is set by the gateway itself and cannot be configured")
        if not _VALUE.fullmatch(value) or value != value.strip(" \t"):
            raise ValueError(
                f"the value of the header {name} holds a character that no header may hold, or is too long"
            )
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("latin-1")


class Heads:
    """Builds the heads of one upstream in one era and session; everything that does not change is encoded once."""

    __slots__ = ("_cache", "_common", "_modern", "_target", "_traced")

    def __init__(self, address: HttpAddress, configured: bytes, *, version: str | None, session: str | None) -> None:
        self._target = address.target.encode("ascii")
        self._modern = version == MODERN
        self._traced = any(
            line.startswith((b"traceparent:", b"tracestate:")) for line in configured.lower().split(b"\r\n")
        )
        self._common = b"Host: %s\r\nUser-Agent: gatehouse\r\nAccept-Encoding: identity\r\n%s" % (
            address.authority.encode("ascii"),
            configured,
        )
        if version is not None:
            self._common += b"MCP-Protocol-Version: %s\r\n" % version.encode("ascii")
        if session is not None:
            self._common += b"Mcp-Session-Id: %s\r\n" % session.encode("ascii")
        self._cache: dict[tuple[str, str | None], bytes] = {}

    def post(
        self,
        method: str,
        name: str | None,
        size: int,
        params: Sequence[tuple[str, str]] = (),
        traces: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """The head of a POST of `size` bytes. In the modern era it says method, name and `Mcp-Param-*`.

        `traces` are checked headers of a trace context, which one configured for the server is not overruled by.
        """
        head = self._cache.get((method, name))
        if head is None:
            head = self._post_head(method, name)
            if len(self._cache) >= _CACHED_HEADS:
                self._cache.clear()
            self._cache[method, name] = head
        if params and self._modern:
            head += b"".join(map(_param_line, params))
        if traces and not self._traced:
            head += "".join(f"{key}: {value}\r\n" for key, value in traces).encode("ascii")
        return b"%sContent-Length: %d\r\n\r\n" % (head, size)

    def _post_head(self, method: str, name: str | None) -> bytes:
        head = (
            b"POST %s HTTP/1.1\r\n%sAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
            % (self._target, self._common)
        )
        if self._modern:
            head += f"Mcp-Method: {header_value(method)}\r\n".encode("ascii")
            if name is not None:
                head += f"Mcp-Name: {header_value(name)}\r\n".encode("ascii")
        return head

    def get(self) -> bytes:
        """The head of the GET that opens a session's own event stream."""
        return b"GET %s HTTP/1.1\r\n%sAccept: text/event-stream\r\n\r\n" % (self._target, self._common)

    def delete(self) -> bytes:
        """The head of the DELETE that ends a session."""
        return b"DELETE %s HTTP/1.1\r\n%sAccept: application/json\r\n\r\n" % (self._target, self._common)


def _param_line(param: tuple[str, str]) -> bytes:
    name, value = param
    if not _PARAM.fullmatch(name):
        raise ValueError("an Mcp-Param header has a name that is not a token")
    return f"{name}: {header_value(value)}\r\n".encode("ascii")
