"""Sign-in, second factor, demo links: who gets in, and what looking at a page must not do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from governance import people
from governance.models import LedgerEntry, Person, SignInLink
from governance.views import attempts

LOGIN = "/admin/login/"
Everybody = dict[str, Person]


def _sign_in(client: Client, name: str, password: str | None = None, **extra: Any) -> Any:
    given = {"username": f"{name}@example.com", "password": password or f"correct horse {name}", **extra}
    return client.post(LOGIN, given)


def _code(key: str, *, step: int = 0) -> str:
    totp = TOTP(bytes.fromhex(key))
    totp.time = time.time() + 30 * step
    return f"{totp.token():06d}"


def _who(client: Client) -> str | None:
    pk = client.session.get("_auth_user_id")
    return Person.objects.get(pk=pk).email if pk else None


def test_a_wrong_person_and_a_wrong_password_read_the_same(everybody: Everybody) -> None:
    wrong_password = _sign_in(Client(), "developer", "not this one at all")
    wrong_person = _sign_in(Client(), "somebody-else", "not this one at all")
    inactive = _sign_in(Client(), "nobody", "x") if everybody["nobody"] else None
    errors = [
        re.search(r'id="form-error">([^<]*)<', page.content.decode())
        for page in (wrong_password, wrong_person, inactive)
    ]
    assert len({found[1] for found in errors if found}) == 1
    assert wrong_password.status_code == wrong_person.status_code


def test_somebody_who_decides_nothing_signs_in_with_a_password_and_it_is_recorded(everybody: Everybody) -> None:
    client = Client()
    response = _sign_in(client, "developer", next="/admin/calls/")
    assert (response.status_code, response["Location"]) == (302, "/admin/calls/")
    assert _who(client) == "developer@example.com"
    assert LedgerEntry.objects.filter(kind="change.sign_in").count() == 1


def test_the_address_to_go_on_to_stays_on_this_site(everybody: Everybody) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        assert _sign_in(Client(), "developer", next=elsewhere)["Location"] == "/admin/"


def test_an_approver_has_to_enrol_before_anything_else_and_sees_recovery_codes_once(everybody: Everybody) -> None:
    client = Client()
    assert _sign_in(client, "approver")["Location"] == "/admin/login/enrol/"
    assert _who(client) is None
    page = client.get("/admin/login/enrol/").content.decode()
    assert not TOTPDevice.objects.exists()
    assert 'src="data:image/svg+xml;base64,' in page and 'autocomplete="one-time-code"' in page
    key = client.session["sign_in"]["key"]
    assert client.post("/admin/login/enrol/", {"code": "000000"}).status_code == 200 and _who(client) is None
    done = client.post("/admin/login/enrol/", {"code": _code(key)})
    codes = re.findall(r"<li><code>([0-9a-f-]{14})</code>", done.content.decode())
    assert len(codes) == 10 and _who(client) == "approver@example.com"
    assert client.get("/admin/").status_code == 200
    assert key not in client.get("/admin/account/second-factor/").content.decode()


def test_an_authenticator_code_signs_in_once_and_a_recovery_code_too(everybody: Everybody) -> None:
    device = TOTPDevice.objects.create(user=everybody["approver"], name="a")
    static = StaticDevice.objects.create(user=everybody["approver"], name="r")
    static.token_set.create(token="aaaa-bbbb-cccc")
    client = Client()
    assert _sign_in(client, "approver")["Location"] == "/admin/login/code/"
    assert _who(client) is None and client.get("/admin/").status_code == 302
    used = _code(device.key)
    assert client.post("/admin/login/code/", {"code": f" {used[:3]} {used[3:]} "})["Location"] == "/admin/"
    assert _who(client) == "approver@example.com"
    again = Client()
    _sign_in(again, "approver")
    assert again.post("/admin/login/code/", {"code": used}).status_code == 200 and _who(again) is None
    assert again.post("/admin/login/code/", {"code": "AAAA-bbbb-cccc"})["Location"] == "/admin/"
    third = Client()
    _sign_in(third, "approver")
    assert third.post("/admin/login/code/", {"code": "aaaa-bbbb-cccc"}).status_code == 200 and _who(third) is None


def test_a_session_that_owes_a_second_factor_reaches_only_the_pages_that_settle_it(
    browse: Callable[..., Client], everybody: Everybody
) -> None:
    client = browse("admin", verified=False)
    for name in ("index", "inbox", "servers", "agents", "policy", "stops", "calls", "ledger"):
        response = client.get(reverse(f"admin:{name}"))
        assert (response.status_code, response["Location"]) == (302, "/admin/account/second-factor/"), name
    assert client.get("/admin/governance/person/")["Location"] == "/admin/account/second-factor/"
    assert client.post("/admin/stops/set/", {})["Location"] == "/admin/account/second-factor/"
    assert client.get("/admin/account/second-factor/").status_code == 200
    assert browse("developer", verified=False).get("/admin/").status_code == 200


def test_the_second_factor_is_waived_only_in_demo_mode_on_this_machine(everybody: Everybody, settings: Any) -> None:
    settings.GATEHOUSE_MODE = "demo"
    here = Client(REMOTE_ADDR="127.0.0.1")
    _sign_in(here, "approver")
    assert _who(here) == "approver@example.com" and here.get("/admin/inbox/").status_code == 200
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert _sign_in(elsewhere, "approver")["Location"] == "/admin/login/enrol/"
    settings.GATEHOUSE_MODE = "production"
    assert here.get("/admin/inbox/")["Location"] == "/admin/account/second-factor/"


def test_a_pending_sign_in_ends_after_five_minutes(everybody: Everybody) -> None:
    TOTPDevice.objects.create(user=everybody["approver"], name="a")
    client = Client()
    _sign_in(client, "approver")
    session = client.session
    session["sign_in"] = {**session["sign_in"], "until": time.time() - 1}
    session.save()
    assert client.get("/admin/login/code/")["Location"] == LOGIN


def test_guessing_is_stopped_for_known_and_unknown_names_alike(everybody: Everybody) -> None:
    for name in ("developer", "unheard-of"):
        for _ in range(attempts.ALLOWED):
            _sign_in(Client(), name, "wrong wrong wrong")
        locked = _sign_in(Client(), name)
        assert b"Too many attempts" in locked.content
    assert _who(Client()) is None
    assert _sign_in(Client(), "nobody").status_code == 302


def test_signing_in_gives_a_new_session_key(everybody: Everybody) -> None:
    client = Client()
    client.get(LOGIN)
    session = client.session
    session["planted"] = "1"
    session.save()
    planted = session.session_key
    _sign_in(client, "developer")
    assert client.session.session_key != planted


def test_looking_at_a_link_does_not_use_it_and_pressing_the_button_does_once(everybody: Everybody) -> None:
    address = people.issue_link(everybody["developer"])
    for method in ("get", "head", "get"):
        assert getattr(Client(), method)(address).status_code == 200
    assert SignInLink.objects.get().used_at is None
    assert b"<form" in Client().get(address).content
    client = Client()
    assert client.post(address)["Location"] == "/admin/"
    assert _who(client) == "developer@example.com"
    second = Client()
    assert second.post(address).status_code == 403 and _who(second) is None


def test_a_link_needs_its_form_token(everybody: Everybody) -> None:
    address = people.issue_link(everybody["developer"])
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403
    assert SignInLink.objects.get().used_at is None


def test_a_link_replaces_whoever_was_signed_in(everybody: Everybody, browse: Callable[..., Client]) -> None:
    client = browse("auditor")
    client.post(people.issue_link(everybody["developer"]))
    assert _who(client) == "developer@example.com"


def test_signing_out_takes_a_post(browse: Callable[..., Client]) -> None:
    client = browse("developer")
    assert client.get("/admin/logout/").status_code == 405 and _who(client)
    client.post("/admin/logout/")
    assert _who(client) is None


def test_an_authenticator_is_replaced_only_after_the_old_one_was_shown(
    browse: Callable[..., Client], everybody: Everybody
) -> None:
    client = browse("approver")
    assert client.post("/admin/account/second-factor/begin/")["Location"].startswith("/admin/account/confirm/")
    assert client.post("/admin/account/second-factor/codes/")["Location"].startswith("/admin/account/confirm/")
    device = TOTPDevice.objects.get()
    assert client.post("/admin/account/confirm/check/", {"code": "000000"}).status_code == 200
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    confirmed = client.post("/admin/account/confirm/check/", {"code": _code(device.key), "next": "/admin/inbox/"})
    assert confirmed["Location"] == "/admin/inbox/"
    assert client.post("/admin/account/second-factor/begin/")["Location"] == "/admin/account/second-factor/"
    key = client.session["new_second_factor"]
    client.post("/admin/account/second-factor/finish/", {"code": _code(key)})
    assert TOTPDevice.objects.get().key == key


def test_a_password_is_changed_with_the_old_one_and_other_sessions_end(browse: Callable[..., Client]) -> None:
    client, other = browse("developer"), browse("developer")
    new = "a much longer sentence"
    wrong = client.post("/admin/account/password/set/", {"old": "nope", "new": new, "again": new})
    assert wrong.status_code == 400
    short = client.post("/admin/account/password/set/", {"old": "correct horse developer", "new": "x", "again": "x"})
    assert short.status_code == 400
    given = {"old": "correct horse developer", "new": new, "again": new}
    assert client.post("/admin/account/password/set/", given).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302


def test_the_theme_is_kept_without_script(browse: Callable[..., Client]) -> None:
    client = browse("developer")
    response = client.post("/admin/account/preferences/", {"theme": "dark", "keys": "off", "next": "/admin/calls/"})
    assert response["Location"] == "/admin/calls/"
    page = client.get("/admin/").content.decode()
    assert 'data-theme="dark"' in page and "data-shortcuts" not in page
    client.post("/admin/account/preferences/", {"theme": '"><script>'})
    assert 'data-theme="dark"' in client.get("/admin/").content.decode()


@pytest.mark.parametrize("field", ["username", "password"])
def test_sign_in_fields_allow_password_managers(field: str, db: None) -> None:
    page = unescape(Client().get(LOGIN).content.decode())
    wanted = {"username": "username", "password": "current-password"}[field]
    assert re.search(rf'<input[^>]*name="{field}"[^>]*autocomplete="{wanted}"[^>]*id="id_{field}"', page)
