"""Which items a rule is about, and who may see them (contract 4.1 to 4.4, 4.12)."""

from __future__ import annotations

import pytest
from policy_desk import DEV, ask, compiled, facts, ids, rule_problems, rules_on, tool

from governance.policy.explain import explain
from governance.policy.listing import could_run, watched_folders
from governance.policy.patterns import item_pattern, pattern_matches
from governance.policy.tree import ItemPattern
from governance.policy.values import Action, Caller, Intent, Item, Kind, Status


def covers(rule: str, item: Item) -> bool:
    return bool(rules_on(f"- {{{rule}, action: allow}}", item).bound)


def test_point_1_a_rule_names_exactly_one_kind_of_subject() -> None:
    assert rule_problems("{tool: a, prompt: b, action: allow}") == [
        "3:21: a rule has either tool or prompt; write two rules"
    ]
    assert "a rule needs tool, prompt, resource or server" in rule_problems("{action: allow}")[0]
    for rule in ("tool: read_file", "prompt: greet", "resource: 'file:///x'", "server: files"):
        assert rule_problems(f"{{{rule}, action: allow}}") == []


def test_point_1_prompts_and_resources_are_judged_by_their_own_rules() -> None:
    prompt = Item("files", Kind.PROMPT, "greet")
    resource = Item("files", Kind.RESOURCE, "file:///srv/a")
    assert covers("prompt: greet", prompt) and not covers("tool: greet", prompt)
    assert covers("resource: 'file:///srv/*'", resource) and not covers("prompt: '*'", resource)
    assert covers("resource: 'files/file:///srv/*'", resource)
    assert ask("- {resource: 'file:///srv/*', action: allow}", item=resource).action is Action.ALLOW


def test_point_1_a_rule_with_only_a_server_is_about_every_item_of_it() -> None:
    for kind in Kind:
        assert covers("server: files", Item("files", kind, "x"))
        assert covers("server: [other, 'fi*']", Item("files", kind, "x"))
        assert not covers("server: other", Item("files", kind, "x"))


def test_point_1_a_server_beside_a_tool_narrows_it() -> None:
    assert covers("server: files, tool: 'read_*'", tool())
    assert not covers("server: web, tool: 'read_*'", tool())
    assert not covers("server: web, tool: files/read_file", tool())


@pytest.mark.parametrize(
    ("text", "server", "item"),
    [
        ("files/read_file", "files", "read_file"),
        ("*/read_file", "*", "read_file"),
        ("fi?es/a/b", "fi?es", "a/b"),
        ("read_file", None, "read_file"),
        ("file:///srv/*", None, "file:///srv/*"),
        ("Files/read_file", None, "Files/read_file"),
        ("1files/x", None, "1files/x"),
        ("postgres://a/b", None, "postgres://a/b"),
    ],
)
def test_point_2_a_pattern_splits_at_the_first_slash_after_a_server(text: str, server: str | None, item: str) -> None:
    assert item_pattern(text) == ItemPattern(server, item)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("read_file", "read_file", True),
        ("read_file", "Read_file", False),
        ("read_*", "read_", True),
        ("*_file", "read_file", True),
        ("r?ad_file", "read_file", True),
        ("r?ad_file", "rad_file", False),
        ("read.file", "read_file", False),
        ("[r]ead_file", "read_file", False),
        ("*", "anything at all", True),
        ("r*d*e", "read_file", True),
        ("r*x*e", "read_file", False),
        ("read_file", "read_file ", False),
        ("read_file", "rеad_file", False),
        ("?", "é", True),
    ],
)
def test_point_2_globs_know_star_and_question_mark_alone(pattern: str, name: str, expected: bool) -> None:
    assert covers(f"tool: '{pattern}'", tool(f"files/{name}")) is expected
    assert pattern_matches(f"files/{pattern}", "files", name) is expected


