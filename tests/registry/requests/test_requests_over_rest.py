"""`/api/v1/server-requests`: scopes, strict bodies, foreign requests, and the separation of duties over REST."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from governance import people, secrets
from governance.models import Person, PersonToken
from governance.rights import Machine
from registry.models import RequestVote, Server, ServerRequest
from registry.request_review import approve
from registry.request_thread import shown_digest
from registry.requests import create_draft, reach_digest

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
WHY = "The support agents answer customers with it every day."
GRAVE = {"read": "Read a file.", "delete_all": "Delete every file for good."}


@pytest.fixture
def api() -> Callable[..., Any]:
    """Calls the API as a person, with an API token of the given scopes (default: all their roles allow)."""

    def call(
        method: str, url: str, person: Person, body: Any = None, scopes: list[str] | None = None, token: str = ""
    ) -> Any:
        token = token or people.issue_api_token(person=person, scopes=scopes, by=Machine.OPERATOR)
        address = url if url.startswith("http") else f"/api/v1/server-requests{url}"
        data = "" if body is None else json.dumps(body)
        return Client().generic(method, address, data, "application/json", headers={"authorization": f"Bearer {token}"})

    return call


def problem(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


def test_a_request_goes_its_way_over_rest(
    api: Callable[..., Any], dev: Person, sec: Person, owner: Person, shapeshifter: Any
) -> None:
    """Draft, edit, submit, accept, scan, approve by two; nothing runs before it is accepted."""
    shapeshifter.offer(**GRAVE)
    made = api("POST", "", dev, {"name": "tickets", "transport": "stdio", "command": shapeshifter.command})
    assert made.status_code == 201, made.content
    key = f"/{made.json()['id']}"
    assert made.json()["state"] == "draft" and made.json()["requester"] == "dev@example.com"
    early = api("POST", f"{key}/scan", dev, {})
    assert early.json()["scan"]["state"] == "failed" and "has to accept" in early.json()["scan"]["cause"]
    assert problem(api("POST", f"{key}/submit", dev, {})) == (400, "invalid")
    assert api("PATCH", key, dev, {"justification": WHY, "env": ["TOKEN"]}).json()["env"] == {"TOKEN": False}
    assert api("POST", f"{key}/submit", dev, {}).json()["state"] == "submitted"
    shown = api("GET", key, sec).json()["reach"]
    assert shown["accepted"] is False and not shapeshifter.marker.exists()
    secrets.store(name="crm-token", value="s3cr3t-" + "5" * 8, by=Machine.OPERATOR)
    body = {"shown": shown["digest"], "secrets": {"TOKEN": "crm-token"}}
    accepted = api("POST", f"{key}/accept", sec, body).json()
    assert accepted["reach"]["accepted"] is True and accepted["env"] == {"TOKEN": True}
    scanned = api("POST", f"{key}/scan", sec, {}).json()
    assert (scanned["scan"]["state"], scanned["request"]["state"]) == ("done", "scanned")
    items = api("GET", f"{key}/items", dev).json()["results"]
    assert {item["name"]: item["intent"] for item in items} == {"read": "read", "delete_all": "destructive"}
    manifest = api("GET", f"{key}/manifest", dev).json()
    assert [tool["name"] for tool in manifest["document"]["tools"]] == ["read", "delete_all"]
    first = api("POST", f"{key}/approve", sec, {"shown": api("GET", key, sec).json()["shown"]})
    assert first.status_code == 202 and "the team payments" in first.json()["still_needed"]
    approve(request_id=ServerRequest.objects.get().pk, by=owner, shown=api("GET", key, sec).json()["shown"])
    done = api("GET", key, dev).json()
    assert (done["state"], done["server"], len(done["votes"])) == ("approved", "tickets", 2)
    assert [event["what"] for event in api("GET", f"{key}/events", dev).json()["results"]][0] == "approved"


def test_items_are_approved_with_conditions_over_rest(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], sec: Person
) -> None:
    request = seen()
    tool = {"kind": "tool", "name": "read"}
    body = {
        "shown": shown_digest(request),
        "items": [tool],
        "conditions": [tool | {"condition": {"verdict": "escalate"}}],
        "days": 14,
        "reason": "Fine.",
    }
    bad = body | {"conditions": [tool | {"condition": {"verdict": "perhaps"}}]}
    answer = api("POST", f"/{request.pk}/approve", sec, bad)
    assert problem(answer) == (400, "invalid") and "conditions" in answer.json()["errors"]
    assert api("POST", f"/{request.pk}/approve", sec, body).status_code == 200
    server = Server.objects.get()
    assert server.items.get(name="read").condition == {"verdict": "escalate"}
    assert server.items.get(name="list_files").state == "refused"


def test_a_fraction_in_a_condition_is_kept_as_it_was_written(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], sec: Person
) -> None:
    """Bodies are read with exact numbers, which neither a JSON column nor a ledger entry can hold."""
    request = seen()
    tool = {"kind": "tool", "name": "read"}
    condition = {"constraints": {"amount": {"max": 99.95}, "count": {"max": 3}}}
    body = {"shown": shown_digest(request), "conditions": [tool | {"condition": condition}]}
    answer = api("POST", f"/{request.pk}/approve", sec, body)
    assert answer.status_code == 200, answer.content
    assert Server.objects.get().items.get(name="read").condition == condition


def test_what_names_no_item_is_a_bad_request(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], sec: Person
) -> None:
    """A null in a list is no item, and no error of the gateway either."""
    request = seen()
    for field in ("items", "conditions"):
        for junk in ([None], [0], ["read"], [[]], [{}], {}, "read", 0, False):
            answer = api("POST", f"/{request.pk}/approve", sec, {"shown": shown_digest(request), field: junk})
            assert problem(answer) == (400, "invalid") and field in answer.json()["errors"]
    assert not RequestVote.objects.exists()


def test_the_requester_approves_nothing_with_any_of_their_tokens(
    api: Callable[..., Any], asked: Callable[..., ServerRequest], seen: Any, make_person: Callable[..., Person]
) -> None:
    """The acting person is the token's, whatever the body says, and a second token is the same person."""
    boss = make_person("boss@example.com", "security-admin", "server-owner", teams=("payments",))
    request = seen(by=boss)
    tokens = [people.issue_api_token(person=boss, by=Machine.OPERATOR) for _ in range(2)]
    assert PersonToken.objects.filter(person=boss).count() == 2
    for token in tokens:
        body = {"shown": shown_digest(request)}
        for _ in range(2):
            assert problem(api("POST", f"/{request.pk}/approve", boss, body, token=token)) == (403, "not-allowed")
        for extra in ({"by": "sec@example.com"}, {"person": "sec@example.com"}, {"requester": "x"}):
            assert problem(api("POST", f"/{request.pk}/approve", boss, body | extra, token=token)) == (400, "invalid")
        shown = {"shown": reach_digest(request)}
        assert problem(api("POST", f"/{request.pk}/accept", boss, shown, token=token)) == (403, "not-allowed")
        assert problem(api("POST", f"/{request.pk}/deny", boss, {"reason": "x"}, token=token)) == (403, "not-allowed")
    assert not RequestVote.objects.exists() and not Server.objects.exists()


