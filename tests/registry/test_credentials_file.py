"""`apply --credentials-out FILE` holds only what one run issued, and no run loses what an earlier one wrote."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from django.core.management import call_command

from governance.models import AgentToken
from registry.credentials_file import CredentialsFile

pytestmark = pytest.mark.django_db

EMPTY = {"agents": {}, "people": {}}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def apply(out: Path, capsys: pytest.CaptureFixture[str], *agents: str, options: tuple[str, ...] = ()) -> str:
    """Apply a file with these agents; what the command printed."""
    file = out.parent / "gatehouse.yaml"
    entries = [{"name": name, "team": "core"} for name in agents]
    file.write_text(json.dumps({"version": 1, "teams": [{"name": "core"}], "agents": entries}))
    call_command("apply", str(file), "--credentials-out", str(out), *options)
    return capsys.readouterr().out


def agents_in(file: Path) -> dict[str, str]:
    return json.loads(file.read_text())["agents"]


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def names_beside(out: Path) -> list[str]:
    return sorted(path.name for path in out.parent.iterdir() if "tokens" in path.name)


def test_a_run_that_issues_nothing_leaves_the_only_copy_of_the_tokens(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"credentials: 1 token written to {out}" in apply(out, capsys, "a")
    before = out.read_bytes()
    assert f"credentials: nothing was issued; {out} left as it is" in apply(out, capsys, "a")
    assert (out.read_bytes(), names_beside(out)) == (before, ["tokens.json"])


def test_where_there_is_no_file_a_run_that_issues_nothing_writes_the_empty_objects(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = apply(out, capsys)
    assert (json.loads(out.read_text()), mode(out)) == (EMPTY, 0o600)
    assert f"credentials: nothing was issued; {out} says so" in said


def test_tokens_of_earlier_runs_are_kept_beside_each_under_its_own_number(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(out, capsys, "a")
    first = agents_in(out)
    out.chmod(0o644)
    said = apply(out, capsys, "a", "b")
    assert f"credentials: 1 token written to {out}; what it held before is now in {out}.1" in said
    assert (list(agents_in(out)), agents_in(Path(f"{out}.1"))) == (["b"], first)
    second = agents_in(out)
    apply(out, capsys, "a", "b", options=("--reissue", "a", "--reissue", "b"))
    assert sorted(agents_in(out)) == ["a", "b"]
    assert (agents_in(Path(f"{out}.1")), agents_in(Path(f"{out}.2"))) == (first, second)
    assert [mode(out.parent / name) for name in names_beside(out)] == [0o600] * 3


def test_a_file_that_holds_no_token_is_simply_written_anew(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apply(out, capsys)
    apply(out, capsys, "a")
    assert (list(agents_in(out)), names_beside(out)) == (["a"], ["tokens.json"])


def test_a_file_that_is_something_else_is_kept_too(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out.write_bytes(b"\xff not ours")
    apply(out, capsys, "a")
    assert (list(agents_in(out)), Path(f"{out}.1").read_bytes()) == (["a"], b"\xff not ours")


def test_a_dry_run_touches_no_file_and_says_nothing_of_it(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "credentials:" not in apply(out, capsys, "a", options=("--dry-run",))
    assert names_beside(out) == []


def test_where_the_name_is_a_folder_nothing_is_issued(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out.mkdir()
    with pytest.raises(SystemExit):
        apply(out, capsys, "a")
    assert f"{out}: not a file" in capsys.readouterr().err
    assert not AgentToken.objects.exists()
    assert names_beside(out) == ["tokens.json"]


def test_a_run_that_is_undone_leaves_the_earlier_file_alone(
    out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(out, capsys, "a")
    before = out.read_bytes()
    monkeypatch.setattr("os.fsync", _full)
    with pytest.raises(SystemExit):
        apply(out, capsys, "a", "b")
    assert AgentToken.objects.count() == 1
    assert (out.read_bytes(), names_beside(out)) == (before, ["tokens.json"])


def _full(handle: int) -> None:
    raise OSError(28, "No space left on device")


def test_tokens_that_cannot_be_given_their_name_after_the_commit_are_kept_and_the_error_says_where(out: Path) -> None:
    file = CredentialsFile(str(out))
    file.put({"agents": {"a": "issued"}, "people": {}})
    out.mkdir()
    with pytest.raises(OSError, match="everything was applied") as caught:
        file.finish()
    file.forget()
    assert agents_in(Path(caught.value.filename)) == {"a": "issued"}
