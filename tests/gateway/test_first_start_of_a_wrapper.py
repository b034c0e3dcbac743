"""The tables of a wrapper's own database: made once for all entries of a client's configuration, then copied."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from governance import schema
from tests.flows.wrapped import Wrapped, shed


def table(database: Path) -> list[tuple[str, ...]]:
    """Everything that a database is made of, and which migrations it says were made."""
    with closing(sqlite3.connect(database)) as connection:
        made = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        return made + connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()


def started(folder: Path, cache: Path) -> Path:
    """Run a wrapper in a folder of its own until it serves; its database."""
    folder.mkdir()
    with Wrapped(folder, shed(folder / "log"), "--data", str(folder / "data"), XDG_CACHE_HOME=str(cache)) as wrapper:
        wrapper.open()
    return folder / "data" / "gatehouse.sqlite3"


def test_the_second_database_is_a_copy_and_the_same_as_one_that_was_migrated(tmp_path: Path) -> None:
    """A copy that was damaged since costs time alone."""
    cache = tmp_path / "cache"
    first = started(tmp_path / "first", cache)
    (kept,) = (cache / "gatehouse").iterdir()
    assert kept.stat().st_mode & 0o077 == kept.parent.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(kept)) as connection:
        connection.execute("CREATE TABLE tell_tale (id)")
    second = started(tmp_path / "second", cache)
    assert ("table", "tell_tale") in [row[:2] for row in table(second)]
    assert [row for row in table(second) if row[1] != "tell_tale"] == table(first)
    kept.write_bytes(kept.read_bytes()[:300_000])
    assert table(started(tmp_path / "third", cache)) == table(first)


@pytest.mark.usefixtures("own_database")
def test_a_copy_that_cannot_be_kept_is_not_missed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    schema._keep(tmp_path / "file" / "kept.sqlite3")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
