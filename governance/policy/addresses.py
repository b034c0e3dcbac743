"""Addresses of arguments: `a.b`, `a[].b` and JSON Pointers, and what they find. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, TypeAlias

from governance.canonical.values import JSON

EACH: Final = -1
"""The step that stands for every element of a list; every other step is a key."""

Steps: TypeAlias = tuple[str | int, ...]
"""A string is a key of an object. A whole number, in pointers alone, is that key, or that element of a list."""

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII).fullmatch
_PART: Final = re.compile(r"([^.\[\]]+)((?:\[\])*)").fullmatch


class Missing(Enum):
    """Stands for a value that is not there."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "missing"


class WrongShape(Enum):
    """Stands for a value behind something that is no object or no list."""

    WRONG_SHAPE = "wrong shape"

    def __repr__(self) -> str:
        return "of the wrong type on the way"


MISSING: Final = Missing.MISSING
WRONG_SHAPE: Final = WrongShape.WRONG_SHAPE

Found: TypeAlias = "JSON | Missing | WrongShape"


def parse_address(text: str) -> Steps:
    """The steps of an address. Raises ValueError with a sentence for a person when it has none."""
    if text.startswith("/"):
        return tuple(int(token) if _INDEX(token) else _unescape(token) for token in text[1:].split("/"))
    steps: list[str | int] = []
    for part in text.split("."):
        match = _PART(part)
        if match is None:
            raise ValueError(f"{text!r} is no argument: write a.b, a[].b, or a JSON Pointer such as /a.b")
        steps.append(match[1])
        steps.extend([EACH] * (len(match[2]) // 2))
    return tuple(steps)


def locate(arguments: dict[str, JSON], steps: Steps) -> list[Found]:
    """Everything at an address. Never empty: where nothing is there, it holds MISSING or WRONG_SHAPE."""
    found: list[Found] = [arguments]
    for step in steps:
        following: list[Found] = []
        for value in found:
            if value is MISSING or value is WRONG_SHAPE:
                following.append(value)
            elif step is EACH:
                if isinstance(value, list):
                    following.extend(value or [MISSING])
                else:
                    following.append(WRONG_SHAPE)
            else:
                following.append(_member(value, step))
        found = following
    return found


def _member(value: Found, step: str | int) -> Found:
    if isinstance(value, dict):
        return value.get(str(step), MISSING)
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if step < len(value) else MISSING
    return WRONG_SHAPE


def _unescape(token: str) -> str:
    if re.search(r"~(?![01])", token):
        raise ValueError(f"{token!r} is no JSON Pointer token: write ~0 for ~ and ~1 for /")
    return token.replace("~1", "/").replace("~0", "~")
