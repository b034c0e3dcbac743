"""The official conformance suite: against our fixture directly, and through a running Gatehouse under two policies."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from mcp import Client, StdioServerParameters

from tests.conformance import offer, suite
from tests.conformance.houses import AGENT, PLAIN, PROGRAM, SERVER, configuration, endpoint, everything, strict
from tests.conformance.suite import REVISIONS, Scenario
from tests.databases import Databases
from tests.raw_agent import Agent
from tests.running import Running, gatehouse

pytestmark = [pytest.mark.node, pytest.mark.any_database]
SCORED = {"2025-11-25": 30, "2026-07-28": 37}
UNSCORED = {"2025-11-25": 3, "2026-07-28": 13}
# Looked at only where lists are answered as streams, and an answer as JSON is as good.
# Agents are told of a changed list when what they are listed has changed; the fixture's new item is held, not listed.
NOT_TOLD = {
    "sep-2575-server-sends-tools-list-changed-on-subscription",
    "sep-2575-server-sends-prompts-list-changed-on-subscription",
}
MAY_BE_UNTRIED = {"server-sse-streams-functional", *NOT_TOLD}
POLICIES = {"plain": lambda: PLAIN, "strict": strict}

Outcome = dict[str, Scenario]


@pytest.fixture(scope="module")
def fixture_url() -> Iterator[str]:
    """The everything server."""
    with everything() as url:
        yield url


@pytest.fixture(scope="module")
def direct(fixture_url: str) -> Callable[[str], Outcome]:
    """What the suite says of the fixture itself, by revision; each set runs once."""
    return cache(lambda revision: suite.run(fixture_url, revision))


@pytest.fixture(scope="module")
def house(fixture_url: str, databases: Databases) -> Iterator[Callable[[str], Running]]:
    """A running Gatehouse in front of the fixture, by policy; each starts once."""
    redis = os.environ.get("REDIS_URL", "") if databases.server else ""
    with ExitStack() as stack:
        config = configuration(fixture_url)

        @cache
        def started(policy: str) -> Running:
            made = gatehouse(config, POLICIES[policy](), databases=databases, redis_url=redis)
            return stack.enter_context(made)

        yield started


@pytest.fixture(scope="module")
def through(house: Callable[[str], Running]) -> Callable[[str, str], Outcome]:
    """What the suite says through a Gatehouse, by policy and revision; each set runs once."""

    @cache
    def outcome(policy: str, revision: str) -> Outcome:
        return suite.run(endpoint(house(policy)), revision, house(policy).token(AGENT))

    return outcome


def require_nothing(said: list[str]) -> None:
    """Fail with all that was said, which an assertion would cut short."""
    if said:
        pytest.fail("\n".join(said), pytrace=False)


def complaints(outcome: Outcome) -> list[str]:
    """What is wrong with the scored scenarios."""
    return [each.complaints() for each in outcome.values() if each.scored and not each.passes]


def worse(outcome: Outcome, before: Outcome) -> list[str]:
    """What fails in the unscored scenarios and did not fail before."""
    unscored = [each for each in outcome.values() if not each.scored]
    more = {each.name: each.more(suite.FAILED, before[each.name]) for each in unscored}
    return [f"{name}: {check.id}: {check.message}" for name, checks in more.items() for check in checks]


def lost(outcome: Outcome, before: Outcome) -> list[str]:
    """The checks of scored scenarios that succeeded before and now fail, warn, are skipped or do not happen."""
    said = []
    for name, was in before.items():
        now = {check.id: f"{check.status} {check.message}" for check in outcome[name].checks}
        gone = was.more(suite.PASSED, outcome[name]) if was.scored else []
        said += [f"{name}: {each.id}: {now.get(each.id, 'absent')}" for each in gone if each.id not in MAY_BE_UNTRIED]
    return said


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_fixture_itself_passes_every_scored_scenario(direct: Callable[[str], Outcome], revision: str) -> None:
    outcome = direct(revision)

    require_nothing(complaints(outcome))
    assert sum(each.scored for each in outcome.values()) == SCORED[revision]
    assert sum(not each.scored for each in outcome.values()) == UNSCORED[revision]


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_the_fixture_itself_fails_is_the_tasks_extension_alone(
    direct: Callable[[str], Outcome], revision: str
) -> None:
    failing = [name for name, each in direct(revision).items() if not each.passes]

    assert [name for name in failing if not name.startswith("tasks-")] == []


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("policy", POLICIES)
def test_every_scored_scenario_passes_through_gatehouse(
    through: Callable[[str, str], Outcome], policy: str, revision: str
) -> None:
    require_nothing(complaints(through(policy, revision)))


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("policy", POLICIES)
def test_no_unscored_scenario_is_worse_through_gatehouse(
    through: Callable[[str, str], Outcome], direct: Callable[[str], Outcome], policy: str, revision: str
) -> None:
    require_nothing(worse(through(policy, revision), direct(revision)))


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("policy", POLICIES)
def test_no_success_of_a_scored_scenario_becomes_a_warning_or_is_skipped_through_gatehouse(
    through: Callable[[str, str], Outcome], direct: Callable[[str], Outcome], policy: str, revision: str
) -> None:
    require_nothing(lost(through(policy, revision), direct(revision)))


def test_the_suite_is_refused_without_a_token_of_the_gateway(house: Callable[[str], Running]) -> None:
    outcome = suite.run(endpoint(house("plain")), "2026-07-28", "not-a-token")

    assert not outcome["tools-list"].passes
    assert not outcome["tools-call-simple-text"].passes


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("test_elicitation", {"message": "please rm -rf it"}), ("test_sampling", {"prompt": "long " * 100})],
)
def test_the_strict_policy_refuses_what_its_rules_name(
    house: Callable[[str], Running], tool: str, arguments: dict[str, str]
) -> None:
    running = house("strict")
    reply = Agent(running, running.token(AGENT), SERVER).call(tool, **arguments)

    assert reply.decision["verdict"] == "deny"


def test_the_strict_policy_refuses_a_call_that_inspection_objects_to(house: Callable[[str], Running]) -> None:
    running = house("strict")
    card = "-".join(["4111", "1111", "1111", "1111"])
    reply = Agent(running, running.token(AGENT), SERVER).call("test_sampling", prompt=f"charge {card}")

    assert (reply.decision["verdict"], reply.decision["rule"]) == ("deny", "no-findings-out")


def test_a_scenario_without_a_result_or_without_a_success_does_not_pass() -> None:
    check = suite.Check("a", "A", "INFO", "")

    assert not Scenario("silent", True, (check,)).passes
    assert Scenario("silent", False, (check,)).passes
    assert not Scenario("failed", False, (suite.Check("a", "A", suite.FAILED, "no"),)).passes


def test_a_check_that_fails_more_often_than_before_is_worse() -> None:
    failed = suite.Check("a", "A", suite.FAILED, "no")
    once, twice = Scenario("s", False, (failed,)), Scenario("s", False, (failed, failed))

    assert once.more(suite.FAILED, once) == []
    assert twice.more(suite.FAILED, once) == [failed]


@pytest.mark.parametrize(("mode", "revision"), [("legacy", "2025-11-25"), ("auto", "2026-07-28")])
async def test_the_fixture_serves_both_eras_over_standard_streams_too(mode: str, revision: str) -> None:
    program = StdioServerParameters(command=sys.executable, args=[str(PROGRAM), "--stdio"])
    async with Client(program, mode=mode) as client:
        listed = await client.list_tools()

        assert client.protocol_version == revision
        assert [tool.name for tool in listed.tools] == list(offer.TOOLS)
