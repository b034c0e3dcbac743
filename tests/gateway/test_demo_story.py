"""What the demo sets up and says: enough people to lift its own stop, and nothing that is not so."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.demo import setting, story
from governance.models import Escalation
from registry.configuration.parse import parse_config
from registry.configuration.values import Names
from tests.gateway.inside import in_thread, inside


def test_two_people_of_the_demo_can_lift_a_stop() -> None:
    lifters = [email for email, roles in setting.PEOPLE.items() if "security-admin" in roles]
    assert len(lifters) >= 2 and len(setting.PEOPLE) <= 5


def test_the_demo_is_a_configuration_that_parses() -> None:
    nothing = Names(*[frozenset()] * 5)
    text = setting.configuration(setting.Programs(None, None, None))
    parsed = parse_config(text, source="demo", read_file=str, known=nothing)
    assert {person.email for person in parsed.people} == set(setting.PEOPLE)


def test_the_welcome_claims_no_waiting_call(capsys: pytest.CaptureFixture[str]) -> None:
    story.welcome({"agents": {}, "people": {}, "console": "http://x/admin/", "mcp": "http://x/mcp"})
    said = capsys.readouterr().out
    assert "Gatehouse is running" in said and "waiting" not in said


@pytest.mark.parametrize("status", ["waiting", "expired", "stopped", "cancelled", "unavailable", "limited", "not_sent"])
def test_a_call_that_nobody_decided_is_asked_again(status: str) -> None:
    assert story.ending({"status": status, "reason": "x"}, told=True) == ""


@pytest.mark.parametrize(
    ("decision", "told", "said"),
    [
        ({}, True, "approved"),
        ({"status": "denied", "reason": "Denied by approver@example.com: no"}, True, "Denied by approver@example.com"),
        ({"status": "denied", "reason": "no rule allows git/git_create_branch (default)"}, False, "No call waits"),
        ({"status": "denied"}, False, "No call waits"),
    ],
)
def test_a_call_that_was_decided_or_never_waited_is_told_as_it_was(decision: Any, told: bool, said: str) -> None:
    assert said in story.ending(decision, told=told)


@pytest.mark.usefixtures("own_database")
async def test_a_client_that_comes_back_is_waited_for_anew() -> None:
    """Or a countdown would say that the client left, while it stands there and waits."""
    async with inside() as place:
        await place.call("add", a=1)
        first = await in_thread(Escalation.objects.get)
        assert first.detached, "its leg ended"
        await place.call("add", a=1)
        again = await in_thread(Escalation.objects.get)
        assert again.client_gives_up_at > first.client_gives_up_at and again.pk == first.pk
