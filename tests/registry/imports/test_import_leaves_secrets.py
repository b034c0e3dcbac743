"""No secret of a client's configuration is taken over into a draft."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.imports import secrecy
from registry.imports.draft import CannotRead, Draft
from registry.imports.reading import drafts_of, entries_of

# Put together here, so that no scanner of repositories takes them for real ones.
VENDOR = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
WORD = "hunter" + "2"


def one(entry: dict[str, Any]) -> Draft:
    """The draft of one entry of `mcpServers`."""
    (draft,) = drafts_of(json.dumps({"mcpServers": {"notes": entry}}))
    return draft


@pytest.mark.parametrize("secret", [VENDOR, WORD])
@pytest.mark.parametrize(
    "entry",
    [
        {"command": "run", "env": {"API_KEY": "SECRET"}},
        {"command": "run", "env": {"PLAIN": "SECRET"}},
        {"command": "run", "environment": {"PLAIN": "SECRET"}},
        {"command": {"path": "run", "args": [], "env": {"PLAIN": "SECRET"}}},
        {"url": "https://a.example/mcp", "headers": {"Authorization": "Bearer SECRET"}},
        {"url": "https://a.example/mcp", "headers": {"X-Team": "SECRET"}},
        {"url": "https://a.example/mcp", "http_headers": {"X-Team": "SECRET"}, "bearer_token": "SECRET"},
        {"url": "https://SECRET@a.example/mcp"},
        {"url": "https://me:SECRET@a.example/mcp"},
        {"url": "https://a.example/mcp?key=SECRET"},
        {"url": "https://a.example/mcp?SECRET"},
        {"url": "https://a.example/mcp#SECRET"},
        {"command": "run", "args": ["--api-key", "SECRET"]},
        {"command": "run", "args": ["--api-key=SECRET"]},
        {"command": "run", "args": ["--apiKey", "SECRET"]},
        {"command": "run", "args": ["-token", "SECRET"]},
        {"command": "run", "args": ["PASSWORD=SECRET"]},
        {"command": "run", "args": ["postgresql://me:SECRET@db.example/x"]},
        {"command": "run", "args": ["--dsn", "Server=db.example;Password=SECRET;Database=x"]},
        {"command": "run", "args": ["Server=db.example;Password=SECRET;Database=x"]},
        {"command": "npx", "args": ["mcp-remote", "https://a.example/mcp", "--header", "Authorization: Bearer SECRET"]},
        {"command": "npx", "args": ["mcp-remote", "https://a.example/mcp", "--header=Authorization: Bearer SECRET"]},
        {"command": "npx", "args": ["mcp-remote", "https://a.example/mcp", "Authorization:Bearer SECRET"]},
        {"command": "npx", "args": ["mcp-remote", "https://a.example/mcp?token=SECRET"]},
        {"command": "npx", "args": ["cli", "run", "x", "--config", '{"apiKey": "SECRET"}']},
        {"command": "npx", "args": ["cli", "run", "x", "--config", '"{\\"apiKey\\":\\"SECRET\\"}"']},
        {"command": "docker", "args": ["run", "-i", "-e", "PLAIN=SECRET", "notes:1"]},
        {"command": "docker", "args": ["run", "-i", "--env=PLAIN=SECRET", "notes:1"]},
        {"command": "env", "args": ["PLAIN=SECRET", "run", "x"]},
        {"command": "/usr/bin/env", "args": ["A=1", "PLAIN=SECRET", "run"]},
        {"command": "run --token SECRET"},
        {"command": "run", "args": ["--anything", "Bearer SECRET"]},
        {"command": "uvx", "args": ["--from", "git+https://SECRET@git.example/notes", "notes"]},
    ],
)
def test_a_secret_is_left_out_wherever_it_stands(entry: dict[str, Any], secret: str) -> None:
    """Values of settings always; in addresses and commands what stands where secrets stand."""
    quoted = json.dumps(secret)[1:-1]
    draft = one(json.loads(json.dumps(entry).replace("SECRET", quoted)))
    assert secret not in repr(draft)


@pytest.mark.parametrize(
    "argument",
    [
        VENDOR,
        "https://a.example/mcp/s/" + "a1b2c3d4e5" * 3 + "/mcp",
        "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "key-" + "a1b2c3d4e5" * 3,
        base64.b64encode(bytes(range(24))).decode().rstrip("=").replace("/", "A").replace("+", "B"),
    ],
)
def test_what_looks_like_a_key_is_left_out_without_any_name(argument: str) -> None:
    """Positional keys: formats of vendors, long runs of letters and digits, identifiers."""
    draft = one({"command": "run", "args": ["start", argument]})
    assert argument not in repr(draft)
    assert "argument 2 of the command looks like a secret and was left out" in draft.warnings[0]
    assert argument not in repr(one({"url": f"https://a.example/{quote(argument, safe='')}/mcp"}))


@pytest.mark.parametrize(
    "words",
    [
        ["npx", "-y", "@modelcontextprotocol/server-filesystem@2026.8.31", "/home/me/notes 2026"],
        ["uvx", "mcp-server-git==2026.10.19", "--repository", "/srv/very-long-folder-name-of-2026/with-parts"],
        ["docker", "run", "-i", "--rm", "-e", "KEY", "ghcr.io/corp/notes@sha256:" + "0a" * 32],
        ["uvx", "--from", "git+https://git.example/corp/notes@" + "0a" * 20, "notes"],
        ["node", "/nix/store/" + "a1" * 16 + "-notes-1.0/bin/notes", "--config=/opt/" + "a1" * 16 + "/notes.json"],
        ["node", "dist/index.js", "--port", "8080", "--log-level=debug", "--read-only"],
        ["run", "https://a.example:8080/mcp", "${env:API_KEY}", "${input:key}", "--token", "${TOKEN}"],
    ],
)
def test_ordinary_commands_stay_as_they_are(words: list[str]) -> None:
    """A draft with a mark in place of every second word would be of no use."""
    draft = one({"command": words[0], "args": words[1:]})
    assert list(draft.command) == words


def test_what_was_left_out_is_said_by_its_name() -> None:
    """So that the person knows what to put into the vault."""
    draft = one(
        {"command": "run", "env": {"API_KEY": WORD, "LOG_LEVEL": "debug", "PLAIN": VENDOR, "TOKEN": "${TOKEN}"}}
    )
    assert draft.env == ("API_KEY", "LOG_LEVEL", "PLAIN", "TOKEN")
    assert draft.secret == {"API_KEY", "PLAIN", "TOKEN"}
    said = [warning for warning in draft.warnings if "left out" in warning]
    assert [warning.split(" was ")[0] for warning in said] == ["value of API_KEY", "value of PLAIN"]


def test_a_reference_with_a_value_in_it_is_no_reference() -> None:
    """`${KEY:-value}` holds the value."""
    assert secrecy.is_reference("${KEY}")
    assert secrecy.is_reference("Bearer ${env:KEY}")
    for text in (f"${{KEY:-{WORD}}}", f"{WORD} ${{KEY}} {WORD}", f"${{KEY}}{WORD}", f"${WORD}"):
        assert not secrecy.is_reference(text)
        assert WORD not in repr(one({"command": "run", "args": ["--token", text]}))


# Anything at all.

CANARY = "canary" + "0123456789zyxwvutsrqp"
NAMES = st.sampled_from(
    ["command", "args", "env", "url", "headers", "type", "cwd", "packages", "remotes", "name", "servers", "mcpServers"]
    + [
        "mcp",
        "projects",
        "context_servers",
        "mcp_servers",
        "value",
        "transport",
        "identifier",
        "registryType",
        "inputs",
    ]
    + ["environmentVariables", "packageArguments", "runtimeArguments", "server", "_meta", "bearer_token", "description"]
) | st.text(max_size=5)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["npm", "sse", "npx"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=30,
)


@given(ANYTHING)
@settings(max_examples=300, deadline=None)
@example({"name": "x", "packages": [None, {"registryType": 5}], "remotes": [[]]})
@example({"mcpServers": {"a": {"command": {"path": 5}, "args": {"x": 1}}}})
def test_any_json_is_read_or_refused_in_one_sentence(value: Any) -> None:
    """Whatever is pasted: drafts, or CannotRead."""
    try:
        found = drafts_of(json.dumps(value))
    except CannotRead as refused:
        assert "\n" not in str(refused)
        return
    names = [draft.name for draft in found]
    assert len(set(names)) == len(names)
    for draft in found:
        assert bool(draft.command) != bool(draft.url)


def toml(value: Any) -> str:
    """A value as TOML writes it within a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return "1979-05-27" if value is None else json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")


