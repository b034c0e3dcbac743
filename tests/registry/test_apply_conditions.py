"""Conditions in the file of `apply`: exactly they stand afterwards, and a file that says nothing changes none."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from governance.models import LedgerEntry
from registry.models import Item

pytestmark = pytest.mark.django_db
Apply = Callable[..., str]


@pytest.fixture
def applied(shapeshifter: Any, tmp_path: Path) -> Apply:
    """Applies one server with these further keys; answers what was printed."""

    def apply(**keys: Any) -> str:
        server = {"name": "files", "transport": "stdio", "command": shapeshifter.command, "approve": "all", **keys}
        path, out = tmp_path / "gatehouse.yaml", StringIO()
        path.write_text(json.dumps({"version": 1, "servers": [server]}))
        call_command("apply", str(path), stdout=out)
        return out.getvalue()

    return apply


def conditions() -> dict[str, Any]:
    return dict(Item.objects.exclude(condition={}).values_list("name", "condition"))


def test_a_condition_of_the_file_stands_and_is_lifted_by_the_file(applied: Apply) -> None:
    demand = {"tools": {"read": {"verdict": "escalate"}}}
    assert "condition of tool read set" in applied(conditions=demand)
    assert conditions() == {"read": {"verdict": "escalate"}}
    assert "nothing changed" in applied(conditions=demand)
    assert "nothing changed" in applied()
    assert conditions() == {"read": {"verdict": "escalate"}}, "a file that says nothing of conditions lifts none"
    assert "condition of tool read lifted" in applied(conditions={})
    assert conditions() == {}
    recorded = [json.loads(entry.text) for entry in LedgerEntry.objects.filter(kind="change.manifest")]
    assert [entry["change"]["what"] for entry in recorded].count("condition") == 2


def test_a_condition_on_what_is_not_there_fails_the_run(applied: Apply) -> None:
    with pytest.raises(SystemExit) as ended:
        applied(conditions={"tools": {"reed": {"verdict": "deny"}}})
    assert ended.value.code == 1
    assert conditions() == {}
