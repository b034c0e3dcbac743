"""The REST shells of switches, tokens and calls."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.urls import include, path
from django.utils import timezone

from governance import agents, people
from governance.models import Agent, AgentToken, Escalation, LedgerEntry, LedgerStream, PersonToken, Switch
from governance.rights import Machine
from governance.tokens import read_token
from registry.models import Item, Server

urlpatterns = [path("api/v1/", include("governance.api.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def test_a_stop_is_set_by_one_and_lifted_by_two(api, bo, make_person) -> None:
    Server.objects.create(name="files", transport="http", url="http://127.0.0.1:9/mcp")
    body = {"scope": {"server": "files"}, "mode": "deny", "reason": "odd traffic"}
    made = api("POST", "switches", bo, body)
    assert made.status_code == 201
    assert made.json()["scope"] == {"server": "files"}
    assert (made.json()["mode"], made.json()["by"]) == ("deny", "bo@example.com")
    first, second = make_person("s1@example.com", "security-admin"), make_person("s2@example.com", "security-admin")
    url = f"switches/{made.json()['id']}/release"
    answer = api("POST", url, first)
    assert (answer.status_code, answer.json()) == (202, {"needs": 1})
    assert api("POST", url, first).status_code == 409
    assert Switch.objects.get().released_at is None
    assert api("POST", url, second).status_code == 200
    assert Switch.objects.get().released_at is not None
    assert api("POST", url, second).json()["code"] == "already-released"


def test_stopping_everything_cancels_what_waits(api, bo, held) -> None:
    row = held()
    answer = api("POST", "switches", bo, {"scope": {"everything": True}, "mode": "deny", "reason": "drill"})
    assert answer.json()["scope"] == {"everything": True}
    assert Escalation.objects.get(pk=row.pk).state == "cancelled"


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ({"server": "Files"}, "did you mean files?"),
        ({"tool": "files/*"}, "stop the server files"),
        ({"tool": "files.raed"}, "did you mean files/read?"),
        ({"agent": "dev-cloud"}, "did you mean dev-claude?"),
    ],
)
def test_a_stop_on_a_name_that_nothing_has_is_refused_with_the_nearest(api, bo, dev, scope, said) -> None:
    server = Server.objects.create(name="files", transport="http", url="http://127.0.0.1:9/mcp")
    Item.objects.create(server=server, kind="tool", name="read")
    answer = api("POST", "switches", bo, {"scope": scope, "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-scope")
    assert said in answer.json()["detail"] and not Switch.objects.exists()
    assert not LedgerEntry.objects.filter(kind="change.switch").exists()


def test_an_approver_stops_and_does_not_release(api, bo, dev) -> None:
    made = api("POST", "switches", bo, {"scope": {"agent": "dev-claude"}, "mode": "read-only", "reason": "x"}).json()
    assert api("POST", f"switches/{made['id']}/release", bo).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"scope": {"everything": False}, "mode": "deny", "reason": "x"},
        {"scope": {"server": ""}, "mode": "deny", "reason": "x"},
        {"scope": {"server": "a", "agent": "b"}, "mode": "deny", "reason": "x"},
        {"scope": {"planet": "mars"}, "mode": "deny", "reason": "x"},
        {"scope": {"server": {"a": 1}}, "mode": "deny", "reason": "x"},
        {"scope": {"server": "a"}, "mode": "explode", "reason": "x"},
        {"scope": {"server": "a"}, "mode": "deny", "reason": " "},
        {"scope": {"server": "a"}, "mode": "deny"},
        {"scope": {"server": "a"}, "mode": "deny", "reason": "x", "by": "somebody@else"},
        {"scope": "everything", "mode": "deny", "reason": "x"},
    ],
)
def test_a_stop_that_says_nothing_clear_is_refused(api, bo, body) -> None:
    assert api("POST", "switches", bo, body).status_code == 400
    assert not Switch.objects.exists()


def test_a_developer_sees_stops_and_sets_none(api, make_person) -> None:
    ann = make_person("ann@example.com", "developer")
    assert api("GET", "switches?active=true", ann).json() == {"results": [], "next": None}
    assert api("POST", "switches", ann, {"scope": {"everything": True}, "reason": "x"}).status_code == 403


def test_an_unknown_stop_is_not_found(api, make_person) -> None:
    admin = make_person("s1@example.com", "security-admin")
    assert api("POST", "switches/999999/release", admin).status_code == 404


def agent_token(name: str = "dev-claude") -> str:
    return read_token(agents.issue_token(agent=Agent.objects.get(name=name), by=Machine.OPERATOR)).public_id


def test_an_administrator_revokes_any_token(api, dev, make_person) -> None:
    public_id = agent_token()
    admin = make_person("s1@example.com", "security-admin")
    answer = api("POST", f"tokens/{public_id}/revoke", admin, {"reason": "leaked"})
    assert answer.json() == {"id": public_id, "revoked": True, "was_live": True}
    assert AgentToken.objects.get().revoked_at is not None
    assert api("POST", f"tokens/{public_id}/revoke", admin, {}).json()["was_live"] is False


def test_an_owner_revokes_own_tokens_and_nobody_elses(api, dev, make_person, make_agent) -> None:
    own = agent_token()
    other = make_person("ann@example.com", "developer")
    assert api("POST", f"tokens/{own}/revoke", other, {}).status_code == 404
    assert api("POST", f"tokens/{uuid.uuid4().hex[:12]}/revoke", other, {}).status_code == 404
    assert api("POST", f"tokens/{own}/revoke", dev, {}).status_code == 200


def test_an_approver_with_a_request_scope_but_no_right_learns_nothing(api, dev, make_person) -> None:
    author = make_person("pa@example.com", "policy-author")
    assert api("POST", f"tokens/{agent_token()}/revoke", author, {}).status_code == 404
    assert AgentToken.objects.get().revoked_at is None


def test_a_persons_token_is_revoked_at_once(api, dev, client) -> None:
    text = people.issue_api_token(person=dev, by=Machine.OPERATOR)
    public_id = read_token(text).public_id
    assert client.get("/api/v1/escalations", headers={"authorization": f"Bearer {text}"}).status_code == 200
    assert api("POST", f"tokens/{public_id}/revoke", dev, {}).status_code == 200
    assert client.get("/api/v1/escalations", headers={"authorization": f"Bearer {text}"}).status_code == 401


def test_an_expired_token_and_an_inactive_person_are_refused(dev, client) -> None:
    text = people.issue_api_token(person=dev, by=Machine.OPERATOR)
    headers = {"authorization": f"Bearer {text}"}
    PersonToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get("/api/v1/escalations", headers=headers).status_code == 401
    PersonToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert client.get("/api/v1/escalations", headers=headers).status_code == 200
    type(dev).objects.filter(pk=dev.pk).update(is_active=False)
    assert client.get("/api/v1/escalations", headers=headers).status_code == 401


def record(seq: int, agent: str, status: str = "denied") -> uuid.UUID:
    call = uuid.uuid4()
    stream = LedgerStream.objects.get_or_create(name="epoch-1")[0]
    body = {
        "kind": "call.refused",
        "principal": {"person": "dev@example.com", "agent": agent},
        "target": {"server": "files", "kind": "tool", "name": "write_file"},
        "decision": {"verdict": "deny", "rule": "no-writes", "reason": "No writes (rule no-writes)", "intent": "write"},
        "outcome": {"status": status, "ms": 3},
    }
    LedgerEntry.objects.create(
        stream=stream, seq=seq, at=timezone.now() + timedelta(seconds=seq), kind="call.refused", call=call,
        agent=agent, server="files", item="write_file", status=status, digest=b"\0" * 32, text=json.dumps(body),
    )  # fmt: skip
    return call


def test_calls_have_the_form_of_the_contract_and_pages(api, bo) -> None:
    calls = [record(seq, "dev-claude") for seq in range(1, 6)]
    first = api("GET", "calls?limit=3&agent=dev-claude", bo).json()
    second = api("GET", first["next"], bo).json()
    assert [each["record"] for each in first["results"] + second["results"]] == [str(call) for call in reversed(calls)]
    assert second["next"] is None
    one = api("GET", f"calls/{calls[0]}", bo).json()
    assert one == {
        "record": str(calls[0]),
        "at": one["at"],
        "person": "dev@example.com",
        "agent": "dev-claude",
        "server": "files",
        "kind": "tool",
        "tool": "write_file",
        "verdict": "deny",
        "rule": "no-writes",
        "reason": "No writes (rule no-writes)",
        "intent": "write",
        "status": "denied",
        "ms": 3,
    }


def test_refusals_that_are_only_counted_are_no_calls(api, bo) -> None:
    call = record(1, "dev-claude")
    stream = LedgerStream.objects.get(name="epoch-1")
    LedgerEntry.objects.create(
        stream=stream, seq=2, at=timezone.now(), kind="call.refused", status="denied", digest=b"\0" * 32,
        text=json.dumps({"kind": "call.refused", "counted": {"what": "unauthenticated", "count": 7}}),
    )  # fmt: skip
    assert [each["record"] for each in api("GET", "calls", bo).json()["results"]] == [str(call)]


def test_people_read_the_calls_of_their_own_agents_only(api, dev, make_person, make_agent) -> None:
    foreign = record(1, "dev-claude")
    ann = make_person("ann@example.com", "developer")
    make_agent("ann-bot", ann)
    own = record(2, "ann-bot")
    assert [each["record"] for each in api("GET", "calls", ann).json()["results"]] == [str(own)]
    assert api("GET", f"calls/{foreign}", ann).status_code == 404
