"""Servers, agents, stops, calls, ledger in the browser: each act does what it says, and says what it did."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from gateway.console.snippets import reached, snippets
from governance import ledger, roles, switches
from governance.audit.chain import link
from governance.models import Agent, AgentToken, Escalation, LedgerEntry, LedgerStream, Person, Switch
from governance.rights import Machine
from registry import scanning, tasks
from registry.models import Item, ScanRun, Server

Browse = Callable[..., Client]


def _text(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", response.content.decode())).split())


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[ScanRun]:
    """The scans that workers were told of; there is no worker here."""
    told: list[ScanRun] = []
    monkeypatch.setattr(tasks, "announce", told.append)
    return told


def _boxes(client: Client) -> list[str]:
    return re.findall(r'name="item" value="([^"]+)"', client.get("/admin/servers/git/").content.decode())


def test_ticked_items_are_approved_as_they_were_shown(server: Server, browse: Browse) -> None:
    client = browse("admin")
    boxes = _boxes(client)
    assert len(boxes) == 2
    reset = Item.objects.get(name="git_reset")
    chosen = next(box for box in boxes if box.startswith(f"{reset.pk}:"))
    response = client.post("/admin/servers/git/approve/", {"act": "approve", "item": [chosen]}, follow=True)
    assert "Approved 1 item" in _text(response)
    reset.refresh_from_db()
    assert (reset.state, reset.approved_by, reset.approved_digest) == (
        "approved",
        "admin@example.com",
        reset.seen_digest,
    )
    assert Item.objects.get(name="git_diff").state == "changed"


def test_everything_that_was_shown_is_approved_at_once(server: Server, browse: Browse) -> None:
    client = browse("admin")
    client.post("/admin/servers/git/approve/", {"act": "approve-all", "shown": _boxes(client)})
    assert set(Item.objects.values_list("state", flat=True)) == {"approved"}


def test_an_item_that_changed_since_it_was_shown_is_not_approved(server: Server, browse: Browse) -> None:
    client = browse("admin")
    boxes = _boxes(client)
    Item.objects.filter(name="git_reset").update(seen_digest="sha256:" + "9" * 64)
    response = client.post("/admin/servers/git/approve/", {"act": "approve-all", "shown": boxes}, follow=True)
    assert "changed since it was shown" in _text(response)
    assert Item.objects.get(name="git_reset").state == "new" and Item.objects.get(name="git_diff").state == "changed"


def test_ticked_items_are_refused(server: Server, browse: Browse) -> None:
    client = browse("admin")
    client.post("/admin/servers/git/approve/", {"act": "refuse", "item": _boxes(client), "reason": "poisoned"})
    assert set(Item.objects.exclude(name="git_status").values_list("state", flat=True)) == {"refused"}


def test_nothing_ticked_decides_nothing(server: Server, browse: Browse) -> None:
    response = browse("admin").post(
        "/admin/servers/git/approve/", {"act": "approve", "item": ["x", "99999:y"]}, follow=True
    )
    assert "Nothing was chosen" in _text(response)


def test_items_of_another_server_are_left_alone(server: Server, browse: Browse) -> None:
    other = Server.objects.create(name="other", transport="http", url="http://127.0.0.1:9/mcp")
    item = Item.objects.create(
        server=other, kind="tool", name="x", seen_digest="sha256:" + "4" * 64, seen_document="{}"
    )
    browse("admin").post("/admin/servers/git/approve/", {"act": "approve", "item": [f"{item.pk}:{item.seen_digest}"]})
    assert Item.objects.get(pk=item.pk).state == "new"


@pytest.mark.parametrize("name", ["approver", "auditor", "owner", "developer"])
def test_whoever_does_not_administer_sees_no_buttons(name: str, server: Server, browse: Browse) -> None:
    page = browse(name).get("/admin/servers/git/").content.decode()
    assert 'name="act"' not in page and 'name="item"' not in page and 'id="scan"' not in page


def test_a_changed_item_shows_old_beside_new_and_a_lost_hint_in_words(server: Server, browse: Browse) -> None:
    page = browse("admin").get("/admin/servers/git/").content.decode()
    assert "<del>Shows differences</del>" in page and "<ins>Reads ~/.ssh" in page and "U+200B" in page
    assert "readOnlyHint was true, is removed" in page and "high risk" in page


def test_values_of_environment_and_headers_are_never_shown(server: Server, browse: Browse) -> None:
    Server.objects.update(env={"API_KEY": "plain-value", "OTHER": {"secret": "vault-name"}})
    for name in ("admin", "developer"):
        page = browse(name).get("/admin/servers/git/").content.decode()
        assert "plain-value" not in page and "vault-name" not in page
        assert ("API_KEY" in page) is (name == "admin")
        assert ("/usr/bin/git-mcp" in page) is (name == "admin")


def test_a_scan_that_fails_says_why(server: Server, browse: Browse, announced: list[ScanRun]) -> None:
    client = browse("admin")
    waits = client.post("/admin/servers/git/scan/", follow=True)
    assert "Queued" in _text(waits) and b'http-equiv="refresh"' in waits.content
    scanning.run(announced[0])
    told = client.get(f"/admin/servers/git/scans/{announced[0].pk}/")
    assert "Failed" in _text(told) and "not accepted as it stands" in _text(told)
    assert b'http-equiv="refresh"' not in told.content
    assert "not accepted as it stands" in _text(client.get("/admin/servers/git/"))


def test_a_token_is_shown_once_with_snippets_that_parse(agent: Agent, server: Server, browse: Browse) -> None:
    client = browse("admin")
    page = client.post("/admin/agents/dev-claude/tokens/", {"days": "7"})
    token = re.search(r'id="new-token"[^>]*>(gha_[0-9A-Za-z_]+)<', page.content.decode())
    assert token is not None and "no-store" in page["Cache-Control"]
    assert token[1] not in client.get("/admin/agents/dev-claude/").content.decode()
    stored = AgentToken.objects.get()
    assert stored.public_id in token[1] and timedelta(days=6) < stored.expires_at - timezone.now() < timedelta(days=8)
    shown = dict(re.findall(r'id="(snippet-[a-z]+)">([^<]*)<', page.content.decode()))
    entry = json.loads(unescape(shown["snippet-generic"]))["mcpServers"]["git"]
    assert entry["url"].endswith("/mcp/git") and entry["headers"] == {"Authorization": "Bearer ${GATEHOUSE_TOKEN}"}
    assert shown["snippet-claude"].startswith("claude mcp add --transport http git ")
    assert token[1] not in "".join(shown.values())


def test_snippets_name_the_servers_that_roles_reach(db: None) -> None:
    role = roles.set_role(name="x", tools=["git/*", "ti?e/now"], servers=["files"], by=Machine.OPERATOR)
    assert reached([role], ["git", "time", "files", "tickets"]) == ["files", "git", "time"]
    anywhere = roles.set_role(name="y", tools=["read_file"], by=Machine.OPERATOR)
    assert reached([anywhere], ["git", "tickets"]) == ["git", "tickets"]
    assert reached([], ["git"]) == [] and snippets([], "http://127.0.0.1:8000") == []


@pytest.mark.parametrize("days", ["", "0", "-1", "366", "x"])
def test_a_token_has_a_sensible_end(days: str, agent: Agent, browse: Browse) -> None:
    assert browse("admin").post("/admin/agents/dev-claude/tokens/", {"days": days}).status_code == 400
    assert not AgentToken.objects.exists()


def test_an_owner_issues_and_revokes_tokens_of_their_own_agent_and_others_do_not(agent: Agent, browse: Browse) -> None:
    owner = browse("developer")
    assert owner.post("/admin/agents/dev-claude/tokens/", {"days": "7"}).status_code == 200
    public_id = AgentToken.objects.get().public_id
    address = f"/admin/agents/dev-claude/tokens/{public_id}/"
    for name, expected in (("auditor", 403), ("approver", 404), ("nobody", 404)):
        assert browse(name).post("/admin/agents/dev-claude/tokens/", {"days": "7"}).status_code == expected, name
    browse("auditor").post(f"{address}revoke/", {"reason": "x"})
    assert AgentToken.objects.get().revoked_at is None
    assert owner.post(f"{address}revoke/", {"reason": ""}).status_code == 400
    assert owner.get(address).status_code == 200 and AgentToken.objects.get().revoked_at is None
    owner.post(f"{address}revoke/", {"reason": "laptop lost"})
    assert AgentToken.objects.get().revoked_at is not None


def test_a_stop_states_its_reach_before_it_holds(hold: Callable[..., Escalation], browse: Browse) -> None:
    held = hold()
    given = {"scope_kind": "agent", "scope_name": "dev-claude", "mode": "deny", "reason": "it loops"}
    client = browse("approver")
    confirm = client.post("/admin/stops/confirm/", given)
    assert "1 active agent; 1 waiting call will be cancelled" in _text(confirm) and not Switch.objects.exists()
    assert client.post("/admin/stops/set/", given)["Location"] == "/admin/stops/"
    held.refresh_from_db()
    assert Switch.objects.get().by == "approver@example.com" and held.state == "cancelled"
    assert "Stopped" in _text(client.get("/admin/"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope_kind": "everything", "scope_name": "x"},
        {"scope_kind": "server", "scope_name": ""},
        {"scope_kind": "planet", "scope_name": "x"},
        {"reason": ""},
        {"mode": "allow"},
    ],
)
def test_a_stop_that_makes_no_sense_is_refused_with_a_reason(wrong: dict[str, str], browse: Browse) -> None:
    given = {"scope_kind": "everything", "scope_name": "", "mode": "deny", "reason": "because", **wrong}
    for address in ("confirm", "set"):
        assert browse("admin").post(f"/admin/stops/{address}/", given).status_code == 400
    assert not Switch.objects.exists()


def test_lifting_a_stop_takes_two_administrators(browse: Browse, everybody: dict[str, Person]) -> None:
    everybody["second"].groups.set(everybody["admin"].groups.all())
    stop = switches.stop(scope_kind="everything", reason="drill", by=everybody["admin"])
    first = browse("admin")
    assert browse("approver").post(f"/admin/stops/{stop.pk}/release/").status_code == 403
    assert "1 more person" in _text(first.post(f"/admin/stops/{stop.pk}/release/", follow=True))
    assert "already voted" in _text(first.post(f"/admin/stops/{stop.pk}/release/", follow=True))
    stop.refresh_from_db()
    assert stop.released_at is None
    browse("second").post(f"/admin/stops/{stop.pk}/release/")
    stop.refresh_from_db()
    assert stop.released_at is not None


def _call(agent: str, *, server: str = "git", status: str = "denied", at: Any = None, reason: str = "no") -> uuid.UUID:
    call = uuid.uuid4()
    verdict = "deny" if status == "denied" else "allow"
    decision = {"verdict": verdict, "rule": "r", "rules": ["r"], "reason": reason, "intent": "read"}
    body = {
        "v": 1, "at": ledger.stamp(at or timezone.now()), "kind": "call.refused", "call": str(call),
        "principal": {"agent": agent, "person": "x@example.com"},
        "target": {"server": server, "kind": "tool", "name": "git_log"},
        "arguments": {"digest": "0" * 64, "redacted": {"path": "/etc/passwd\u202e"}},
        "decision": decision, "outcome": {"status": status, "ms": 3},
    }  # fmt: skip
    with transaction.atomic():
        stream, _ = LedgerStream.objects.get_or_create(name="epoch-test")
        linked = link(body, stream=stream.name, seq=stream.head_seq + 1, prev=stream.head_digest)
        LedgerEntry.objects.create(
            stream=stream, seq=stream.head_seq + 1, at=at or timezone.now(), kind="call.refused", call=call,
            agent=agent, server=server, item="git_log", status=status, digest=linked.digest, text=linked.text,
        )  # fmt: skip
        LedgerStream.objects.filter(pk=stream.pk).update(head_seq=stream.head_seq + 1, head_digest=linked.digest.hex())
    return call


def _listed(client: Client, query: str = "") -> list[str]:
    return re.findall(r"/admin/calls/([0-9a-f-]{36})/", client.get(f"/admin/calls/{query}").content.decode())


def test_calls_come_newest_first_in_pages_without_gap_or_repeat(agent: Agent, browse: Browse) -> None:
    at = timezone.now()
    calls = [str(_call("dev-claude", at=at)) for _ in range(120)]
    client, seen, query = browse("auditor"), [], ""
    for _ in range(3):
        page = client.get(f"/admin/calls/{query}").content.decode()
        seen += re.findall(r"/admin/calls/([0-9a-f-]{36})/", page)
        following = re.search(r'href="(\?[^"]*)" rel="next"', page)
        query = unescape(following[1]) if following else ""
    assert seen == calls[::-1] and not query


def test_calls_are_filtered_by_agent_server_status_and_verdict(agent: Agent, browse: Browse) -> None:
    one, two = str(_call("dev-claude")), str(_call("other", server="time", status="ok"))
    client = browse("auditor")
    assert set(_listed(client)) == {one, two}
    for query, expected in (("agent=other", two), ("server=git", one), ("status=ok", two), ("verdict=deny", one)):
        assert _listed(client, f"?{query}") == [expected]
    assert _listed(client, "?agent=nobody") == []
    assert client.get("/admin/calls/?after=nonsense~x~y&verdict=%00").status_code == 200


def test_a_developer_sees_the_calls_of_their_own_agents_only(agent: Agent, browse: Browse) -> None:
    own, foreign = _call("dev-claude"), _call("other")
    client = browse("developer")
    assert _listed(client) == [str(own)]
    assert client.get(f"/admin/calls/{own}/").status_code == 200
    assert (
        client.get(f"/admin/calls/{foreign}/").status_code
        == client.get(f"/admin/calls/{uuid.uuid4()}/").status_code
        == 404
    )


def test_a_call_explains_itself_and_shows_redacted_arguments_inert(agent: Agent, browse: Browse) -> None:
    call = _call("dev-claude", reason='path "/etc/passwd" is outside /srv <script>')
    html = browse("auditor").get(f"/admin/calls/{call}/").content.decode()
    assert "is outside /srv &lt;script&gt;" in html and "U+202E" in html and "\u202e" not in html


def test_verifying_names_the_first_entry_that_does_not_hold(agent: Agent, browse: Browse) -> None:
    _call("dev-claude")
    client = browse("auditor")
    assert "Intact" in _text(client.post("/admin/ledger/verify/"))
    stream = LedgerStream.objects.get(name="epoch-test")
    LedgerEntry.objects.create(
        stream=stream, seq=2, at=timezone.now(), kind="seal", digest=b"0" * 32, text='{"forged":true}'
    )
    said = _text(client.post("/admin/ledger/verify/"))
    assert "Broken" in said and "epoch-test, entry 2" in said


def test_a_missing_role_is_named_and_who_can_give_it(browse: Browse) -> None:
    said = _text(browse("developer").get("/admin/ledger/"))
    assert "auditor or security-admin" in said and "security administrator can give it" in said


def test_a_page_that_fails_says_so_under_the_same_policy(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the database went away: secret detail")

    monkeypatch.setattr("gateway.console.home.waiting_for", fail)
    client = browse("admin")
    client.raise_request_exception = False
    response = client.get("/admin/")
    assert response.status_code == 500 and "Content-Security-Policy" in response
    assert "Calls are still judged" in _text(response) and "secret detail" not in _text(response)
