"""The servers of a snapshot: nothing is kept that differs, nothing is read twice that does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.snapshot import servers
from gateway.snapshot.model import ServerRecord
from gateway.snapshot.servers import BOOKKEEPING, MARK, UNMARKED, ServerReader
from governance.policy.values import Intent, Kind
from registry.models import Item, Server
from tests.databases import Databases
from tests.proof import snapshot
from tests.proof.many_tools import make_server, members
from tests.proof.run import PROGRAMS

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TOOLS = 5_000
SLACK = 3


@pytest.fixture
def reader(db: None) -> ServerReader:
    """A reader that has read two servers with a few tools, a prompt, a template and instructions."""
    for name in ("files", "tickets"):
        server = make_server(name, members(6))
        for kind, item, document in (
            ("prompt", "ask", {"name": "ask", "arguments": [{"name": "about"}]}),
            ("template", "file:///{name}", {"uriTemplate": "file:///{name}", "name": "any"}),
            ("instructions", "instructions", {"instructions": "Be quick."}),
        ):
            text = json.dumps(document)
            kept = {"approved_document": text, "seen_document": text, "approved_digest": "sha256:1"}
            Item.objects.create(server=server, kind=kind, name=item, state="approved", **kept)
    reader = ServerReader()
    reader.read(NOW)
    return reader


def told(records: Mapping[str, ServerRecord]) -> Any:
    """Records to compare, in the order of their lists: a template is told by whether there is one."""
    return [
        (replace(record, items={}), [(key, replace(item, template=None), item.template is None) for key, item in items])
        for record in records.values()
        for items in [record.items.items()]
    ]


def tool(number: int = 2) -> Any:
    """The row of one tool, as a query."""
    return Item.objects.filter(server__name="files", kind="tool", position=number)


def define(document: Any, digest: str = "sha256:other") -> None:
    """Approve another definition of that tool."""
    tool().update(approved_document=json.dumps(document), approved_digest=digest)


CHANGES: dict[str, Callable[[], Any]] = {
    "an item is held": lambda: tool().update(state="changed"),
    "an item is gone": lambda: tool().delete(),
    "another definition is approved": lambda: define({"name": "t", "inputSchema": {"type": "object", "title": "T"}}),
    "an intent is another": lambda: tool().update(intent="destructive"),
    "an item stands elsewhere": lambda: tool(0).update(position=99),
    "an item has another name": lambda: tool().update(name="renamed"),
    "the instructions are others": lambda: Item.objects.filter(server__name="files", kind="instructions").update(
        approved_document='{"instructions": "Be slow."}', approved_digest="sha256:2"
    ),
    "the instructions are held": lambda: Item.objects.filter(server__name="files", kind="instructions").update(
        state="changed"
    ),
    "the server is of a category": lambda: Server.objects.filter(name="files").update(category=["storage"]),
    "the server has a folder": lambda: Server.objects.filter(name="files").update(cwd="/srv"),
    "the server has another name": lambda: Server.objects.filter(name="files").update(name="papers"),
    "the server is elsewhere": lambda: Server.objects.filter(name="files").update(url="http://other.example/mcp"),
    "the server can do more": lambda: Server.objects.filter(name="files").update(capabilities={"logging": {}}),
    "the server may ask": lambda: Server.objects.filter(name="files").update(client_requests={"sampling": "allow"}),
    "the server takes longer": lambda: Server.objects.filter(name="files").update(deadline_seconds=7),
    "the server is suspended": lambda: Server.objects.filter(name="files").update(state="suspended"),
    "its approval has run out": lambda: Server.objects.filter(name="files").update(approved_until=NOW),
    "the server is quarantined": lambda: Server.objects.filter(name="files").update(state="quarantined"),
    "the server is gone": lambda: Server.objects.filter(name="files").delete(),
    "a server is new": lambda: make_server("more", members(2)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_kept_reading_is_what_is_read_anew(reader: ServerReader, change: Callable[[], Any]) -> None:
    """After each change of each kind, and after a second one, in the order of the lists too."""
    before = told(reader.read(NOW))
    change()
    for again in (lambda: None, lambda: tool(1).update(state="refused")):
        again()
        assert told(reader.read(NOW)) == told(ServerReader().read(NOW)) != before


def test_a_server_is_read_again_from_the_moment_that_its_approval_runs_out(reader: ServerReader) -> None:
    """No job has to run for it, and no generation has to move."""
    assert not reader.outlived(NOW)
    Server.objects.filter(name="files").update(approved_until=NOW + timedelta(seconds=1))
    assert set(reader.read(NOW)) == {"files", "tickets"}
    assert not reader.outlived(NOW + timedelta(seconds=0.9))
    assert reader.outlived(NOW + timedelta(seconds=1))
    assert set(reader.read(NOW + timedelta(seconds=1))) == {"tickets"}
    assert not reader.outlived(NOW + timedelta(days=1))


def test_an_item_that_takes_the_place_of_another_in_its_row_is_read(reader: ServerReader) -> None:
    """A row number that the database gives again stands for what is in it now."""
    row = tool().get()
    tool().delete()
    tool(3).update(position=2)
    document = json.dumps({"name": "later", "inputSchema": {}})
    kept = {"approved_digest": row.approved_digest, "approved_document": document, "intent": row.intent}
    Item.objects.create(pk=row.pk, server=row.server, kind="tool", name="later", state="approved", position=2, **kept)
    assert told(reader.read(NOW)) == told(ServerReader().read(NOW))
    assert (Kind.TOOL, "later") in reader.read(NOW)["files"].items


def test_what_does_not_differ_stays_the_same_object_and_is_not_read(reader: ServerReader) -> None:
    """Other servers keep their records; a look that finds nothing keeps all and reads no definition."""
    before = reader.read(NOW)
    Server.objects.update(scanned_at="2026-11-20T12:00:00Z", failures=3, state_reason="slow")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert reader.read(NOW) is before
    assert not any("approved_document" in query["sql"] for query in asked.captured_queries)
    tool().update(intent="destructive")
    after = reader.read(NOW)
    assert after["tickets"] is before["tickets"]
    kept = [key for key, item in after["files"].items.items() if item is before["files"].items.get(key)]
    assert len(kept) == len(before["files"].items) - 1


def test_an_item_is_read_with_as_many_questions_as_a_hundred(db: None) -> None:
    """No question per item, however many there are."""
    make_server("files", members(100))
    with CaptureQueriesContext(connection) as asked:
        (record,) = ServerReader().read(NOW).values()
    assert len(record.items) == 100
    assert len(asked.captured_queries) == 4, [query["sql"] for query in asked.captured_queries]


def test_a_change_between_the_questions_is_taken_whole_and_found_when_it_is_taken_back(
    reader: ServerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A definition never stands under the digest of another; what the first question told of may be gone again."""
    first = {"name": "t", "description": "first", "inputSchema": {}}
    define(first, "sha256:first")
    seals = servers._seals

    def and_then() -> dict[int, str]:
        found = seals()
        define({**first, "description": "second"}, "sha256:second")
        return found

    monkeypatch.setattr(servers, "_seals", and_then)
    item = item_of(reader.read(NOW)["files"])
    assert (item.digest, json.loads(item.wire)["description"]) == ("sha256:second", "second")
    monkeypatch.undo()
    define(first, "sha256:first")
    assert item_of(reader.read(NOW)["files"]).digest == "sha256:first"
    assert told(reader.read(NOW)) == told(ServerReader().read(NOW))


