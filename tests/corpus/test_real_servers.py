"""The pinned public servers and what is recorded of them."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.manifest.canonical import read_manifest
from tests.corpus import gather, pinned
from tests.corpus.confined import Confinement, best, confined, seen

VERSION = re.compile(r"[0-9]+(\.[0-9]+)+([.+-]?[0-9A-Za-z.]+)?")
SERVERS = pinned.servers()


def test_every_server_is_pinned_to_an_exact_version() -> None:
    """pinned public servers. What they depend on is pinned by the day."""
    loose = [each.name for each in SERVERS if not VERSION.fullmatch(each.version)]
    assert loose == []
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", each.before) for each in SERVERS)
    assert len({each.name for each in SERVERS}) == len(SERVERS)
    assert len({each.package for each in SERVERS}) == len(SERVERS)


def test_what_is_recorded_is_what_is_pinned() -> None:
    """A row of another version would say nothing of the one that is installed."""
    by_name = {each.name: each for each in SERVERS}
    for row in gather.recorded().values():
        server = by_name[row["name"]]
        joint = "@" if server.kind == "npm" else "=="
        assert f"{row['package']}{joint}{row['version']}" == server.package
        assert row["command"] == list(server.run)
        assert row["environment"] == sorted(server.environment)


def test_enough_real_servers_and_tools_are_recorded() -> None:
    """at least 25 servers and 200 real tools, from both package registries."""
    rows = list(gather.recorded().values())
    assert len(rows) >= gather.LEAST_SERVERS
    assert sum(row["tools"] for row in rows) >= gather.LEAST_TOOLS
    assert {row["package"].partition(":")[0] for row in rows} == {"npm", "pypi"}


def test_only_digests_and_counts_are_committed() -> None:
    """The texts are other people's."""
    for row in gather.recorded().values():
        assert set(row) == {
            *("name", "package", "version", "command", "environment", "tools", "items", "alarms"),
            *("digest", "held_digest"),
        }
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", row[key]) for key in ("digest", "held_digest"))


def test_the_settings_given_to_servers_are_no_secrets() -> None:
    """Dummies: none would open anything, and none looks as if it did."""
    for server in SERVERS:
        for name, value in server.environment.items():
            assert len(value) <= 80 and not re.search(r"[A-Za-z0-9]{33,}", value), (server.name, name)


def test_manifests_that_were_gathered_here_are_those_recorded() -> None:
    """Where `make corpus` has run, what it wrote is read back to the digest that it recorded."""
    files = sorted(gather.MANIFESTS.glob("*.json"))
    if not files:
        pytest.skip("make corpus has not run here")
    for file in files:
        document = json.loads(file.read_text(encoding="utf-8"))
        assert set(document) == {"server", "package", "manifest"}
        assert read_manifest(document["manifest"]).items


# Gathering, with a program of our own in place of a package.

SPEAKS = """#!{python}
import json, sys
for line in sys.stdin:
    said = json.loads(line)
    if "id" not in said:
        continue
    tools = [{{"name": "read_note", "description": "Reads a note.", "inputSchema": {{"type": "object"}}}}]
    answers = {{
        "initialize": {{
            "protocolVersion": "2025-11-25",
            "capabilities": {{"tools": {{}}}},
            "serverInfo": {{"name": "notes", "version": "1"}},
        }},
        "tools/list": {{"tools": tools}},
    }}
    print(json.dumps({{"jsonrpc": "2.0", "id": said["id"], "result": answers[said["method"]]}}), flush=True)
"""
FAILS = "#!{python}\nimport sys\nprint('no key was given', file=sys.stderr)\nsys.exit(3)\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], pinned.Server]:
    """Puts a program where a package of that name would be, marked as installed, below a corpus of its own."""
    monkeypatch.setattr(pinned, "FOLDER", tmp_path)
    monkeypatch.setattr(gather, "FOLDER", tmp_path)
    monkeypatch.setattr(gather, "MANIFESTS", tmp_path / "manifests")
    (tmp_path / "manifests").mkdir()

    def put(source: str) -> pinned.Server:
        server = pinned.Server("notes", "pypi:notes==1.0", ("notes",), {"KEY": "dummy"}, "2026-01-01")
        program = Path(server.argv[0])
        program.parent.mkdir(parents=True)
        program.write_text(source.format(python=sys.executable), encoding="utf-8")
        program.chmod(0o755)
        (server.folder / ".installed").write_text(json.dumps([server.package, server.before]), encoding="utf-8")
        return server

    return put


