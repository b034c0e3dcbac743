"""What the pages say is so: heads, lines of the policy, reasons, waits, whom a link signs in; no secret in logs."""

from __future__ import annotations

import io
import json
import logging
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance import ledger, people
from governance.audit.chain import link
from governance.models import Escalation, LedgerEntry, LedgerStream, Person, PolicyVersion, Switch
from governance.policy import language
from governance.views.policy_text import readable
from registry.models import Server

Browse = Callable[..., Client]
POLICY = {
    "version": "1",
    "default": "deny",
    "rules": [
        {"id": "notes", "tool": ["files/read_*"], "action": "allow", "constraints": {"allowedPaths": ["/srv/notes"]}},
        {"id": "pay", "tool": "bank/pay", "action": "allow", "constraints": {"maxAmount": 500}, "reason": "Small"},
        {"id": "web", "tool": "web/get", "action": "allow", "constraints": {"allowedDomains": ["example.com"]}},
    ],
}


def _text(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [("server", "Git", "did you mean git?"), ("tool", "git/*", "stop the server git"), ("agent", "x", "no agent x")],
)
def test_a_stop_on_a_name_that_nothing_has_is_refused_beside_its_field(
    kind: str, name: str, said: str, server: Server, browse: Browse
) -> None:
    given = {"scope_kind": kind, "scope_name": name, "mode": "deny", "reason": "drill"}
    for address in ("confirm", "set"):
        response = browse("admin").post(f"/admin/stops/{address}/", given)
        assert response.status_code == 400 and said in _text(response)
    assert not Switch.objects.exists()


def test_a_stop_takes_a_tool_as_the_pages_print_it(server: Server, browse: Browse) -> None:
    given = {"scope_kind": "tool", "scope_name": "git.git_reset", "mode": "deny", "reason": "drill"}
    browse("admin").post("/admin/stops/set/", given)
    assert Switch.objects.get().scope_name == "git/git_reset"


def test_the_stops_page_says_what_to_do_where_two_people_are_not_there(
    browse: Browse, everybody: dict[str, Person]
) -> None:
    stop = Switch.objects.create(scope_kind="everything", reason="drill", by="admin@example.com")
    assert f"manage.py release {stop.pk} --break-glass" in _text(browse("admin").get("/admin/stops/"))
    everybody["second"].groups.set(everybody["admin"].groups.all())
    assert "--break-glass" not in _text(browse("admin").get("/admin/stops/"))
    Person.objects.filter(pk=everybody["second"].pk).update(is_active=False)
    assert "--break-glass" in _text(browse("admin").get("/admin/stops/"))


def _open_stream() -> str:
    """A process's stream with two entries; its own row learns of them when the process ends. The head's digest."""
    stream, digest = LedgerStream.objects.create(name="epoch-open"), b""
    for seq in (1, 2):
        body = {"v": 1, "at": ledger.stamp(timezone.now()), "kind": "change.team", "principal": {"person": "operator"}}
        body["change"] = {"what": "created", "name": str(seq)}
        linked = link(body, stream=stream.name, seq=seq, prev=digest.hex())
        LedgerEntry.objects.create(
            stream=stream, seq=seq, at=timezone.now(), kind="change.team", digest=linked.digest, text=linked.text
        )
        digest = linked.digest
    return digest.hex()


def test_the_head_of_an_open_stream_is_its_last_entry_before_and_after_a_verification(browse: Browse) -> None:
    digest, client = _open_stream(), browse("auditor")
    wanted = rf'epoch-open</a>.*?data-label="Head" class="number">2</td>.*?{digest}'
    assert re.search(wanted, client.get("/admin/ledger/").content.decode())
    verified = client.post("/admin/ledger/verify/").content.decode()
    assert "Intact" in verified and verified.count(digest) == 2 and re.search(wanted, verified)
    assert "0" * 64 not in verified


def test_a_verification_in_the_browser_finds_a_cut_tail_too(browse: Browse) -> None:
    digest = _open_stream()
    LedgerStream.objects.filter(name="epoch-open").update(head_seq=3, head_digest=digest)
    assert "the tail is cut" in _text(browse("auditor").post("/admin/ledger/verify/"))


def _publish(text: str) -> None:
    PolicyVersion.objects.create(version=1, text=text, digest="sha256:" + "e" * 64, live=True, author="a@example.com")


def test_a_policy_stored_on_one_line_is_shown_over_lines_and_its_rules_point_at_theirs(browse: Browse) -> None:
    _publish(json.dumps(POLICY, separators=(",", ":")) + "\n")
    html = browse("author").get("/admin/policy/").content.decode()
    places = [int(line) for line in re.findall(r'href="#L(\d+)"', html)]
    lines = dict(re.findall(r'<li id="L(\d+)"><code>(.*?)</code>', html))
    assert len(set(places)) == 3
    begun = [unescape(lines[str(at)] + lines[str(at + 1)]) for at in places]
    assert [re.search(r'"id": "(\w+)"', rule)[1] for rule in begun] == ["notes", "pay", "web"]