@pytest.mark.parametrize("name", ["a,b;c", "ü☃\U0001f600", "'\"\\", "1,tool,sha256:1", "x" * 2000])
def test_whatever_an_item_is_called_it_is_told_apart_and_not_read_twice(reader: ServerReader, name: str) -> None:
    """Names of prompts and templates are a server's own words."""
    tool().update(name=name, kind="prompt")
    before = reader.read(NOW)
    with CaptureQueriesContext(connection) as asked:
        assert reader.read(NOW) is before
    assert len(asked.captured_queries) == 2, [query["sql"] for query in asked.captured_queries]
    tool(3).update(approved_digest="sha256:x")
    assert told(reader.read(NOW)) == told(ServerReader().read(NOW)) != told(before)


def item_of(record: ServerRecord) -> Any:
    """The approved tool that the changes are about."""
    return record.items[Kind.TOOL, tool().get().name]


def test_a_failed_reading_forgets_nothing_and_the_next_one_is_whole(reader: ServerReader) -> None:
    before = reader.read(NOW)
    define([], "sha256:broken")
    tool().update(intent="of-later")
    with pytest.raises(ValueError, match="of-later"):
        reader.read(NOW)
    define({"name": "t", "inputSchema": {}}, "sha256:mended")
    tool().update(intent="write")
    after = reader.read(NOW)
    assert told(after) == told(ServerReader().read(NOW)) and after["tickets"] is before["tickets"]
    assert item_of(after["files"]).item.intent is Intent.WRITE


def test_every_column_is_either_in_the_mark_or_known_not_to_matter() -> None:
    """Whoever adds a column says which: one that is forgotten would leave workers with what was."""
    columns = {column.name for column in Item._meta.concrete_fields}
    assert set(MARK) | UNMARKED == columns and not set(MARK) & UNMARKED
    assert {column.name for column in Server._meta.concrete_fields} >= BOOKKEEPING


@pytest.mark.alone
@pytest.mark.timeout(180)
def test_a_change_of_one_server_among_fifty_is_known_in_three_times_its_share(databases: Databases) -> None:
    """250 ms with 25,000 tools (performance.md); here with a fifth of them, on the run's database."""
    program = next(program for program in PROGRAMS if program.name == "snapshot")
    share = snapshot.LIMIT_MS * TOOLS // snapshot.TOOLS
    assert program.small == {"tools": TOOLS, "rounds": 3, "limit_ms": SLACK * share}
    figures = snapshot.on_one_database(databases, **program.small)
    assert figures["zero"] == dict.fromkeys(program.zero, 0), figures
