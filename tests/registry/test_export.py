"""What is exported is the file that would make this installation: read back it is equal, applied it changes nothing."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from governance.models import LedgerEntry
from governance.rights import Machine
from governance.secrets import store
from registry.apply import known_names
from registry.configuration.parse import parse_config
from registry.configuration.values import Approve
from registry.export import current_configuration

pytestmark = pytest.mark.django_db


@pytest.fixture
def applied(tmp_path: Path, shapeshifter: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(settings.PROCESS_ENVIRONMENT, "KEY", "hunter" + "-two")
    server = {"name": "files", "transport": "stdio", "command": shapeshifter.command, "approve": "all"}
    server |= {
        "env": {"A": {"secret": "files-key"}, "N": "1e3"},
        "tags": ["on", "0o17"],
        "client_requests": {"roots": "deny"},
        "sandbox": {"network": False},
        "description": "Files of the team",
        "environment": "staging",
        "owner": "sec@example.com",
        "conditions": {"tools": {"read": {"verdict": "escalate", "constraints": {"path": {"under": ["/srv"]}}}}},
    }
    whole = {
        "version": 1,
        "teams": [{"name": "platform"}],
        "people": [{"email": "sec@example.com", "roles": ["security-admin"], "teams": ["platform"], "api_token": True}],
        "servers": [server],
        "roles": [{"name": "developer", "tools": ["files/*"], "servers": ["files"]}],
        "agents": [{"name": "bot", "team": "platform", "roles": ["developer"], "rate": {"calls": 5, "per": "90s"}}],
        "secrets": {"files-key": {"env": "KEY"}},
        "policy": {"version": "1", "default": "deny", "rules": [{"tool": "read", "action": "allow"}]},
    }
    path = tmp_path / "gatehouse.yaml"
    path.write_text(json.dumps(whole))
    call_command("apply", str(path), credentials_out=str(tmp_path / "c.json"), stdout=StringIO())
    return path


def exported() -> str:
    out = StringIO()
    call_command("export_config", stdout=out)
    return out.getvalue()


def test_what_is_exported_reads_back_equal(applied: Path) -> None:
    again = parse_config(exported(), source="exported", read_file=lambda name: "", known=known_names())
    before = current_configuration()
    assert (again.teams, again.people, again.servers, again.roles, again.agents, again.secrets) == (
        before.teams,
        before.people,
        before.servers,
        before.roles,
        before.agents,
        before.secrets,
    )
    assert again.policy is not None
    assert before.policy is not None
    assert again.policy.text.rstrip() == before.policy.text.rstrip()


def test_an_exported_file_applied_again_changes_nothing(
    applied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.PROCESS_ENVIRONMENT, "SECRET_FILES_KEY", "hunter" + "-two")
    path = tmp_path / "exported.yaml"
    path.write_text(exported())
    entries, out = LedgerEntry.objects.count(), StringIO()
    call_command("apply", str(path), stdout=out)
    assert out.getvalue().splitlines() == ["nothing changed"]
    assert LedgerEntry.objects.count() == entries


def test_no_value_of_a_secret_is_exported(applied: Path) -> None:
    store(name="other", value="swordfish" + "-nine", by=Machine.OPERATOR)
    text = exported()
    assert "hunter-two" not in text
    assert "swordfish-nine" not in text
    assert "SECRET_FILES_KEY" in text


def test_a_server_approved_in_part_is_exported_with_the_names(applied: Path) -> None:
    from registry.models import Item

    assert current_configuration().servers[0].approval.which is Approve.PINNED
    Item.objects.filter(name="write").update(state="refused")
    assert current_configuration().servers[0].approval.items == ("read",)
