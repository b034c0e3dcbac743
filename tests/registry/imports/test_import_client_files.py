"""Configurations of clients as drafts: each client's form, what is recognised in it, and what is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.imports.draft import CannotRead, Draft, Transport
from registry.imports.reading import NothingDescribed, drafts_of, entries_of


def drafts(value: Any, filename: str = "") -> dict[str, Draft]:
    """The drafts of a JSON document, by their names."""
    return {draft.name: draft for draft in drafts_of(json.dumps(value), filename=filename)}


def one(entry: dict[str, Any], name: str = "notes") -> Draft:
    """The draft of one entry of `mcpServers`."""
    (draft,) = drafts_of(json.dumps({"mcpServers": {name: entry}}))
    return draft


CLAUDE = {"mcpServers": {"notes": {"command": "npx", "args": ["-y", "@corp/notes@1.4.2"], "env": {"NOTES_DIR": "/n"}}}}
CLAUDE_BY_PROJECT = {"numStartups": 4, "projects": {"/home/a/shop": CLAUDE, "/home/a/b": {"history": []}}}
VSCODE = {
    "inputs": [{"type": "promptString", "id": "key", "password": True}],
    "servers": {
        "notes": {"type": "stdio", "command": "npx", "args": ["-y", "@corp/notes@1.4.2"], "env": {"NOTES_DIR": 1}}
    },
}
VSCODE_SETTINGS = {"editor.fontSize": 12, "mcp": VSCODE}
DEV_CONTAINER = {"image": "x", "customizations": {"vscode": {"mcp": VSCODE}}}
ZED = {
    "theme": "x",
    "context_servers": {
        "notes": {"source": "custom", "command": "npx", "args": ["-y", "@corp/notes@1.4.2"], "env": {"NOTES_DIR": ""}}
    },
}
ZED_OF_OLD = {
    "context_servers": {
        "notes": {"command": {"path": "npx", "args": ["-y", "@corp/notes@1.4.2"], "env": {"NOTES_DIR": "x"}}}
    }
}
OPENCODE = {
    "mcp": {
        "notes": {
            "type": "local",
            "command": ["npx", "-y", "@corp/notes@1.4.2"],
            "environment": {"NOTES_DIR": "x"},
            "enabled": True,
        }
    }
}
PASTED = CLAUDE["mcpServers"]
CODEX = """
model = "x"
[mcp_servers.notes]
command = "npx"
args = ["-y", "@corp/notes@1.4.2"]
[mcp_servers.notes.env]
NOTES_DIR = "/n"
"""


@pytest.mark.parametrize(
    ("text", "filename"),
    [
        (json.dumps(CLAUDE), "claude_desktop_config.json"),
        (json.dumps(CLAUDE_BY_PROJECT), ".claude.json"),
        (json.dumps(VSCODE), "mcp.json"),
        (json.dumps(VSCODE_SETTINGS), "settings.json"),
        (json.dumps(DEV_CONTAINER), "devcontainer.json"),
        (json.dumps(ZED), "settings.json"),
        (json.dumps(ZED_OF_OLD), "settings.json"),
        (json.dumps(OPENCODE), "opencode.json"),
        (json.dumps(PASTED), ""),
        (CODEX, "config.toml"),
        (CODEX, ""),
    ],
)
def test_the_same_server_is_read_alike_from_the_form_of_every_client(text: str, filename: str) -> None:
    """Client configurations are imported as drafts."""
    (draft,) = drafts_of(text, filename=filename)
    assert (draft.name, draft.transport) == ("notes", Transport.STDIO)
    assert draft.command == ("npx", "-y", "@corp/notes@1.4.2")
    assert (draft.env, draft.headers, draft.url, draft.warnings) == (("NOTES_DIR",), (), "", ())
    came = draft.provenance
    assert (came.registry, came.package, came.version, came.file) == ("npm", "@corp/notes", "1.4.2", filename)


def test_one_server_alone_is_read_with_its_name() -> None:
    """The form in which editors take a server on their command line."""
    assert set(drafts({"name": "tickets", "url": "https://tickets.example/mcp"})) == {"tickets"}


@pytest.mark.parametrize(
    ("entry", "transport"),
    [
        ({"type": "http"}, "http"),
        ({"type": "streamable-http"}, "http"),
        ({"type": "streamableHttp"}, "http"),
        ({"type": "streamable_http"}, "http"),
        ({"type": "remote"}, "http"),
        ({"type": "sse"}, "sse"),
        ({"transport": "sse"}, "sse"),
        ({}, "http"),
    ],
)
def test_the_transport_is_read_in_every_spelling(entry: dict[str, str], transport: str) -> None:
    """Clients do not agree on the word."""
    draft = one({**entry, "url": "https://tickets.example/mcp"})
    assert (draft.transport.value, draft.url, draft.command) == (transport, "https://tickets.example/mcp", ())


@pytest.mark.parametrize("key", ["url", "serverUrl", "httpUrl"])
def test_the_address_is_read_under_every_key(key: str) -> None:
    """Windsurf says serverUrl, Gemini httpUrl; an address that ends in /sse is the older transport's."""
    assert one({key: "https://tickets.example/mcp"}).transport is Transport.HTTP
    assert one({key: "https://tickets.example/sse"}).transport is Transport.SSE


