"""The REST shells of escalations: scopes, problems, pages, and decisions (contract section 2)."""

from __future__ import annotations

import base64
import json
import uuid

import pytest
from django.test import Client
from django.urls import include, path

from governance import approvals, people
from governance.models import Agent, Escalation, LedgerEntry
from governance.policy.values import Approve
from governance.rights import Machine

urlpatterns = [path("api/v1/", include("governance.api.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def test_without_a_token_there_is_a_challenge_and_a_problem(held) -> None:
    answer = Client().get("/api/v1/escalations")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not-authenticated"


@pytest.mark.parametrize("wrong", ["", "nonsense", "ghp_" + "a" * 51, "gha_" + "a" * 51])
def test_a_wrong_token_is_not_told_apart(wrong, bo) -> None:
    answer = Client().get("/api/v1/escalations", headers={"authorization": f"Bearer {wrong}"})
    assert answer.status_code == 401
    assert "unknown, expired or revoked" in answer.json()["detail"]


def test_an_agents_token_does_not_open_the_api(dev) -> None:
    from governance.agents import issue_token

    token = issue_token(agent=Agent.objects.get(), by=Machine.OPERATOR)
    assert Client().get("/api/v1/escalations", headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_an_escalation_has_the_form_of_the_contract(api, held, bo, dev) -> None:
    row = held(arguments=b'{"amount":1.10,"path":"/srv/data/report.txt"}')
    answer = api("GET", f"escalations/{row.pk}", bo)
    assert answer.status_code == 200
    assert b'"amount":1.10' in answer.content, "number literals stay as the agent wrote them"
    body = answer.json()
    assert body["state"] == "waiting"
    assert body["rules"] == [{"rule": "ask-first", "reason": "Writes are asked for"}]
    assert (body["person"], body["agent"], body["server"]) == ("dev@example.com", "dev-claude", "files")
    assert (body["tool"], body["required"], body["votes"], body["detached"]) == ("write_file", 1, [], False)
    assert body["deadline"].endswith("Z")


def test_a_secret_in_the_arguments_is_masked(api, held, bo) -> None:
    secret = "AK" + "IA" + "Z7Q4W2E8R1T5Y9U3"
    row = held(arguments=json.dumps({"note": f"key {secret}"}, separators=(",", ":")).encode())
    answer = api("GET", f"escalations/{row.pk}", bo)
    assert secret not in answer.content.decode()
    assert "[redacted:" in answer.json()["arguments"]["note"]
    assert answer.json()["redacted"][0]["count"] == 1


def test_approving_over_the_api(api, held, bo, dev) -> None:
    row = held()
    answer = api("POST", f"escalations/{row.pk}/approve", bo, {"reason": "fine", "scope": "once"})
    assert answer.status_code == 200
    assert answer.json()["state"] == "approved"
    assert answer.json()["votes"][0]["person"] == "bo@example.com"
    entry = json.loads(LedgerEntry.objects.filter(kind="call.decided").get().text)
    assert entry["principal"] == {"person": "bo@example.com", "via": "api"}


def test_a_second_decision_is_a_conflict_that_carries_the_first(api, held, bo, dev, make_person) -> None:
    row = held()
    api("POST", f"escalations/{row.pk}/deny", bo, {"reason": "no"})
    answer = api("POST", f"escalations/{row.pk}/approve", make_person("cy@example.com", "approver"), {})
    assert answer.status_code == 409
    decision = answer.json()["decision"]
    assert (decision["state"], decision["by"], decision["reason"]) == ("denied", "bo@example.com", "no")


def test_an_open_quorum_is_accepted_and_the_same_person_again_is_a_conflict(api, held, bo, dev) -> None:
    row = held(approve=Approve(required=2))
    answer = api("POST", f"escalations/{row.pk}/approve", bo, {})
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert "1 more approval" in answer.json()["still_needed"]
    again = api("POST", f"escalations/{row.pk}/approve", bo, {})
    assert (again.status_code, again.json()["code"]) == (409, "already-voted")


@pytest.mark.parametrize("intent", ["destructive", "exfiltrative"])
def test_a_dangerous_call_is_approved_in_the_console_only(api, held, bo, dev, intent) -> None:
    row = held(intent=intent)
    answer = api("POST", f"escalations/{row.pk}/approve", bo, {})
    assert (answer.status_code, answer.json()["code"]) == (403, "step-up-required")
    assert str(row.pk) in answer.json()["console"]
    assert Escalation.objects.get(pk=row.pk).state == "waiting"


def test_the_owner_is_refused_over_the_api_as_everywhere(api, held, dev) -> None:
    row = held()
    answer = api("POST", f"escalations/{row.pk}/approve", dev, {})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-yours")


def test_a_second_token_of_the_owner_changes_nothing(api, held, dev) -> None:
    row = held()
    for _ in range(2):
        assert api("POST", f"escalations/{row.pk}/approve", dev, {}, ["decide"]).status_code == 403


@pytest.mark.parametrize("field", ["state", "by", "person", "id", "approved_by", "decided_by", "required"])
def test_unknown_fields_are_refused_by_name(api, held, bo, dev, field) -> None:
    row = held()
    answer = api("POST", f"escalations/{row.pk}/approve", bo, {"reason": "x", field: "approved"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == {field: ["Unknown field."]}
    assert Escalation.objects.get(pk=row.pk).state == "waiting"


@pytest.mark.parametrize("body", [[], "x", 1, None])
def test_a_body_that_is_no_object_is_refused(api, held, bo, body) -> None:
    row = held()
    answer = api("POST", f"escalations/{row.pk}/approve", bo, body if body is not None else "")
    assert answer.status_code == 400


def test_standing_scopes_are_refused_in_words(api, held, bo, dev) -> None:
    row = held()
    answer = api("POST", f"escalations/{row.pk}/approve", bo, {"scope": "minutes", "minutes": 5})
    assert (answer.status_code, answer.json()["code"]) == (422, "scope-not-offered")


def test_a_token_without_the_scope_reads_but_does_not_decide(api, held, bo, dev) -> None:
    row = held()
    assert api("GET", f"escalations/{row.pk}", bo, scopes=["read"]).status_code == 200
    answer = api("POST", f"escalations/{row.pk}/approve", bo, {}, scopes=["read"])
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope")
    assert answer.json()["needed"] == ["decide"]


def test_a_scope_ends_with_the_role_that_allowed_it(held, bo, dev) -> None:
    row = held()
    token = people.issue_api_token(person=bo, by=Machine.OPERATOR)
    bo.groups.clear()
    answer = Client().post(
        f"/api/v1/escalations/{row.pk}/approve",
        "{}",
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 403


def test_a_foreign_escalation_answers_as_one_that_does_not_exist(api, held, bo, dev, make_person) -> None:
    foreign = held(agent="other", person="zoe@example.com")
    outsider = make_person("ann@example.com", "developer")
    answers = [
        api("GET", f"escalations/{foreign.pk}", outsider),
        api("GET", f"escalations/{uuid.uuid4()}", outsider),
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert api("GET", "escalations", outsider).json() == {"results": [], "next": None}


def test_lists_are_filtered_by_state_and_paged_by_keyset(api, held, bo, dev) -> None:
    rows = [held() for _ in range(5)]
    approvals.deny(escalation_id=rows[0].pk, by=bo)
    first = api("GET", "escalations?state=waiting&limit=3", bo).json()
    assert len(first["results"]) == 3
    second = api("GET", first["next"], bo).json()
    assert second["next"] is None
    seen = [each["id"] for each in first["results"] + second["results"]]
    assert seen == [str(row.pk) for row in reversed(rows[1:])]
    assert api("GET", "escalations?state=denied", bo).json()["results"][0]["id"] == str(rows[0].pk)


@pytest.mark.parametrize(
    "query",
    ["state=nonsense", "limit=0", "limit=201", "limit=x", "after=zzz", "stat=waiting", "after=MjAyNi0wMS0wMX54"],
)
def test_a_query_that_cannot_be_used_is_refused(api, bo, query) -> None:
    assert api("GET", f"escalations?{query}", bo).status_code == 400


@pytest.mark.parametrize("listed", ["escalations", "calls", "switches"])
@pytest.mark.parametrize(
    "place",
    [
        "0001-01-01T00:00:00+05:00~{key}",
        "9999-12-31T23:59:59-05:00~{key}",
        "2026-01-01T00:00:00~{key}",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00+00:00~{key}~1",
        "2026-01-01T00:00:00+00:00~x",
        "2026-01-01T00:00:00+00:00~\0",
        "2026-01-01T00:00:00+00:00~\0~1",
        "2026-01-01T00:00:00+00:00~{key}~\0",
        "2026-13-01T00:00:00+00:00~{key}",
        "\ud83d",
    ],
)
def test_a_place_that_was_not_issued_here_is_refused(api, bo, listed, place) -> None:
    text = place.format(key={"escalations": uuid.uuid4(), "calls": "1~1", "switches": "1"}[listed])
    after = base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")
    answer = api("GET", f"{listed}?after={after}", bo)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "`after` comes from `next`" in answer.json()["detail"]


@pytest.mark.parametrize(("listed", "key"), [("calls", f"{10**18 - 1}~{10**18 - 1}"), ("switches", "9" * 18)])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"])
def test_the_first_and_the_last_place_of_all_can_be_asked_for(api, bo, listed, key, at) -> None:
    after = base64.urlsafe_b64encode(f"{at}~{key}".encode()).decode().rstrip("=")
    assert api("GET", f"{listed}?after={after}", bo).json()["results"] == []


def test_a_get_or_head_changes_nothing(api, held, bo, dev) -> None:
    row = held()
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert api(method, f"escalations/{row.pk}/approve", bo).status_code in (403, 405)
    assert Escalation.objects.get(pk=row.pk).state == "waiting"


def test_a_vault_without_the_key_is_said_and_decides_nothing(api, held, bo, dev, settings) -> None:
    row = held()
    settings.VAULT_KEYS = "other:" + "QUJD" * 10 + "QUI="
    answer = api("GET", f"escalations/{row.pk}", bo)
    assert (answer.status_code, answer.json()["code"]) == (503, "vault-locked")
