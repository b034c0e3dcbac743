"""The catalogue, the page of a server and of one of its items: what is said, filtered, held, and done to them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance import agents, ledger, roles
from governance.models import Agent, Person, Team
from governance.rights import Machine
from registry.models import Item, Server
from registry.views import documents

pytestmark = pytest.mark.any_database

Browse = Callable[..., Client]
EVIL = "<script>alert(1)</script>\u202e\u200b"


def _text(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", response.content.decode())).split())


def _tool(server: Server, name: str, *, state: str = "approved", intent: str = "read", **document: Any) -> Item:
    text = json.dumps({"name": name, "description": "Does one thing", **document})
    digest = f"sha256:{abs(hash((server.pk, name, text))):064x}"
    baseline = {"approved_digest": digest, "approved_document": text} if state == "approved" else {}
    return Item.objects.create(
        server=server, kind="tool", name=name, state=state, intent=intent, seen_digest=digest, seen_document=text,
        **baseline,
    )  # fmt: skip


@pytest.fixture
def street(db: None, server: Server) -> dict[str, Server]:
    """Servers of several kinds."""
    platform = Team.objects.create(name="platform")
    web = {"transport": "http", "state": "ready", "scanned_at": timezone.now()}
    made = {
        "github": Server.objects.create(
            name="github", url="https://github.example/mcp", team=platform, tags=["code"],
            environment="production", **web,
        ),
        "mail": Server.objects.create(name="mail", url="https://mail.example/mcp", category=["outside"], **web),
        "broken": Server.objects.create(
            name="broken", transport="http", url="https://x.example/", state="error",
            state_reason="Could not reach broken: it refused the connection.",
        ),
    }  # fmt: skip
    for name, intent in (
        ("read_issue", "read"),
        ("list_issues", "read"),
        ("close_issue", "write"),
        ("drop", "destructive"),
    ):
        _tool(made["github"], name, intent=intent)
    _tool(made["mail"], "send_mail", intent="exfiltrative")
    made["mail"].findings.create(rule="x", severity="high", kind="tool", name="send_mail", why="It sends")
    made["github"].manifests.create(number=3, digest="sha256:" + "a" * 64, document="{}")
    return made | {"git": server}


def _called(agent: Agent, server: str, item: str) -> None:
    with transaction.atomic():
        target = {"agent": agent.name, "server": server, "kind": "tool", "name": item}
        ledger.append(kind="call.intent", by="x", call=uuid.uuid4(), target=target, extra={"decision": {}})


def _listed(client: Client, query: str = "") -> set[str]:
    page = client.get(f"/admin/servers/{query}").content.decode()
    return set(re.findall(r'href="/admin/servers/([a-z0-9-]+)/" data-open', page))


# The catalogue.


def test_every_server_stands_with_its_tools_by_what_they_do(street: Any, browse: Browse) -> None:
    text = _text(browse("admin").get("/admin/servers/"))
    assert "4 · 2r 1w 1d" in text and "2 read, 1 write, 1 destructive" in text and "team platform" in text
    assert "v3" in text and "1 high" in text and "differs" in text
    assert "Could not reach broken" in text and "Agents still see its approved tools" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?state=error", {"broken"}),
        ("?team=platform", {"github"}),
        ("?risk=destructive", {"github"}),
        ("?risk=exfiltrative", {"mail"}),
        ("?drift=1", {"git"}),
        ("?findings=1", {"mail"}),
        ("?tag=code", {"github"}),
        ("?tag=outside", {"mail"}),
        ("?environment=production", {"github"}),
        ("?transport=stdio", {"git"}),
        ("?q=issue", {"github"}),
        ("?q=MAIL", {"mail"}),
        ("?q=code&risk=read", {"github"}),
        ("?state=nothing", set()),
        ("?page=99", {"git", "github", "mail", "broken"}),
        ("?page=-1&q=", {"git", "github", "mail", "broken"}),
    ],
)
def test_filters_are_addresses(query: str, names: set[str], street: Any, browse: Browse) -> None:
    """Section 3.3: state, team, risk, drift, tag, environment, and the words of tools."""
    assert _listed(browse("admin"), query) == names


def test_calls_of_the_last_days_are_counted_for_whoever_may_see_them(
    street: Any, agent: Agent, browse: Browse, everybody: dict[str, Person]
) -> None:
    other = agents.create_agent(name="other-bot", owner=everybody["owner"], roles=[], by=Machine.OPERATOR)
    for who, count in ((agent, 3), (other, 2)):
        for _ in range(count):
            _called(who, "github", "read_issue")
    assert _listed(browse("admin"), "?unused=1") == {"git", "mail", "broken"}
    assert re.search(r'server=github">5<', browse("admin").get("/admin/servers/").content.decode())
    own = browse("developer").get("/admin/servers/").content.decode()
    assert re.search(r'server=github">3<', own) and "Calls are those of your agents" in own


def test_a_developer_reads_how_many_tools_their_agents_see(street: Any, agent: Agent, browse: Browse) -> None:
    """Section 3.3, the developer's view: what the roles of one's own agents reach, of what is approved."""
    agent.roles.add(roles.set_role(name="issues", tools=["github/*_issue"], by=Machine.OPERATOR))
    page = _text(browse("developer").get("/admin/servers/?q=github"))
    assert "Catalog" in page and "Your agents see 2 of 4" in page
    Item.objects.filter(name="close_issue").update(state="changed")
    assert "Your agents see 1 of 4" in _text(browse("developer").get("/admin/servers/?q=github"))
    assert "Your agents see" not in _text(browse("admin").get("/admin/servers/"))


def test_an_empty_catalogue_says_what_to_do_next(db: None, browse: Browse) -> None:
    assert "Request a server" in _text(browse("developer").get("/admin/servers/"))
    assert "manage.py apply" in _text(browse("admin").get("/admin/servers/"))


@pytest.mark.parametrize("name", ["admin", "developer", "auditor"])
def test_the_catalogue_takes_twelve_queries_however_long_it_is(
    name: str, street: Any, agent: Agent, browse: Browse
) -> None:
    for number in range(40):
        made = Server.objects.create(name=f"more-{number}", transport="http", url=f"https://{number}.example/")
        _tool(made, "read_it")
    client = browse(name)
    with CaptureQueriesContext(connection) as queries:
        client.get("/admin/servers/")
    assert len(queries) <= 12


# One server.


def test_a_long_server_is_cut_into_pages(street: Any, browse: Browse) -> None:
    for number in range(260):
        _tool(street["github"], f"tool_{number:03}")
    for number in range(60):
        _tool(street["github"], f"new_{number:02}", state="new")
    page = browse("admin").get("/admin/servers/github/").content.decode()
    assert page.count('class="item-card"') == 25 and "Approve all 25 shown" in page and "1 to 25 of 60" in page
    assert "1 to 100 of 264" in page
    second = browse("admin").get("/admin/servers/github/?items=3&held=3").content.decode()
    assert second.count('class="item-card"') == 10 and "201 to 264 of 264" in second
    assert browse("admin").get("/admin/servers/github/?items=x&held=99999999999").status_code == 200


def test_a_change_is_told_in_sentences_with_its_risk_beside_old_and_new(street: Any, browse: Browse) -> None:
    """The semantic diff: a widened schema and a new argument that looks like an address, not only differing words."""
    old = {"name": "get", "inputSchema": {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}}}
    new = {"name": "get", "inputSchema": {"type": "object", "properties": {
        "kind": {"enum": ["a", "b", "all"]}, "callback_url": {"type": "string", "format": "uri"}}}}  # fmt: skip
    item = _tool(street["github"], "get")
    item.state, item.seen_digest = "changed", "sha256:" + "9" * 64
    item.approved_document, item.seen_document = json.dumps(old), json.dumps(new)
    item.save()
    for address in ("/admin/servers/github/", f"/admin/servers/github/tools/{item.pk}/"):
        page = browse("admin").get(address)
        text = _text(page)
        assert "high risk" in text and "callback_url" in text and "all" in text, address
        assert page.content.count(b"data-change") >= 2
    assert text.index("high risk") < text.index("medium risk")


def test_a_server_is_taken_out_of_use_and_back_with_a_reason(street: Any, browse: Browse) -> None:
    client = browse("admin")
    address = "/admin/servers/github/stand/"
    assert "say why" in _text(client.post(address, {"act": "suspend", "reason": " "}, follow=True))
    assert "cannot resume" in _text(client.post(address, {"act": "resume", "reason": "x"}, follow=True))
    for act, state in (
        ("suspend", "suspended"),
        ("resume", "ready"),
        ("quarantine", "quarantined"),
        ("release", "ready"),
    ):
        client.post(address, {"act": act, "reason": "Looking into it"})
        assert Server.objects.get(name="github").state == state, act
    assert "suspend" in _text(client.post(address, {"act": "explode", "reason": "x"}, follow=True)).lower()
    for name in ("approver", "owner", "developer", "auditor"):
        assert browse(name).post(address, {"act": "retire", "reason": "x"}).status_code == 403
        assert 'id="standing-form"' not in browse(name).get("/admin/servers/github/").content.decode()
    assert Server.objects.get(name="github").state == "ready"


def test_an_earlier_baseline_holds_again_with_a_reason(street: Any, browse: Browse) -> None:
    server = street["github"]
    first = Item.objects.get(server=server, name="read_issue")
    document = json.dumps(
        [
            {
                "kind": "tool",
                "name": "read_issue",
                "digest": first.seen_digest,
                "document": json.loads(first.seen_document),
            }
        ]
    )
    for number, text in ((1, document), (2, "[]")):
        server.baselines.create(number=number, digest=f"sha256:{number:064x}", document=text, what="approved", by="x")
    client = browse("admin")
    assert "Go back to this" in _text(client.get("/admin/servers/github/"))
    refused = client.post("/admin/servers/github/baselines/1/", {"reason": " "}, follow=True)
    assert "Say why" in _text(refused) and Item.objects.get(name="drop").state == "approved"
    client.post("/admin/servers/github/baselines/1/", {"reason": "Too much was approved"})
    assert set(server.items.filter(state="approved").values_list("name", flat=True)) == {"read_issue"}
    assert browse("owner").post("/admin/servers/github/baselines/1/", {"reason": "x"}).status_code == 403


def test_a_version_is_compared_with_the_one_before(street: Any, browse: Browse) -> None:
    server = street["mail"]
    for number, tools in (
        (1, [{"name": "a"}, {"name": "b"}]),
        (2, [{"name": "a", "description": "New"}, {"name": "b"}]),
    ):
        document = json.dumps({"tools": tools})
        server.manifests.create(number=number, digest=f"sha256:{number:064x}", document=document)
    text = _text(browse("auditor").get("/admin/servers/mail/versions/2/"))
    assert "1 item differs" in text and "Unchanged: 1 tool" in text and "New" in text
    assert "The first manifest" in _text(browse("auditor").get("/admin/servers/mail/versions/1/"))
    assert browse("auditor").get("/admin/servers/mail/versions/3/").status_code == 404
    server.manifests.filter(number=2).update(document="[]")
    assert "cannot be compared" in _text(browse("auditor").get("/admin/servers/mail/versions/2/"))


# One item.


def test_an_item_says_why_nobody_can_call_it(street: Any, browse: Browse) -> None:
    """Section 3.6, N: one sentence."""
    item = Item.objects.get(name="send_mail")
    said = {}
    for state in ("approved", "new", "changed", "missing", "refused"):
        Item.objects.filter(pk=item.pk).update(state=state)
        said[state] = _text(browse("developer").get(f"/admin/servers/mail/tools/{item.pk}/"))
    assert "Nobody can call it" not in said["approved"] and "rules of the policy decide" in said["approved"]
    assert all("Nobody can call it" in said[state] for state in ("new", "changed", "missing", "refused"))
    Server.objects.filter(name="mail").update(state="quarantined", state_reason="It sends too much")
    Item.objects.filter(pk=item.pk).update(state="approved")
    text = _text(browse("developer").get(f"/admin/servers/mail/tools/{item.pk}/"))
    assert "the server is quarantined (It sends too much)" in text


def test_an_item_of_another_server_is_not_there(street: Any, browse: Browse) -> None:
    item = Item.objects.get(name="send_mail")
    assert browse("admin").get(f"/admin/servers/github/tools/{item.pk}/").status_code == 404


def test_a_reviewers_word_on_what_a_tool_does_goes_first_until_it_changes(street: Any, browse: Browse) -> None:
    item = Item.objects.get(name="read_issue")
    address = f"/admin/servers/github/tools/{item.pk}/"
    client = browse("admin")
    stale = {"intent": "write", "reason": "It keeps a log", "shown": "sha256:" + "0" * 64}
    assert "changed since it was shown" in _text(client.post(f"{address}intent/", stale, follow=True))
    assert client.post(f"{address}intent/", {"intent": "write", "shown": item.seen_digest}).status_code == 400
    assert client.post(f"{address}intent/", {**stale, "intent": "harmless"}).status_code == 400
    client.post(f"{address}intent/", stale | {"shown": item.seen_digest})
    text = _text(client.get(address))
    assert "Write, said by admin@example.com" in text and "It keeps a log" in text
    assert "1r 2w 1d" in _text(client.get("/admin/servers/?q=github"))
    Item.objects.filter(pk=item.pk).update(seen_digest="sha256:" + "5" * 64, state="changed")
    assert "of an earlier definition; that no longer holds" in _text(client.get(address))
    for name in ("approver", "owner", "developer", "auditor"):
        assert browse(name).post(f"{address}intent/", stale).status_code == 403
        assert "Say what it does" not in _text(browse(name).get(address))


def test_a_condition_is_set_and_told_in_words(street: Any, browse: Browse) -> None:
    item = Item.objects.get(name="close_issue")
    address = f"/admin/servers/github/tools/{item.pk}/"
    client = browse("admin")
    wrong = client.post(f"{address}condition/", {"verdict": "allow", "constraints": "repo: {over: there}"})
    assert wrong.status_code == 400 and "The condition cannot be kept" in _text(wrong)
    client.post(
        f"{address}condition/", {"verdict": "escalate", "teams": "platform, other", "reason": "Closing is loud"}
    )
    item.refresh_from_db()
    assert item.condition == {"verdict": "escalate", "teams": ["other", "platform"]}
    text = _text(client.get(address))
    assert "A person decides each call" in text and "other or platform" in text and "by admin@example.com" in text
    client.post(f"{address}condition/", {"verdict": "allow"})
    item.refresh_from_db()
    assert item.condition == {}
    assert browse("owner").post(f"{address}condition/", {"verdict": "deny"}).status_code == 403


def test_an_item_shows_its_description_raw_and_visible_and_its_versions(street: Any, browse: Browse) -> None:
    server = street["mail"]
    item = Item.objects.get(name="send_mail")
    texts = ("Sends", f"Sends {EVIL}")
    for number, description in enumerate(texts, 1):
        tools = [{"name": "send_mail", "description": description}]
        server.manifests.create(
            number=number, digest=f"sha256:{number:064x}", document=json.dumps({"tools": tools}),
            first_seen_at=timezone.now() - timedelta(days=3 - number),
        )  # fmt: skip
    Item.objects.filter(pk=item.pk).update(seen_document=json.dumps({"name": "send_mail", "description": texts[1]}))
    page = browse("admin").get(f"/admin/servers/mail/tools/{item.pk}/").content.decode()
    assert "\\u202e\\u200b" in page and "U+202E" in page and "<script>alert" not in page and "\u202e" not in page
    assert "manifest 2" in page and "manifest 1" in page and "<ins>" in page


def test_calls_and_users_of_an_item_are_named(street: Any, agent: Agent, browse: Browse) -> None:
    agent.roles.add(roles.set_role(name="issues", tools=["github/*"], by=Machine.OPERATOR))
    for _ in range(4):
        _called(agent, "github", "read_issue")
    _called(agent, "mail", "send_mail")
    item = Item.objects.get(name="read_issue")
    text = _text(browse("admin").get(f"/admin/servers/github/tools/{item.pk}/"))
    assert "4 let through" in text and "dev-claude" in text and "issues" in text


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "array", "items": {"description": "HIDDEN"}}}},
        {"type": "object", "properties": {"a": {"title": "HIDDEN"}}},
        {"type": "object", "properties": {"a": {"anyOf": [{"description": "HIDDEN"}]}}},
        {"type": "object", "properties": {}, "description": "HIDDEN"},
        {"type": "object", "$defs": {"x": {"default": "HIDDEN"}}},
        {"type": ["object", "null"], "properties": {"a": {"const": "HIDDEN"}}},
        {"properties": {"HIDDEN": True}},
        ["HIDDEN"],
        {"type": "object", "properties": {"a": {"properties": {"b": {"patternProperties": {"HIDDEN": {}}}}}}},
        {"type": "object", "properties": {"a": {"items": [{"description": "HIDDEN"}]}}},
    ],
)  # fmt: skip
def test_nothing_of_a_schema_is_left_out_of_the_page(schema: Any) -> None:
    """A reviewer sees every text of a definition, wherever in the schema it stands."""
    shown = documents.of_text(json.dumps({"name": "x", "inputSchema": schema}), "tool")
    everything = "".join(f"{row.name}{row.description}{row.limits}" for row in shown.arguments) + (shown.rest or "")
    assert "HIDDEN" in everything


def test_a_schema_deeper_than_the_table_is_shown_whole() -> None:
    schema: dict[str, Any] = {"description": "HIDDEN"}
    for _ in range(12):
        schema = {"type": "object", "properties": {"a": schema}}
    shown = documents.of_text(json.dumps({"name": "x", "inputSchema": schema}), "tool")
    assert any("HIDDEN" in row.limits for row in shown.arguments)