def test_headers_of_codex_are_named() -> None:
    """Codex names headers in three ways; the names are needed, the values are not kept."""
    text = """
[mcp_servers.tickets]
url = "https://tickets.example/mcp"
bearer_token_env_var = "TICKETS"
http_headers = { "X-Team" = "blue" }
env_http_headers = { "X-Key" = "KEY" }
"""
    (draft,) = drafts_of(text, filename="config.toml")
    assert draft.headers == ("X-Team", "X-Key", "Authorization")
    assert draft.secret == {"Authorization", "X-Key"}


def test_comments_and_last_commas_are_allowed_as_in_editors() -> None:
    """VS Code, Zed and Cursor write them; what looks like a comment inside a text is none."""
    text = """\ufeff// mine
    {"mcpServers": { /* two */
        "a": {"url": "https://a.example//mcp",}, // the first
        "b": {"command": "b", "args": ["/*x*/", "//y", ",]"],},
    },}"""
    first, second = drafts_of(text)
    assert first.url == "https://a.example//mcp"
    assert second.command == ("b", "/*x*/", "//y", ",]")


def test_names_are_made_to_fit_and_told_apart() -> None:
    """Our grammar is ^[a-z][a-z0-9-]{0,39}$, `gatehouse` is reserved, and two drafts never have one name."""
    given = ["Git Hub", "git_hub", "GIT.HUB", "git-hub-2", "gatehouse", "7zip", "設定", "x" * 60, "x" * 70, ""]
    found = drafts_of(json.dumps({"mcpServers": {name: {"command": "run"} for name in given}}))
    names = [draft.name for draft in found]
    assert names[:6] == ["git-hub", "git-hub-3", "git-hub-4", "git-hub-2", "server", "zip"]
    assert names[7:9] == ["x" * 40, "x" * 38 + "-2"]
    assert len(set(names)) == len(given)


def test_a_server_without_a_usable_name_is_named_after_its_package() -> None:
    """A name in letters that we do not have is better replaced by the package than by a number."""
    assert one({"command": "npx", "args": ["@corp/notes@1.0.0"]}, name="メモ").name == "notes"


def test_a_folder_is_kept_where_it_is_absolute_and_named_where_not() -> None:
    """A relative folder means another place here than on the client's machine."""
    assert one({"command": "run", "cwd": "/srv/notes"}).cwd == "/srv/notes"
    for folder in ("notes", "/srv/../etc", "${workspaceFolder}", "C:\\notes"):
        draft = one({"command": "run", "cwd": folder})
        assert draft.cwd == ""
        assert "its folder is no absolute path" in " ".join(draft.warnings)


def test_what_only_the_client_knows_is_said() -> None:
    """A person has to fill in what the client would have."""
    said = " ".join(
        one({"command": "run", "args": ["${workspaceFolder}"], "envFile": ".env", "disabled": True}).warnings
    )
    for part in ("only the client fills in", "settings from a file", "switched off"):
        assert part in said
    assert "makes its headers with a program" in " ".join(
        one({"url": "https://a.example", "headersHelper": "x"}).warnings
    )


