"""The page of a held item says who uses it and which rules touch it."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance import people
from governance.models import Agent, DataRole, LedgerEntry, LedgerStream, Person, PolicyVersion, Team
from governance.policy.compiled import compile_policy
from governance.policy.language import parse
from governance.rights import Machine
from registry.models import Item, Server
from registry.usage import MAX_AGENTS, MAX_CALLS, Usage, usage_of, usage_record

pytestmark = pytest.mark.django_db
POLICY = """version: "1"
rules:
- {id: read, tool: files/read_file, action: allow, constraints: {path: {under: [/srv]}}}
- {id: trial, tool: "*", action: deny, intent: [destructive], mode: monitor}
- {id: other, server: tickets, action: allow}
"""


@pytest.fixture
def item() -> Item:
    """A tool approved with a path, offered with a file and a webhook now, of a server that two roles reach."""
    server = Server.objects.create(name="files", transport="http", url="http://files.example/mcp")
    team = Team.objects.create(name="platform")
    ana = Person.objects.create_user("ana@example.com")
    reads = DataRole.objects.create(name="reads", tools=["files/read_*"])
    whole = DataRole.objects.create(name="whole", servers=["files"])
    other = DataRole.objects.create(name="other", tools=["tickets/*"])
    for name, owner, roles in (
        ("ana-bot", {"owner": ana}, [reads, whole]),
        ("team-bot", {"team": team}, [whole]),
        ("ticket-bot", {"owner": ana}, [other]),
        ("gone-bot", {"owner": ana, "active": False}, [whole]),
    ):
        Agent.objects.create(name=name, **owner).roles.set(roles)  # type: ignore[arg-type]
    live(POLICY)
    return Item.objects.create(
        server=server,
        kind="tool",
        name="read_file",
        state="changed",
        intent="read",
        approved_document=document("path"),
        approved_digest="sha256:1",
        seen_document=document("file", "webhook"),
        seen_digest="sha256:2",
        condition={"teams": ["platform"]},
    )


def document(*arguments: str) -> str:
    """A definition that declares these arguments."""
    properties = {name: {"type": "string"} for name in arguments}
    return json.dumps({"name": "read_file", "inputSchema": {"type": "object", "properties": properties}})


def live(text: str) -> None:
    """Let this policy be the live one."""
    PolicyVersion.objects.update(live=False)
    digest = compile_policy(parse(text)).digest
    number = PolicyVersion.objects.count() + 1
    PolicyVersion.objects.create(version=number, text=text, digest=digest, live=True, author="po@example.com")


def called(agent: str, times: int, *, item: str = "read_file", at: datetime | None = None) -> None:
    """Forwarded calls, a second apart, the newest `at`."""
    stream, _ = LedgerStream.objects.get_or_create(name="calls")
    first = LedgerEntry.objects.count()
    newest = at or timezone.now()
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            stream=stream,
            seq=first + number + 1,
            at=newest - timedelta(seconds=number),
            kind="call.intent",
            call=uuid.uuid4(),
            agent=agent,
            server="files",
            item=item,
            digest=bytes(32),
            text="{}",
        )
        for number in range(times)
    )


def of(item: Item, **asked: Any) -> Usage:
    """The usage of one item."""
    return usage_of([item], **asked)[item.pk]


def test_agents_are_those_whose_roles_reach_the_item_with_what_they_called(item: Item) -> None:
    newest = timezone.now() - timedelta(hours=1)
    called("ana-bot", 3, at=newest)
    called("ana-bot", 2, item="write_file")
    called("ticket-bot", 5)
    called("team-bot", 1, at=timezone.now() - timedelta(days=8))
    usage = of(item)
    assert [(one.name, one.owner, one.roles, one.calls, one.at_least) for one in usage.agents] == [
        ("ana-bot", "ana@example.com", ("reads", "whole"), 3, False),
        ("team-bot", "team platform", ("whole",), 0, False),
    ]
    assert (usage.agents[0].last, usage.agents[1].last) == (newest, None)
    assert (usage.callers, usage.more_agents, usage.condition) == (1, 0, ("only for the team platform",))


def test_rules_come_with_their_line_and_with_what_the_change_does_to_them(item: Item) -> None:
    usage = of(item)
    assert usage.rules is not None
    (rule,) = usage.rules
    assert (rule.id, rule.action, rule.line, rule.on_trial) == ("read", "allow", 3, False)
    assert rule.changes[0].endswith("path is not declared any more, so the rule allows no call of it any more.")
    assert usage.unseen_arguments == ("file", "webhook") and usage.affected == 1
    assert usage.otherwise == "Everything else is denied."


def test_what_an_item_does_now_is_judged_by_its_definition_and_by_a_reviewers_word_about_it(item: Item) -> None:
    """A rule on trial begins to cover a tool that became destructive; a word about the old definition says nothing."""
    Item.objects.update(intent="destructive")
    item.refresh_from_db()
    (begins,) = (rule for rule in of(item).rules or () if rule.id == "trial")
    assert begins.on_trial and (begins.before, begins.after) == (False, True)
    assert "it is destructive now" in begins.changes[0]
    item.reviewed_intent, item.reviewed_intent_digest = "write", "sha256:1"
    (begins,) = (rule for rule in of(item).rules or () if rule.id == "trial")
    assert "and was write" in begins.changes[0]
    item.reviewed_intent_digest = "sha256:2"
    assert [rule.id for rule in of(item).rules or ()] == ["read"]


def test_a_person_reads_of_their_own_agents_alone_and_of_no_rules_unless_they_may(item: Item) -> None:
    called("team-bot", 4)
    usage = of(item, agents=["ana-bot"], rules=False)
    assert [agent.name for agent in usage.agents] == ["ana-bot"]
    assert (usage.rules, usage.otherwise, usage.unseen_arguments) == (None, "", ())


def test_new_missing_and_other_kinds_of_items_are_told_too(item: Item) -> None:
    """What has one definition does not change; instructions reach whoever knows of anything of the server."""
    item.approved_digest = item.approved_document = ""
    assert [(rule.before, rule.after, rule.changes) for rule in of(item).rules or ()] == [(False, True, ())]
    words = Item.objects.create(server=item.server, kind="instructions", name="instructions", seen_digest="sha256:3")
    usage = of(words)
    assert [(agent.name, agent.calls, agent.roles) for agent in usage.agents] == [
        ("ana-bot", None, ("reads", "whole")),
        ("team-bot", None, ("whole",)),
    ]
    assert usage.rules is None
    broken = Item.objects.create(
        server=item.server, kind="tool", name="broken", seen_digest="sha256:4", seen_document="{"
    )
    assert [agent.name for agent in of(broken).agents] == ["ana-bot", "team-bot"]


def test_without_a_policy_and_with_one_that_cannot_be_read_no_rules_are_told(item: Item) -> None:
    PolicyVersion.objects.update(text="version: '9'")
    assert of(item).rules is None
    PolicyVersion.objects.all().delete()
    assert of(item).rules is None


def test_busy_agents_and_many_of_them_are_counted_to_an_end(item: Item) -> None:
    called("ana-bot", MAX_CALLS + 5)
    role = DataRole.objects.get(name="whole")
    team = Team.objects.get()
    made = Agent.objects.bulk_create(Agent(name=f"bot-{number}", team=team) for number in range(MAX_AGENTS))
    role.agents.add(*made)
    usage = of(item)
    assert (usage.agents[0].calls, usage.agents[0].at_least) == (MAX_CALLS, True)
    assert (len(usage.agents), usage.more_agents) == (MAX_AGENTS, 2)


def test_many_items_take_as_many_questions_as_one(item: Item) -> None:
    more = [
        Item(server=item.server, kind="tool", name=f"t{n}", seen_digest="sha256:5", seen_document="{}")
        for n in range(30)
    ]
    many = [item, *Item.objects.bulk_create(more)]
    with CaptureQueriesContext(connection) as one:
        usage_of([item])
    with CaptureQueriesContext(connection) as all_of_them:
        assert len(usage_of(many)) == 31
    assert len(all_of_them) == len(one) <= 6


def test_calls_are_looked_up_over_the_index_of_agents_and_times(item: Item) -> None:
    """A ledger has more rows than a page can wait for."""
    called("ana-bot", 50)
    with CaptureQueriesContext(connection) as asked:
        of(item)
    (question,) = (query["sql"] for query in asked if "ledgerentry" in query["sql"] and "ana-bot" in query["sql"])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {question}")
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {question}")
        assert "ledger_agent_at" in str(cursor.fetchall())


def test_the_record_for_programs_holds_all_of_it(item: Item) -> None:
    called("ana-bot", 1)
    record = json.loads(json.dumps(usage_record(of(item))))
    assert record["agents"][0]["agent"] == "ana-bot" and record["agents"][0]["calls"] == 1
    assert record["rules"][0] | {"changes": []} == {
        "id": "read",
        "action": "allow",
        "line": 3,
        "mode": "enforce",
        "covers": {"before": True, "after": True},
        "changes": [],
    }
    assert record["unseen_arguments"] == ["file", "webhook"] and record["condition"] == ["only for the team platform"]
    assert usage_record(of(item, rules=False))["rules"] is None


@pytest.mark.parametrize("in_item", [True, False])
def test_the_page_shows_it_with_what_cannot_be_seen_made_visible(item: Item, in_item: bool) -> None:
    """Names of arguments are a server's words."""
    item.seen_document = document("we\u202ehook<b>")
    shown = render_to_string("registry/usage.html", {"usage": of(item), "in_item": in_item})
    assert "\u202e" not in shown and "<b>" not in shown and "202E" in shown
    assert ">ana-bot</a>" in shown and "allows no call of it any more" in shown and "#L3" in shown
    assert "2 agents may know of it, 0 called it in the last 7 days; 1 rule touches it, of which 1 is affected" in shown
    assert "script" not in shown and "style=" not in shown