def test_a_second_token_of_the_first_approver_is_not_the_second_person(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], sec: Person, shapeshifter: Any
) -> None:
    shapeshifter.offer(**GRAVE)
    request = seen()
    body = {"shown": shown_digest(request)}
    assert api("POST", f"/{request.pk}/approve", sec, body).status_code == 202
    assert problem(api("POST", f"/{request.pk}/approve", sec, body)) == (409, "already-voted")
    assert not Server.objects.exists()


def test_a_decided_request_answers_with_the_decision(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], sec: Person
) -> None:
    request = seen()
    assert problem(api("POST", f"/{request.pk}/deny", sec, {})) == (400, "invalid")
    assert api("POST", f"/{request.pk}/deny", sec, {"reason": "We have one."}).json()["state"] == "denied"
    answer = api("POST", f"/{request.pk}/approve", sec, {"shown": shown_digest(request)})
    assert problem(answer) == (409, "already-decided")
    decision = answer.json()["decision"]
    assert (decision["state"], decision["by"], decision["reason"]) == ("denied", "sec@example.com", "We have one.")


def test_what_changed_since_it_was_shown_is_a_conflict(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], sec: Person, shapeshifter: Any
) -> None:
    request = seen()
    shapeshifter.offer(read="Something else.", list_files="List files.")
    answer = api("POST", f"/{request.pk}/approve", sec, {"shown": shown_digest(request)})
    assert problem(answer) == (409, "changed-since-shown")
    assert problem(api("POST", f"/{request.pk}/accept", sec, {"shown": "sha256:x"})) == (409, "changed-since-shown")


