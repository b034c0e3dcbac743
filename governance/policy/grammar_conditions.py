"""Reads who, time, limit, history, content and session of a rule. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from governance.policy.addresses import Steps
from governance.policy.grammar_constraints import read_address
from governance.policy.nodes import Mapping, Node
from governance.policy.patterns import item_pattern
from governance.policy.reading import Reader, suggestion
from governance.policy.tree import HISTORY_KEPT, Content, History, Limit, TimeWindow, Who
from governance.policy.values import By

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES: Final = 24 * 60
_SPAN: Final = re.compile(r"([0-2][0-9]):([0-5][0-9])\s*-\s*([0-2][0-9]):([0-5][0-9])", re.ASCII).fullmatch


class Severity(StrEnum):
    """How bad a finding is, mildest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Side(StrEnum):
    """Where inspection looked."""

    ARGUMENTS = "arguments"
    RESULT = "result"


def read_who(reader: Reader, node: Node) -> Who:
    """`who: {roles, teams, people, agents}`."""
    fields = reader.fields(node, {"roles", "teams", "people", "agents"}, "who")
    names = {key: frozenset(text for text, _ in reader.strings(value, f"who {key}")) for key, value in fields.items()}
    return Who(**names)


def read_time(reader: Reader, node: Node) -> TimeWindow | None:
    """`time: {days, hours, zone}`; days are all, hours the whole day and the zone UTC where not given."""
    fields = reader.fields(node, {"days", "hours", "zone"}, "time")
    if isinstance(node, Mapping) and not fields.keys() & {"days", "hours"}:
        reader.problem(node, 'time needs days (mon-fri), hours ("09:00-18:00") or both')
        return None
    days = _days(reader, fields["days"]) if "days" in fields else frozenset(range(7))
    spans = _spans(reader, fields["hours"]) if "hours" in fields else ((0, DAY_MINUTES),)
    zone = reader.string(fields["zone"], "zone") if "zone" in fields else "UTC"
    if zone is not None and not _is_zone(zone):
        reader.problem(fields["zone"], f"{zone!r} is no IANA time zone such as Europe/Berlin")
        return None
    return TimeWindow(zone, days, spans) if zone is not None and days and spans else None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _days(reader: Reader, node: Node) -> frozenset[int]:
    out: set[int] = set()
    for text, place in reader.strings(node, "days"):
        for part in text.replace(" ", "").split(","):
            first, dash, last = part.partition("-")
            last = last if dash else first
            if first not in DAYS or last not in DAYS:
                wrong = first if first not in DAYS else last
                reader.problem(place, f"{wrong!r} is no day{suggestion(wrong, DAYS)}")
                continue
            start, end = DAYS.index(first), DAYS.index(last)
            out.update(day % 7 for day in range(start, (end if end >= start else end + 7) + 1))
    return frozenset(out)


def _spans(reader: Reader, node: Node) -> tuple[tuple[int, int], ...]:
    out: set[tuple[int, int]] = set()
    for text, place in reader.strings(node, "hours"):
        match = _SPAN(text)
        start, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
        if match is None or start >= DAY_MINUTES or end > DAY_MINUTES:
            reader.problem(place, f'{text!r} is no span of hours such as "09:00-18:00"')
        elif start == end:
            reader.problem(place, f'{text!r} is empty; write "00:00-24:00" for the whole day')
        else:
            out.add((start, end))
    return tuple(sorted(out))


def read_limit(reader: Reader, node: Node) -> Limit | None:
    """`limit: {calls: n, per, by}` or `{sum: argument, max: n, per, by}`; by agent where not given."""
    fields = reader.fields(node, {"calls", "sum", "max", "per", "by"}, "limit")
    by = reader.choice(fields["by"], By, "limit by") if "by" in fields else By.AGENT
    per = reader.seconds(fields["per"], "per") if "per" in fields else None
    if isinstance(node, Mapping) and "per" not in fields:
        reader.problem(node, "limit needs per, a duration such as 1h")
    if isinstance(node, Mapping) and ("calls" in fields) == ("sum" in fields):
        reader.problem(node, "limit counts calls or the sum of an argument: {calls: 10} or {sum: amount, max: 5000}")
        return None
    if "calls" in fields and "max" in fields:
        reader.problem(fields["max"], "max belongs to sum; write the number of calls after calls:")
    argument, steps, maximum = _limit_amount(reader, node, fields)
    if by is None or per is None or maximum is None:
        return None
    return Limit(by, per, maximum, argument, steps)


