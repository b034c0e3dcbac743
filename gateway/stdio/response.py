"""One HTTP/1.1 response, parsed as its bytes come. Pure: no I/O."""

from __future__ import annotations

from typing import Final

import httptools

HEADER_BYTES: Final = 64 * 1024
_WITHOUT_BODY: Final = (204, 304)


class Broken(Exception):
    """The connection was lost, or what came is not HTTP, after the request had gone out: its outcome is unknown."""


class Incoming:
    """Feed it what arrives; it knows the head once `headed`, gives body bytes by `take`, and ends `complete`."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._before_head = 0
        self._until_close = False
        self._refusal = ""
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.headed = False
        self.complete = False
        self.keep = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises Broken where they break the rules."""
        if not self.headed:
            self._before_head += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as wrong:
            self.keep = False
            if not self.complete:
                raise Broken(f"the answer breaks the rules of HTTP/1.1 ({wrong})") from None
        if self._refusal:
            raise Broken(self._refusal)
        if not self.headed and self._before_head > HEADER_BYTES:
            raise Broken(f"the head of the answer is larger than {HEADER_BYTES} bytes")

    def end(self) -> None:
        """The peer has closed. Raises Broken unless that is how this response ends."""
        self.keep = False
        if not self.complete:
            if not (self.headed and self._until_close):
                raise Broken("the connection ended before the answer did")
            self.complete = True

    def take(self) -> bytes:
        """The body bytes that came since the last time."""
        taken = b"".join(self._body)
        self._body.clear()
        return taken

    # What the parser tells.

    def on_message_begin(self) -> None:
        if self.complete:
            self.keep = False  # A second response, for which nobody asked.

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.headed:
            self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self.complete or status < 200:
            return
        self.status = status
        self.headed = True
        coding = self.headers.get(b"content-encoding", b"identity").lower()
        if coding != b"identity":
            self._refusal = "the answer is compressed, which was not asked for"
        framed = b"content-length" in self.headers or b"transfer-encoding" in self.headers
        self._until_close = not framed and status not in _WITHOUT_BODY

    def on_body(self, chunk: bytes) -> None:
        if not self.complete:
            self._body.append(chunk)

    def on_message_complete(self) -> None:
        if self.complete:
            return
        if not self.headed:
            self.headers.clear()  # An interim response; the real one follows.
            return
        self.complete = True
        self.keep = not self._until_close and bool(self._parser.should_keep_alive())
