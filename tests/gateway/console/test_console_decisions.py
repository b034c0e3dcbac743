"""Deciding a held call in the browser: who may, what is shown, what a second decision reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance import approvals
from governance.models import Agent, Escalation, LedgerEntry, Person, Vote
from governance.policy.values import EscalateRule
from governance.text.visible import visible

Hold = Callable[..., Escalation]
Browse = Callable[..., Client]


def _page(held: Escalation) -> str:
    return f"/admin/inbox/{held.pk}/"


def _decide(client: Client, held: Escalation, decision: str, reason: str = "") -> Any:
    return client.post(f"{_page(held)}decide/", {"decision": decision, "reason": reason})


def _text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def _arguments(html: str) -> str:
    found = re.search(r'<pre class="json" id="arguments"[^>]*>(.*?)</pre>', html, re.S)
    assert found is not None
    return found[1]


def test_approving_lets_the_call_through_once_and_says_who_and_when(hold: Hold, browse: Browse) -> None:
    held = hold()
    client = browse("approver")
    page = client.get(_page(held)).content.decode()
    assert re.search(r'<button[^>]*name="decision" value="approve"', page)
    response = _decide(client, held, "approve", "go ahead")
    assert response["Location"] == _page(held)
    held.refresh_from_db()
    assert (held.state, held.decided_by, held.decision_reason) == ("approved", "approver@example.com", "go ahead")
    after = client.get(_page(held)).content.decode()
    assert "approver@example.com" in after and 'name="decision"' not in after


def test_denying_keeps_the_reason(hold: Hold, browse: Browse) -> None:
    held = hold()
    _decide(browse("approver"), held, "deny", "use the release branch")
    held.refresh_from_db()
    assert (held.state, held.decision_reason) == ("denied", "use the release branch")


def test_the_second_approver_reads_who_was_first(hold: Hold, browse: Browse) -> None:
    held = hold()
    _decide(browse("approver"), held, "approve")
    response = _decide(browse("second"), held, "deny")
    held.refresh_from_db()
    assert (response.status_code, held.state) == (409, "approved")
    said = " ".join(_text(response.content.decode()).split())
    assert "Already approved by approver@example.com" in said and "Yours was not counted" in said


def test_nobody_approves_their_own_call_on_any_way(hold: Hold, browse: Browse, everybody: dict[str, Person]) -> None:
    everybody["developer"].groups.set(everybody["approver"].groups.all())
    held = hold()
    client = browse("developer", fresh=True)
    page = client.get(_page(held)).content.decode()
    assert "own agent" in page and 'name="decision"' not in page
    for decision in ("approve", "deny"):
        assert _decide(client, held, decision).status_code == 403
    held.refresh_from_db()
    assert held.state == "waiting" and not Vote.objects.exists()
    assert not client.get("/admin/").context["waiting"]


def test_an_agent_that_changed_hands_is_still_nobodys_own_call(
    hold: Hold, browse: Browse, agent: Agent, everybody: dict[str, Person]
) -> None:
    held = hold()
    Agent.objects.filter(pk=agent.pk).update(owner=everybody["approver"])
    client = browse("approver")
    assert 'name="decision"' not in client.get(_page(held)).content.decode()
    assert _decide(client, held, "approve").status_code == 403


@pytest.mark.parametrize("name", ["auditor", "author", "admin", "developer"])
def test_whoever_may_look_but_not_decide_reads_why(name: str, hold: Hold, browse: Browse) -> None:
    held = hold()
    page = browse(name).get(_page(held)).content.decode()
    assert 'id="why-not"' in page and 'name="decision"' not in page
    assert _decide(browse(name), held, "approve").status_code == 403
    held.refresh_from_db()
    assert held.state == "waiting"


@pytest.mark.parametrize("name", ["owner", "nobody"])
def test_whoever_may_not_look_finds_nothing(name: str, hold: Hold, browse: Browse) -> None:
    held = hold()
    client = browse(name)
    assert (
        client.get(_page(held)).status_code
        == client.get("/admin/inbox/00000000-0000-0000-0000-000000000000/").status_code
    )
    assert str(held.pk) not in client.get("/admin/inbox/").content.decode()
    for act in ("decide/", "reveal/", "state/"):
        assert client.post(f"{_page(held)}{act}", {"decision": "approve"}).status_code in (404, 405)


def test_two_people_are_needed_where_a_rule_says_so(
    hold: Hold, browse: Browse, policy: dict[str, EscalateRule]
) -> None:
    held = hold(rules=(policy["two-people"],), item="git_reset")
    first = browse("approver")
    _decide(first, held, "approve")
    page = first.get(_page(held)).content.decode()
    assert "1 more approval" in page and "counted already" in page
    assert _decide(first, held, "approve").status_code == 409
    held.refresh_from_db()
    assert held.state == "waiting"
    _decide(browse("second"), held, "approve")
    held.refresh_from_db()
    assert held.state == "approved"


@pytest.mark.parametrize("intent", ["destructive", "exfiltrative"])
def test_strong_intents_take_a_fresh_second_factor_to_approve_and_none_to_deny(
    intent: str, hold: Hold, browse: Browse
) -> None:
    held = hold(intent=intent)
    stale = browse("approver")
    assert "second factor" in stale.get(_page(held)).content.decode()
    assert _decide(stale, held, "approve")["Location"].startswith("/admin/account/confirm/")
    held.refresh_from_db()
    assert held.state == "waiting"
    assert _decide(browse("approver", fresh=True), held, "approve")["Location"] == _page(held)
    held.refresh_from_db()
    assert held.state == "approved"
    other = hold(intent=intent)
    _decide(stale, other, "deny")
    other.refresh_from_db()
    assert other.state == "denied"


def test_a_decision_after_the_deadline_changes_nothing(hold: Hold, browse: Browse) -> None:
    held = hold()
    Escalation.objects.filter(pk=held.pk).update(deadline=timezone.now() - timedelta(seconds=1))
    client = browse("approver")
    page = client.get(_page(held)).content.decode()
    assert "Expired" in page and 'name="decision"' not in page
    assert _decide(client, held, "approve").status_code == 409
    held.refresh_from_db()
    assert held.state == "expired"


def test_a_decision_needs_one_of_two_words(hold: Hold, browse: Browse) -> None:
    held = hold()
    for wrong in ("", "APPROVE", "maybe"):
        assert _decide(browse("approver"), held, wrong).status_code == 400
    held.refresh_from_db()
    assert held.state == "waiting"


def test_arguments_are_complete_whatever_their_length(hold: Hold, browse: Browse) -> None:
    tail = "and then rm -rf /"
    held = hold({"content": "harmless " * 20_000 + tail, "list": list(range(500))})
    page = browse("approver").get(_page(held)).content.decode()
    raw = approvals.exact_arguments(held)
    shown = _text(_arguments(page))
    assert tail in shown and "499" in shown
    assert json.loads(shown) == json.loads(raw)
    assert f"{len(raw)} bytes" in page
    listed = browse("approver").get("/admin/inbox/").content.decode()
    assert "not shown in part" in listed and "harmless" not in listed


@pytest.mark.parametrize("literal", ["1.10", "1e3", "-0", "9007199254740993", "123456789012345678901234567890"])
def test_numbers_are_shown_as_they_were_written(literal: str, hold: Hold, browse: Browse) -> None:
    held = hold(raw=f'{{"amount":{literal}}}')
    assert f'"amount": {literal}' in _text(_arguments(browse("approver").get(_page(held)).content.decode()))


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "safe\u202egpj.exe",
    "zero\u200bwidth\u2060joined\ufeff",
    "tags\U000e0041\U000e0042",
    "bidi\u2066isolated\u2069",
    "fake label \u27e6U+0041\u27e7",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "line\u2028separator\u0085",
    "null\u0000byte",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_shown_inert_with_nothing_unseen(hostile: str, hold: Hold, browse: Browse) -> None:
    held = hold({"value": hostile, hostile: "key"})
    client = browse("approver")
    for address in (_page(held), "/admin/inbox/", "/admin/inbox/list/"):
        html = client.get(address).content.decode()
        assert "<script>alert" not in html and "<img src=x" not in html
        assert not re.search("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u0000\U000e0000-\U000e007f]", html)
    for char in hostile:
        if visible(char) != char:
            assert f"U+{ord(char):04X}" in client.get(_page(held)).content.decode()


def test_hostile_names_are_inert_everywhere(hold: Hold, browse: Browse) -> None:
    evil = "tool<script>\u202e"
    held = hold(item=evil, client="<b>client</b>", reason="<i>reason</i>")
    client = browse("approver")
    for address in ("/admin/", "/admin/inbox/", _page(held), "/admin/inbox/?state=decided"):
        html = client.get(address).content.decode()
        assert (
            "tool<script>" not in html and "\u202e" not in html and "<b>client" not in html and "<i>reason" not in html
        )


def test_letters_that_pose_as_latin_ones_are_marked(hold: Hold, browse: Browse) -> None:
    held = hold({"host": "p\u0430ypal.example"})
    assert 'title="CYRILLIC SMALL LETTER A"' in browse("approver").get(_page(held)).content.decode()


def test_a_text_of_several_lines_cannot_pose_as_further_arguments(hold: Hold, browse: Browse) -> None:
    held = hold({"note": 'x",\n  "path": "/safe'})
    arguments = _arguments(browse("approver").get(_page(held)).content.decode())
    assert arguments.count('class="j-key"') == 1
    assert 'class="j-block"' in arguments


def test_secrets_are_masked_until_opened_and_opening_is_recorded(hold: Hold, browse: Browse) -> None:
    key = "-----BEGIN RSA PRIVATE" + " KEY-----\n" + "MIIEow" + "A" * 60 + "\n-----END RSA PRIVATE" + " KEY-----"
    held = hold({"key": key, "path": "/x"})
    client = browse("approver")
    for address in (_page(held), "/admin/inbox/"):
        html = client.get(address).content.decode()
        assert "MIIEow" not in html and "masked" in html
    assert not LedgerEntry.objects.filter(kind="change.secret").exists()
    opened = client.post(f"{_page(held)}reveal/")
    assert "MIIEow" in opened.content.decode() and "no-store" in opened["Cache-Control"]
    entry = json.loads(LedgerEntry.objects.get(kind="change.secret").text)
    assert entry["principal"]["person"] == "approver@example.com" and str(held.pk) in entry["change"]["name"]
    assert "MIIEow" not in client.get(_page(held)).content.decode()


def test_what_the_rule_looks_at_is_marked_and_the_rule_is_quoted(hold: Hold, browse: Browse) -> None:
    held = hold({"branch_name": "x", "repo_path": "/srv/demo/scratch"})
    html = browse("approver").get(_page(held)).content.decode()
    lines = [line for line in _arguments(html).split("</span>\n") if "RULE" in line]
    marked = re.findall(r'class="j-line ruled">.*?<span class="j-key">"(\w+)"', html)
    assert marked == ["repo_path"] and lines
    assert "New branches start deployments" in html and "is under /srv/demo" in html and "git/git_create_branch" in html


def test_the_clock_is_the_clients_while_it_waits_and_the_deadline_after(hold: Hold, browse: Browse) -> None:
    now = timezone.now()
    held = hold(client_gives_up_at=now + timedelta(seconds=50))
    page = _text(browse("approver").get(_page(held)).content.decode())
    assert "The client waits until" in page and "you can decide until" in page
    Escalation.objects.filter(pk=held.pk).update(detached=True)
    page = _text(browse("approver").get(_page(held)).content.decode())
    assert "The client stopped waiting" in page


def test_the_inbox_lists_the_most_pressing_first_and_other_tabs_what_ended(hold: Hold, browse: Browse) -> None:
    now = timezone.now()
    late, soon = hold(deadline=now + timedelta(minutes=9)), hold(deadline=now + timedelta(minutes=2))
    denied = hold()
    client = browse("approver")
    _decide(client, denied, "deny")
    ids = re.findall(r'id="held-([0-9a-f-]+)"', client.get("/admin/inbox/").content.decode())
    assert ids == [str(soon.pk), str(late.pk)]
    assert re.findall(r'id="held-([0-9a-f-]+)"', client.get("/admin/inbox/?state=decided").content.decode()) == [
        str(denied.pk)
    ]
    Escalation.objects.filter(pk=soon.pk).update(deadline=now - timedelta(minutes=1))
    assert str(soon.pk) in client.get("/admin/inbox/?state=expired").content.decode()


def test_only_the_list_refreshes_itself_without_script(hold: Hold, browse: Browse) -> None:
    held = hold()
    client = browse("approver")
    assert '<noscript><meta http-equiv="refresh"' in client.get("/admin/inbox/").content.decode()
    assert "http-equiv" not in client.get(_page(held)).content.decode()
    assert "<form" not in client.get("/admin/inbox/list/").content.decode()


def test_a_held_call_that_cannot_be_opened_cannot_be_decided(hold: Hold, browse: Browse) -> None:
    held = hold()
    Escalation.objects.filter(pk=held.pk).update(arguments_sealed="v1.lost." + "A" * 60)
    page = browse("approver").get(_page(held)).content.decode()
    assert "cannot be opened" in page and 'name="decision"' not in page
