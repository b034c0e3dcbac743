"""Words for people: how values appear in the reason of a decision. Pure: no Django, no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from governance.canonical.values import JSON, Number

MAX_SHOWN: Final = 80


def shown(value: object) -> str:
    """A value as it may stand in a sentence: quoted, cut after 80 characters, nothing invisible left as it is."""
    if isinstance(value, str):
        cut = value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "…"
        return json.dumps(cut, ensure_ascii=not cut.isprintable())
    if isinstance(value, Number):
        return value.literal[:MAX_SHOWN]
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value)[:MAX_SHOWN]
    return f"({'a list' if isinstance(value, list) else 'an object'})"


def listed(values: Iterable[object]) -> str:
    """Values one after the other, at most ten of them."""
    texts = [value if isinstance(value, str) else shown(value) for value in values]
    return ", ".join(texts[:10]) + (f" and {len(texts) - 10} more" if len(texts) > 10 else "")


def in_order(value: Any) -> Any:
    """The same JSON value with the members of every object by name, so that the sender's order decides nothing."""
    if isinstance(value, dict):
        return {name: in_order(value[name]) for name in sorted(value)}
    return [in_order(member) for member in value] if isinstance(value, list) else value


def json_type(value: JSON) -> str:
    """The JSON type of a value: string, number, boolean, object, array or null."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, Number)):
        return "number"
    if value is None:
        return "null"
    return "object" if isinstance(value, dict) else "array"
