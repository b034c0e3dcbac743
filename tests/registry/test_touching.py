"""What is said of rules and a changed item is what the decision does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from governance.policy.compiled import CompiledPolicy, compile_policy
from governance.policy.decide import decide
from governance.policy.language import parse
from governance.policy.values import Action, Caller, Facts, Intent, Item, Kind
from registry.touching import MAX_SENTENCES, Touch, touched

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADS = {"allow": "", "deny": "default: allow\nacknowledge_default_allow: true", "escalate": ""}


def item(intent: Intent = Intent.READ, **properties: Any) -> Item:
    """A tool that declares these arguments."""
    schema = {"type": "object", "properties": properties}
    return Item("files", Kind.TOOL, "read_file", intent, schema=schema)


def policy(*rules: str, head: str = "") -> CompiledPolicy:
    """A policy of these rules, each named by its place."""
    lines = "\n".join(f"- {{id: r{number}, {rule}}}" for number, rule in enumerate(rules))
    return compile_policy(parse(f'version: "1"\n{head}\nrules:\n{lines}\n'))


def only(compiled: CompiledPolicy, before: Item | None, after: Item | None) -> Touch:
    """The one rule that touches the item."""
    (rule,) = touched(compiled, before, after).rules
    return rule


def answer(compiled: CompiledPolicy, on: Item, **arguments: Any) -> Action:
    """What a call of the item with these arguments gets."""
    return decide(compiled.for_item(on), Caller("dev-claude"), arguments, Facts(NOON)).action


WITH, WITHOUT = item(path={"type": "string"}), item(name={"type": "string"})
UNDER = "constraints: {path: {under: [/srv]}}"


def test_an_allow_rule_whose_argument_is_gone_allows_nothing_and_says_so() -> None:
    rules = policy(f"tool: files/read_file, action: allow, {UNDER}")
    assert answer(rules, WITH, path="/srv/a") is Action.ALLOW
    assert answer(rules, WITHOUT) is answer(rules, WITHOUT, path="/srv/a") is Action.DENY
    assert only(rules, WITH, WITHOUT).changes == (
        "Its condition on path has nothing to look at: path is not declared any more, so the rule allows no call of it"
        " any more.",
    )


def test_one_that_lets_further_arguments_through_allows_those_that_send_it_all_the_same() -> None:
    rules = policy(f"tool: files/read_file, action: allow, extra: allow, {UNDER}")
    assert (answer(rules, WITHOUT), answer(rules, WITHOUT, path="/srv/a")) == (Action.DENY, Action.ALLOW)
    assert only(rules, WITH, WITHOUT).changes[0].endswith("so the rule allows calls alone that send it all the same.")


@pytest.mark.parametrize(("action", "words"), [("deny", "denies"), ("escalate", "asks a person about")])
def test_a_rule_that_stands_in_the_way_stops_doing_so_and_says_so(action: str, words: str) -> None:
    """The dangerous case: an argument that a deny rule judged has another name now."""
    rules = policy(f"tool: files/read_file, action: {action}, {UNDER}", "tool: '*', action: allow", head=HEADS["deny"])
    stopped = Action.DENY if action == "deny" else Action.ESCALATE
    assert answer(rules, WITH, path="/srv/a") is stopped
    assert answer(rules, WITHOUT, name="/srv/a") is Action.ALLOW
    assert answer(rules, WITHOUT, path="/srv/a") is stopped
    said = touched(rules, WITH, WITHOUT)
    assert said.rules[0].changes[0].endswith(f"so the rule {words} calls alone that send it all the same.")
    assert said.unseen_arguments == ("name",)


def test_an_exception_whose_argument_is_gone_holds_no_longer_and_says_so() -> None:
    rules = policy(f"tool: files/read_file, action: deny, unless: {{{UNDER}}}", head=HEADS["deny"])
    assert (answer(rules, WITH, path="/srv/a"), answer(rules, WITHOUT)) == (Action.ALLOW, Action.DENY)
    assert only(rules, WITH, WITHOUT).changes == (
        "Its exception on path has nothing to look at: path is not declared any more, so the exception holds for calls"
        " alone that send it all the same.",
    )


def test_where_an_argument_may_be_missing_no_consequence_is_claimed() -> None:
    rules = policy("tool: files/read_file, action: allow, constraints: {path: {present: false}}")
    assert answer(rules, WITHOUT) is Action.ALLOW
    assert only(rules, WITH, WITHOUT).changes == (
        "Its condition on path has nothing to look at: path is not declared any more.",
    )


def test_an_argument_that_comes_and_one_of_another_type_are_told() -> None:
    rules = policy(f"tool: files/read_file, action: allow, {UNDER}")
    assert only(rules, WITHOUT, WITH).changes == (
        "Its condition on path has something to look at now: path was not declared before.",
    )
    listed = item(path={"type": ["array", "null", "of its own"]})
    assert only(rules, WITH, listed).changes == (
        "Its condition looks at path, which is array or null now and was string.",
    )
    assert only(rules, WITH, item(path={})).changes == (
        "Its condition looks at path, which is of no named type now and was string.",
    )


def test_nested_arguments_are_found_by_their_address() -> None:
    rules = policy("tool: files/read_file, action: allow, constraints: {to.email: {email_domains: [example.com]}}")
    before = item(to={"type": "object", "properties": {"email": {"type": "string"}}})
    assert "to.email is not declared any more" in only(rules, before, item(to={"type": "object"})).changes[0]


def test_short_forms_tell_whether_they_find_anything() -> None:
    rules = policy("tool: files/read_file, action: allow, constraints: {allowedPaths: [/srv]}")
    assert only(rules, WITH, WITHOUT).changes == (
        "Its condition allowedPaths finds no argument any more that is a path.",
    )
    assert only(rules, WITHOUT, WITH).changes == ("Its condition allowedPaths finds an argument now that is a path.",)


def test_a_limit_that_adds_up_an_argument_which_is_gone_is_told() -> None:
    rules = policy("tool: files/read_file, action: allow, limit: {sum: amount, max: 5, per: 1h}")
    assert only(rules, item(amount={}), item()).changes == (
        "Its limit adds up the argument amount, which is not declared any more.",
    )


def test_a_rule_that_begins_or_ends_to_cover_the_item_is_told_with_the_reason() -> None:
    rules = policy("tool: '*', action: allow, intent: [read]", "tool: '*', action: escalate, intent: [destructive]")
    ends, begins = touched(rules, item(Intent.READ), item(Intent.DESTRUCTIVE)).rules
    assert (ends.before, ends.after, begins.before, begins.after) == (True, False, False, True)
    assert ends.changes == ("The rule covers it no longer: it is destructive now, and was read.",)
    assert begins.changes == ("The rule did not cover it before: it is destructive now, and was read.",)


def test_new_arguments_that_no_rule_looks_at_are_named() -> None:
    rules = policy("tool: '*', action: allow, constraints: {path: {present: true}, b: {present: false}}")
    after = item(path={}, b={}, webhook={}, cc={})
    assert touched(rules, item(path={}), after).unseen_arguments == ("cc", "webhook")
    summed = policy("tool: '*', action: allow, limit: {sum: cc, max: 5, per: 1h}")
    assert touched(summed, item(path={}), after).unseen_arguments == ("b", "webhook")


def test_nothing_is_said_of_changes_where_there_are_none() -> None:
    rules = policy(f"tool: files/read_file, action: allow, {UNDER}", "server: other, action: allow")
    for before, after in ((WITH, WITH), (None, WITH), (WITH, None)):
        said = touched(rules, before, after)
        assert [(one.rule.id, one.before, one.after, one.changes) for one in said.rules] == [
            ("r0", before is not None, after is not None, ())
        ]
        assert said.unseen_arguments == ()
    assert touched(rules, None, None).rules == ()


def test_what_is_said_of_one_rule_has_an_end() -> None:
    names = [f"a{number}" for number in range(3 * MAX_SENTENCES)]
    rules = policy(f"tool: '*', action: allow, constraints: {{{', '.join(f'{name}: {{min: 1}}' for name in names)}}}")
    assert len(only(rules, item(**{name: {} for name in names}), item()).changes) == MAX_SENTENCES
