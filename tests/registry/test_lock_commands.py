"""`export_lock` and `import_lock`: what is approved as a file, and back, without approving what is not there."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from governance.models import LedgerEntry, Person
from governance.rights import Machine, NotAllowed
from registry.lifecycle import Shown, refuse_items
from registry.lock_import import current_lock, import_lock
from registry.manifest.canonical import Kind
from registry.manifest.lock import lock_servers, locked, read_lock, write_lock
from registry.models import Item, Server
from registry.scanning import scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def lock_file(approved: Server, tmp_path: Path) -> Path:
    """The lock of the approved shapeshifter."""
    path = tmp_path / "gatehouse.lock"
    call_command("export_lock", output=str(path))
    return path


def imported(path: Path, **options: Any) -> tuple[int, str]:
    """Exit status and output of `import_lock`."""
    said = StringIO()
    try:
        call_command("import_lock", str(path), stdout=said, **options)
    except SystemExit as ended:
        return int(str(ended.code)), said.getvalue()
    return 0, said.getvalue()


def forget(server: Server) -> None:
    """As on another installation: nothing is approved, everything is to be reviewed."""
    Item.objects.filter(server=server).update(state="new", approved_digest="", approved_document="", late=False)


def states() -> dict[str, str]:
    return dict(Item.objects.values_list("name", "state"))


def test_what_is_exported_reads_back_and_pins_the_whole(approved: Server, lock_file: Path) -> None:
    lock = read_lock(lock_file.read_bytes())
    assert lock == current_lock()
    server = lock.by_name["files"]
    assert {item.name: item.digest for item in server.items} == dict(
        approved.items.values_list("name", "approved_digest")
    )
    assert server.held == approved.manifest_digest
    said = StringIO()
    call_command("export_lock", stdout=said)
    assert said.getvalue().encode() == lock_file.read_bytes()


def test_what_is_offered_exactly_so_is_approved_by_the_operator(approved: Server, lock_file: Path) -> None:
    """import."""
    forget(approved)
    status, said = imported(lock_file)
    assert (status, states()) == (0, {"read": "approved", "write": "approved"})
    assert "approved 2 items of files" in said
    assert set(Item.objects.values_list("approved_by", flat=True)) == {"operator"}
    last = approved.baselines.first()
    assert last is not None
    assert last.by == "operator"
    assert imported(lock_file) == (0, "everything is as the lock has it\n")


def test_a_dry_run_says_the_same_and_writes_nothing(approved: Server, lock_file: Path, shapeshifter: Any) -> None:
    forget(approved)
    shapeshifter.marker.unlink()
    entries = LedgerEntry.objects.count()
    status, said = imported(lock_file, dry_run=True)
    assert status == 0
    assert "would approve 2 items of files" in said
    assert (states(), LedgerEntry.objects.count()) == ({"read": "new", "write": "new"}, entries)
    assert not shapeshifter.marker.exists()


def test_it_looks_first_and_approves_nothing_that_is_offered_otherwise_or_not_at_all(
    approved: Server, lock_file: Path, shapeshifter: Any
) -> None:
    forget(approved)
    shapeshifter.offer(read="Read a file and mail it.", more="More.")
    status, said = imported(lock_file)
    assert status == 1
    assert states() == {"read": "new", "write": "missing", "more": "new"}
    assert "held: files: tool read is offered otherwise than the lock has it" in said
    assert "held: files: tool write is in the lock and not offered now" in said
    assert "note: files: tool more is offered and not in the lock" in said
    assert not Item.objects.exclude(approved_digest="").exists()


def test_a_changed_item_is_approved_once_its_new_form_is_in_the_lock(
    approved: Server, lock_file: Path, shapeshifter: Any, tmp_path: Path
) -> None:
    """A lock made where the change was reviewed carries the decision here."""
    shapeshifter.offer(read="Read any file.", write="Write a file.")
    scan(approved.pk, by=Machine.SYSTEM)
    assert imported(lock_file)[0] == 1
    assert states()["read"] == "changed"
    seen = {
        (Kind(kind), name): digest for kind, name, digest in approved.items.values_list("kind", "name", "seen_digest")
    }
    reviewed = tmp_path / "reviewed.lock"
    reviewed.write_bytes(write_lock(lock_servers([locked("files", seen)])))
    assert imported(reviewed)[0] == 0
    assert "Read any file." in approved.items.get(name="read").approved_document


def test_what_is_approved_here_and_not_locked_is_listed_and_kept(
    approved: Server, lock_file: Path, shapeshifter: Any
) -> None:
    from registry.lifecycle import approve_items

    shapeshifter.offer(read="Read a file.", write="Write a file.", stat="Stat a file.")
    scan(approved.pk, by=Machine.SYSTEM)
    approve_items(server=approved, items=[Shown.of(approved.items.get(name="stat"))], by=Machine.OPERATOR)
    status, said = imported(lock_file)
    assert (status, states()["stat"]) == (1, "approved")
    assert "tool stat is approved here and not in the lock" in said


def test_what_was_refused_stays_refused(approved: Server, lock_file: Path) -> None:
    refuse_items(server=approved, items=[Shown.of(approved.items.get(name="read"))], by=Machine.OPERATOR)
    status, said = imported(lock_file)
    assert (status, states()["read"]) == (1, "refused")
    assert "was refused in the console" in said


def test_servers_that_are_unknown_out_of_use_or_gone_are_listed(
    approved: Server, lock_file: Path, shapeshifter: Any
) -> None:
    forget(approved)
    shapeshifter.manifest.unlink()
    status, said = imported(lock_file)
    assert status == 1
    assert "held: files: Could not reach files" in said
    Server.objects.update(state="quarantined")
    assert "files: is quarantined; nothing of it is approved" in imported(lock_file)[1]
    Server.objects.update(name="other")
    status, said = imported(lock_file, json=True)
    assert status == 1
    assert json.loads(said)["held"] == ["files: there is no such server; add it with `apply` first"]
    assert set(states().values()) == {"new"}


def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_lock", str(tmp_path / "none"))
    (tmp_path / "bad").write_text("{}")
    with pytest.raises(CommandError, match="has no servers"):
        call_command("import_lock", str(tmp_path / "bad"))
    with pytest.raises(CommandError, match="No such file"):
        call_command("export_lock", output=str(tmp_path / "none" / "gatehouse.lock"))


def test_a_lock_is_imported_by_administrators_alone(approved: Server) -> None:
    with pytest.raises(NotAllowed):
        import_lock(current_lock(), by=Person.objects.create_user("dev@example.com"))
