"""What bodies of REST requests may be: one strict JSON value that a database can keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Final

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from governance.api.problems import Problem
from governance.canonical.strict_json import Malformed, parse
from governance.canonical.values import JSON

MAX_BODY: Final = 64 * 1024


class StrictJSON(BaseParser):
    """The parser of every endpoint: the gateway's own limits on depth, members, numbers and characters."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> JSON:
        """The value of the body. Raises ParseError, and Problem 413 past MAX_BODY bytes."""
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise Problem(413, "too-large", f"A body has at most {MAX_BODY} bytes.")
        try:
            value = parse(body)
        except Malformed as refusal:
            raise ParseError(f"The body cannot be used: {refusal.message}.") from None
        if b"\\u0000" in body and _has_nul(value):
            raise ParseError("The body cannot be used: a text has a NUL.")
        return value


def _has_nul(value: JSON) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in name or _has_nul(member) for name, member in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))
