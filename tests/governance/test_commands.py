"""The operator's commands: what they do, what they print, how they fail."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from governance import ledger_guard, people, switches
from governance.ledger import append
from governance.models import LedgerEntry, LedgerStream, Person, SignInLink, Switch
from governance.rights import Machine
from registry.models import Item, Server

pytestmark = pytest.mark.django_db


def run(*args: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def fails(*args: Any, code: int = 1, **options: Any) -> str:
    with pytest.raises(CommandError) as failed:
        run(*args, **options)
    assert failed.value.returncode == code
    text = str(failed.value)
    assert "\n" not in text, "errors are one line"
    return text


def test_stop_stops_everything_as_the_operator() -> None:
    assert "Stop" in run("stop", reason="drill")
    switch = Switch.objects.get()
    assert (switch.scope_kind, switch.scope_name, switch.mode, switch.by) == ("everything", "", "deny", "operator")


def serve(name: str, *tools: str) -> None:
    server = Server.objects.create(name=name, transport="http", url="http://127.0.0.1:9/mcp")
    for tool in tools:
        Item.objects.create(server=server, kind="tool", name=tool)


def test_stop_takes_a_kind_and_a_name_that_may_hold_colons() -> None:
    serve("files", "a:b")
    answer = json.loads(run("stop", "tool:files/a:b", reason="drill", mode="read-only", json=True))
    switch = Switch.objects.get(pk=answer["id"])
    assert (switch.scope_kind, switch.scope_name, switch.mode) == ("tool", "files/a:b", "read-only")


def test_stop_takes_a_tool_as_calls_are_printed() -> None:
    serve("tickets", "echo")
    assert "deny tool:tickets/echo" in run("stop", "tool:tickets.echo", reason="drill")
    assert Switch.objects.get().scope_name == "tickets/echo"


@pytest.mark.parametrize("scope", ["server:Tickets", "server:nope", "tool:tickets/*", "agent:x", "person:x", "team:x"])
def test_stop_refuses_a_name_that_nothing_has(scope) -> None:
    serve("tickets", "echo")
    assert "tickets" in fails("stop", scope, reason="x", code=2) or scope.endswith(("nope", ":x"))
    assert not Switch.objects.exists() and not LedgerEntry.objects.exists()


@pytest.mark.parametrize("scope", ["planet:mars", "server", "server:", "everything:x"])
def test_stop_refuses_a_scope_that_is_none(scope) -> None:
    assert "stop: " in fails("stop", scope, reason="x", code=2)
    assert not Switch.objects.exists()


@pytest.fixture
def voters(make_person: Callable[..., Person]) -> list[str]:
    """API tokens of two security administrators."""
    names = ("ann@example.com", "ben@example.com")
    return [people.issue_api_token(person=make_person(n, "security-admin"), by=Machine.OPERATOR) for n in names]


def stopped() -> int:
    pk: int = switches.stop(scope_kind="everything", reason="drill", by=Machine.OPERATOR).pk
    return pk


def test_release_votes_as_the_person_of_the_token(voters, settings) -> None:
    key = stopped()
    settings.OPERATOR_TOKEN = voters[0]
    assert "1 more person" in run("release", key)
    assert "already voted" in fails("release", key)
    settings.OPERATOR_TOKEN = voters[1]
    assert json.loads(run("release", key, json=True)) == {"id": key, "needs": 0}
    assert "lifted at" in fails("release", key)


def test_release_without_a_token_or_with_a_dead_one_says_what_to_do(settings, make_person) -> None:
    key = stopped()
    settings.OPERATOR_TOKEN = ""
    assert "set GATEHOUSE_TOKEN" in fails("release", key, code=2)
    settings.OPERATOR_TOKEN = "ghp_nonsense"
    assert "no live API token" in fails("release", key)
    reader = make_person("ann@example.com", "security-admin")
    settings.OPERATOR_TOKEN = people.issue_api_token(person=reader, scopes=["read"], by=reader)
    assert "lacks the scope stop" in fails("release", key)
    assert Switch.objects.get().released_at is None


def test_an_approvers_token_does_not_release(settings, make_person) -> None:
    key, bo = stopped(), make_person("bo@example.com", "approver")
    settings.OPERATOR_TOKEN = people.issue_api_token(person=bo, by=bo)
    assert "security-admin" in fails("release", key)


def test_the_operator_breaks_the_glass_on_the_record(settings) -> None:
    key = stopped()
    settings.OPERATOR_TOKEN = ""
    assert "is lifted" in run("release", key, break_glass=True, reason="nobody reachable")
    entry = LedgerEntry.objects.order_by("-seq")[0].text
    assert "released by breaking the glass" in entry
    assert "nobody reachable" in entry


def test_release_of_an_unknown_stop_is_refused(settings) -> None:
    settings.OPERATOR_TOKEN = ""
    assert "no stop 4711" in fails("release", 4711, break_glass=True)


def test_sign_in_prints_a_working_link_once(make_person, settings, tmp_path) -> None:
    settings.STATIC_ROOT = tmp_path
    make_person("ann@example.com", "developer")
    url = run("sign_in", "ANN@example.com").strip()
    assert url.startswith(settings.PUBLIC_URL + "/admin/link/")
    path = url.removeprefix(settings.PUBLIC_URL)
    browser = Client()
    assert browser.get(path).status_code == 200
    assert SignInLink.objects.get().used_at is None, "opening the page uses nothing"
    browser.post(path)
    assert SignInLink.objects.get().used_at is not None
    assert reverse("admin:index")


def test_sign_in_prints_where_the_running_demo_listens(make_person, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    make_person("ann@example.com", "developer")
    run_file = tmp_path / "run.json"
    run_file.write_text(json.dumps({"console": "http://127.0.0.1:8123/admin/", "pid": os.getpid()}))
    assert run("sign_in", "ann@example.com").startswith("http://127.0.0.1:8123/admin/link/")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(20)
    for unusable in (json.dumps({"console": "http://127.0.0.1:8123/admin/", "pid": ended.pid}), "{}", "not JSON"):
        run_file.write_text(unusable)
        assert run("sign_in", "ann@example.com").startswith(settings.PUBLIC_URL + "/admin/link/")


def test_sign_in_refuses_strangers_and_production(make_person, settings) -> None:
    assert "no person" in fails("sign_in", "nobody@example.com")
    make_person("ann@example.com")
    settings.GATEHOUSE_MODE = "production"
    assert "demo mode only" in fails("sign_in", "ann@example.com")


def test_verify_ledger_reports_every_stream() -> None:
    stopped()
    answer = json.loads(run("verify_ledger", json=True))
    assert answer["ok"]
    assert answer["entries"] == 1
    assert [stream["stream"] for stream in answer["streams"]] == ["console"]
    assert answer["first_bad"] is None
    assert answer["missing_triggers"] == []


@pytest.fixture
def unguarded() -> None:
    """The ledger of somebody who owns the database: its triggers are off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in (ledger_guard.TABLE, ledger_guard.STREAMS):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            return
        for trigger in ledger_guard.EXPECTED["sqlite"]:
            cursor.execute(f"DROP TRIGGER {trigger}")


