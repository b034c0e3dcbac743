"""What the policy oracle asks of arguments: where a path leads, what is declared, what a kind says (contract 4.7-11).

Pure: no Django, no I/O. Written from the contract alone; shares no logic with the product.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import jsonschema
import re2

from governance.canonical.values import Number
from governance.policy.values import Caller, Facts, Item
from tests.properties.policy_oracle_values import (
    ERROR,
    NO,
    among,
    between,
    both,
    canonical_path,
    either,
    email,
    glob,
    is_inside,
    json_types,
    number,
    said,
    url,
)

MISSING, BROKEN = object(), object()  # What a path finds when nothing is there, or something of another shape.
EACH = "[]"
SHORT_FORMS = {"allowedPaths": "under", "allowedDomains": "domains", "maxAmount": "max"}
NAMES = {
    "under": {"path", "paths", "filepath", "directory", "file", "folder"},
    "domains": {"url", "urls", "uri", "webhookurl"},
    "max": {"amount", "maxamount", "total", "price"},
}
FORMATS = {"under": {"path"}, "domains": {"uri", "url"}, "max": set[str]()}
LOOKS_LIKE = {
    "under": re.compile(r"/|~|\./|\.\./|[A-Za-z]:|(?i:file:)"),
    "domains": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://"),
}


@dataclass(frozen=True)
class Call:
    """Everything a condition may look at."""

    item: Item
    caller: Caller
    arguments: dict[str, Any]
    facts: Facts


def fits_schema(call: Call) -> bool:
    if call.item.schema is None:
        return True
    return bool(jsonschema.Draft202012Validator(dict(call.item.schema)).is_valid(plain(call.arguments)))


def plain(value: Any) -> Any:
    """JSON as the schema library knows it."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, Number):
        return int(value.value) if value.value == value.value.to_integral_value() else value.value
    return value


def undeclared(rule: dict[str, Any], call: Call) -> bool:
    """8: an allow rule with constraints meets an argument that the approved schema does not declare.

    Arguments are the top members, and those beside a constrained one wherever the schema names the members.
    """
    if not rule.get("constraints") or rule.get("extra") == "allow":
        return False
    if set(call.arguments) - set((call.item.schema or {}).get("properties", {})):
        return True
    ways = [steps(name) for name in rule["constraints"] if name not in SHORT_FORMS]
    return any(strangers(call.arguments, call.item.schema, way) for way in ways)


def strangers(value: Any, schema: Any, way: list[str]) -> bool:
    if not way or not isinstance(schema, Mapping):
        return False
    if isinstance(value, list):
        elements = value if way[0] == EACH else value[int(way[0]) :][:1] if way[0].isdigit() else []
        return any(strangers(element, schema.get("items"), way[1:]) for element in elements)
    if not isinstance(value, dict):
        return False
    names = schema.get("properties")
    if names is not None and set(value) - set(names):
        return True
    return strangers(value.get(way[0]), (names or {}).get(way[0]), way[1:])


def constraint(name: str, kinds: Any, call: Call, every: bool) -> str:
    if name in SHORT_FORMS:
        return short_form(SHORT_FORMS[name], kinds, call, every)
    way = steps(name)
    declared = is_declared(call.item.schema, way)
    answers = [judge(kinds, slot, declared, call, every) for slot in reach(call.arguments, way)]
    return both(answers) if every else either(answers)


def short_form(kind: str, want: Any, call: Call, every: bool) -> str:
    """11: every argument, at any depth, that is a path, a URL or an amount by name, schema format or form."""
    schema = call.item.schema or {}
    found = candidates(kind, "", call.arguments, schema)
    answers = [judge({kind: want}, slot, True, call, every) for slot in found]
    if not answers:
        declared = schema.get("properties", {}).items()
        return ERROR if any(is_named(kind, name, part.get("format")) for name, part in declared) else NO
    return both(answers) if every else either(answers)


def steps(name: str) -> list[str]:
    """9: `a.b` and `a[].b`; a name that starts with a slash is a JSON Pointer."""
    if name.startswith("/"):
        return [token.replace("~1", "/").replace("~0", "~") for token in name[1:].split("/")]
    return [step for part in name.split(".") for step in ([part[:-2], EACH] if part.endswith(EACH) else [part])]