def over_rest(person: Person, query: str) -> Any:
    """The answer of the REST resource to a person's token."""
    token = people.issue_api_token(person=person, scopes=None, by=Machine.OPERATOR)
    return Client().get(f"/api/v1/tools/usage?{query}", headers={"authorization": f"Bearer {token}"})


def test_the_api_tells_an_administrator_all_and_a_developer_of_their_own_agents(
    item: Item, settings: Any, tmp_path: Path
) -> None:
    """Contract 2: `read` is never more than the person's roles allow."""
    settings.STATIC_ROOT = tmp_path
    called("team-bot", 2)
    ana, admin = Person.objects.get(), Person.objects.create_user("sec@example.com")
    ana.groups.set(Group.objects.filter(name="developer"))
    admin.groups.set(Group.objects.filter(name="security-admin"))
    whole = over_rest(admin, "server=files&name=read_file").json()
    assert [(one["agent"], one["calls"]) for one in whole["agents"]] == [("ana-bot", 0), ("team-bot", 2)]
    assert whole["rules"][0]["id"] == "read" and whole["unseen_arguments"] == ["file", "webhook"]
    own = over_rest(ana, "server=files&name=read_file&kind=tool").json()
    assert [one["agent"] for one in own["agents"]] == ["ana-bot"] and own["rules"] is None
    for query, status in (("server=files", 400), ("server=files&name=x", 404), ("server=no&name=x", 404)):
        assert over_rest(admin, query).status_code == status
    assert over_rest(admin, "server=files&name=read_file&more=1").status_code == 400
