"""Which Host and Origin the MCP endpoint answers to; a browser on another site must not reach it."""

from __future__ import annotations

from urllib.parse import urlsplit


class Hosts:
    """Judges Host and Origin headers against the allowed names, on any port; remembers its answer per header value."""

    def __init__(self, allowed: list[str], public_url: str) -> None:
        own = urlsplit(public_url).hostname or ""
        self._allowed = frozenset(name.strip("[]").lower() for name in [*allowed, own] if name and name != "*")
        self._hosts: dict[bytes, bool] = {}
        self._origins: dict[bytes, bool] = {}

    def host_allowed(self, host: bytes | None) -> bool:
        """Whether a Host header names this installation."""
        return self._known(self._hosts, host, b"http://") if host else False

    def origin_allowed(self, origin: bytes | None) -> bool:
        """Whether a request may come from this Origin; programs send none."""
        return origin is None or self._known(self._origins, origin, b"")

    def _known(self, memory: dict[bytes, bool], value: bytes, scheme: bytes) -> bool:
        answer = memory.get(value)
        if answer is None:
            answer = self._judge(scheme + value)
            if len(memory) < 1000:
                memory[value] = answer
        return answer

    def _judge(self, url: bytes) -> bool:
        try:
            parts = urlsplit(url.decode("ascii"))
            _ = parts.port
        except ValueError:
            return False
        plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
        return plain and parts.scheme in ("http", "https") and (parts.hostname or "") in self._allowed
