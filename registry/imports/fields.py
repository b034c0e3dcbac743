"""Members of a configuration that may hold anything: read as what they should be, or as nothing. Pure."""

from __future__ import annotations

from registry.imports.documents import Literal


def mapping(value: object) -> dict[str, object]:
    """A mapping, {} where it is none."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[object]:
    """A list, [] where it is none."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """A text, "" where it is none."""
    return value if isinstance(value, str) and not isinstance(value, Literal) else ""


def word(value: object) -> str | None:
    """A text, number or truth value as a word of a command line; None where it is none of them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return str(value) if isinstance(value, int | float) else None


def first(members: dict[str, object], *names: str) -> object:
    """The first of these members that is there; None where none is."""
    return next((members[name] for name in names if members.get(name) is not None), None)
