"""Reads the `tests:` of a policy. Pure: no Django, no I/O."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from governance.canonical.values import JSON
from governance.policy.grammar_conditions import Severity, Side
from governance.policy.nodes import Mapping, Node, json_of
from governance.policy.patterns import is_glob, is_server_pattern, item_pattern
from governance.policy.reading import Reader
from governance.policy.tree import Given, PolicyTest
from governance.policy.values import Action, Kind

_EXPECTED = (Action.ALLOW, Action.DENY, Action.ESCALATE, Action.HIDE)


def read_test(reader: Reader, node: Node) -> PolicyTest | None:
    """One line of `tests:`; `who` and `given` may be left out."""
    fields = reader.fields(node, {"call", "expect", "who", "given"}, "a test")
    if not isinstance(node, Mapping):
        return None
    for name in ("call", "expect"):
        if name not in fields:
            reader.problem(node, f"a test needs {name}")
    if "call" not in fields or "expect" not in fields:
        return None
    call = _call(reader, fields["call"])
    expect, rule = _expect(reader, fields["expect"])
    who = reader.fields(fields["who"], {"agent", "person", "teams", "roles"}, "who") if "who" in fields else {}
    given = _given(reader, fields["given"]) if "given" in fields else Given()
    if call is None or expect is None:
        return None
    server, kind, item, arguments = call
    return PolicyTest(
        server, kind, item, arguments, expect, rule,
        agent=(reader.string(who["agent"], "agent") or "") if "agent" in who else "policy-test",
        person=reader.string(who["person"], "person") if "person" in who else None,
        teams=_names(reader, who, "teams"),
        roles=_names(reader, who, "roles"),
        given=given,
        position=node.at,
    )  # fmt: skip


def _names(reader: Reader, fields: dict[str, Node], key: str) -> frozenset[str]:
    return frozenset(text for text, _ in reader.strings(fields[key], key)) if key in fields else frozenset()


def _call(reader: Reader, node: Node) -> tuple[str, Kind, str, dict[str, JSON]] | None:
    fields = reader.fields(node, {"server", "tool", "prompt", "resource", "arguments"}, "call")
    kinds = [kind for kind in Kind if kind.value in fields]
    if len(kinds) != 1:
        reader.problem(node, "call names exactly one of tool, prompt, resource")
        return None
    item = reader.string(fields[kinds[0].value], str(kinds[0]))
    server = reader.string(fields["server"], "server") if "server" in fields else None
    if item is not None and "server" not in fields:
        pattern = item_pattern(item)
        server, item = pattern.server, pattern.item
    if server is None or item is None or is_glob(server) or not is_server_pattern(server):
        reader.problem(node, "call names one server: {server: files, tool: read_file}")
        return None
    arguments = json_of(fields["arguments"]) if "arguments" in fields else {}
    if not isinstance(arguments, dict):
        reader.problem(fields["arguments"], "arguments must be a mapping")
        return None
    return server, kinds[0], item, arguments


def _expect(reader: Reader, node: Node) -> tuple[Action | None, str | None]:
    if not isinstance(node, Mapping):
        return reader.choice(node, Action, "outcome", _EXPECTED), None
    fields = reader.fields(node, {"action", "rule"}, "expect")
    if "action" not in fields:
        reader.problem(node, "expect needs an action")
        return None, None
    rule = reader.string(fields["rule"], "rule") if "rule" in fields else None
    return reader.choice(fields["action"], Action, "outcome", _EXPECTED), rule


def _given(reader: Reader, node: Node) -> Given:
    fields = reader.fields(node, {"at", "tainted", "calls_before", "used", "findings"}, "given")
    at = reader.string(fields["at"], "at") if "at" in fields else None
    if at is not None and not _is_moment(at):
        reader.problem(fields["at"], f"{at!r} is no moment such as 2026-03-27T23:30:00+01:00")
        at = None
    findings = reader.items(fields["findings"], "findings") if "findings" in fields else ()
    return Given(
        at=at,
        tainted=bool(reader.boolean(fields["tainted"], "tainted")) if "tainted" in fields else False,
        calls_before=(reader.whole(fields["calls_before"], "calls_before") or 0) if "calls_before" in fields else 0,
        used=(reader.decimal(fields["used"], "used") or Decimal(0)) if "used" in fields else Decimal(0),
        findings=tuple(finding for item in findings if (finding := _finding(reader, item)) is not None),
    )


def _finding(reader: Reader, node: Node) -> tuple[str, str, str] | None:
    fields = reader.fields(node, {"in", "class", "severity"}, "a finding")
    if "class" not in fields:
        reader.problem(node, "a finding needs class")
        return None
    side = reader.choice(fields["in"], Side, "side") if "in" in fields else Side.ARGUMENTS
    cls = reader.string(fields["class"], "class")
    severity = reader.choice(fields["severity"], Severity, "severity") if "severity" in fields else Severity.HIGH
    return None if side is None or cls is None or severity is None else (str(side), cls, str(severity))


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