def _limit_amount(reader: Reader, node: Node, fields: dict[str, Node]) -> tuple[str | None, Steps, Decimal | None]:
    if "calls" in fields:
        calls = reader.whole(fields["calls"], "calls", 1)
        return None, (), None if calls is None else Decimal(calls)
    argument = reader.string(fields["sum"], "sum") if "sum" in fields else None
    steps = read_address(reader, fields["sum"], argument) if argument is not None else None
    if "max" not in fields:
        reader.problem(node, "a limit on a sum needs max")
        return None, (), None
    maximum = reader.decimal(fields["max"], "max")
    if maximum is not None and maximum < 0:
        reader.problem(fields["max"], "max must not be negative")
    return argument, steps or (), maximum if steps is not None else None


def read_history(reader: Reader, node: Node) -> tuple[History, ...]:
    """`history: {first_use: true}`, `{calls: pattern, within, more_than}` or `{after: pattern}`, each with `by`."""
    fields = reader.fields(node, {"first_use", "calls", "after", "within", "more_than", "by"}, "history")
    if not isinstance(node, Mapping):
        return ()
    by = reader.choice(fields["by"], By, "history by") if "by" in fields else By.AGENT
    which = fields.keys() & {"first_use", "calls", "after"}
    if len(which) != 1:
        reader.problem(node, "history asks exactly one of first_use, calls, after")
        return ()
    kind = which.pop()
    if kind != "calls":
        for name in fields.keys() & {"within", "more_than"}:
            reader.problem(fields[name], f"{name} belongs to calls, not to {kind}")
    if by is None:
        return ()
    if kind == "first_use":
        wanted = reader.boolean(fields[kind], kind)
        return () if wanted is None else (History(None, HISTORY_KEPT, by, False, wanted=wanted),)
    pattern = _history_pattern(reader, fields[kind], kind)
    if kind == "after":
        return () if pattern is None else (History(pattern, HISTORY_KEPT, by, True),)
    return _calls_history(reader, node, fields, by, pattern)


def _calls_history(
    reader: Reader, node: Node, fields: dict[str, Node], by: By, pattern: str | None
) -> tuple[History, ...]:
    within = reader.seconds(fields["within"], "within") if "within" in fields else None
    more_than = reader.whole(fields["more_than"], "more_than") if "more_than" in fields else None
    for name in {"within", "more_than"} - fields.keys():
        reader.problem(node, f"history over calls needs {name}")
    if within is not None and within > HISTORY_KEPT:
        reader.problem(fields["within"], "forwarded calls are kept for 90 days")
    if pattern is None or within is None or more_than is None:
        return ()
    return (History(pattern, within, by, False, more_than=more_than),)


def _history_pattern(reader: Reader, node: Node, what: str) -> str | None:
    text = reader.string(node, what)
    if text is not None and not item_pattern(text).item:
        reader.problem(node, f"{text!r} names no item; write {text}*")
        return None
    return text


def read_content(reader: Reader, node: Node) -> Content | None:
    """`content: {in: arguments|result, class: [...], severity}`; severity means at least."""
    fields = reader.fields(node, {"in", "class", "severity"}, "content")
    if isinstance(node, Mapping) and "in" not in fields:
        reader.problem(node, "content needs in: arguments or in: result")
        return None
    side = reader.choice(fields["in"], Side, "side") if "in" in fields else None
    classes = (
        frozenset(text for text, _ in reader.strings(fields["class"], "class")) if "class" in fields else frozenset()
    )
    severity = reader.choice(fields["severity"], Severity, "severity") if "severity" in fields else None
    return None if side is None else Content(str(side), classes, None if severity is None else str(severity))


def read_session(reader: Reader, node: Node) -> bool | None:
    """`session: {tainted: true}`."""
    fields = reader.fields(node, {"tainted"}, "session")
    if isinstance(node, Mapping) and "tainted" not in fields:
        reader.problem(node, "session asks tainted: true or tainted: false")
    return reader.boolean(fields["tainted"], "tainted") if "tainted" in fields else None
