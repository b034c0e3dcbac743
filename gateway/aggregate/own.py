"""The gateway's own tools at the aggregate endpoint: what they are, what they take, what they answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from gateway.aggregate import search
from governance.canonical.values import JSON

SEARCH: Final = "gatehouse__search_tools"
STATUS: Final = "gatehouse__approval_status"
MOST_FOUND, USUALLY_FOUND = 50, 10
QUERY_CHARACTERS = 500
_encode = msgspec.json.Encoder().encode
_READS = {"readOnlyHint": True, "openWorldHint": False}
_TEXT = {"type": "string"}

DEFINITIONS: Final[Mapping[str, bytes]] = {
    SEARCH: _encode(
        {
            "name": SEARCH,
            "title": "Search tools",
            "description": "Find tools of all servers behind this gateway by words of their names and descriptions."
            " Answers with names, descriptions and input schemas, the best match first; call a tool by the name found.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "query": {"type": "string", "minLength": 1, "maxLength": QUERY_CHARACTERS},
                    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_FOUND, "default": USUALLY_FOUND},
                },
                "required": ["query"],
                "additionalProperties": False,
            },
            "outputSchema": {
                "type": "object",
                "properties": {
                    "tools": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"name": _TEXT, "description": _TEXT, "inputSchema": {"type": "object"}},
                            "required": ["name", "inputSchema"],
                        },
                    }
                },
                "required": ["tools"],
            },
            "annotations": _READS,
        }
    ),
    STATUS: _encode(
        {
            "name": STATUS,
            "title": "Approval status",
            "description": "Tell how the approval of a held call of yours stands, by its ticket. Nothing is executed:"
            " once it is approved, call the same tool again with identical arguments.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "ticket": {"type": "string", "description": "The ticket of the answer that said to wait"}
                },
                "required": ["ticket"],
                "additionalProperties": False,
            },
            "outputSchema": {
                "type": "object",
                "properties": {
                    "ticket": _TEXT,
                    "state": {"enum": ["waiting", "approved", "redeemed", "denied", "expired", "cancelled"]},
                    "tool": _TEXT,
                    "deadline": {"type": "string", "format": "date-time"},
                    "reason": _TEXT,
                },
                "required": ["ticket", "state", "tool", "deadline"],
            },
            "annotations": _READS,
        }
    ),
}


class BadArguments(ValueError):
    """Arguments that an own tool does not take; says what to send."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """How one escalation stands. `tool` is its name at this endpoint, `until` when the state ends by itself."""

    ticket: str
    state: str
    tool: str
    until: datetime
    reason: str


def search_of(arguments: Mapping[str, JSON]) -> tuple[str, int]:
    """Query and limit. Raises BadArguments."""
    _require_only(arguments, {"query", "limit"})
    query, limit = arguments.get("query"), arguments.get("limit", USUALLY_FOUND)
    if not isinstance(query, str) or len(query) > QUERY_CHARACTERS or not search.words(query):
        raise BadArguments(f"`query` must be a text with at least one word and at most {QUERY_CHARACTERS} characters.")
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST_FOUND:
        raise BadArguments(f"`limit` must be a whole number from 1 to {MOST_FOUND}.")
    return query, limit


def ticket_of(arguments: Mapping[str, JSON]) -> str:
    """The ticket. Raises BadArguments."""
    _require_only(arguments, {"ticket"})
    ticket = arguments.get("ticket")
    if not isinstance(ticket, str) or len(ticket) > QUERY_CHARACTERS:
        raise BadArguments("`ticket` must be the text that the answer to the held call named.")
    return ticket


def _require_only(arguments: Mapping[str, JSON], known: set[str]) -> None:
    if not arguments.keys() <= known:
        raise BadArguments(f"Only these arguments are taken: {', '.join(sorted(known))}.")


def found(query: str, limit: int, tools: Sequence[tuple[str, bytes]]) -> dict[str, object]:
    """The result of a search over names and definitions."""
    read = {name: msgspec.json.decode(wire, type=_Definition) for name, wire in tools}
    best = search.ranked(query, [(name, _text(one.description)) for name, one in read.items()], limit)
    return result({"tools": [_entry(name, read[name]) for name in best]})


def told(status: Ticket) -> dict[str, object]:
    """The result for a ticket of the agent."""
    content = {
        "ticket": status.ticket,
        "state": status.state,
        "tool": status.tool,
        "deadline": status.until.isoformat(),
        "reason": status.reason,
    }
    return result({key: value for key, value in content.items() if value})


def result(content: Mapping[str, Any]) -> dict[str, object]:
    """A tool result: the content as it is, and as text for those that read text alone."""
    raw = _encode(content)
    return {
        "content": [{"type": "text", "text": raw.decode()}],
        "structuredContent": msgspec.Raw(raw),
        "isError": False,
    }


def failed(reason: str) -> dict[str, object]:
    """A tool result that says why there is no other."""
    return {"content": [{"type": "text", "text": reason}], "isError": True}


class _Definition(msgspec.Struct):
    inputSchema: msgspec.Raw = msgspec.Raw(b'{"type":"object"}')
    description: Any = ""


def _entry(name: str, tool: _Definition) -> dict[str, object]:
    described = {"description": tool.description} if _text(tool.description) else {}
    return {"name": name, **described, "inputSchema": tool.inputSchema}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
