"""What a wrapped server is called."""

from __future__ import annotations

import pytest

from gateway.wrapping.naming import NAME, BadName, server_name


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["mcp-server-filesystem", "/srv"], "mcp-server-filesystem"),
        (["/opt/bin/My_Server.py"], "my-server"),
        (["npx", "-y", "@modelcontextprotocol/server-memory@2026.8.31"], "server-memory"),
        (["uvx", "mcp-server-git", "-r", "."], "mcp-server-git"),
        (["uv", "run", "server.py"], "server"),
        (["python3.12", "-m", "mcp_server_time"], "mcp-server-time"),
        (["node", "/srv/app/dist/index.js"], "index"),
        (["docker", "run", "--rm", "-i", "mcp/postgres:1.2"], "postgres"),
        (["env", "KEY=value", "the-tool"], "the-tool"),
        (["python"], "python"),
        (["7z-server"], "z-server"),
        (["日本"], "server"),
        (["gatehouse"], "server"),
        (["a" * 60], "a" * 40),
    ],
)
def test_a_name_is_made_from_what_is_launched(command: list[str], name: str) -> None:
    """Paths, packages, images, endings and versions fall away; every result is a server's name."""
    assert server_name(command) == name
    assert NAME.fullmatch(name)


def test_a_given_name_is_taken_as_it_is() -> None:
    """`--name` wins over the command."""
    assert server_name(["npx", "x"], "files-2") == "files-2"


@pytest.mark.parametrize("wanted", ["Files", "1st", "a b", "../x", "gatehouse", "a" * 41, "a/b"])
def test_a_name_that_no_server_can_have_is_refused(wanted: str) -> None:
    """It would be a folder too: nothing that leaves the data folder passes."""
    with pytest.raises(BadName, match="--name"):
        server_name(["x"], wanted)