def test_a_shell_is_named_as_what_it_is() -> None:
    """The words of `sh -c` do not show what is started."""
    assert "runs a shell" in " ".join(one({"command": "bash", "args": ["-lc", "run"]}).warnings)
    assert "runs a shell" in " ".join(one({"command": "/bin/sh", "args": ["-c", "curl x | sh"]}).warnings)
    assert "runs a shell" in " ".join(one({"command": "cmd.exe", "args": ["/C", "start.bat"]}).warnings)
    assert "runs a shell" not in " ".join(one({"command": "cmd", "args": ["/c", "npx", "-y", "a@1.0.0"]}).warnings)


def test_a_command_in_one_text_is_taken_apart() -> None:
    """Some people write the whole command where the program belongs; nothing is lost of it, and nothing is run."""
    assert one({"command": "npx -y '@corp/notes@1.4.2'"}).command == ("npx", "-y", "@corp/notes@1.4.2")
    assert one({"command": "/opt/my notes/run", "args": ["x"]}).command == ("/opt/my notes/run", "x")


def test_fields_that_are_not_known_are_passed_over() -> None:
    """Clients add fields with every version."""
    entry = {"command": "run", "args": [1, True, 2.5, "x"], "alwaysAllow": ["a"], "tools": {"x": None}, "timeout": 9}
    assert one(entry).command == ("run", "1", "true", "2.5", "x")


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ('{"mcpServers": {\n "a": {"command": "x",,}\n}}', "The text, line 2, column", 2),
        ("command = 1\n[mcp_servers.a\n", "line 2, column 15: this is neither JSON nor TOML", 2),
        ("", "is empty", 0),
        ("hello", "neither JSON nor TOML", 0),
        ("{}", "describes no servers", 0),
        ("[1, 2]", "describes no servers", 0),
        ('{"mcpServers": {\n\n "a": {}}}', "mcpServers.a has neither a command nor a url; add it", 3),
        ('{"mcpServers": {"a": 7}}', "mcpServers.a is no description of a server; write an object", 1),
        ('{"mcpServers": {"a": {"type": "http"}}}', "mcpServers.a has no url", 1),
        ('{"mcpServers": {"a": {"url": "ftp://a.example"}}}', "must begin with http:// or https://", 1),
        ('{"mcpServers": {"a": {"url": "https://[::1"}}}', "must begin with http:// or https://", 1),
        ('{"mcpServers": {"a": {"url": "https://a.example:99999/"}}}', "must begin with http:// or https://", 1),
        ('{"mcpServers": {"a": {"command": "x", "args": [{}]}}}', "a word of its command is no text", 1),
        ('{"mcpServers": {"a": {"command": "\\ud800"}}}', "half a character", 0),
        ("[" * 100_000, "nested too deep", 0),
        ("[mcp_servers.a]\n\n[mcp_servers.b]\nargs = []\ncommand = ''\n", "mcp_servers.a has neither", 1),
    ],
)
def test_bad_input_gives_one_clear_error(text: str, says: str, line: int) -> None:
    """Architecture 2: an error names what, where and the remedy."""
    with pytest.raises(CannotRead) as refused:
        drafts_of(text)
    assert says in str(refused.value)
    assert refused.value.line == line or line == 0
    assert "\n" not in str(refused.value)


def test_an_error_names_the_file() -> None:
    """A person may have given several."""
    with pytest.raises(CannotRead, match=r"^work\.json, line 1"):
        drafts_of("{", filename="work.json")


def test_a_file_with_a_place_for_servers_and_none_in_it_is_no_error() -> None:
    """Clients write the empty mapping."""
    assert drafts_of('{"mcpServers": {}}') == ()
    with pytest.raises(NothingDescribed):
        drafts_of('{"editor.fontSize": 12}')


def test_single_entries_that_are_wrong_do_not_hide_the_others() -> None:
    """What `gatehouse discover` builds on."""
    entries = entries_of(json.dumps({"mcpServers": {"a": {}, "b": {"command": "run"}, "c": 5}}))
    assert [(entry.name, entry.draft is not None, entry.problem is not None) for entry in entries] == [
        ("a", False, True),
        ("b", True, False),
        ("c", False, True),
    ]


def test_a_thousand_servers_are_the_most() -> None:
    """A bound on what one paste can cost."""
    many = {f"s{number}": {"command": "run"} for number in range(1001)}
    with pytest.raises(CannotRead, match="more than 1000 servers"):
        drafts_of(json.dumps({"mcpServers": many}))
