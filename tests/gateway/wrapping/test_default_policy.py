"""What `gatehouse wrap` decides when nobody gave it a policy, and the configuration around it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gateway.wrapping.configuration import AGENT, PERSON, ROLE, configuration, default_policy
from governance.policy.compiled import compile_policy
from governance.policy.decide import decide
from governance.policy.language import parse
from governance.policy.values import Action, Caller, Facts, Intent, Item, Kind
from registry.configuration.parse import parse_config
from registry.configuration.values import Approve, BadConfiguration

CALLER = Caller(agent=AGENT, person=PERSON, roles=frozenset({ROLE}))


def action(kind: Kind, intent: Intent) -> Action:
    """What the default policy does with an item."""
    rules = compile_policy(parse(json.dumps(default_policy()))).for_item(Item("shed", kind, "thing", intent=intent))
    return decide(rules, CALLER, {}, Facts(at=datetime(2026, 11, 20, tzinfo=UTC))).action


@pytest.mark.parametrize("intent", list(Intent))
def test_reading_is_allowed_and_everything_else_is_asked(intent: Intent) -> None:
    """Also what nothing can be told of."""
    assert action(Kind.TOOL, intent) is (Action.ALLOW if intent is Intent.READ else Action.ESCALATE)


def test_prompts_and_resources_are_served() -> None:
    """They are read."""
    assert action(Kind.PROMPT, Intent.READ) is Action.ALLOW
    assert action(Kind.RESOURCE, Intent.READ) is Action.ALLOW


def test_the_configuration_is_one_server_one_person_and_one_agent() -> None:
    """Whatever stands in the command, it stays one word of it."""
    command = ["/bin/it", 'a "quoted": {word}', "- x: y"]
    read = parse_config(configuration("it", command, own_policy=False), source="wrap", read_file=lambda name: "")
    (server,), (person,), (agent,) = read.servers, read.people, read.agents
    assert (server.name, list(server.command), server.cwd) == ("it", command, "")
    assert server.approval.which is Approve.ALL and "allow" not in dict(server.client_requests).values()
    assert (person.email, agent.owner, agent.name) == (PERSON, PERSON, AGENT)


def test_a_policy_of_ones_own_replaces_the_default() -> None:
    """It is read where it is named; a wrong one is refused with its place."""
    text = configuration("it", ["x"], own_policy=True)
    own = 'version: "1"\ndefault: deny\nrules: []\n'
    assert parse_config(text, source="wrap", read_file=lambda name: own).policy is not None
    with pytest.raises(BadConfiguration, match="policy:1:1"):
        parse_config(text, source="wrap", read_file=lambda name: "rulez: []\n")
