"""Which data folder a wrapper takes, and what it takes away again."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.wrapping.folders import MOST, NoFolder, claim


def test_each_process_of_one_entry_gets_the_first_folder_that_is_free(tmp_path: Path) -> None:
    """Up to nine; one that ended makes its place free again, with its evidence in it."""
    held = [claim(tmp_path / "files", "files", alone=False) for _ in range(MOST)]
    names = [each.folder.name for each in held]
    assert names == ["files", *(f"files-{number}" for number in range(2, MOST + 1))]
    assert not held[0].busy and all("already serves" in each.busy for each in held[1:])
    with pytest.raises(NoFolder, match="already serves .*files-9.*--name or --data"):
        claim(tmp_path / "files", "files", alone=False)
    held[3].lock.release()
    again = claim(tmp_path / "files", "files", alone=False)
    assert again.folder.name == "files-4" and not again.made
    for each in (*held, again):
        each.lock.release()


@pytest.mark.parametrize("named", [True, False])
def test_the_folder_of_another_server_is_passed_over(tmp_path: Path, *, named: bool) -> None:
    """A server may be called like the second folder of this one; its evidence stays its own."""
    if named:
        claim(tmp_path / "files-2", "files-2", alone=False).lock.release()
    else:
        (tmp_path / "files-2").mkdir()
    first = claim(tmp_path / "files", "files", alone=False)
    second = claim(tmp_path / "files", "files", alone=False)
    assert second.folder.name == "files-3"
    first.lock.release()
    second.lock.release()


def test_a_first_folder_that_another_server_took_as_a_further_one_is_passed_over(tmp_path: Path) -> None:
    """The other way round: `files-2` holds evidence of `files`, whose second window took it."""
    windows = [claim(tmp_path / "files", "files", alone=False) for _ in range(2)]
    for each in windows:
        each.lock.release()
    first = claim(tmp_path / "files-2", "files-2", alone=False)
    assert first.folder.name == "files-2-2" and first.busy == ""
    first.lock.release()
    second = claim(tmp_path / "files", "files", alone=False), claim(tmp_path / "files", "files", alone=False)
    assert second[1].folder.name == "files-2", "and it stays theirs"
    for each in second:
        each.lock.release()


def test_a_folder_that_was_named_is_the_only_one(tmp_path: Path) -> None:
    """--data."""
    first = claim(tmp_path / "own", "files", alone=True)
    with pytest.raises(NoFolder, match="already serves"):
        claim(tmp_path / "own", "files", alone=True)
    first.lock.release()
    assert [each.name for each in tmp_path.iterdir()] == ["own"]


def test_only_what_was_made_is_taken_away(tmp_path: Path) -> None:
    """With the folders above it that are empty; never what was there before."""
    made = claim(tmp_path / "a" / "b" / "files", "files", alone=False)
    made.discard()
    made.lock.release()
    assert not (tmp_path / "a").exists()
    before = tmp_path / "files"
    before.mkdir()
    (before / "evidence").write_text("x")
    found = claim(before, "files", alone=False)
    found.discard()
    found.lock.release()
    assert (before / "evidence").read_text() == "x"
