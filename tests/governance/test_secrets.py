"""Stored upstream credentials and derived keys."""

from __future__ import annotations

import base64
import json

import pytest

from governance import keys, secrets
from governance.models import Generation, LedgerEntry, Secret
from governance.rights import Machine, NotAllowed
from governance.vault.envelope import NotSealed, VaultLocked

pytestmark = pytest.mark.django_db
VALUE = "Bearer " + "s3cr3t" * 4


def ring(*ids: str) -> str:
    return ",".join(f"{each}:{base64.b64encode((each * 32)[:32].encode()).decode()}" for each in ids)


def test_a_secret_is_stored_sealed_recorded_without_its_value_and_comes_back() -> None:
    before = Generation.objects.get(part="registry").value
    secrets.store(name="tickets-auth", value=VALUE, by=Machine.OPERATOR)
    assert VALUE not in Secret.objects.get().sealed
    assert secrets.reveal("tickets-auth") == VALUE
    [entry] = LedgerEntry.objects.all()
    assert VALUE not in entry.text
    assert json.loads(entry.text)["change"] == {"what": "stored", "name": "tickets-auth"}
    assert Generation.objects.get(part="registry").value == before + 1


def test_storing_the_same_value_again_changes_nothing() -> None:
    secrets.store(name="a", value=VALUE, by=Machine.OPERATOR)
    secrets.store(name="a", value=VALUE, by=Machine.OPERATOR)
    assert LedgerEntry.objects.count() == 1
    secrets.store(name="a", value="other", by=Machine.OPERATOR)
    assert secrets.reveal("a") == "other"


def test_a_new_first_key_seals_again_and_the_old_one_still_opens(settings) -> None:
    settings.VAULT_KEYS = ring("old")
    secrets.store(name="a", value=VALUE, by=Machine.OPERATOR)
    settings.VAULT_KEYS = ring("new", "old")
    assert secrets.reveal("a") == VALUE
    secrets.store(name="a", value=VALUE, by=Machine.OPERATOR)
    assert Secret.objects.get().sealed.startswith("v1.new.")
    settings.VAULT_KEYS = ring("new")
    assert secrets.reveal("a") == VALUE
    settings.VAULT_KEYS = ring("old")
    with pytest.raises(VaultLocked, match="new"):
        secrets.reveal("a")


def test_a_row_renamed_in_the_database_does_not_open() -> None:
    secrets.store(name="a", value=VALUE, by=Machine.OPERATOR)
    Secret.objects.update(name="b")
    with pytest.raises(NotSealed):
        secrets.reveal("b")


def test_an_unknown_secret_says_how_to_store_it() -> None:
    with pytest.raises(secrets.UnknownSecret, match="manage.py apply"):
        secrets.reveal("missing")


def test_only_security_administrators_store_secrets(make_person) -> None:
    with pytest.raises(NotAllowed):
        secrets.store(name="a", value="x", by=make_person("bo@example.com", "approver"))
    secrets.store(name="a", value="x", by=make_person("sec@example.com", "security-admin"))


def test_a_derived_key_differs_by_purpose_and_by_secret_key(settings) -> None:
    first = keys.derive("one")
    assert len(first) == 32
    assert keys.derive("one") == first
    assert keys.derive("two") != first
    settings.SECRET_KEY = "another" * 10
    assert keys.derive("one") != first
