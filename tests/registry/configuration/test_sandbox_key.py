"""`sandbox:` of a stdio server, and addresses that nothing permits, in `gatehouse.yaml`."""

from __future__ import annotations

import pytest

from registry.configuration.parse import parse_config
from registry.configuration.render import render
from registry.configuration.values import BadConfiguration, Configuration, ServerEntry
from registry.transports.sandbox import NO_SANDBOX, Sandbox

ALL = (
    "{network: false, uid: true, limits: {open_files: 64, processes: 32, file_bytes: 1000000, memory_bytes: 268435456}}"
)


def read(text: str) -> Configuration:
    return parse_config(text, source="x", read_file=lambda name: "")


def of_program(sandbox: str) -> str:
    return f"version: 1\nservers: [{{name: f, transport: stdio, command: [x], sandbox: {sandbox}}}]"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("{}", NO_SANDBOX),
        ("{network: true, uid: false}", NO_SANDBOX),
        ("{network: false}", Sandbox(network=False)),
        ("{limits: {open_files: 64}}", Sandbox(open_files=64)),
        (ALL, Sandbox(False, True, 64, 32, 1_000_000, 268_435_456)),
    ],
)
def test_a_sandbox_is_read_and_written_back(said: str, meant: Sandbox) -> None:
    server = read(of_program(said)).servers[0]
    assert server.sandbox == meant
    whole = Configuration(servers=(ServerEntry("f", "stdio", command=("x",), sandbox=meant),))
    assert read(render(whole)).servers[0].sandbox == meant


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("true", "sandbox of server f must be a mapping with limits, network, uid"),
        ("{net: false}", "unknown key 'net' in sandbox of server f; did you mean network?"),
        ("{network: 'off'}", "network of sandbox of server f must be true or false"),
        ("{uid: 1000}", "uid of sandbox of server f must be true or false"),
        ("{limits: {open_files: 0}}", "open_files of sandbox of server f must be a whole number of at least 1"),
        ("{limits: {files: 9}}", "unknown key 'files' in limits of sandbox of server f; did you mean open_files?"),
    ],
)
def test_a_sandbox_that_means_nothing_is_a_problem_with_its_place(said: str, problem: str) -> None:
    """A misspelt protection would be one that nobody has."""
    with pytest.raises(BadConfiguration) as refused:
        read(of_program(said))
    assert [str(each).split(": ", 1)[1] for each in refused.value.problems] == [problem]
    assert refused.value.problems[0].line == 2


def test_a_web_server_has_no_sandbox() -> None:
    with pytest.raises(BadConfiguration, match="sandbox of server f does not go with transport http; remove it"):
        read("version: 1\nservers: [{name: f, transport: http, url: 'https://a.example/', sandbox: {network: false}}]")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://0xA9FEA9FE/",
        "http://metadata.google.internal/",
        "https://0.0.0.0/",
        "https://example.com./",
        "https://[fe80::1%25eth0]/",
        "https://１２７.0.0.1/",
        "http://8.8.8.8/mcp",
    ],
)
@pytest.mark.parametrize("permitted", ["", ", allow_private_address: true"])
def test_an_address_that_nothing_permits_is_a_problem_of_the_file(url: str, permitted: str) -> None:
    """security.md 4, SSRF on registering an upstream: the file goes through the same door."""
    with pytest.raises(BadConfiguration, match="url of server f leads where nothing is reached: "):
        read(f"version: 1\nservers: [{{name: f, transport: http, url: '{url}'{permitted}}}]")


@pytest.mark.parametrize("url", ["http://127.0.0.1:3001/mcp", "https://10.0.0.1/", "https://example.com:22/"])
def test_an_address_that_a_flag_or_a_setting_permits_is_judged_when_it_is_looked_at(url: str) -> None:
    """Contract 3: a server that cannot be reached is stored as waiting, with its cause."""
    assert read(f"version: 1\nservers: [{{name: f, transport: http, url: '{url}'}}]").servers[0].url == url