FOREIGN = [
    ("GET", "", None),
    ("PATCH", "", {"name": "mine"}),
    ("GET", "/items", None),
    ("POST", "/items", {"wanted": []}),
    ("GET", "/findings", None),
    ("GET", "/manifest", None),
    ("GET", "/events", None),
    ("POST", "/events", {"text": "Hello."}),
    ("POST", "/submit", {}),
    ("POST", "/withdraw", {}),
    ("POST", "/scan", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), FOREIGN)
def test_the_requests_of_others_are_not_there(
    api: Callable[..., Any], dev: Person, make_person: Callable[..., Person], method: str, path: str, body: Any
) -> None:
    """Drafts above all: a colleague of the same team learns neither what is asked nor that something is."""
    draft = create_draft(by=dev, fields={"name": "secret-plan"})
    other = make_person("other@example.com", "developer", teams=("payments",))
    answer = api(method, f"/{draft.pk}{path}", other, body)
    assert problem(answer) == (404, "not-found") and "secret-plan" not in answer.content.decode()
    assert problem(api(method, f"/{uuid4()}{path}", other, body)) == (404, "not-found")
    assert api("GET", "", other).json()["results"] == []


MASS = ["state", "requester", "approvals", "accepted_reach", "accepted_by", "needed", "manifest_digest", "id", "round"]


@pytest.mark.parametrize("field", [*MASS, "server", "imported", "votes", "submitted_at", "cause", "provenance"])
def test_nothing_but_what_the_requester_writes_can_be_written(api: Callable[..., Any], dev: Person, field: str) -> None:
    draft = create_draft(by=dev)
    for method, url in (("POST", ""), ("PATCH", f"/{draft.pk}")):
        answer = api(method, url, dev, {field: "approved"})
        assert problem(answer) == (400, "invalid") and field in answer.json()["errors"]
    draft.refresh_from_db()
    assert (draft.state, ServerRequest.objects.count()) == ("draft", 1)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "Has Spaces"}, "name"),
        ({"name": None}, "name"),
        ({"name": "gatehouse"}, "name"),
        ({"transport": "carrier-pigeon"}, "transport"),
        ({"url": "ftp://files.example.com"}, "url"),
        ({"url": "https://u:p@tickets.example.com/mcp"}, "url"),
        ({"url": ["https://tickets.example.com"]}, "url"),
        ({"command": "rm -rf /"}, "command"),
        ({"command": [1, 2]}, "command"),
        ({"command": [""]}, "command"),
        ({"cwd": "../up"}, "cwd"),
        ({"env": {"TOKEN": "value"}}, "env"),
        ({"env": ["NOT A NAME"]}, "env"),
        ({"headers": {"X-Key": {"secret": "crm"}}}, "headers"),
        ({"headers": ["Host"]}, "headers"),
        ({"headers": ["X-Key", "x-key"]}, "headers"),
        ({"private_address": "yes"}, "private_address"),
        ({"sandbox": {"everything": True}}, "sandbox"),
        ({"tags": "support"}, "tags"),
        ({"environment": "moon"}, "environment"),
        ({"data_class": ""}, "data_class"),
        ({"team": "nobody"}, "team"),
        ({"agents": ["nobody"]}, "agents"),
        ({"days": 0}, "days"),
        ({"days": 1.5}, "days"),
        ({"days": "90"}, "days"),
        ({"justification": "x" * 4001}, "justification"),
    ],
)
def test_a_value_that_cannot_be_kept_is_named(
    api: Callable[..., Any], dev: Person, fields: dict[str, Any], field: str
) -> None:
    answer = api("POST", "", dev, fields)
    assert problem(answer) == (400, "invalid") and field in answer.json()["errors"], answer.content
    assert not ServerRequest.objects.exists()


