"""The vectors of `security.md` "Argument constraints", judged through whole policies (contract 4.6 to 4.10)."""

from __future__ import annotations

from typing import Any

import pytest
from policy_desk import ask, schema, text_of, tool, vectors

from governance.policy.values import Action

KINDS = ("paths", "urls", "emails", "amounts", "values", "texts")
# What each outcome does to an allow rule and to a deny rule of the same constraint.
SEEN = {
    "yes": (Action.ALLOW, Action.DENY),
    "no": (Action.DENY, Action.ALLOW),
    "no, for deny yes": (Action.DENY, Action.DENY),
    "error": (Action.DENY, Action.DENY),
}


def cases() -> list[Any]:
    return [
        pytest.param(group, case, id=f"{name}: {group['form']}: {str(case['value'])[:50]!a}")
        for name in KINDS
        for group in vectors(name)
        for case in group["cases"]
    ]


@pytest.mark.parametrize(("group", "case"), cases())
def test_a_constraint_judges_the_value_as_the_vector_says(group: dict[str, Any], case: dict[str, Any]) -> None:
    constraint = text_of(group["constraint"])
    item = tool(declared=schema("value"), cwd=group.get("cwd"))
    call = {"value": case["value"]}
    rule = "- {tool: read_file, action: %s, constraints: {value: %s}}"
    allowed = ask(rule % ("allow", constraint), call, item=item).action
    open_by_default = "default: allow\nacknowledge_default_allow: true"
    denied = ask(rule % ("deny", constraint), call, item=item, head=open_by_default).action
    assert (allowed, denied) == SEEN[case["outcome"]]


def test_every_form_has_at_least_five_vectors() -> None:
    for name in (*KINDS, "keys"):
        for group in vectors(name):
            assert len(group["cases"]) >= 5, group["form"]


@pytest.mark.parametrize(
    ("group", "case"),
    [
        pytest.param(group, case, id=f"{group['form']}: {str(case['arguments'])[:60]!a}")
        for group in vectors("keys")
        for case in group["cases"]
    ],
)
def test_keys_are_judged_as_the_vector_says(group: dict[str, Any], case: dict[str, Any]) -> None:
    shapes = {name: {"properties": {key: {} for key in keys}} for name, keys in group.get("below", {}).items()}
    item = tool(declared=schema(*group["declared"], **shapes))
    constraints = text_of(group["constraints"])
    extra = ", extra: allow" if group.get("extra") else ""
    rule = "- {tool: read_file, action: %s, constraints: %s%s}"
    allowed = ask(rule % ("allow", constraints, extra), case["arguments"], item=item).action
    open_by_default = "default: allow\nacknowledge_default_allow: true"
    denied = ask(rule % ("deny", constraints, ""), case["arguments"], item=item, head=open_by_default).action
    assert (allowed is Action.ALLOW, denied is Action.DENY) == (case["allow"], case["deny"])
