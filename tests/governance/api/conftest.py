"""Calling the REST API as a person, with a token of its own for each call."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from governance import approvals, people
from governance.models import Agent, Escalation, Person
from governance.rights import Machine


@pytest.fixture(autouse=True)
def static_folder(settings: Any, tmp_path: Path) -> None:
    """The folder of static files exists, as it does in every installation."""
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def api() -> Callable[..., Any]:
    """Calls the API as a person, with an API token of the given scopes (default: all their roles allow)."""

    def call(method: str, url: str, person: Person, body: Any = None, scopes: list[str] | None = None) -> Any:
        token = people.issue_api_token(person=person, scopes=scopes, by=Machine.OPERATOR)
        url = url if url.startswith("http") else f"/api/v1/{url}"
        data = "" if body is None else json.dumps(body)
        return Client().generic(method, url, data, "application/json", headers={"authorization": f"Bearer {token}"})

    return call


@pytest.fixture
def held(make_opening: Callable[..., Any]) -> Callable[..., Escalation]:
    """Opens an escalation as the gateway does, with ten minutes left."""

    def hold(**changed: Any) -> Escalation:
        now = timezone.now()
        opening = make_opening(**({"deadline": now + timedelta(minutes=10)} | changed))
        with transaction.atomic():
            return approvals.open_escalation(opening, now=now)

    return hold


@pytest.fixture
def bo(make_person: Callable[..., Person]) -> Person:
    """An approver who owns no agent."""
    return make_person("bo@example.com", "approver")


@pytest.fixture
def dev(make_person: Callable[..., Person], make_agent: Callable[..., Agent]) -> Person:
    """The owner of dev-claude, an approver as well."""
    dev = make_person("dev@example.com", "developer", "approver")
    make_agent("dev-claude", dev)
    return dev