def test_point_2_the_server_part_is_exact_too() -> None:
    assert covers("tool: files/read_file", tool())
    assert covers("tool: 'f*/read_file'", tool())
    assert not covers("tool: file/read_file", tool())
    assert not covers("tool: files2/read_file", tool())
    assert not covers("tool: files__read_file", tool())


def test_point_3_visible_but_allowed_by_no_rule_is_denied_and_explained() -> None:
    verdict = ask("- {tool: other, action: allow}")
    assert (verdict.action, verdict.status, verdict.rule) == (Action.DENY, Status.DENIED, "default")
    assert verdict.reason == "no rule allows files/read_file (default)"


def test_point_3_a_hidden_item_answers_as_unknown() -> None:
    verdict = ask("- {id: h, tool: read_file, action: hide}\n- {tool: read_file, action: allow}")
    assert (verdict.action, verdict.status, verdict.rule) == (Action.HIDE, Status.HIDDEN, "h")


@pytest.mark.parametrize(
    ("rules", "listed"),
    [
        ("- {tool: other, action: allow}", False),
        ("- {tool: read_file, action: allow}", True),
        ("- {tool: read_file, action: escalate}", True),
        ("- {tool: read_file, action: allow, constraints: {path: {under: [/x]}}}", True),
        ("- {tool: read_file, action: allow, time: {hours: '03:00-03:01'}}", True),
        ("- {tool: read_file, action: allow, history: {after: web/fetch}}", True),
        ("- {tool: read_file, action: allow, limit: {calls: 1, per: 1h}}", True),
        ("- {tool: read_file, action: allow, content: {in: arguments, class: [card]}}", True),
        ("- {tool: read_file, action: allow, session: {tainted: true}}", True),
        ("- {tool: read_file, action: allow}\n- {tool: read_file, action: deny}", False),
        ("- {tool: read_file, action: allow}\n- {tool: read_file, action: hide}", False),
        ("- {tool: read_file, action: allow}\n- {tool: '*', action: deny, constraints: {path: {present: true}}}", True),
        ("- {tool: read_file, action: allow}\n- {tool: read_file, action: deny, who: {roles: [developer]}}", False),
        ("- {tool: read_file, action: allow}\n- {tool: read_file, action: deny, who: {roles: [finance]}}", True),
        ("- {tool: read_file, action: allow, who: {roles: [finance]}}", False),
        ("- {tool: read_file, action: allow, unless: {who: {teams: [platform]}}}", False),
        ("- {tool: read_file, action: allow, unless: {who: {teams: [platform]}, time: {hours: '03:00-03:01'}}}", True),
        ("- {tool: read_file, action: allow}\n- {tool: '*', action: deny, unless: {who: {teams: [platform]}}}", True),
        ("- {tool: read_file, action: allow}\n- {tool: '*', action: deny, unless: {who: {teams: [x]}}}", False),
        ("- {tool: read_file, action: allow}\n- {tool: read_file, action: deny, mode: monitor}", True),
        ("- {tool: read_file, action: allow, mode: monitor}", False),
        ("- {tool: read_file, action: allow}\n- {tool: read_file, action: deny, content: {in: result}}", True),
        ("- {tool: read_file, action: allow, content: {in: result}}", False),
    ],
)  # fmt: skip
def test_point_4_listed_means_some_arguments_could_be_allowed_or_escalated(rules: str, listed: bool) -> None:
    assert could_run(rules_on(rules), DEV) is listed