def test_a_server_is_started_asked_and_written(installed: Callable[[str], pinned.Server], tmp_path: Path) -> None:
    """The transport of the product asks it; the manifest is kept, the package is not, and both readings agree."""
    server = installed(SPEAKS)
    outcome = gather.gathered(server, keep=False)
    assert (outcome.cause, outcome.tools) == ("", 1)
    written = json.loads((tmp_path / "manifests" / "notes.json").read_text())
    assert (written["server"], written["package"]) == ("notes", "pypi:notes==1.0")
    assert [tool["name"] for tool in written["manifest"]["tools"]] == ["read_note"]
    assert not server.folder.exists()
    assert gather.read_again(server).row == outcome.row
    assert (outcome.row["package"], outcome.row["version"]) == ("pypi:notes", "1.0")


def test_a_server_that_fails_is_listed_with_its_last_words(
    installed: Callable[[str], pinned.Server], tmp_path: Path
) -> None:
    """And nothing of an earlier run passes for it."""
    stale = tmp_path / "manifests" / "notes.json"
    stale.write_text("{}", encoding="utf-8")
    outcome = gather.gathered(installed(FAILS), keep=True)
    assert outcome.manifest is None
    assert "no key was given" in outcome.cause
    assert not stale.exists()


# How they are run.


def run(how: Confinement, scratch: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python program under this confinement, in the scratch folder."""
    argv = confined([sys.executable, "-c", program, *arguments], scratch, how)
    plain = {"PATH": os.environ["PATH"]}
    return subprocess.run(argv, cwd=scratch, env=plain, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def whole() -> Confinement:
    """The strongest confinement; skipped where the kernel does not grant it."""
    if best() is not Confinement.WHOLE:
        pytest.skip(f"here a program can only be run with {best()}")
    return Confinement.WHOLE


def test_a_confined_program_reaches_no_network(tmp_path: Path, whole: Confinement) -> None:
    """The corpus runs code of strangers; not even this machine's own ports answer it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        program = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        assert run(Confinement.NOTHING, tmp_path, program).returncode == 0
        for how in (whole, Confinement.NO_NETWORK):
            done = run(how, tmp_path, program)
            assert done.returncode != 0
            assert "refused" in done.stderr or "unreachable" in done.stderr


def test_a_confined_program_writes_its_scratch_folder_alone(tmp_path: Path, whole: Confinement) -> None:
    """Its folder is at the same place on every machine, so that what it says of it is the same everywhere."""
    scratch, beside = tmp_path / "scratch", tmp_path / "beside"
    scratch.mkdir()
    beside.mkdir()
    program = (
        "import os, pathlib, sys; pathlib.Path('own').write_text(os.getcwd());"
        " pathlib.Path(sys.argv[1]).write_text('x')"
    )
    done = run(whole, scratch, program, str(beside / "theirs"))
    assert done.returncode != 0
    assert (scratch / "own").read_text() == str(seen(scratch, whole))
    assert not (beside / "theirs").exists()
    assert "Read-only" in done.stderr or "No such file" in done.stderr


def test_a_confined_program_has_no_rights(tmp_path: Path, whole: Confinement) -> None:
    """Root without capabilities cannot take the confinement off again."""
    program = "print([line for line in open('/proc/self/status') if line.startswith('CapEff')][0].split()[1])"
    done = run(whole, tmp_path, program)
    assert int(done.stdout, 16) == 0, done.stderr


def test_what_a_confined_program_started_ends_with_it(tmp_path: Path, whole: Confinement) -> None:
    """Its own process numbers: when the first ends, all do."""
    lasting = "import time, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); signal.pause()"
    program = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[2]],"
        " start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)"
    )
    mark = f"left-behind-{os.getpid()}-{tmp_path.name}"
    done = run(whole, tmp_path, program, lasting, mark)
    assert done.returncode == 0, done.stderr
    alive = [path for path in Path("/proc").glob("[0-9]*/cmdline") if mark.encode() in _bytes(path)]
    assert alive == []


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
