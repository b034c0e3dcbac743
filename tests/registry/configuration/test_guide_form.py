"""The gateway guides' form becomes the same configuration, and every conversion is told (contract section 3)."""

from __future__ import annotations

import pytest

from registry.configuration.parse import parse_config
from registry.configuration.values import AgentEntry, Approve, BadConfiguration, Configuration, RoleEntry

GUIDE = """\
listen: {transport: stdio}            # or sse
upstream:
  - {name: filesystem, url: "stdio://mcp-server-filesystem /srv/data"}
  - {name: database, url: "sse://127.0.0.1:3001/mcp"}
policy: ./policy.yaml
aegis: {enabled: true}                # content inspection
sentinel: {enabled: true}             # the watch
"""
POLICY = """\
version: "1"
default: deny
rules:
  - tool: read_file
    action: allow
    constraints:
      allowedPaths: [/tmp/, /home/user/projects/]
    reason: Workspace files are readable
  - {tool: write_file, action: escalate, reason: File writes require approval}
  - {tool: execute_command, action: deny, reason: Shell execution is not permitted}
"""


def read(text: str) -> Configuration:
    return parse_config(text, source="guide.yaml", read_file={"./policy.yaml": POLICY}.__getitem__)


def test_the_example_of_the_contract_becomes_two_servers_a_role_and_an_agent() -> None:
    found = read(GUIDE)
    filesystem, database = found.servers
    assert (filesystem.transport, filesystem.command) == ("stdio", ("mcp-server-filesystem", "/srv/data"))
    assert filesystem.approval.which is Approve.ALL
    assert (database.transport, database.url) == ("sse", "http://127.0.0.1:3001/mcp")
    assert database.allow_private_address
    assert found.roles == (RoleEntry("gateway", servers=("filesystem", "database")),)
    assert found.agents == (AgentEntry("gateway", team="gateway", roles=("gateway",)),)
    assert found.policy is not None
    assert found.policy.text == POLICY


def test_each_part_of_the_conversion_is_reported() -> None:
    parts = [note.split(":")[0] for note in read(GUIDE).notes]
    assert parts == ["listen", "upstream filesystem", "upstream database", "policy", "aegis", "sentinel", "agents"]


@pytest.mark.parametrize(("transport", "instead"), [("stdio", "gatehouse stdio --url"), ("sse", "/sse/<server>")])
def test_another_way_to_listen_is_told_where_it_is_served(transport: str, instead: str) -> None:
    (note, *_) = read(GUIDE.replace("transport: stdio", f"transport: {transport}")).notes
    assert note.startswith("listen: agents reach every server over streamable HTTP at /mcp/<server>")
    assert instead in note


def test_listening_over_http_is_what_is_served() -> None:
    (note, *_) = read(GUIDE.replace("transport: stdio", "transport: http")).notes
    assert note == "listen: agents reach every server over streamable HTTP at /mcp/<server>"


def test_inspection_that_a_guide_switches_off_stays_on_and_says_so() -> None:
    notes = read(GUIDE.replace("aegis: {enabled: true}", "aegis: {enabled: false}")).notes
    assert "aegis: content inspection cannot be switched off; it stays on" in notes


def test_an_address_elsewhere_is_reached_over_tls_and_not_marked_private() -> None:
    found = read("upstream: [{name: a, url: 'sse://mcp.example.com/sse'}]\npolicy: ./policy.yaml")
    assert found.servers[0].url == "https://mcp.example.com/sse"
    assert not found.servers[0].allow_private_address


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("upstream: [{name: a, url: 'stdio://'}]", "1:27: the command of a is empty; write stdio://PROGRAM ARGUMENT…"),
        (
            "upstream: [{name: a, url: 'ws://b'}]",
            "1:27: the url of a must begin with stdio://, sse://, http:// or https://",
        ),
        ("upstream: [{name: a}]", "1:12: upstream[0] has no url; add it"),
        ("upstream: []\naegs: {}", "2:1: unknown key 'aegs' in the file; did you mean aegis?"),
        ("listen: {transport: stdio}", "1:1: the file has no upstream; add a list of {name, url}"),
        (
            "upstream: [{name: a, url: 'stdio://x'}, {name: a, url: 'stdio://y'}]",
            "1:41: the server a stands twice, first at 1:12",
        ),
    ],
)
def test_a_mistake_in_a_guide_is_named_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        read(text)
    assert f"guide.yaml:{problem}" in [str(found) for found in caught.value.problems]