def test_each_act_takes_its_scope(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], make_person: Any
) -> None:
    """A token reaches no further than its scopes, even of a person whose roles allow more."""
    everything = make_person("all@example.com", "security-admin", "developer", "approver")
    request = seen()
    key, shown = f"/{request.pk}", {"shown": shown_digest(request)}
    needs = {
        "request": [
            ("POST", "", {}),
            ("PATCH", key, {}),
            ("POST", f"{key}/submit", {}),
            ("POST", f"{key}/withdraw", {}),
        ],
        "administer": [
            ("POST", f"{key}/accept", shown),
            ("POST", f"{key}/approve", shown),
            ("POST", f"{key}/deny", {"reason": "x"}),
            ("POST", f"{key}/changes", {"reason": "x"}),
        ],
    }
    for scope, calls in needs.items():
        others = [other for other in ("read", "request", "decide", "stop", "administer") if other != scope]
        for method, url, body in calls:
            assert problem(api(method, url, everything, body, scopes=others)) == (403, "insufficient-scope")
    assert problem(api("POST", f"{key}/scan", everything, {}, scopes=["read"])) == (403, "insufficient-scope")
    assert problem(api("POST", f"{key}/scan", everything, {}, scopes=["read", "request"])) == (403, "not-allowed")
    assert api("GET", key, everything, scopes=["read"]).status_code == 200
    request.refresh_from_db()
    assert request.state == "scanned"


def test_a_policy_author_administers_policies_and_no_servers(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], make_person: Callable[..., Person]
) -> None:
    """`administer` reaches as far as the person's roles: an author of policies does not even read the request."""
    author = make_person("author@example.com", "policy-author")
    request = seen()
    answer = api("POST", f"/{request.pk}/approve", author, {"shown": shown_digest(request)})
    assert problem(answer) == (404, "not-found")
    both = make_person("both@example.com", "policy-author", "approver")
    answer = api("POST", f"/{request.pk}/approve", both, {"shown": shown_digest(request)})
    assert problem(answer) == (403, "not-allowed")


def test_a_draft_is_its_writers_alone(api: Callable[..., Any], dev: Person, sec: Person) -> None:
    """Not even an administrator reads what nobody has submitted."""
    made = create_draft(by=dev, fields={"name": "tickets"})
    assert api("GET", f"/{made.pk}", dev).status_code == 200
    assert problem(api("GET", f"/{made.pk}", sec)) == (404, "not-found")
    assert api("GET", "", sec).json()["results"] == []
    assert [each["id"] for each in api("GET", "", dev).json()["results"]] == [str(made.pk)]


def test_lists_are_pages_of_what_the_person_may_read(api: Callable[..., Any], dev: Person, sec: Person) -> None:
    for number in range(5):
        create_draft(by=dev, fields={"name": f"s{number}"})
    seen: list[str] = []
    url = "?limit=2&state=draft"
    while url:
        page = api("GET", url, dev).json()
        seen += [row["name"] for row in page["results"]]
        url = page["next"] or ""
    assert sorted(seen) == [f"s{number}" for number in range(5)] and len(seen) == 5
    assert len(api("GET", "?mine=true", sec).json()["results"]) == 0
    assert api("GET", "?waiting=true", sec).json()["results"] == []
    for wrong in ("?state=nowhere", "?limit=201", "?unknown=1", "?mine=yes", "?after=x"):
        assert problem(api("GET", wrong, dev)) == (400, "invalid")


