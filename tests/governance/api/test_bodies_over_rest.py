"""What no endpoint of the REST API takes as a body, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

from governance import people
from governance.api.bodies import MAX_BODY
from governance.models import Switch
from governance.rights import Machine

urlpatterns = [path("api/v1/", include("governance.api.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
NOBODY = "00000000-0000-4000-8000-000000000000"
ENDPOINTS = [
    f"escalations/{NOBODY}/approve",
    f"escalations/{NOBODY}/deny",
    "switches",
    "switches/1/release",
    "tokens/gha_x/revoke",
]


@pytest.fixture
def post(make_person: Any) -> Any:
    """Sends a body as it is, as a person who may do everything."""
    person = make_person("s@example.com", "security-admin", "approver", "developer")
    token = people.issue_api_token(person=person, scopes=None, by=Machine.OPERATOR)
    client = Client(raise_request_exception=False)

    def send(place: str, body: bytes | str) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        return client.generic("POST", f"/api/v1/{place}", body, "application/json", headers=headers)

    return send


@pytest.mark.parametrize("place", ENDPOINTS)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("[" * 5_000, id="nested without an end"),
        pytest.param("[" * 5_000 + "]" * 5_000, id="nested deeply"),
        pytest.param("[" * 65 + "]" * 65, id="nested deeper than a call may be"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param("{", id="not JSON"),
        pytest.param('{"reason": NaN}', id="no number"),
        pytest.param('{"reason": "a", "reason": "b"}', id="a member twice"),
        pytest.param('{"reason": "\\ud800"}', id="half a character"),
        pytest.param('{"reason": "\\u0000"}', id="a NUL"),
        pytest.param('{"scope": {"server": "a\\u0000"}, "reason": "x"}', id="a NUL in a name"),
        pytest.param('{"scope": {"a\\u0000": "a"}, "reason": "x"}', id="a NUL in a member"),
        pytest.param('{"suggest": [["\\u0000"]]}', id="a NUL far inside"),
    ],
)
def test_a_body_that_cannot_be_used_is_a_problem_and_no_fault(post: Any, place: str, body: bytes | str) -> None:
    got = post(place, body)
    assert (got.status_code, got["Content-Type"]) == (400, "application/problem+json")
    assert got.json()["code"] == "malformed" and got.json()["status"] == 400
    assert not Switch.objects.exists()


@pytest.mark.parametrize("place", ENDPOINTS)
def test_a_body_that_is_too_large_is_not_parsed(post: Any, place: str) -> None:
    got = post(place, b" " * (MAX_BODY + 1))
    assert (got.status_code, got.json()["code"]) == (413, "too-large")


def test_a_backslash_before_what_looks_like_a_nul_is_a_text(post: Any) -> None:
    got = post("switches", r'{"scope": {"everything": true}, "reason": "a\\u0000"}')
    assert (got.status_code, got.json()["reason"]) == (201, r"a\u0000")


def test_a_number_that_is_kept_exactly_is_still_no_text_and_no_count(post: Any) -> None:
    assert post("switches", '{"scope": {"everything": true}, "reason": 1.50}').json()["code"] == "invalid"
    assert post(ENDPOINTS[0], '{"minutes": 1.5}').json()["code"] == "invalid"


def test_a_token_whose_name_has_a_nul_does_not_exist(post: Any) -> None:
    assert post("tokens/gha_%00/revoke", "{}").status_code == 404
