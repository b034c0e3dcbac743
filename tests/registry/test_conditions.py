"""What an approval demands of an item beside the policy: it narrows, and never allows (ux.md 3.5, conditions)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.policy.compiled import compile_policy
from governance.policy.decide import decide
from governance.policy.language import parse
from governance.policy.values import Action, Caller, Facts, Intent, Item, Kind, Verdict
from registry.conditions import BadCondition, Demand, read_condition, with_conditions

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}, "note": {"type": "string"}}}
WRITE = Item("files", Kind.TOOL, "write_file", Intent.WRITE, schema=SCHEMA)
READ = Item("files", Kind.TOOL, "read_file", Intent.READ, schema=SCHEMA)
FACTS = Facts(at=datetime(2026, 5, 4, 12, 0, tzinfo=UTC))
ANA = Caller("ana-claude", person="ana@example.com", teams=frozenset({"finance"}), roles=frozenset({"writers"}))
BO = Caller("bo-claude", person="bo@example.com", teams=frozenset({"platform"}))
ALLOW_ALL = 'version: "1"\nrules:\n- {id: all, server: files, action: allow}\n'
DENY_ALL = 'version: "1"\n'


def verdict(condition: dict[str, Any], arguments: dict[str, Any], *, text: str = ALLOW_ALL, **others: Any) -> Verdict:
    policy = with_conditions(parse(text), [("files", "tool", "write_file", condition)])
    rules = compile_policy(policy).for_item(others.get("item", WRITE))
    return decide(rules, others.get("caller", ANA), arguments, FACTS)


def test_an_item_without_a_condition_is_judged_by_the_policy_alone() -> None:
    assert verdict({}, {"path": "/etc/passwd"}).action is Action.ALLOW


def test_approved_to_be_decided_by_a_person_is_held_although_the_policy_allows() -> None:
    found = verdict({"verdict": "escalate"}, {"path": "/x"})
    assert (found.action, found.rule) == (Action.ESCALATE, "approval:files/write_file")


def test_approved_not_to_be_called_is_denied_although_the_policy_allows() -> None:
    assert verdict({"verdict": "deny"}, {"path": "/x"}).action is Action.DENY


def test_a_condition_is_about_its_item_alone() -> None:
    assert verdict({"verdict": "deny"}, {"path": "/x"}, item=READ).action is Action.ALLOW


@pytest.mark.parametrize(
    ("arguments", "action"),
    [
        ({"path": "/srv/a"}, Action.ALLOW),
        ({"path": "/etc/a"}, Action.DENY),
        ({"path": "/srv/../etc/a"}, Action.DENY),
        ({"note": "no path"}, Action.DENY),
        ({"path": 7}, Action.DENY),
        ({"path": "/srv/a", "Path": "/etc/a"}, Action.DENY),
    ],
)
def test_arguments_outside_of_the_constraint_are_denied(arguments: dict[str, Any], action: Action) -> None:
    assert verdict({"constraints": {"path": {"under": ["/srv"]}}}, arguments).action is action


def test_only_the_named_team_or_role_may_call() -> None:
    assert verdict({"teams": ["finance"]}, {}).action is Action.ALLOW
    refused = verdict({"teams": ["finance"]}, {}, caller=BO)
    assert (refused.action, refused.rule) == (Action.DENY, "approval:files/write_file#who")
    assert "only for the team finance" in refused.reason
    assert verdict({"teams": ["finance"], "roles": ["admins"]}, {}).action is Action.DENY


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "verdict": st.sampled_from(list(Demand)),
            "teams": st.lists(st.sampled_from(["finance", "platform"]), max_size=2),
            "constraints": st.just({"path": {"under": ["/srv"]}}),
        },
    ),
    st.sampled_from([{"path": "/srv/a"}, {"path": "/etc"}, {}]),
    st.sampled_from([ANA, BO]),
)
def test_a_condition_never_allows_what_the_policy_does_not(
    condition: dict[str, Any], arguments: dict[str, Any], caller: Caller
) -> None:
    found = verdict(condition, arguments, text=DENY_ALL, caller=caller)
    assert found.action is not Action.ALLOW
    if condition.get("verdict") != Demand.ESCALATE:
        assert found.action is Action.DENY


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("deny", "is an object"),
        ({"verdict": "maybe"}, "one of allow, escalate, deny"),
        ({"verdct": "deny"}, "no 'verdct'"),
        ({"teams": "finance"}, "list of names"),
        ({"teams": [7]}, "list of names"),
        ({"constraints": ["path"]}, "are an object"),
        ({"constraints": {"path": {"undr": ["/srv"]}}}, "undr"),
        ({"constraints": {"path": {"matches": "(?=x)"}}}, "RE2"),
    ],
)
def test_what_cannot_be_a_condition_is_refused_by_name(condition: Any, said: str) -> None:
    with pytest.raises(BadCondition, match=said.replace("(", r"\(")):
        read_condition(condition)


def test_a_template_has_no_condition() -> None:
    with pytest.raises(BadCondition, match="template"):
        with_conditions(parse(ALLOW_ALL), [("files", "template", "file:///{p}", {"verdict": "deny"})])


def test_what_is_stored_is_read_back_the_same() -> None:
    written = {"verdict": "escalate", "constraints": {"path": {"under": ["/srv"]}}, "teams": ["a", "b"], "roles": ["r"]}
    assert read_condition(written).record() == written
    assert read_condition({}).record() == {}
    assert len(read_condition(written).sentences()) == 4


def test_no_written_rule_can_take_the_name_of_a_condition() -> None:
    policy = with_conditions(parse(ALLOW_ALL), [("files", "tool", "write_file", {"verdict": "deny"})])
    with pytest.raises(ValueError, match="may only hold"):
        parse(f'version: "1"\nrules:\n- {{id: "{policy.rules[-1].id}", server: files, action: allow}}\n')


def test_the_digest_of_the_policy_covers_its_conditions() -> None:
    bare = compile_policy(parse(ALLOW_ALL))
    narrowed = compile_policy(with_conditions(parse(ALLOW_ALL), [("files", "tool", "w", {"verdict": "deny"})]))
    assert bare.digest != narrowed.digest


@pytest.mark.parametrize("key", ["verdict", "constraints", "teams", "roles"])
@pytest.mark.parametrize("junk", [{}, [], "", 0, False, 0.0])
def test_what_is_empty_and_of_another_type_is_refused_and_not_dropped(key: str, junk: Any) -> None:
    """A condition that somebody meant to set never becomes none in silence."""
    if (key == "constraints" and junk == {} and isinstance(junk, dict)) or (key in ("teams", "roles") and junk == []):
        assert read_condition({key: junk}).record() == {}
        return
    with pytest.raises(BadCondition):
        read_condition({key: junk})


@pytest.mark.parametrize("key", ["verdict", "constraints", "teams", "roles"])
def test_what_is_left_out_or_null_demands_nothing(key: str) -> None:
    assert read_condition({key: None}).record() == {}


@pytest.mark.parametrize("junk", [{"finance": 1}, {"finance"}, "finance", [None], ["finance", 0]])
def test_names_are_a_list_of_texts(junk: Any) -> None:
    with pytest.raises(BadCondition, match="list of names"):
        read_condition({"teams": junk})
