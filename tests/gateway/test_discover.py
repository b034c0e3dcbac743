"""`gatehouse discover`: servers in local clients' files that lead past the gateway (contract 1)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.discovery.judging import BadGateway, Gateway, bypasses
from gateway.discovery.places import configurations
from gateway.discovery.program import as_document, as_drafts, as_lines, discover
from registry.imports.reading import drafts_of

GATEHOUSE = Path(sys.executable).with_name("gatehouse")
HERE = "http://127.0.0.1:8000"
CANARY = "canary" + "0123456789zyxwvutsrqp"
OUTSIDE = {"command": "npx", "args": ["-y", "@corp/notes@1.4.2"], "env": {"NOTES_KEY": CANARY}}
THROUGH = {"type": "http", "url": f"{HERE}/mcp/notes", "headers": {"Authorization": f"Bearer {CANARY}"}}

FILES = {
    ".claude.json": ("Claude Code", "mcpServers"),
    ".cursor/mcp.json": ("Cursor", "mcpServers"),
    ".codeium/windsurf/mcp_config.json": ("Windsurf", "mcpServers"),
    ".gemini/settings.json": ("Gemini CLI", "mcpServers"),
    ".copilot/mcp-config.json": ("GitHub Copilot CLI", "mcpServers"),
    ".config/Claude/claude_desktop_config.json": ("Claude Desktop", "mcpServers"),
    "Library/Application Support/Claude/claude_desktop_config.json": ("Claude Desktop", "mcpServers"),
    "AppData/Roaming/Claude/claude_desktop_config.json": ("Claude Desktop", "mcpServers"),
    ".config/Code/User/mcp.json": ("VS Code", "servers"),
    "Library/Application Support/Code/User/mcp.json": ("VS Code", "servers"),
    "AppData/Roaming/Code/User/mcp.json": ("VS Code", "servers"),
    ".config/Code/User/profiles/work/mcp.json": ("VS Code", "servers"),
    ".config/Code - Insiders/User/mcp.json": ("VS Code", "servers"),
    ".config/zed/settings.json": ("Zed", "context_servers"),
}
PROJECT_FILES = {
    ".mcp.json": ("Claude Code", "mcpServers"),
    ".cursor/mcp.json": ("Cursor", "mcpServers"),
    ".vscode/mcp.json": ("VS Code", "servers"),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def put(folder: Path, file: str, content: Any) -> Path:
    """Write one file, as JSON unless it is text."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def run(home: Path, project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The real command, over these folders."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_") and name != "PORT"}
    return subprocess.run(
        [GATEHOUSE, "discover", "--home", str(home), "--project", str(project), *arguments],
        env=plain | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_client_is_looked_for_in_its_place_on_every_system(home: Path, project: Path) -> None:
    """One server in each file: each is found, with its client, and named as leading past."""
    for file, (_, form) in FILES.items():
        put(home, file, {form: {"notes": OUTSIDE}})
    for file, (_, form) in PROJECT_FILES.items():
        put(project, file, {form: {"notes": OUTSIDE}})
    put(home, ".codex/config.toml", '[mcp_servers.notes]\ncommand = "uvx"\nargs = ["notes==1.0"]\n')
    found = {(str(each.file), each.client) for each in discover(str(home), str(project), HERE).bypassing}
    wanted = {(str(home / file), client) for file, (client, _) in FILES.items()}
    wanted |= {(str(project / file), client) for file, (client, _) in PROJECT_FILES.items()}
    assert found == wanted | {(str(home / ".codex/config.toml"), "Codex")}


def test_no_file_is_named_twice(home: Path) -> None:
    """A project may be the home folder."""
    files = [each.file for each in configurations(home, home)]
    assert len(set(files)) == len(files)


def test_the_command_reports_each_server_and_fails_when_one_leads_past(home: Path, project: Path) -> None:
    """Exit 1 for a failed check, 0 when all go through; client, file, name and way are told."""
    file = put(home, ".cursor/mcp.json", {"mcpServers": {"work": THROUGH, "notes": OUTSIDE}})
    done = run(home, project)
    assert done.returncode == 1, done.stderr
    assert f"PAST THE GATEWAY    Cursor: notes, npx @corp/notes, in {file}" in done.stdout
    assert f"through the gateway Cursor: work, {HERE}/mcp/notes, in {file}" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 servers in 1 files of clients; 1 lead past the gateway"
    put(home, ".cursor/mcp.json", {"mcpServers": {"work": THROUGH}})
    done = run(home, project)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_there_is_nothing_wrong(home: Path, project: Path) -> None:
    """A machine without clients."""
    done = run(home, project)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "0 servers in 0 files of clients; 0 lead past the gateway\n",
        "",
    )


