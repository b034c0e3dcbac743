"""Approvals, limits, history, time, content, monitor, obligations, ids (contract 4.13 to 4.20)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from policy_desk import (
    BROAD,
    DEV,
    ERROR,
    NOON,
    arguments,
    ask,
    compiled,
    condition_outcomes,
    facts,
    finding,
    rule_problems,
    rules_on,
    tool,
)

from governance.policy.decide import decide_result
from governance.policy.listing import needs
from governance.policy.values import (
    Action,
    By,
    ContentFinding,
    Facts,
    HistoryQuery,
    Intent,
    LimitQuery,
    Obligation,
    Status,
    Verdict,
    Would,
)


def test_point_13_every_escalate_rule_asks_for_its_own_approval() -> None:
    verdict = ask(
        "- {id: a, tool: read_file, action: escalate, approve: {from: [team:x, bare, person:p@q.r, role:auditor],"
        " required: 2, within: 5m}, reason: Look}\n- {id: b, tool: '*', action: escalate}"
    )
    assert (verdict.action, verdict.status, verdict.rule) == (Action.ESCALATE, Status.WAITING, "a")
    first, second = verdict.escalations
    assert (first.rule, first.reason) == ("a", "Look (rule a)")
    assert (first.approve.teams, first.approve.people, first.approve.roles) == (("bare", "x"), ("p@q.r",), ("auditor",))
    assert (first.approve.required, first.approve.within) == (2, 300)
    assert (second.approve.teams, second.approve.required, second.approve.within) == ((), 1, 600)


def test_point_14_an_approval_answers_the_rules_it_names_and_no_others() -> None:
    rules = rules_on("- {id: a, tool: read_file, action: escalate}\n- {id: b, tool: '*', action: escalate}")
    digests = {rule.id: rule.rule.digest for rule in rules.bound}
    both = frozenset(digests.items())
    assert ask(rules, {}, facts(approved=both)).action is Action.ALLOW
    half = ask(rules, {}, facts(approved=frozenset({("a", digests["a"])})))
    assert (half.action, half.rule, [one.rule for one in half.escalations]) == (Action.ESCALATE, "b", ["b"])
    other = frozenset({("a", digests["b"]), ("b", digests["a"])})
    assert ask(rules, {}, facts(approved=other)).action is Action.ESCALATE


def test_point_14_deny_hide_and_limits_still_hold_after_an_approval() -> None:
    for more, action in (("deny", Action.DENY), ("hide", Action.HIDE)):
        rules = rules_on(f"- {{id: a, tool: read_file, action: escalate}}\n- {{tool: '*', action: {more}}}")
        approved = frozenset({("a", rule.rule.digest) for rule in rules.bound if rule.id == "a"})
        assert ask(rules, {}, facts(approved=approved)).action is action
    rules = rules_on("- {id: a, tool: read_file, action: escalate, limit: {calls: 2, per: 1h}}")
    approved = frozenset({("a", rules.bound[0].rule.digest)})
    assert ask(rules, {}, facts(rules, approved=approved, used=Decimal(2))).status is Status.LIMITED
    passed = ask(rules, {}, facts(rules, approved=approved, used=Decimal(1)))
    assert passed.action is Action.ALLOW and len(passed.reserve) == 1


def test_point_14_an_escalating_default_is_a_rule_named_default() -> None:
    head = "default: {action: escalate, approve: {from: [team:ops]}}"
    policy = compiled("- {tool: x, action: allow}", head)
    rules = policy.for_item(tool())
    verdict = ask(rules)
    assert (verdict.action, verdict.rule, verdict.rules) == (Action.ESCALATE, "default", ("default",))
    assert verdict.escalations[0].approve.teams == ("ops",)
    assert verdict.escalations[0].digest == policy.rules["default"].digest
    approved = frozenset({("default", policy.rules["default"].digest)})
    assert ask(rules, {}, facts(approved=approved)).action is Action.ALLOW


def test_point_15_a_spent_limit_denies_so_that_no_broader_allow_wins() -> None:
    rules = rules_on("- {id: few, tool: read_file, action: allow, limit: {calls: 10, per: 1h}}\n" + BROAD)
    query = LimitQuery("few", By.AGENT, 3600, Decimal(10))
    assert needs(rules, DEV).limits == (query,)
    last = ask(rules, {}, facts(rules, used=Decimal(9)))
    assert last.action is Action.ALLOW
    assert [(one.limit, one.amount) for one in last.reserve] == [(query, Decimal(1))]
    spent = ask(rules, {}, facts(rules, used=Decimal(10)))
    assert (spent.action, spent.status, spent.rule) == (Action.DENY, Status.LIMITED, "few")
    assert spent.reason == "the limit of 10 calls per 1h by agent is used up (rule few)"
    assert (spent.retry_after_ms, spent.reserve) == (3_600_000, ())


def test_point_15_sums_count_exactly_and_refuse_what_is_no_amount() -> None:
    rules = rules_on("- {id: s, tool: read_file, action: allow, limit: {sum: amount, max: 500.10, per: 24h, by: team}}")
    given = facts(rules, used=Decimal("499.99"))
    assert ask(rules, arguments('{"amount": 0.11}'), given).reserve[0].amount == Decimal("0.11")
    spent = ask(rules, arguments('{"amount": 0.12}'), given)
    assert spent.status is Status.LIMITED
    alone = ask(rules, arguments('{"amount": 501}'), given)
    assert (alone.status, alone.retry_after_ms) == (Status.LIMITED, None)
    for wrong in ('{"amount": -1}', '{"amount": "5"}', "{}", '{"amount": true}', '{"amount": null}', '{"amount": [1]}'):
        assert ask(rules, arguments(wrong), given).rule == "default"


def test_point_15_an_escalate_rule_whose_sum_cannot_be_told_still_escalates() -> None:
    rules = rules_on("- {tool: read_file, action: escalate, limit: {sum: amount, max: 5, per: 1d}}")
    assert ask(rules, {"amount": -1}, facts(rules)).action is Action.ESCALATE
    assert ask(rules, {"amount": 5}, facts(rules)).action is Action.ESCALATE
    assert ask(rules, {"amount": 6}, facts(rules)).status is Status.LIMITED


def test_point_15_a_limit_that_nobody_could_count_denies() -> None:
    rules = rules_on("- {id: a, tool: read_file, action: allow, limit: {calls: 10, per: 1h}}\n" + BROAD)
    verdict = ask(rules, {}, Facts(NOON))
    assert (verdict.action, verdict.status, verdict.rule) == (Action.DENY, Status.DENIED, "a")


def test_point_15_limits_stand_in_allow_and_escalate_alone() -> None:
    for action in ("deny", "hide"):
        assert "limit belongs to" in rule_problems(f"{{tool: a, action: {action}, limit: {{calls: 1, per: 1h}}}}")[0]


def test_point_16_history_counts_forwarded_calls() -> None:
    def action(history: str, count: int) -> Action:
        rules = rules_on(f"- {{tool: read_file, action: allow, history: {history}}}")
        return ask(rules, {}, facts(rules, count=count)).action

    assert action("{first_use: true}", 0) is Action.ALLOW
    assert action("{first_use: true}", 1) is Action.DENY
    assert action("{first_use: false}", 0) is Action.DENY
    assert action("{calls: 'files/read_*', within: 5m, more_than: 50}", 50) is Action.DENY
    assert action("{calls: 'files/read_*', within: 5m, more_than: 50}", 51) is Action.ALLOW
    assert action("{after: web/fetch}", 0) is Action.DENY
    assert action("{after: web/fetch}", 1) is Action.ALLOW


def test_point_16_what_nobody_counted_is_an_error() -> None:
    assert condition_outcomes("history: {first_use: true}", {}, Facts(NOON)) == ERROR
    assert condition_outcomes("history: {after: web/fetch}", {}, Facts(NOON)) == ERROR


def test_point_16_the_queries_say_what_to_count() -> None:
    rules = rules_on(
        "- {tool: read_file, action: deny, history: {first_use: true, by: team}}\n"
        "- {tool: read_file, action: deny, history: {calls: 'files/*', within: 5m, more_than: 3}}\n"
        "- {tool: read_file, action: deny, unless: {history: {after: web/fetch}}}\n"
        "- {tool: read_file, action: deny, who: {roles: [other]}, history: {after: web/x}}\n"
        "- {tool: other, action: deny, history: {after: web/y}}"
    )
    asked = needs(rules, DEV)
    assert set(asked.history) == {
        HistoryQuery(None, 7_776_000, By.TEAM),
        HistoryQuery("files/*", 300, By.AGENT),
        HistoryQuery("web/fetch", 7_776_000, By.AGENT, in_session=True),
    }
    assert asked.session
    assert not needs(rules_on("- {tool: read_file, action: allow}"), DEV).session


@pytest.mark.parametrize(
    ("window", "moment", "inside"),
    [
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-11-20T08:00+00:00", True),
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-11-20T07:59:59+00:00", False),
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-11-20T16:59:59+00:00", True),
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-11-20T17:00+00:00", False),
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-07-20T07:00+00:00", True),
        ("{days: mon-fri}", "2026-11-20T23:59+00:00", True),
        ("{days: mon-fri}", "2026-11-21T00:00+00:00", False),
        ("{days: [sat, sun]}", "2026-11-21T00:00+00:00", True),
        ("{days: fri-mon}", "2026-11-22T00:00+00:00", True),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-20T22:00+00:00", True),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-21T05:59+00:00", True),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-21T06:00+00:00", False),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-20T03:00+00:00", False),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-21T22:00+00:00", False),
        ("{days: sun, hours: '22:00-06:00'}", "2026-11-23T01:00+00:00", True),
        ("{hours: ['08:00-09:00', '12:00-13:00']}", "2026-11-20T12:30+00:00", True),
        ("{hours: '00:00-24:00'}", "2026-11-20T23:59:59+00:00", True),
        ("{hours: '22:00-24:00'}", "2026-11-20T00:00+00:00", False),
        ("{days: sat, zone: Pacific/Auckland}", "2026-11-20T12:00+00:00", True),
        ("{hours: '02:30-03:30', zone: Europe/Berlin}", "2026-03-29T01:00+00:00", True),
    ],
)  # fmt: skip
def test_point_16_time_windows(window: str, moment: str, inside: bool) -> None:
    given = Facts(datetime.fromisoformat(moment))
    verdict = ask(f"- {{tool: read_file, action: allow, time: {window}}}", {}, given)
    assert (verdict.action is Action.ALLOW) is inside


def test_point_16_a_moment_without_a_zone_is_an_error() -> None:
    naive = Facts(datetime(2026, 11, 20, 12, 0, tzinfo=UTC).replace(tzinfo=None))
    assert condition_outcomes("time: {hours: '09:00-18:00'}", {}, naive) == ERROR


def test_point_17_findings_in_arguments_are_a_condition() -> None:
    def action(content: str, *found: ContentFinding) -> Action:
        return ask(f"- {{tool: read_file, action: allow, content: {content}}}", {}, facts(findings=found)).action

    card = finding("card", severity="medium")
    assert action("{in: arguments}", card) is Action.ALLOW
    assert action("{in: arguments}") is Action.DENY
    assert action("{in: arguments, class: [email, card]}", card) is Action.ALLOW
    assert action("{in: arguments, class: [email]}", card) is Action.DENY
    assert action("{in: arguments, severity: medium}", card) is Action.ALLOW
    assert action("{in: arguments, severity: high}", card) is Action.DENY
    assert action("{in: arguments, severity: critical}", finding("card", severity="unheard of")) is Action.ALLOW
    assert action("{in: arguments}", finding("card", side="result")) is Action.DENY


def test_point_17_tainted_sessions_are_a_condition() -> None:
    for wanted in (True, False):
        rule = f"- {{tool: read_file, action: allow, session: {{tainted: {str(wanted).lower()}}}}}"
        assert (ask(rule, {}, facts(marks=frozenset({"tainted"}))).action is Action.ALLOW) is wanted
        assert (ask(rule, {}, facts()).action is Action.ALLOW) is not wanted


def test_point_17_private_and_vendor_keys_in_arguments_deny_whatever_the_rules_say() -> None:
    for cls in ("private_key", "vendor_key"):
        for rules in ("- {tool: read_file, action: allow}", "- {tool: read_file, action: escalate}"):
            verdict = ask(rules, {"path": "x"}, facts(findings=(finding(cls),)))
            assert (verdict.action, verdict.rule) == (Action.DENY, "builtin-secrets")
    assert ask("- {tool: read_file, action: allow}", {}, facts(findings=(finding("card"),))).action is Action.ALLOW
    hidden = ask("- {id: h, tool: read_file, action: hide}", {}, facts(findings=(finding("vendor_key"),)))
    assert hidden.action is Action.HIDE


def result(rules: str, *found: ContentFinding, args: dict[str, Any] | None = None) -> Verdict:
    return decide_result(rules_on(rules), DEV, facts(findings=found), args)


def test_point_17_result_rules_allow_redact_or_deny_on_the_way_back() -> None:
    redact = "- {id: r, tool: read_file, action: redact, content: {in: result, class: [email, card]}}"
    deny = "\n- {id: d, tool: read_file, action: deny, content: {in: result, severity: critical}, reason: Too much}"
    email, card = finding("email", "result", "low"), finding("card", "result", "critical")
    passed = result(redact)
    assert (passed.action, passed.rule, passed.obligations) == (Action.ALLOW, "", ())
    told = result(redact, email)
    assert (told.action, told.rule) == (Action.REDACT, "r")
    assert told.obligations == (Obligation("r", "redact", "email"),)
    refused = result(redact + deny, email, card)
    assert (refused.action, refused.rule, refused.reason) == (Action.DENY, "d", "Too much (rule d)")
    assert refused.rules == ("d", "r")


def test_point_17_keys_in_results_are_redacted_before_any_rule() -> None:
    allow = "- {id: a, tool: read_file, action: allow, content: {in: result, class: [vendor_key]}}"
    verdict = result(allow, finding("vendor_key", "result"), finding("card", "result"))
    assert (verdict.action, verdict.rule) == (Action.REDACT, "builtin-secrets")
    assert verdict.obligations == (Obligation("builtin-secrets", "redact", "vendor_key"),)


def test_point_17_result_rules_say_nothing_before_the_call_and_the_others_nothing_after() -> None:
    rules = "- {id: d, tool: read_file, action: deny, content: {in: result}}\n- {id: a, tool: read_file, action: allow}"
    given = facts(findings=(finding("card", "result"),))
    assert ask(rules, {}, given).rules == ("a",)
    assert decide_result(rules_on(rules), DEV, given).rules == ("d",)


def test_point_17_a_result_rule_may_look_at_arguments_and_errs_where_it_has_none() -> None:
    rules = "- {id: d, tool: read_file, action: deny, content: {in: result}, constraints: {path: {under: [/etc]}}}"
    card = finding("card", "result")
    assert result(rules, card, args={"path": "/etc/x"}).action is Action.DENY
    assert result(rules, card, args={"path": "/tmp/x"}).action is Action.ALLOW
    assert result(rules, card).action is Action.DENY
    assert result(rules).action is Action.ALLOW


def test_point_17_result_rules_cannot_escalate_hide_or_count() -> None:
    for action in ("escalate", "hide"):
        assert rule_problems(f"{{tool: a, action: {action}, content: {{in: result}}}}") != []
    assert rule_problems("{tool: a, action: allow, content: {in: result}, limit: {calls: 1, per: 1h}}") != []
    assert rule_problems("{tool: a, action: redact}") != []
    assert rule_problems("{tool: a, action: deny, content: {in: result}, unless: {content: {in: arguments}}}") != []


def test_point_18_monitored_rules_touch_no_verdict_list_limit_or_obligation() -> None:
    rules = rules_on(
        "- {id: a, tool: read_file, action: allow}\n"
        "- {id: m, tool: read_file, action: deny, mode: monitor, obligations: {log: critical}}\n"
        "- {id: n, tool: read_file, action: allow, mode: monitor, limit: {calls: 1, per: 1h}}\n"
        "- {id: o, tool: read_file, action: deny, mode: monitor, constraints: {path: {under: [/etc]}}}\n"
        "- {id: p, tool: read_file, action: hide, mode: monitor, who: {roles: [x]}}"
    )
    verdict = ask(rules, {"path": "/tmp/x"}, facts(rules))
    assert (verdict.action, verdict.rules, verdict.obligations, verdict.reserve) == (Action.ALLOW, ("a",), (), ())
    assert verdict.would == (Would("m", Action.DENY), Would("n", Action.ALLOW))
    assert needs(rules, DEV).limits == ()
    error = ask(rules, {"path": 5}, facts(rules))
    assert Would("o", Action.DENY) in error.would


def test_point_18_obligations_are_those_of_the_rules_of_the_final_action() -> None:
    rules = (
        "- {id: a, tool: read_file, action: allow, obligations: {log: info, notify: ['slack:#a', 'slack:#b']}}\n"
        "- {id: b, tool: '*', action: allow, obligations: {redact: [card]}}\n"
        "- {id: d, tool: read_file, action: deny, constraints: {path: {under: [/etc]}}, obligations: {log: critical}}"
    )
    assert ask(rules, {"path": "/tmp/x"}).obligations == (
        Obligation("a", "log", "info"),
        Obligation("a", "notify", "slack:#a"),
        Obligation("a", "notify", "slack:#b"),
        Obligation("b", "redact", "card"),
    )
    assert ask(rules, {"path": "/etc/x"}).obligations == (Obligation("d", "log", "critical"),)


def test_point_19_the_smallest_id_of_the_final_action_is_reported_and_all_are_named() -> None:
    rules = "\n".join(
        f"- {{id: {name}, tool: {pattern}, action: {action}}}"
        for name, pattern, action in (
            ("z", "read_file", "deny"), ("b", "'*'", "deny"), ("a", "'r*'", "allow"), ("c", "'re*'", "escalate"),
        )
    )  # fmt: skip
    verdict = ask(rules)
    assert (verdict.rule, verdict.rules) == ("b", ("a", "b", "c", "z"))


def test_point_19_ids_are_derived_from_what_a_rule_means() -> None:
    def derived(rule: str) -> str:
        return compiled(f"- {rule}").policy.rules[0].id

    plain = derived("{tool: a, action: allow}")
    assert plain.startswith("r-") and len(plain) == 14
    assert derived("{action: allow, tool: [a]}") == plain
    assert derived("{tool: a, action: allow, reason: Why not, mode: monitor}") == plain
    assert derived("{tool: a, action: deny}") != plain
    assert derived("{tool: a, action: allow, obligations: {log: info}}") != plain
    folders = "{tool: a, action: allow, constraints: {p: {under: [%s]}}}"
    assert derived(folders % "/x, /y") == derived(folders % "/y, /x/, /y")
    assert derived("{tool: a, action: allow, constraints: {p: {equals: [1, 2]}}}") != derived(
        "{tool: a, action: allow, constraints: {p: {equals: [2, 1]}}}"
    )


def test_point_19_equal_rules_and_ids_used_twice_are_refused() -> None:
    assert rule_problems("{tool: a, action: allow}", "{id: x, tool: [a], action: allow, reason: y}") == [
        "4:3: the same rule stands at 3:3; remove one"
    ]
    assert rule_problems("{id: x, tool: a, action: allow}", "{id: x, tool: b, action: allow}") == [
        "4:3: the id 'x' is taken by the rule at 3:3"
    ]
    for reserved in ("default", "builtin-secrets", "r-0123456789ab", "intent-default-read", "stop-12"):
        assert "reserved" in rule_problems(f"{{id: {reserved}, tool: a, action: allow}}")[0]


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        (Intent.READ, Action.ALLOW),
        (Intent.WRITE, Action.ALLOW),
        (Intent.DESTRUCTIVE, Action.ESCALATE),
        (Intent.EXFILTRATIVE, Action.ESCALATE),
        (Intent.UNKNOWN, Action.ESCALATE),
    ],
)
def test_point_20_intent_defaults(intent: Intent, action: Action) -> None:
    verdict = ask("- {tool: x, action: allow}", {}, item=tool(intent=intent), head="intent_defaults: true")
    assert verdict.action is action
    assert [duty.kind for duty in verdict.obligations] == (["log"] if intent is Intent.WRITE else [])
    denied = ask("- {tool: '*', action: deny}", {}, item=tool(intent=intent), head="intent_defaults: true")
    assert denied.action is Action.DENY
