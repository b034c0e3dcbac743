"""Every address of the console, for every role: status, policy header, inert markup, few queries, nothing changed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from console_people import ROLE_SETS
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, reverse

from gateway.console.pages import EVERYBODY, PAGES, READ, Page, may_open
from gateway.console.site import console
from governance import agents, ledger
from governance.models import Agent, Escalation, LedgerStream, Person, Switch
from governance.rights import Machine
from registry.models import Server, ServerRequest

QUERIES = 12
# Pages about one thing with all that belongs to it, each part of it one query however much there is.
MORE_QUERIES = {"server": 22, "tool": 19, "request": 25}
GETS = [page for page in PAGES if page.methods == READ]
POSTS = [page for page in PAGES if page.methods != READ]
ENTRANCE = {"login", "login_code", "login_enrol", "logout", "sign_in_link"}
STOCK = {"jsi18n", "app_list"}
# Pages whose rows belong to somebody: who else than the roles of the page finds nothing there.
OWN_ROWS = {
    "escalation": {"admin", "approver", "second", "auditor", "author", "developer"},
    "escalation_state": {"admin", "approver", "second", "auditor", "author", "developer"},
    "agent": {"admin", "auditor", "developer"},
    "agent_token": {"admin", "developer"},
    "call": {"admin", "approver", "second", "auditor", "author", "developer"},
    "request": {"admin", "approver", "second", "auditor", "developer"},
    **dict.fromkeys((f"request_{step}" for step in ("where", "scan", "progress", "tools", "why")), {"developer"}),
}


@pytest.fixture
def rows(
    hold: Callable[..., Escalation], server: Server, agent: Agent, ask: Callable[..., ServerRequest]
) -> dict[str, dict[str, Any]]:
    """A row for every address that names one."""
    held = hold()
    token = agents.issue_token(agent=agent, by=Machine.OPERATOR)
    ledger_call = _recorded_call(agent)
    switch = Switch.objects.create(scope_kind="agent", scope_name="nobody", reason="test", by="admin@example.com")
    public_id = token[4:16]
    named = {"name": agent.name}
    return {
        **{page.name: {} for page in PAGES},
        **{f"escalation{end}": {"pk": held.pk} for end in ("", "_state", "_decide", "_reveal")},
        **_of_servers(server),
        **_of_requests(ask),
        "agent": named,
        "agent_token_issue": named,
        "agent_token": {**named, "public_id": public_id},
        "agent_token_revoke": {**named, "public_id": public_id},
        "policy_version": {"version": 1},
        "stop_release": {"pk": switch.pk},
        "call": {"call": ledger_call},
        "ledger_stream": {"stream": "console"},
        "ledger_entry": {"stream": "console", "seq": 1},
    }


def _of_servers(server: Server) -> dict[str, dict[str, Any]]:
    item = server.items.get(name="git_diff")
    server.manifests.create(number=1, digest="sha256:" + "e" * 64, document='{"tools": [{"name": "git_diff"}]}')
    server.baselines.create(
        number=1, digest="sha256:" + "f" * 64, document="[]", what="approved", by="admin@example.com"
    )
    run = server.scans.create(why="demand", by="admin@example.com", state="done")
    return {
        **{f"server_run{end}": {"name": server.name, "pk": run.pk} for end in ("", "_progress")},
        **{f"server{end}": {"name": server.name} for end in ("", "_approve", "_scan", "_stand")},
        **{f"server_{end}": {"name": server.name, "number": 1} for end in ("version", "roll_back")},
        **{f"tool{end}": {"name": server.name, "pk": item.pk} for end in ("", "_intent", "_condition")},
    }


def _of_requests(ask: Callable[..., ServerRequest]) -> dict[str, dict[str, Any]]:
    draft, submitted = {"pk": ask().pk}, {"pk": ask(state="scanned").pk}
    steps = ("where", "where_save", "scan", "progress", "scan_start", "tools", "tools_save", "why", "why_save")
    later = ("", "_comment", "_withdraw", "_accept", "_rescan", "_decide")
    return {
        **{f"request_{step}": draft for step in steps},
        **{f"request{end}": submitted for end in later},
    }


def _recorded_call(agent: Agent) -> uuid.UUID:
    call = uuid.uuid4()
    with transaction.atomic():
        ledger.append(
            kind="call.refused",
            by=agent.owner.email,
            call=call,
            target={"agent": agent.name, "server": "git", "kind": "tool", "name": "git_reset"},
            extra={"decision": {"verdict": "deny", "rule": "no-reset", "reason": "not today"}},
        )
    return call


def _address(page: Page, rows: dict[str, dict[str, Any]]) -> str:
    return reverse(f"admin:{page.name}", kwargs=rows[page.name])


def _expected(page: Page, name: str) -> int:
    if not may_open(page.roles, frozenset(ROLE_SETS[name])):
        return 403
    return 404 if name not in OWN_ROWS.get(page.name, set(ROLE_SETS)) else 200


def test_every_pattern_of_the_site_is_in_the_table_or_named_here() -> None:
    patterns = [url for url in console.get_urls() if not isinstance(url, URLResolver)]
    assert {url.name for url in patterns} == {page.name for page in PAGES} | ENTRANCE | STOCK
    assert {str(url.pattern) for url in console.get_urls() if isinstance(url, URLResolver)} == {
        "governance/person/",
        "governance/team/",
        "governance/datarole/",
    }


@pytest.mark.parametrize("name", ROLE_SETS)
def test_pages_open_for_their_roles_and_no_others(
    name: str, rows: dict[str, dict[str, Any]], browse: Callable[..., Client]
) -> None:
    client = browse(name)
    found = {page.name: client.get(_address(page, rows)).status_code for page in GETS}
    assert found == {page.name: _expected(page, name) for page in GETS}


@pytest.mark.parametrize("name", ROLE_SETS)
def test_acts_need_their_role_before_anything_else(
    name: str, rows: dict[str, dict[str, Any]], browse: Callable[..., Client]
) -> None:
    client = browse(name)
    forbidden = [page for page in POSTS if not may_open(page.roles, frozenset(ROLE_SETS[name]))]
    before = _state()
    for page in forbidden:
        response = client.post(_address(page, rows), {})
        assert response.status_code == 403, page.name
        assert all(role.encode() in response.content for role in page.roles), page.name
    assert _state() == before


def test_a_stranger_is_sent_to_the_sign_in_and_changes_nothing(rows: dict[str, dict[str, Any]]) -> None:
    before = _state()
    for page in PAGES:
        method = Client().get if page.methods == READ else Client().post
        response = method(_address(page, rows))
        assert (response.status_code, response["Location"].split("?")[0]) == (302, reverse("admin:login")), page.name
    assert _state() == before


def test_a_person_who_was_deactivated_is_a_stranger(
    browse: Callable[..., Client], everybody: dict[str, Person]
) -> None:
    client = browse("admin")
    Person.objects.filter(pk=everybody["admin"].pk).update(is_active=False)
    assert client.get(reverse("admin:index")).status_code == 302


def test_looking_changes_nothing(rows: dict[str, dict[str, Any]], browse: Callable[..., Client]) -> None:
    """By an administrator, and by the one who writes a request, each where the page is for them."""
    everything = {page.name for page in GETS}
    opened = set()
    for name in ("admin", "developer"):
        client = browse(name, fresh=True)
        before = _state()
        for page in PAGES:
            for method in (client.get, client.head):
                status = method(_address(page, rows)).status_code
                allowed = (200, 302, 403, 404) if page.methods == READ else (405,)
                assert status in allowed, (page.name, name)
                opened |= {page.name} if status in (200, 302) else set()
        assert _state() == before
    assert opened >= everything


def test_every_act_refuses_a_form_without_its_token(
    rows: dict[str, dict[str, Any]], browse: Callable[..., Client]
) -> None:
    client = browse("admin", fresh=True, csrf=True)
    before = _state()
    for page in POSTS:
        assert client.post(_address(page, rows), {"decision": "approve"}).status_code == 403, page.name
    assert _state() == before


def test_every_page_has_the_policy_header_and_nothing_inline(
    rows: dict[str, dict[str, Any]], browse: Callable[..., Client]
) -> None:
    client = browse("admin", fresh=True)
    addresses = [_address(page, rows) for page in GETS]
    addresses += [
        "/admin/governance/person/",
        "/admin/governance/team/",
        "/admin/governance/datarole/",
        "/admin/nothing/",
    ]
    addresses += [f"/admin/governance/person/{Person.objects.first().pk}/change/", "/admin/inbox/?state=decided"]
    responses = [(address, client.get(address)) for address in addresses]
    responses += [(address, Client().get(address)) for address in ("/admin/login/", "/admin/link/x/", "/nowhere/")]
    responses += [("/admin/stops/", browse("developer").get("/admin/stops/"))]
    responses += [("csrf", browse("admin", csrf=True).post("/admin/stops/set/"))]
    for address, response in responses:
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, address
        assert _inline(response.content.decode()) == [], address


def test_no_page_needs_more_than_twelve_queries(
    rows: dict[str, dict[str, Any]], browse: Callable[..., Client], hold: Callable[..., Escalation]
) -> None:
    for number in range(6):
        hold({"repo_path": f"/srv/demo/{number}"})
    client = browse("admin")
    spent = {}
    for page in GETS:
        with CaptureQueriesContext(connection) as queries:
            client.get(_address(page, rows))
        spent[page.name] = len(queries)
    assert {name: count for name, count in spent.items() if count > MORE_QUERIES.get(name, QUERIES)} == {}


def test_navigation_shows_only_what_opens(rows: dict[str, dict[str, Any]], browse: Callable[..., Client]) -> None:
    for name in ROLE_SETS:
        client = browse(name)
        response = client.get(reverse("admin:index"))
        links = [entry["url"] for group in response.context["navigation"] for entry in group["entries"]]
        assert [client.get(link).status_code for link in links] == [200] * len(links), name
    assert "/admin/ledger/" not in links


def test_the_stock_pages_are_for_those_who_read_the_ledger_and_change_nothing(
    browse: Callable[..., Client], everybody: dict[str, Person]
) -> None:
    person = everybody["nobody"].pk
    for name in ROLE_SETS:
        expected = 200 if name in ("admin", "auditor") else 403
        for path in ("person/", f"person/{person}/change/", "team/", "datarole/"):
            assert browse(name).get(f"/admin/governance/{path}").status_code == expected, (name, path)
    client = browse("admin")
    changed = client.post(f"/admin/governance/person/{person}/change/", {"email": "other@example.com"})
    assert changed.status_code == 403
    assert client.get(f"/admin/governance/person/{person}/delete/").status_code == 404
    assert Person.objects.get(pk=person).email == "nobody@example.com"


def test_a_stop_is_on_every_page_the_sign_in_included(db: None, browse: Callable[..., Client]) -> None:
    Switch.objects.create(scope_kind="everything", reason="incident 42", by="admin@example.com")
    assert b"Stopped" in Client().get("/admin/login/").content
    assert b"incident 42" not in Client().get("/admin/login/").content
    assert b"incident 42" in browse("developer").get("/admin/").content


def test_unknown_programs_addresses_answer_json(db: None) -> None:
    response = Client().get("/api/v1/nothing")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_everybody_is_not_an_empty_set_of_roles() -> None:
    assert may_open(EVERYBODY, frozenset())
    assert not may_open(frozenset({"auditor"}), frozenset())


class _Inline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        self._script = tag == "script"
        if tag == "style" or (tag == "script" and not given.get("src", "").startswith("/static/")):
            self.found.append(tag)
        for name in ("src", "href", "action"):
            value = given.get(name) or ""
            if value.startswith(("http:", "https:", "//", "javascript:")):
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.found.append("script text")

    def handle_endtag(self, tag: str) -> None:
        self._script = False


def _inline(html: str) -> list[str]:
    parser = _Inline()
    parser.feed(html)
    return parser.found


def _state() -> str:
    """A digest over every row of every table but sessions."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table == "django_session":
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in sorted(map(repr, cursor.fetchall())):
                digest.update(f"{table}{row}".encode())
    return digest.hexdigest()


def test_the_console_stream_is_there(db: None) -> None:
    assert LedgerStream.objects.filter(name="console").exists()
