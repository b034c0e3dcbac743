"""Who may decide (contract 4.13): those a rule names, in number, and never oneself."""

import pytest

from governance.policy.values import Approve
from governance.workflow.authority import Decider, Need, NotYours, Vote, anyone_entitled, may_decide, met, still_needed

OWNER = "dev@example.com"
ANYONE = Need(Approve(), "default")
PLATFORM = Need(Approve(teams=("platform",)), "writes")
TWO_OF_FINANCE = Need(Approve(teams=("finance",), required=2), "refunds")
ANA_OR_AUDIT = Need(Approve(people=("ana@example.com",), roles=("auditor",)), "exports")


def decider(person: str, *roles: str, teams: tuple[str, ...] = ()) -> Decider:
    return Decider(person, frozenset(teams), frozenset(roles))


def vote(person: str, *roles: str, teams: tuple[str, ...] = (), approve: bool = True) -> Vote:
    return Vote(person, approve, frozenset(teams), frozenset(roles))


@pytest.mark.parametrize(
    ("person", "need"),
    [
        (decider("bo@example.com", "approver"), ANYONE),
        (decider("bo@example.com", teams=("platform",)), PLATFORM),
        (decider("ana@example.com"), ANA_OR_AUDIT),
        (decider("ANA@example.com"), ANA_OR_AUDIT),
        (decider("bo@example.com", "auditor"), ANA_OR_AUDIT),
    ],
)
def test_those_whom_the_rule_names_may_decide(person: Decider, need: Need) -> None:
    may_decide(person, [need], owner=OWNER)


@pytest.mark.parametrize(
    ("person", "need"),
    [
        (decider("bo@example.com"), ANYONE),
        (decider("bo@example.com", "security-admin", "developer"), ANYONE),
        # A console role is not a way round a rule that names others.
        (decider("bo@example.com", "approver"), PLATFORM),
        (decider("bo@example.com", "approver", teams=("Platform",)), PLATFORM),
        (decider("bo@example.com", "approver"), ANA_OR_AUDIT),
        # Names of teams, roles and people are told apart.
        (decider("platform", "platform"), PLATFORM),
        (decider("auditor", teams=("auditor",)), ANA_OR_AUDIT),
    ],
)
def test_nobody_else_may_decide_and_is_told_who_does(person: Decider, need: Need) -> None:
    with pytest.raises(NotYours) as caught:
        may_decide(person, [need], owner=OWNER)
    assert caught.value.reason.startswith("This call is decided by ")


def test_being_named_by_one_of_several_rules_is_enough_to_vote() -> None:
    may_decide(decider("bo@example.com", teams=("finance",)), [PLATFORM, TWO_OF_FINANCE], owner=OWNER)


@pytest.mark.parametrize("spelling", [OWNER, "Dev@Example.com"])
def test_nobody_decides_a_call_of_their_own_agent(spelling: str) -> None:
    """Security H3: judged by person, so a second token or a second spelling is no way round."""
    person = decider(spelling, "approver", teams=("platform",))
    with pytest.raises(NotYours, match="your own agent"):
        may_decide(person, [ANYONE, PLATFORM], owner=OWNER)
    assert not met([ANYONE], [vote(spelling, "approver")], owner=OWNER)


def test_nobody_decides_a_call_of_their_own_teams_agent() -> None:
    with pytest.raises(NotYours, match="your own team"):
        may_decide(
            decider("bo@example.com", "approver"),
            [ANYONE],
            owner=None,
            owner_team_members=frozenset({"Bo@example.com"}),
        )
    may_decide(
        decider("cy@example.com", "approver"), [ANYONE], owner=None, owner_team_members=frozenset({"bo@example.com"})
    )


def test_without_any_rule_nobody_may_decide_and_nothing_is_met() -> None:
    with pytest.raises(NotYours):
        may_decide(decider("bo@example.com", "approver"), [], owner=OWNER)
    assert not met([], [vote("bo@example.com", "approver")])


def test_each_rule_must_be_met_and_one_vote_may_serve_several() -> None:
    both = vote("bo@example.com", teams=("platform", "finance"))
    finance = vote("cy@example.com", teams=("finance",))
    assert not met([PLATFORM, TWO_OF_FINANCE], [both])
    assert not met([PLATFORM, TWO_OF_FINANCE], [finance])
    assert met([PLATFORM, TWO_OF_FINANCE], [both, finance])


def test_a_quorum_counts_people_not_votes() -> None:
    bo = vote("bo@example.com", teams=("finance",))
    again = vote("BO@example.com", teams=("finance",))
    assert not met([TWO_OF_FINANCE], [bo, bo, again])


def test_votes_of_people_who_are_not_named_do_not_count() -> None:
    assert not met([TWO_OF_FINANCE], [vote("bo@example.com", "approver"), vote("cy@example.com", teams=("finance",))])


def test_one_vote_against_is_final() -> None:
    votes = [vote("bo@example.com", "approver"), vote("cy@example.com", "approver", approve=False)]
    assert not met([ANYONE], votes)


@pytest.mark.parametrize("required", [0, -1, 1])
def test_a_quorum_below_one_is_one(required: int) -> None:
    need = Need(Approve(required=required), "r")
    assert not met([need], [])
    assert met([need], [vote("bo@example.com", "approver")])


def test_what_is_still_needed_is_one_sentence() -> None:
    assert still_needed([ANYONE], []) == "Needs 1 approval from role approver (rule default)."
    one = [vote("bo@example.com", teams=("finance",))]
    assert still_needed([TWO_OF_FINANCE], []) == "Needs 2 approvals from team finance (rule refunds)."
    assert still_needed([TWO_OF_FINANCE, ANA_OR_AUDIT], one) == (
        "Needs 1 more approval from team finance (rule refunds), "
        "and 1 approval from ana@example.com or role auditor (rule exports)."
    )
    assert still_needed([ANYONE], [vote("bo@example.com", "approver")]) == ""


def test_an_escalation_that_nobody_could_answer_is_known_at_once() -> None:
    bo, cy = decider("bo@example.com", teams=("finance",)), decider("cy@example.com", teams=("finance",))
    owner = decider(OWNER, "approver", teams=("finance",))
    assert anyone_entitled([TWO_OF_FINANCE], [bo, cy], OWNER)
    assert not anyone_entitled([TWO_OF_FINANCE], [bo, owner], OWNER)
    assert not anyone_entitled([TWO_OF_FINANCE, PLATFORM], [bo, cy], OWNER)
    assert not anyone_entitled([ANYONE], [owner], OWNER)
    assert not anyone_entitled([ANYONE], [], OWNER)
    assert not anyone_entitled([TWO_OF_FINANCE], [bo, cy], None, frozenset({"cy@example.com"}))