def test_point_4_with_an_escalating_default_everything_not_denied_is_listed() -> None:
    assert could_run(rules_on("- {tool: other, action: allow}", head="default: escalate"), DEV)
    assert not could_run(rules_on("- {tool: read_file, action: deny}", head="default: escalate"), DEV)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("{roles: [developer]}", True),
        ("{roles: [finance]}", False),
        ("{roles: [finance, developer]}", True),
        ("{roles: developer}", True),
        ("{roles: [developer], teams: [platform]}", True),
        ("{roles: [developer], teams: [billing]}", False),
        ("{people: [dev@example.com]}", True),
        ("{people: [other@example.com]}", False),
        ("{agents: [dev-claude]}", True),
        ("{agents: [other]}", False),
        ("{roles: [], teams: [platform]}", True),
        ("{roles: [], teams: [], people: [], agents: []}", True),
        ("{agents: ['dev-*']}", False),
    ],
)
def test_point_12_keys_of_who_are_and_values_are_or_and_empty_lists_say_nothing(who: str, expected: bool) -> None:
    verdict = ask(f"- {{tool: read_file, action: allow, who: {who}}}")
    assert (verdict.action is Action.ALLOW) is expected


def test_point_12_an_agent_of_a_team_has_no_person() -> None:
    team_agent = Caller("ci", None, frozenset({"platform"}))
    assert ask("- {tool: read_file, action: allow, who: {people: [a@b.c]}}", caller=team_agent).action is Action.DENY
    assert ask("- {tool: read_file, action: allow, who: {teams: [platform]}}", caller=team_agent).action is Action.ALLOW


def test_rules_are_found_through_every_index() -> None:
    """Our choice: literal names, literal servers and globs lie in different tables of the index."""
    rules = "\n".join(
        f"- {{id: r{place}, tool: {pattern}, action: deny}}"
        for place, pattern in enumerate(
            ("files/read_file", "read_file", "'files/*'", "'*/read_file'", "'fi*/re*'", "'*'", "[a, files/read_file]")
        )
    )
    rules += "\n- {id: s0, server: files, action: deny}\n- {id: s1, server: 'f*', action: deny}"
    rules += "\n- {id: x0, tool: web/read_file, action: deny}\n- {id: x1, tool: 'web/*', action: deny}"
    found = [rule.id for rule in compiled(rules).for_item(tool()).bound]
    assert found == ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "s0", "s1"]


def test_category_and_intent_belong_to_the_scope() -> None:
    item = tool(intent=Intent.DESTRUCTIVE, category=frozenset({"financial", "eu"}))
    assert covers("tool: '*', intent: [destructive, write]", item)
    assert not covers("tool: '*', intent: read", item)
    assert covers("tool: '*', category: [financial, storage]", item)
    assert not covers("tool: '*', category: [storage]", item)
    assert not covers("tool: '*', category: [financial]", tool())


def test_the_trace_holds_the_rules_whose_scope_matches_and_no_others() -> None:
    rules = rules_on(
        "- {id: a, tool: read_file, action: allow, constraints: {path: {under: [/tmp]}}}\n"
        "- {id: b, tool: read_file, action: deny, who: {roles: [finance]}}\n"
        "- {id: c, tool: other, action: deny}\n"
        "- {id: d, tool: read_file, action: escalate, time: {hours: '01:00-02:00'}}"
    )
    traces = explain(rules, DEV, {"path": "/etc/passwd"}, facts(rules))
    assert ids(traces) == ["a", "d", "default"]
    outcomes = {(trace.rule, one.condition): (one.outcome, one.saw) for trace in traces for one in trace.conditions}
    assert outcomes[("a", "path")] == ("no", '"/etc/passwd"')
    assert outcomes[("d", "time")] == ("no", "fri 12:00 UTC")


def test_folders_whose_real_path_matters_are_named() -> None:
    rules = rules_on(
        "- {tool: read_file, action: allow, constraints: {path: {any_of: [{under: [/a]}, {under: [/b/]}]}}}\n"
        "- {tool: read_file, action: deny, unless: {constraints: {path: {under: [/c]}}}}\n"
        "- {tool: read_file, action: deny, constraints: {allowedPaths: [/d]}}\n"
        "- {tool: other, action: deny, constraints: {allowedPaths: [/e]}}"
    )
    assert watched_folders(rules) == {"/a", "/b", "/c", "/d"}