def reach(value: Any, way: list[str]) -> list[Any]:
    """The values a path leads to; an empty or absent list, or an absent member, is one missing value."""
    if not way:
        return [value]
    step, rest = way[0], way[1:]
    if step == EACH:
        if not isinstance(value, list):
            return [BROKEN]
        return [slot for element in value for slot in reach(element, rest)] or [MISSING]
    if isinstance(value, list) and re.fullmatch("0|[1-9][0-9]*", step):  # A JSON Pointer into a list.
        return reach(value[int(step)], rest) if int(step) < len(value) else [MISSING]
    if not isinstance(value, dict):
        return [BROKEN]
    if any(key != step and folded(key) == folded(step) for key in value):  # 8: refused always
        return [BROKEN]
    return reach(value[step], rest) if step in value else [MISSING]


def folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def is_declared(schema: Any, way: list[str]) -> bool:
    """Whether the approved schema names every step; the elements of a declared list are declared with it."""
    for step in way:
        if not isinstance(schema, Mapping):
            return False
        if step == EACH:
            schema = schema.get("items", {})
        else:
            schema = schema.get("items") if step.isdigit() else schema.get("properties", {}).get(step)
    return schema is not None


def candidates(kind: str, name: str, value: Any, schema: Any) -> list[Any]:
    """The values to judge. An object of such a name is judged by what it holds; without any, its type is wrong."""
    schema = schema if isinstance(schema, Mapping) else {}
    named = is_named(kind, name, schema.get("format"))
    if isinstance(value, list):
        return [slot for element in value for slot in candidates(kind, name, element, schema.get("items"))]
    if isinstance(value, dict):
        parts = [(key, member, schema.get("properties", {}).get(key)) for key, member in value.items()]
        held = [slot for key, member, part in parts for slot in candidates(kind, key, member, part)]
        return held or [BROKEN] * (named and bool(value))
    looks = isinstance(value, str) and kind in LOOKS_LIKE and LOOKS_LIKE[kind].match(value)
    return [value] if named or looks else []


def is_named(kind: str, name: str, form: Any) -> bool:
    return re.sub("[^a-z]", "", folded(name)) in NAMES[kind] or form in FORMATS[kind]


def judge(kinds: dict[str, Any], slot: Any, declared: bool, call: Call, every: bool) -> str:
    """10: several kinds on one argument are ANDed. 7: only `present` sees a missing value."""
    if slot is BROKEN:
        return ERROR
    answers = []
    for kind, want in kinds.items():
        if kind == "present":
            answers.append(said((slot is not MISSING) == want))
        elif kind == "any_of":
            answers.append(either(judge(choice, slot, declared, call, every) for choice in want))
        elif slot is MISSING:
            answers.append(ERROR if declared else NO)
        else:
            answers.append(judge_value(kind, want, slot, kinds, call, every))
    return both(answers)


def judge_value(kind: str, want: Any, value: Any, kinds: dict[str, Any], call: Call, every: bool) -> str:
    if kind in ("min", "max"):
        amount = number(value)
        return ERROR if amount is None else said(amount <= Decimal(want) if kind == "max" else amount >= Decimal(want))
    if kind in ("in", "not_in", "equals"):
        return among([want] if kind == "equals" else want, value, kind == "not_in")
    if kind == "type":
        return said(any(name in json_types(value) for name in listed(want)))
    if kind == "items":
        return between(want, len(value)) if isinstance(value, list) else ERROR
    if not isinstance(value, str):
        return ERROR
    if kind == "length":
        return between(want, len(value))
    if kind == "glob":
        return said(any(glob(pattern, value) for pattern in listed(want)))
    if kind == "matches":
        return said(any(re2.fullmatch(pattern, value) is not None for pattern in listed(want)))
    if kind == "under":
        return under(listed(want), value, call, every)
    if kind == "email_domains":
        return email(listed(want), value)
    return url(kind, listed(want), value, any_scheme="schemes" in kinds or not every)


def under(folders: list[str], value: str, call: Call, every: bool) -> str:
    """10: component-wise. Where the gateway sees the server's disk the real path counts too, and must be known."""
    path = canonical_path(value, call.item.cwd)
    real = call.facts.real_paths
    if path is None or (call.item.local_disk and path not in real):
        return ERROR
    tops = [canonical_path(folder, None) or "" for folder in folders]
    inside = [any(is_inside(path, top) for top in tops)]
    if call.item.local_disk:
        inside.append(any(is_inside(real[path], real.get(top, top)) for top in tops))
    return said((all if every else any)(inside))


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