def three_entries() -> LedgerStream:
    for number in range(3):
        append(kind="change.team", by="operator", change={"what": "created", "name": f"team-{number}"})
    return LedgerStream.objects.get(name="console")


def broken(capsys: Any) -> dict[str, Any]:
    out = io.StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("verify_ledger", json=True, stdout=out)
    assert failed.value.returncode == 1
    answer: dict[str, Any] = json.loads(out.getvalue())
    assert not answer["ok"]
    bad = answer["first_bad"]
    if bad:
        assert f"stream {bad['stream']}, entry {bad['seq']}" in str(failed.value)
    return answer


def test_verify_ledger_names_the_first_changed_entry(unguarded, capsys) -> None:
    stream = three_entries()
    row = LedgerEntry.objects.get(stream=stream, seq=2)
    LedgerEntry.objects.filter(stream=stream, seq=2).update(text=row.text.replace("team-1", "team-9"))
    assert broken(capsys)["first_bad"]["seq"] == 2


def test_verify_ledger_finds_a_removed_entry(unguarded, capsys) -> None:
    stream = three_entries()
    LedgerEntry.objects.filter(stream=stream, seq=2).delete()
    assert broken(capsys)["first_bad"]["seq"] == 2


def test_verify_ledger_finds_a_cut_tail(unguarded, capsys) -> None:
    stream = three_entries()
    LedgerEntry.objects.filter(stream=stream, seq=3).delete()
    assert broken(capsys)["first_bad"] == {
        "stream": "console",
        "seq": 3,
        "what": "the tail is cut",
        "expected": "3 entries",
        "found": "2",
    }


def test_verify_ledger_finds_entries_whose_stream_was_removed(unguarded, capsys) -> None:
    """The stream would be left out of the checks, and all of its entries with it."""
    stream = three_entries()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        cursor.execute("DELETE FROM governance_ledgerstream WHERE id = %s", [stream.pk])
    bad = broken(capsys)["first_bad"]
    assert (bad["stream"], bad["seq"], bad["what"]) == (f"number {stream.pk}", 1, "its stream is missing")
    with connection.cursor() as cursor:  # SQLite alone still has a constraint, which is looked at when the test ends.
        row = [stream.pk, stream.name, stream.opened_at, stream.head_seq, stream.head_digest]
        columns = "id, name, opened_at, head_seq, head_digest"
        cursor.execute(f"INSERT INTO governance_ledgerstream ({columns}) VALUES (%s, %s, %s, %s, %s)", row)


def test_verify_ledger_fails_when_the_triggers_are_gone(unguarded, capsys) -> None:
    three_entries()
    answer = broken(capsys)
    assert answer["first_bad"] is None
    assert answer["missing_triggers"]
