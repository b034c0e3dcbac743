"""Reads the `constraints:` of a rule: argument addresses, constraint kinds, the guides' short forms. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from governance.canonical.paths import canonical_path
from governance.canonical.urls import canonical_domain
from governance.canonical.values import JSON, NotCanonical, Number
from governance.policy.addresses import Steps, parse_address
from governance.policy.nodes import Mapping, Node, Scalar, Sequence, json_of
from governance.policy.patterns import NotRe2, regex_test
from governance.policy.reading import Reader, suggestion
from governance.policy.tree import Check, Constraint, ShortForm

SHORT_FORMS: Final = frozenset({"allowedPaths", "allowedDomains", "maxAmount"})
JSON_TYPES: Final = ("string", "number", "integer", "boolean", "object", "array", "null")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*", re.ASCII).fullmatch
_MAX_ALTERNATIVES: Final = 100
_MAX_PORT: Final = 65_535

_KindReader = Callable[[Reader, Node, str], "JSON | None"]


def read_constraints(
    reader: Reader, node: Node, *, strict: bool
) -> tuple[tuple[Constraint, ...], tuple[ShortForm, ...], bool]:
    """The constraints sorted by argument, the short forms, and whether `extra: allow` stands among them.

    `strict`: a yes leads towards allowing the call; only then do `domains` alone mean https.
    """
    if not isinstance(node, Mapping) or not node.entries:
        reader.problem(node, "constraints must be a mapping from arguments to what they must meet")
        return (), (), False
    constraints: list[Constraint] = []
    forms: list[ShortForm] = []
    extra = False
    for key, value in node.entries:
        if key.text in SHORT_FORMS:
            forms.extend(_short_form(reader, key.text, value))
        elif key.text == "extra" and isinstance(value, Scalar):
            extra = reads_as_extra(reader, value)
        else:
            constraints.extend(_constraint(reader, key, value, strict))
    _refuse_repeats(reader, node, constraints)
    ordered = sorted(constraints, key=lambda constraint: constraint.argument)
    return tuple(ordered), tuple(sorted(forms, key=lambda form: form.name)), extra


def reads_as_extra(reader: Reader, node: Node) -> bool:
    """Whether `extra:` says allow; anything else is a problem."""
    if isinstance(node, Scalar) and node.text == "allow":
        return True
    reader.problem(node, "extra can only be: allow")
    return False


def read_address(reader: Reader, key: Node, text: str) -> Steps | None:
    """The steps of an argument address."""
    try:
        return parse_address(text)
    except ValueError as error:
        reader.problem(key, str(error))
        return None


def _refuse_repeats(reader: Reader, node: Node, constraints: list[Constraint]) -> None:
    seen: dict[Steps, str] = {}
    for constraint in constraints:
        if constraint.steps in seen:
            reader.problem(node, f"{seen[constraint.steps]} and {constraint.argument} are the same argument")
        seen[constraint.steps] = constraint.argument


def _short_form(reader: Reader, name: str, node: Node) -> list[ShortForm]:
    if name == "maxAmount":
        amount = reader.decimal(node, name)
        return [] if amount is None else [ShortForm(name, Number(str(amount), amount))]
    value = _folders(reader, node, name) if name == "allowedPaths" else _domains(reader, node, name)
    return [] if value is None else [ShortForm(name, value)]


def _constraint(reader: Reader, key: Scalar, node: Node, strict: bool) -> list[Constraint]:
    steps = read_address(reader, key, key.text)
    if not isinstance(node, Mapping) and key.text in KINDS:
        reader.problem(key, f"{key.text!r} stands where an argument is expected; write argument: {{{key.text}: …}}")
        return []
    # A rule against a domain that named no scheme would be passed by over http, so that it names any.
    checks = read_checks(reader, node, key.text, any_scheme=not strict)
    return [Constraint(key.text, steps, checks)] if steps is not None and checks else []


def read_checks(reader: Reader, node: Node, argument: str, *, any_scheme: bool) -> tuple[Check, ...]:
    """The kinds that one argument must all meet, sorted by name; `domains` brings https unless `any_scheme`."""
    known = {*KINDS, "any_of"}
    if not isinstance(node, Mapping) or not node.entries:
        reader.problem(node, f"{argument} needs at least one of {', '.join(sorted(known))}")
        return ()
    fields = reader.fields(node, known, f"the constraint on {argument}")
    any_scheme = any_scheme or "schemes" in fields
    checks: list[Check] = []
    for kind, value_node in fields.items():
        if kind == "any_of":
            checks.extend(_any_of(reader, value_node, argument, any_scheme))
        else:
            value = KINDS[kind](reader, value_node, kind)
            if value is not None or kind == "equals":
                checks.append(Check(kind, value))
    if "domains" in fields and not any_scheme:
        checks.append(Check("schemes", ["https"]))
    return tuple(sorted(checks, key=lambda check: check.kind))


def _any_of(reader: Reader, node: Node, argument: str, any_scheme: bool) -> list[Check]:
    items = reader.items(node, "any_of")
    if not 1 <= len(items) <= _MAX_ALTERNATIVES:
        reader.problem(node, f"any_of needs 1 to {_MAX_ALTERNATIVES} alternatives")
        return []
    read = (read_checks(reader, item, argument, any_scheme=any_scheme) for item in items)
    return [Check("any_of", alternatives=tuple(checks for checks in read if checks))]


def _canonical_each(reader: Reader, node: Node, what: str, canonical: Callable[[str], str]) -> list[JSON] | None:
    out: dict[str, None] = {}
    for text, place in reader.strings(node, what):
        try:
            out[canonical(text)] = None
        except NotCanonical as error:
            reader.problem(place, f"{text!r} cannot stand in {what}: {error.reason}")
    return _listed(reader, node, what, out)


def _listed(reader: Reader, node: Node, what: str, values: Iterable[str]) -> list[JSON] | None:
    listed: list[JSON] = list(values)
    if not listed and isinstance(node, Sequence) and not node.items:
        reader.problem(node, f"{what} is empty and could never match")
    return listed or None


def _folders(reader: Reader, node: Node, what: str) -> list[JSON] | None:
    return _canonical_each(reader, node, what, lambda text: canonical_path(text, cwd=None))


def _domains(reader: Reader, node: Node, what: str) -> list[JSON] | None:
    return _canonical_each(reader, node, what, canonical_domain)


def _email_domains(reader: Reader, node: Node, what: str) -> list[JSON] | None:
    def canonical(text: str) -> str:
        domain = canonical_domain(text)
        if domain.startswith("*.") or not domain.isascii():
            raise NotCanonical("mail domains are exact; name each sub-domain")
        return domain

    return _canonical_each(reader, node, what, canonical)


def _schemes(reader: Reader, node: Node, what: str) -> list[JSON] | None:
    out: dict[str, None] = {}
    for text, place in reader.strings(node, what):
        if _SCHEME(text):
            out[text] = None
        else:
            reader.problem(place, f"{text!r} is no URL scheme; write it in small letters and without ://")
    return _listed(reader, node, what, out)


def _ports(reader: Reader, node: Node, what: str) -> list[JSON] | None:
    nodes = node.items if isinstance(node, Sequence) else (node,)
    ports: list[JSON] = [port for item in nodes if (port := reader.whole(item, what, 1)) is not None]
    if not ports or any(isinstance(port, int) and port > _MAX_PORT for port in ports):
        reader.problem(node, "ports are whole numbers from 1 to 65535")
        return None
    return ports


def _number(reader: Reader, node: Node, what: str) -> Number | None:
    amount = reader.decimal(node, what)
    return None if amount is None else Number(str(amount), amount)


def _values(reader: Reader, node: Node, what: str) -> list[JSON] | None:
    items = reader.items(node, what)
    if isinstance(node, Sequence) and not items:
        reader.problem(node, f"{what} is empty and could never match" if what == "in" else f"{what} is empty")
    return [json_of(item) for item in items] or None


def _value(reader: Reader, node: Node, what: str) -> JSON:
    return json_of(node)


def _types(reader: Reader, node: Node, what: str) -> list[JSON] | None:
    out: dict[str, None] = {}
    for text, place in reader.strings(node, what):
        if text in JSON_TYPES:
            out[text] = None
        else:
            reader.problem(place, f"{text!r} is no JSON type{suggestion(text, JSON_TYPES)}")
    return _listed(reader, node, what, out)


def _globs(reader: Reader, node: Node, what: str) -> list[JSON] | None:
    return _listed(reader, node, what, dict.fromkeys(text for text, _ in reader.strings(node, what)))


def _patterns(reader: Reader, node: Node, what: str) -> list[JSON] | None:
    out: dict[str, None] = {}
    for text, place in reader.strings(node, what):
        try:
            regex_test(text)
            out[text] = None
        except NotRe2 as error:
            reader.problem(place, f"{text!r} is not RE2: {error}")
    return _listed(reader, node, what, out)


def _range(reader: Reader, node: Node, what: str) -> dict[str, JSON] | None:
    fields = reader.fields(node, {"min", "max"}, what)
    out: dict[str, JSON] = {}
    for name, item in fields.items():
        bound = reader.whole(item, f"{what} {name}")
        if bound is not None:
            out[name] = bound
    if isinstance(node, Mapping) and not node.entries:
        reader.problem(node, f"{what} needs min, max or both")
    return out or None


def _flag(reader: Reader, node: Node, what: str) -> bool | None:
    return reader.boolean(node, what)


KINDS: Final[dict[str, _KindReader]] = {
    "under": _folders,
    "domains": _domains,
    "schemes": _schemes,
    "ports": _ports,
    "email_domains": _email_domains,
    "min": _number,
    "max": _number,
    "in": _values,
    "not_in": _values,
    "equals": _value,
    "type": _types,
    "glob": _globs,
    "matches": _patterns,
    "length": _range,
    "items": _range,
    "present": _flag,
}
