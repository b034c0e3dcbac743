"""Whether a server's answer says that it has no such tool or prompt any more. Pure: no Django, no I/O.

It decides nothing: a server of which this is heard is looked at sooner than it was due.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from governance.policy.values import Kind
from registry.transports.base import Answer

LONGEST: Final = 2_000
"""Bytes of an answer that is looked at: what says only this is short, and a long result costs nothing."""

CODES: Final = frozenset((-32601, -32602, -32000))
_IS_ERROR: Final = b'"isError"'
_UNKNOWN: Final = re.compile(
    r"\b(?:unknown|no such|not (?:found|known|available|exist)|(?:does not|doesn't|no longer) exists?|removed)\b",
    re.IGNORECASE,
)


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Part(msgspec.Struct):
    text: str = ""


class _Result(msgspec.Struct):
    content: list[_Part] = []
    isError: bool = False


_error = msgspec.json.Decoder(_Error)
_result = msgspec.json.Decoder(_Result)


def unknown_here(answer: Answer, kind: Kind, name: str) -> bool:
    """Whether the answer to a call of an approved item names that item and says that there is none."""
    if kind is Kind.RESOURCE:
        return False  # A resource that is not there is nothing unusual.
    if answer.error is not None:
        if len(answer.error) > LONGEST:
            return False
        try:
            error = _error.decode(answer.error)
        except msgspec.MsgspecError:
            return False
        return error.code in CODES and _says(error.message, name)
    result = answer.result
    if result is None or len(result) > LONGEST or _IS_ERROR not in result:
        return False
    try:
        found = _result.decode(result)
    except msgspec.MsgspecError:
        return False
    return found.isError and any(_says(part.text, name) for part in found.content)


def _says(text: str, name: str) -> bool:
    return name in text and _UNKNOWN.search(text.replace(name, "", 1)) is not None