def test_the_queue_over_rest_holds_what_the_person_can_decide(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], sec: Person, dev: Person
) -> None:
    request = seen()
    assert [row["id"] for row in api("GET", "?waiting=true", sec).json()["results"]] == [str(request.pk)]
    assert api("GET", f"/{request.pk}", sec).json()["you_may_not_decide"] is None
    assert "your own request" in api("GET", f"/{request.pk}", dev).json()["you_may_not_decide"]


def test_wanted_items_and_raised_intents_over_rest(
    api: Callable[..., Any], seen: Callable[..., ServerRequest], sec: Person, dev: Person
) -> None:
    request = seen()
    key = f"/{request.pk}"
    assert api("POST", f"{key}/changes", sec, {"reason": "Less, please."}).json()["state"] == "changes-requested"
    read, other = ({"kind": "tool", "name": name} for name in ("read", "list_files"))
    lower = {"wanted": [read], "raised": [other | {"intent": "unknown"}]}
    assert problem(api("POST", f"{key}/items", dev, lower)) == (400, "invalid")
    chosen = {"wanted": [read], "raised": [read | {"intent": "destructive"}]}
    assert api("POST", f"{key}/items", dev, chosen).json()["needed"] == 2
    assert {
        item["name"]: (item["wanted"], item["raised"]) for item in api("GET", f"{key}/items", dev).json()["results"]
    } == {
        "read": (True, "destructive"),
        "list_files": (False, None),
    }
    assert problem(api("POST", f"{key}/items", sec, chosen, scopes=["administer"])) == (403, "insufficient-scope")


def test_a_file_becomes_drafts_without_any_value_of_a_setting(api: Callable[..., Any], dev: Person) -> None:
    value = "s3cr3t-" + "6" * 10
    servers = {
        "tickets": {"url": "https://tickets.example.com/mcp", "headers": {"Authorization": f"Bearer {value}"}},
        "files": {"command": "npx", "args": ["-y", "@example/files", "/srv"], "env": {"TOKEN": value}},
    }
    body = {"text": json.dumps({"mcpServers": servers}), "filename": "claude_desktop_config.json"}
    answer = api("POST", "/import", dev, body)
    assert answer.status_code == 201, answer.content
    drafts = {row["name"]: row for row in answer.json()["results"]}
    assert drafts["tickets"]["headers"] == {"Authorization": False}
    assert (drafts["files"]["command"][0], drafts["files"]["env"]) == ("npx", {"TOKEN": False})
    assert drafts["files"]["imported"]["source"] and drafts["files"]["state"] == "draft"
    assert value not in json.dumps(list(ServerRequest.objects.values()), default=str)
    assert problem(api("POST", "/import", dev, {"text": "no servers here"})) == (400, "cannot-read")


def test_withdrawing_and_commenting_over_rest(
    api: Callable[..., Any], asked: Callable[..., ServerRequest], dev: Person, sec: Person
) -> None:
    request = asked()
    said = api("POST", f"/{request.pk}/events", sec, {"text": "Why?"})
    assert said.status_code == 201 and (said.json()["by"], said.json()["text"]) == ("sec@example.com", "Why?")
    assert problem(api("POST", f"/{request.pk}/events", dev, {"text": ""})) == (400, "invalid")
    assert api("POST", f"/{request.pk}/withdraw", dev, {}).json()["state"] == "withdrawn"
    assert problem(api("POST", f"/{request.pk}/withdraw", dev, {})) == (409, "already-decided")


def test_without_a_token_there_is_nothing() -> None:
    for method, url in (("GET", ""), ("POST", ""), ("POST", "/import"), ("GET", f"/{uuid4()}")):
        answer = Client().generic(method, f"/api/v1/server-requests{url}", "{}", "application/json")
        assert problem(answer) == (401, "not-authenticated")
