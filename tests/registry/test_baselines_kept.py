"""Baselines: every decision keeps what is approved after it, any of them comes back, and no scan ever moves one."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from governance.canonical.strict_json import parse
from governance.models import Generation, LedgerEntry, Person
from governance.rights import Machine, NotAllowed
from registry.baselines import items_of, roll_back
from registry.lifecycle import NotPossible, Shown, approve_items, quarantine, refuse_items, suspend
from registry.models import Baseline, Item, Server
from registry.scanning import record, scan
from tests.registry.manifest.documents import manifest, real_documents

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> Person:
    person = Person.objects.create_user("sec@example.com")
    person.groups.set(Group.objects.filter(name="security-admin"))
    return person


def offer(server: Server, shapeshifter: Any, **tools: str) -> None:
    shapeshifter.offer(**tools)
    scan(server.pk, by=Machine.SYSTEM)


def shown(server: Server, *names: str) -> list[Shown]:
    return [Shown.of(item) for item in server.items.filter(name__in=names)]


def states(server: Server) -> dict[str, str]:
    return dict(server.items.values_list("name", "state"))


def test_every_decision_keeps_what_is_approved_after_it(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    """versions for ever."""
    offer(approved, shapeshifter, read="Read any file.", write="Write a file.")
    approve_items(server=approved, items=shown(approved, "read"), by=administrator, reason="wider, and fine")
    refuse_items(server=approved, items=shown(approved, "write"), by=administrator, reason="not needed")
    kept = list(Baseline.objects.filter(server=approved).order_by("number"))
    assert [(row.number, row.what, row.by, row.reason) for row in kept] == [
        (1, "approved", "operator", ""),
        (2, "approved", "sec@example.com", "wider, and fine"),
        (3, "refused", "sec@example.com", "not needed"),
    ]
    assert [sorted(name for _, name in items_of(row)) for row in kept] == [
        ["read", "write"],
        ["read", "write"],
        ["read"],
    ]
    item = approved.items.get(name="read")
    assert items_of(kept[2])["tool", "read"] == (item.approved_digest, item.approved_document)
    assert len({row.digest for row in kept}) == 3


def test_the_text_of_a_baseline_is_canonical(approved: Server) -> None:
    text = approved.baselines.get().document
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_refusing_what_was_never_approved_moves_no_baseline(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    offer(approved, shapeshifter, read="Read a file.", write="Write a file.", delete="Delete a file.")
    refuse_items(server=approved, items=shown(approved, "delete"), by=administrator)
    assert approved.baselines.count() == 1


def test_the_approved_form_of_what_is_held_belongs_to_the_baseline(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    offer(approved, shapeshifter, read="Something else.", write="Write a file.", stat="Stat a file.")
    approve_items(server=approved, items=shown(approved, "stat"), by=administrator)
    last = approved.baselines.first()
    assert last is not None
    assert "Read a file." in items_of(last)["tool", "read"][1]


def test_a_rollback_brings_an_earlier_baseline_back(approved: Server, shapeshifter: Any, administrator: Person) -> None:
    """Identical to what is seen: approved; offered otherwise: held as changed; not in it: held as new."""
    offer(approved, shapeshifter, read="Read any file.", write="Write a file.", stat="Stat a file.")
    approve_items(server=approved, items=shown(approved, "read", "stat"), by=administrator)
    before = Generation.objects.get(part="registry").value
    made = roll_back(server=approved, number=1, by=administrator, reason="the new read is too wide")
    approved.refresh_from_db()
    assert states(approved) == {"read": "changed", "write": "approved", "stat": "new"}
    assert "Read a file." in approved.items.get(name="read").approved_document
    assert approved.items.get(name="stat").approved_digest == ""
    assert (made.number, made.what, made.by) == (3, "rolled back", "sec@example.com")
    assert made.digest == approved.baselines.get(number=1).digest
    assert approved.state == "sync-required"
    assert Generation.objects.get(part="registry").value > before
    entry = LedgerEntry.objects.order_by("seq").last()
    assert entry is not None
    change = json.loads(entry.text)["change"]
    assert (change["what"], change["after"]["baseline"]) == ("rolled back", 1)
    assert change["reason"] == "the new read is too wide"
    offer(approved, shapeshifter, read="Read a file.", write="Write a file.")
    assert states(approved) == {"read": "approved", "write": "approved", "stat": "missing"}


def test_a_rollback_brings_back_what_was_refused_since(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    refuse_items(server=approved, items=shown(approved, "write"), by=administrator)
    roll_back(server=approved, number=1, by=administrator, reason="it is needed")
    assert states(approved) == {"read": "approved", "write": "approved"}


def test_what_is_gone_from_the_server_is_missing_after_a_rollback(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    offer(approved, shapeshifter, read="Read a file.")
    refuse_items(server=approved, items=shown(approved, "write"), by=administrator)
    roll_back(server=approved, number=1, by=administrator, reason="back")
    assert states(approved) == {"read": "approved", "write": "missing"}


def test_a_rollback_is_refused_to_nowhere_out_of_use_and_to_others(approved: Server, administrator: Person) -> None:
    developer = Person.objects.create_user("dev@example.com")
    developer.groups.set(Group.objects.filter(name__in=["developer", "server-owner", "approver"]))
    with pytest.raises(NotAllowed):
        roll_back(server=approved, number=1, by=developer, reason="mine")
    with pytest.raises(NotPossible, match="no baseline 7"):
        roll_back(server=approved, number=7, by=administrator, reason="x")
    for act in (suspend, quarantine):
        act(server=approved, by=administrator, reason="odd")
        with pytest.raises(NotPossible, match="put it back into use"):
            roll_back(server=approved, number=1, by=administrator, reason="x")
    assert approved.baselines.count() == 1


def test_no_sequence_of_scans_moves_any_baseline(make_server: Any) -> None:
    """The baseline moves only by a human decision: random mutations of real manifests, seen in random order."""
    chance = random.Random(20_261_120)
    real = [member for document in real_documents().values() for member in document["tools"]][:10]
    server = make_server("real", url="http://real.example/mcp")
    see(server, real)
    approve_items(server=server, items=[Shown.of(item) for item in server.items.all()], by=Machine.OPERATOR)
    before = dict(server.items.values_list("name", "approved_digest"))
    documents = dict(server.items.values_list("name", "approved_document"))
    offered = list(real)
    for _ in range(150):
        offered = mutated(chance, offered, real)
        see(server, offered)
        for item in server.items.all():
            assert item.approved_digest == before.get(item.name, ""), item.name
            assert item.approved_document == documents.get(item.name, "")
            if item.state == "approved":
                assert item.seen_digest == item.approved_digest
    assert server.baselines.count() == 1
    assert Item.objects.filter(server=server, state="changed").exists()


def see(server: Server, tools: list[Any]) -> None:
    offered = manifest({"tools": tools})
    record(server, offered, by=Machine.SYSTEM, started=timezone.now())


def mutated(chance: random.Random, offered: list[Any], real: list[Any]) -> list[Any]:
    """What a server might offer next: something changed, gone, new, or back as it was."""
    tools = [parse(json.dumps(tool).encode()) for tool in offered]
    act = chance.choice(["word", "gone", "new", "back", "all", "order"])
    if act == "word" and tools:
        chosen = chance.choice(tools)
        chosen["description"] = f"{chosen.get('description', '')} {chance.randrange(9)}"
    elif act == "gone" and tools:
        tools.remove(chance.choice(tools))
    elif act == "new":
        tools.append({"name": f"late_{chance.randrange(10**9)}", "inputSchema": {"type": "object"}})
    elif act == "back":
        wanted = chance.choice(real)
        tools = [tool for tool in tools if tool["name"] != wanted["name"]] + [wanted]
    elif act == "all":
        tools = list(real)
    else:
        chance.shuffle(tools)
    return tools