def test_the_machine_form_tells_the_same(home: Path, project: Path) -> None:
    """`--json` for a fleet's own reporting."""
    file = put(home, ".cursor/mcp.json", {"mcpServers": {"My Notes": {**OUTSIDE, "disabled": True}, "work": THROUGH}})
    put(home, ".codex/config.toml", "[mcp_servers\n")
    done = run(home, project, "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert (said["gateway"], said["files"], said["bypassing"]) == (HERE, 2, 1)
    assert said["servers"][0] == {
        "client": "Cursor",
        "file": str(file),
        "name": "My Notes",
        "suggested_name": "my-notes",
        "transport": "stdio",
        "reached": "npx @corp/notes",
        "off": True,
        "bypasses": True,
    }
    assert [each["name"] for each in said["servers"]] == ["My Notes", "work"]
    (problem,) = said["problems"]
    assert (problem["client"], problem["line"]) == ("Codex", 1)


def test_drafts_are_what_the_import_reads(home: Path, project: Path) -> None:
    """Each server that leads past once, whatever number of clients has it; names of settings, no values."""
    tickets = {"url": f"https://tickets.example/mcp?key={CANARY}", "headers": {"X-Key": CANARY}}
    put(home, ".cursor/mcp.json", {"mcpServers": {"notes": OUTSIDE, "tickets": tickets, "work": THROUGH}})
    put(
        home,
        ".claude.json",
        {"mcpServers": {"notes": OUTSIDE}, "projects": {"/x": {"mcpServers": {"notes": {"command": "own"}}}}},
    )
    done = run(home, project, "--drafts")
    assert done.returncode == 1
    drafts = {draft.name: draft for draft in drafts_of(done.stdout)}
    assert set(drafts) == {"notes", "notes-2", "tickets"}
    assert drafts["notes"].command == ("npx", "-y", "@corp/notes@1.4.2")
    assert drafts["notes"].env == ("NOTES_KEY",)
    assert (drafts["tickets"].url, drafts["tickets"].headers) == ("https://tickets.example/mcp", ("X-Key",))
    assert CANARY not in done.stdout


def test_broken_files_are_named_with_their_line_and_the_rest_goes_on(home: Path, project: Path) -> None:
    """One comma too many in one client must not hide another client's servers."""
    broken = put(home, ".cursor/mcp.json", '{"mcpServers": {\n "a": {"command": "x"\n "b": {}}}')
    entry = put(home, ".gemini/settings.json", '{"mcpServers": {\n\n "a": {"args": []},\n "b": {"command": "run"}}}')
    binary = home / ".claude.json"
    binary.write_bytes(b'{"mcpServers": "\xff\xfe"}')
    folder = home / ".codex/config.toml"
    folder.mkdir(parents=True)
    put(project, ".mcp.json", {"mcpServers": {"notes": OUTSIDE}})
    done = run(home, project)
    assert done.returncode == 1
    assert f"{broken}:3: " in done.stderr
    assert f"{entry}:3: " in done.stderr
    assert f"{binary}: it is no UTF-8 text" in done.stderr
    assert str(folder) not in done.stderr
    assert "Gemini CLI: b, run" in done.stdout
    assert "Claude Code: notes" in done.stdout


def test_a_pipe_in_place_of_a_file_is_not_waited_for(home: Path, project: Path) -> None:
    """Reading a pipe that nobody writes to would never end."""
    (home / ".cursor").mkdir()
    os.mkfifo(home / ".cursor/mcp.json")
    assert run(home, project).returncode == 0


def test_settings_of_editors_without_servers_are_no_problem(home: Path, project: Path) -> None:
    """Most people's settings.json says nothing of servers."""
    put(home, ".config/Code/User/settings.json", '{\n // mine\n "editor.fontSize": 12,\n}')
    put(home, ".config/zed/settings.json", {"theme": "x"})
    put(home, ".codex/config.toml", 'model = "x"\n')
    done = run(home, project)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--home", "/nowhere/at/all"), "--home /nowhere/at/all is no folder"),
        (("--project", "/nowhere/at/all"), "--project /nowhere/at/all is no folder"),
        (("--gateway", "gatehouse.example"), "--gateway must be an http or https address"),
        (("--gateway", "https://a.example:x"), "--gateway must be an http or https address"),
        (("--json", "--drafts"), "not allowed with argument"),
    ],
)
def test_bad_usage_exits_2(home: Path, project: Path, arguments: tuple[str, ...], says: str) -> None:
    """Contract 1: 2 is usage."""
    done = run(home, project, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_gateway_is_where_the_installation_says_it_is(home: Path, project: Path) -> None:
    """GATEHOUSE_PUBLIC_URL, else the port of this machine; --gateway before both."""
    put(home, ".cursor/mcp.json", {"mcpServers": {"a": {"url": "https://gatehouse.example/mcp/a"}}})
    assert run(home, project).returncode == 1
    assert run(home, project, GATEHOUSE_PUBLIC_URL="https://gatehouse.example").returncode == 0
    assert run(home, project, "--gateway", "https://gatehouse.example/").returncode == 0
    put(home, ".cursor/mcp.json", {"mcpServers": {"a": {"url": "http://localhost:8123/mcp/a"}}})
    assert run(home, project, PORT="8123").returncode == 0


# What leads past.


def leads_past(entry: dict[str, Any], gateway: str = HERE) -> bool:
    """Whether one entry does."""
    (draft,) = drafts_of(json.dumps({"mcpServers": {"a": entry}}))
    return bypasses(draft, Gateway.at(gateway))


@pytest.mark.parametrize(
    "entry",
    [
        {"url": "http://127.0.0.1:8000/mcp"},
        {"url": "http://127.0.0.1:8000/mcp/notes?profile=x"},
        {"url": "http://localhost:8000/sse/notes"},
        {"url": "http://[::1]:8000/mcp"},
        {"command": "gatehouse", "args": ["stdio", "--url", "http://127.0.0.1:8000/mcp"]},
        {"command": "/opt/gatehouse/.venv/bin/gatehouse", "args": ["stdio", "--url=http://localhost:8000/mcp/a"]},
        {"command": r"C:\tools\gatehouse.exe", "args": ["stdio", "--allow-http", "--url", "http://localhost:8000/mcp"]},
        {"command": "uvx", "args": ["gatehouse", "stdio", "--url", "http://127.0.0.1:8000/mcp"]},
        {"command": "uv", "args": ["run", "--project", "/x", "gatehouse", "wrap", "--", "npx", "notes"]},
        {"command": "cmd", "args": ["/c", "npx", "-y", "mcp-remote", "http://localhost:8000/mcp"]},
        {"command": "uvx", "args": ["--from", "gatehouse==0.1.0", "gatehouse", "wrap", "--", "npx", "notes"]},
        {"command": "gatehouse", "args": ["wrap", "--policy", "p.yaml", "--", "npx", "notes"]},
        {"command": "npx", "args": ["-y", "mcp-remote@0.1.38", "http://127.0.0.1:8000/mcp", "--header", "X: y"]},
    ],
)
def test_what_goes_through_the_gateway_is_known(entry: dict[str, Any]) -> None:
    """Directly, through our own programs, and through the bridge that many clients use."""
    assert not leads_past(entry)


@pytest.mark.parametrize(
    "entry",
    [
        {"url": "http://127.0.0.1:8001/mcp"},
        {"url": "https://127.0.0.1:8000/mcp"},
        {"url": "http://127.0.0.1.evil.example:8000/mcp"},
        {"url": "http://127.0.0.1:8000@evil.example/mcp"},
        {"url": "http://evil.example/http://127.0.0.1:8000/mcp"},
        {"url": "http://10.0.0.8:8000/mcp"},
        {"url": "${GATEWAY}/mcp"},
        {"command": "gatehouse", "args": ["stdio", "--url", "https://evil.example/mcp"]},
        {"command": "gatehouse", "args": ["stdio"]},
        {"command": "gatehouse", "args": ["policy"]},
        {"command": "gatehouse"},
        {"command": "npx", "args": ["mcp-remote", "https://evil.example/mcp", "http://127.0.0.1:8000/mcp"]},
        {"command": "npx", "args": ["-y", "notes", "gatehouse", "wrap"]},
        {"command": "npx", "args": ["--prefix", "gatehouse", "notes", "wrap"]},
        {"command": "uvx", "args": ["--from", "gatehouse", "notes", "stdio", "--url", "http://127.0.0.1:8000/mcp"]},
        {"command": "cmd", "args": ["/c", "npx", "-y", "notes", "mcp-remote", "http://127.0.0.1:8000/mcp"]},
        {"command": "uvx"},
        {"command": "npx", "args": ["-y", "notes", "gatehouse-like", "http://127.0.0.1:8000/mcp"]},
        {"command": "python", "args": ["server.py", "gatehouse", "wrap"]},
        {"command": "sh", "args": ["-c", "gatehouse wrap -- x"]},
    ],
)
def test_what_only_looks_like_the_gateway_leads_past(entry: dict[str, Any]) -> None:
    """Another port, scheme or host, our address somewhere in another's, our words behind another program."""
    assert leads_past(entry)


@pytest.mark.parametrize(
    ("url", "past"),
    [
        ("https://tools.example/gatehouse/mcp/a", False),
        ("https://tools.example:443/gatehouse/mcp", False),
        ("https://TOOLS.example./gatehouse/mcp", False),
        ("https://tools.example/other/mcp", True),
        ("https://tools.example/gatehouse-other/mcp", True),
        ("https://tools.example/gatehouse/../other/mcp", True),
        ("https://tools.example/gatehouse/%2e%2e/other/mcp", True),
        ("https://tools.example/gatehouse\\..\\other", True),
    ],
)
def test_a_gateway_below_a_path_owns_that_path_alone(url: str, past: bool) -> None:
    """Other servers may stand beside it behind the same name."""
    assert leads_past({"url": url}, "https://tools.example/gatehouse") is past


def test_an_address_that_is_none_is_no_gateway() -> None:
    """The text names the option."""
    for url in ("", "gatehouse", "ftp://a.example", "http://", "http://[::1"):
        with pytest.raises(BadGateway, match="--gateway"):
            Gateway.at(url)


# Nothing of a secret.

VALUES = st.sampled_from([CANARY, f"Bearer {CANARY}", f"x{CANARY}\n", f"${{X:-{CANARY}}}"])
KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
ENTRY = st.one_of(
    st.fixed_dictionaries({"command": st.just("run"), "args": st.lists(st.text(max_size=6), max_size=3)}),
    st.builds(lambda extra: {"command": "run", "args": ["--anything", extra]}, VALUES),
    st.builds(lambda name: {"url": f"https://{CANARY}:{CANARY}@a.example/mcp?{name}={CANARY}#{CANARY}"}, KEYS),
    st.just({"url": f"ftp://{CANARY}"}),
    st.just({"url": f"https://{CANARY}:99999999"}),
    st.just({"command": f"run --secret {CANARY}"}),
)
SERVER = st.builds(
    lambda entry, env, headers: {**entry, "env": env, "headers": headers, "http_headers": headers},
    ENTRY,
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.dictionaries(KEYS, VALUES, max_size=3),
)


@given(st.dictionaries(st.text(max_size=8), SERVER, min_size=1, max_size=4), st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_no_secret_of_a_file_is_ever_printed(
    tmp_path_factory: pytest.TempPathFactory, servers: dict[str, Any], cut: int
) -> None:
    """Settings, headers, credentials, queries, arguments; whole files and broken ones; each form of the output."""
    folder = tmp_path_factory.mktemp("home")
    text = json.dumps({"mcpServers": servers})
    put(folder, ".cursor/mcp.json", text[: len(text) - cut])
    report = discover(str(folder), str(folder), HERE)
    said = "\n".join([*as_lines(report), *map(str, report.problems)])
    machine = json.dumps([as_document(report, HERE), as_drafts(report)])
    assert CANARY not in said
    assert CANARY not in machine
    assert {unicodedata.category(character) for character in said.replace("\n", "")}.isdisjoint(
        {"Cc", "Cf", "Cs", "Zl"}
    )
