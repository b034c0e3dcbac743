"""Production refuses to start on a missing or weak setting, each by a named check."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "GATEHOUSE_MODE": "production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "VAULT_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    "ALLOWED_HOSTS": ["gatehouse.example.com"],
    "PUBLIC_URL": "https://gatehouse.example.com",
    "DEBUG": False,
}


@pytest.fixture(autouse=True)
def engine(monkeypatch) -> Callable[[str], None]:
    """Says which database the settings name; PostgreSQL unless a test says otherwise."""

    def name(engine: str) -> None:
        monkeypatch.setitem(django_settings.DATABASES["default"], "ENGINE", f"django.db.backends.{engine}")

    name("postgresql")
    return name


def found(settings, **changed: object) -> set[str]:
    for name, value in (GOOD | changed).items():
        setattr(settings, name, value)
    return {message.id for message in run_checks(tags=["security"]) if message.id.startswith("gateway.")}


def test_good_settings_pass(settings) -> None:
    assert found(settings) == set()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"SECRET_KEY": ""}, "gateway.E001"),
        ({"SECRET_KEY": "short"}, "gateway.E001"),
        ({"SECRET_KEY": "a" * 64}, "gateway.E001"),
        ({"SECRET_KEY": "django-insecure-" + secrets.token_urlsafe(64)}, "gateway.E001"),
        ({"VAULT_KEYS": ""}, "gateway.E002"),
        ({"VAULT_KEYS": "k1:short"}, "gateway.E002"),
        ({"VAULT_KEYS": "k1:" + base64.b64encode(bytes(32)).decode()}, "gateway.E002"),
        ({"ALLOWED_HOSTS": []}, "gateway.E003"),
        ({"ALLOWED_HOSTS": [""]}, "gateway.E003"),
        ({"ALLOWED_HOSTS": ["*"]}, "gateway.E003"),
        ({"ALLOWED_HOSTS": ["a.example.com", ".example.com"]}, "gateway.E003"),
        ({"DEBUG": True}, "gateway.E004"),
        ({"PUBLIC_URL": "http://gatehouse.example.com"}, "gateway.E005"),
        ({"PUBLIC_URL": "https://"}, "gateway.E005"),
        ({"PUBLIC_URL": "https://user@gatehouse.example.com"}, "gateway.E005"),
    ],
)
def test_each_weak_setting_is_named(settings, changed, code) -> None:
    assert found(settings, **changed) == {code}


def test_sqlite_in_production_is_a_warning(settings, engine) -> None:
    engine("sqlite3")
    assert found(settings) == {"gateway.W006"}


def test_demo_makes_its_own_keys_and_asks_for_none(settings) -> None:
    weak = {"SECRET_KEY": "x", "VAULT_KEYS": "", "PUBLIC_URL": "http://127.0.0.1:8000", "ALLOWED_HOSTS": ["*"]}
    assert found(settings, **weak, GATEHOUSE_MODE="demo", DEBUG=True) == set()


def test_a_broken_key_ring_is_named_in_demo_too(settings) -> None:
    assert found(settings, GATEHOUSE_MODE="demo", VAULT_KEYS="nonsense") == {"gateway.E002"}


def test_no_message_shows_a_key(settings) -> None:
    for name, value in (GOOD | {"SECRET_KEY": "visible-secret", "VAULT_KEYS": "k1:visible-key"}).items():
        setattr(settings, name, value)
    assert "visible" not in " ".join(str(message) for message in run_checks(tags=["security"]))


def test_production_without_any_setting_names_all_of_them_and_fails(tmp_path) -> None:
    bare = {"GATEHOUSE_MODE": "production", "GATEHOUSE_DATA": str(tmp_path), "PATH": os.environ["PATH"]}
    ran = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check"], env=bare, cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    for code in ("gateway.E001", "gateway.E002", "gateway.E005"):
        assert code in ran.stderr
    assert "Traceback" not in ran.stderr