@given(st.dictionaries(st.text(max_size=8), ANYTHING, max_size=4))
@settings(max_examples=150, deadline=None)
@example({"a": {"command": ["npx", None], "env_vars": [None, {"name": 5}], "http_headers": []}})
def test_any_toml_is_read_or_refused_in_one_sentence(entries: dict[str, Any]) -> None:
    """Whatever stands under mcp_servers: dates and other values that JSON has not, too."""
    try:
        found = drafts_of(f"mcp_servers = {toml(entries)}\n", filename="config.toml")
    except CannotRead as refused:
        assert "\n" not in str(refused)
        return
    assert len(found) == len(entries)


@given(
    st.text(max_size=60) | st.text(alphabet='[]{}",:\\/*=.# \nabm_', max_size=60),
    st.sampled_from(["", "a.toml", "a.json"]),
)
@settings(max_examples=400, deadline=None)
@example("[mcp_servers.a]\ncommand = 1979-05-27\n", "a.toml")
@example("a = " + "1" * 5000, "a.toml")
@example('{"a": ' + "1" * 5000 + "}", "a.json")
@example('"' + '\\"' * 2000 + "\\", "a.json")
def test_any_text_is_read_or_refused(text: str, filename: str) -> None:
    """JSON, TOML and neither."""
    try:
        entries_of(text, filename=filename)
    except CannotRead as refused:
        assert "\n" not in str(refused)


KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.sampled_from([CANARY, f"Bearer {CANARY}", f"${{X:-{CANARY}}}", f"{CANARY}\n", f" {CANARY}"])
SETTINGS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=3)
ENTRIES = st.one_of(
    st.fixed_dictionaries({"command": st.just("run"), "env": SETTINGS}),
    st.fixed_dictionaries({"command": st.just("run"), "environment": SETTINGS, "env_vars": st.lists(KEYS, max_size=2)}),
    st.fixed_dictionaries({"url": st.just("https://a.example/mcp"), "headers": SETTINGS, "bearer_token": VALUES}),
    st.builds(lambda name: {"url": f"https://u:{CANARY}@a.example/mcp?{name}={CANARY}"}, KEYS),
    st.builds(lambda name: {"command": "docker", "args": ["run", "-e", f"{name}={CANARY}", "notes:1"]}, KEYS),
    st.builds(lambda name: {"command": "env", "args": [f"{name}={CANARY}", "run"]}, KEYS),
)


@given(
    st.dictionaries(KEYS, ENTRIES, min_size=1, max_size=4),
    st.sampled_from(["mcpServers", "servers", "context_servers"]),
)
@settings(max_examples=200, deadline=None)
def test_no_value_of_a_setting_is_ever_in_the_output(entries: dict[str, Any], form: str) -> None:
    """A canary in every setting, header and address; neither drafts nor errors hold it."""
    try:
        said = repr(drafts_of(json.dumps({form: entries})))
    except CannotRead as refused:
        said = str(refused)
    assert CANARY not in said


@given(st.text(max_size=20), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_a_broken_file_is_not_repeated_in_its_error(before: str, cut: int) -> None:
    """An error goes to logs and screens; the file may hold secrets."""
    whole = json.dumps({"mcpServers": {"a": {"command": "run", "env": {"KEY": CANARY, "B": before}}}})
    for text, filename in (
        (whole[:-cut], "a.json"),
        (f'KEY = "{CANARY}"\n{before}"', "a.toml"),
        (f'{CANARY} = "x', "a.toml"),
    ):
        try:
            entries_of(text, filename=filename)
        except CannotRead as refused:
            assert CANARY not in str(refused)


@pytest.mark.parametrize(
    "text",
    [
        '"' * 400_000,
        '"\\' * 200_000,
        '"' + '\\"' * 200_000 + "\\",
        "/*" * 200_000,
        ",/*" * 130_000,
        ", " * 200_000,
        "{" + " " * 400_000,
        "[" + "a" * 400_000,
        '{"mcpServers": {"a": {"command": "run", "args": ["' + "a" * 400_000 + '"]}}}',
        '{"mcpServers": {"a": {"command": "run", "args": ["' + "a=" * 200_000 + '"]}}}',
        '{"mcpServers": {"a": {"command": "run", "args": ["' + "://" * 130_000 + '"]}}}',
        '{"mcpServers": {"a": {"command": "run", "args": ["' + '\\"a' * 130_000 + '"]}}}',
        '{"mcpServers": {"a": {"url": "https://a.example/' + "?" * 400_000 + '"}}}',
        '{"mcpServers": {"' + "a" * 400_000 + '": {}}}',
    ],
)
@pytest.mark.timeout(20)
def test_reading_takes_time_in_proportion_to_the_text(text: str) -> None:
    """Nobody stops the console by pasting 400 KB."""
    try:
        entries_of(text)
    except CannotRead:
        return