def test_the_readable_form_is_the_same_policy_to_the_last_digit() -> None:
    text = json.dumps(POLICY, separators=(",", ":")).replace("500", "500.10")
    shown = readable(text)
    assert "500.10" in shown and max(map(len, shown.splitlines())) <= 120
    ids = [rule.digest for rule in language.parse(text).rules]
    assert [rule.digest for rule in language.parse(shown).rules] == ids
    for own in ("version: '1'\ndefault: deny\n", "{version: '1', default: deny}", "not: [json"):
        assert readable(own) == own, "what a person wrote is left alone"


def test_short_forms_are_said_in_words(browse: Browse) -> None:
    _publish(json.dumps(POLICY))
    said = _text(browse("author").get("/admin/policy/"))
    assert "when every path is under /srv/notes" in said and "holds:" not in said
    assert "when every amount is at most 500" in said and "when every URL has the domain example.com" in said


def test_a_held_call_of_an_inline_policy_quotes_its_own_rule_only(hold: Any, policy: Any, browse: Browse) -> None:
    held = hold()
    rules = [
        {"id": "branches", "tool": "git/git_create_branch", "action": "escalate", "reason": "New branches",
         "constraints": {"repo_path": {"under": ["/srv/demo"]}}},
        {"id": "other", "tool": "git/git_push", "action": "deny", "reason": "Not shown here"},
    ]  # fmt: skip
    text = json.dumps({"version": "1", "default": "deny", "rules": rules})
    PolicyVersion.objects.update(text=text)
    stored = dict(held.rules[0], digest=language.parse(text).rules[0].digest)
    Escalation.objects.filter(pk=held.pk).update(rules=[stored])
    html = browse("approver").get(f"/admin/inbox/{held.pk}/").content.decode()
    source = re.search(r'<pre class="source">(.*?)</pre>', html, re.S)
    assert source is not None and "branches" in source[1] and "Not shown here" not in source[1]


@pytest.mark.parametrize("detail", ["", ": repo_path is under /srv/demo"], ids=["the rule's alone", "with a detail"])
def test_a_reason_is_printed_once_with_what_it_adds(detail: str, hold: Any, browse: Browse) -> None:
    held = hold(reason=f"New branches start deployments{detail} (rule branches)")
    said = _text(browse("approver").get(f"/admin/inbox/{held.pk}/"))
    assert said.count("New branches start deployments") == 1 + said.count("reason: New branches")
    assert detail.removeprefix(": ") in said


def test_a_call_says_how_much_of_its_time_a_person_took(hold: Any, browse: Browse) -> None:
    call, now, held = uuid.uuid4(), timezone.now(), hold()
    Escalation.objects.filter(pk=held.pk).update(
        state="redeemed", opened_at=now - timedelta(seconds=40), decided_at=now - timedelta(seconds=10),
        decided_by="approver@example.com", redeemed_at=now - timedelta(seconds=10), redeemed_call=call,
        redeem_until=now + timedelta(seconds=900),
    )  # fmt: skip
    stream = LedgerStream.objects.create(name="epoch-x")
    body = {"kind": "call.outcome", "outcome": {"status": "ok", "ms": 35_000}}
    LedgerEntry.objects.create(
        stream=stream, seq=1, at=now, kind="call.outcome", call=call, agent="dev-claude", server="git",
        item="git_create_branch", status="ok", digest=b"0" * 32, text=json.dumps(body),
    )  # fmt: skip
    said = _text(browse("auditor").get(f"/admin/calls/{call}/"))
    assert "35000 ms, of which 25000 ms waiting for a person" in said


def test_a_link_says_whom_it_signs_in_and_a_used_one_that_it_was_used(everybody: dict[str, Person]) -> None:
    address = people.issue_link(everybody["developer"])
    assert "signs you in once as developer@example.com" in _text(Client().get(address))
    Client().post(address)
    again = Client().get(address)
    assert again.status_code == 403 and "This link was used" in _text(again)
    assert "developer@example.com" not in _text(again)


@pytest.fixture
def written() -> Any:
    """What the process's own log handler writes."""
    handlers = [each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler]
    assert len(handlers) == 1
    text = io.StringIO()
    before = handlers[0].setStream(text)
    yield text
    handlers[0].setStream(before)


def test_the_log_never_holds_a_live_sign_in_link(everybody: dict[str, Person], written: Any) -> None:
    address = people.issue_link(everybody["developer"])
    secret = address.rstrip("/").rpartition("/")[2]
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403
    logging.getLogger("django.request").error("Internal Server Error: %s", address)
    said = written.getvalue()
    assert "Forbidden" in said and "Internal Server Error: /admin/link/…/" in said
    assert secret not in said and said.count("/admin/link/…/") == 2


def test_people_have_the_dates_and_words_of_the_other_pages(browse: Browse, everybody: dict[str, Person]) -> None:
    person = everybody["developer"]
    said = _text(browse("admin").get(f"/admin/governance/person/{person.pk}/change/"))
    assert f"{person.joined_at:%Y-%m-%d %H:%M:%S} UTC" in said
    assert "E-mail address" in said and "Active yes" in said and "Last sign-in" in said
