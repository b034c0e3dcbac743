"""The matrix as a table in docs/compatibility.md: `python -m tests.flows.matrix.table` plays it and writes it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.databases import ROOT, Databases, databases, server_of_this_run
from tests.flows.matrix.clients import CLIENTS, Seen, directly
from tests.flows.matrix.servers import TITLES, Reached, reached
from tests.running import Running, gatehouse

PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"
YES = "yes"
AGENT = "matrix"
POLICY = """
version: "1"
default: deny
rules:
  - {id: all, server: "*", action: allow, reason: Everything may be used}
"""
Cells = Mapping[tuple[str, str], str]


@dataclass
class House:
    """A running Gatehouse in front of all servers of the matrix."""

    running: Running
    servers: dict[str, Reached]
    folder: Path
    expected: dict[str, Seen]

    async def cell(self, client: str, server: str) -> str:
        """What one client sees of one server through the gateway, compared with the server itself."""
        if server not in self.expected:
            self.expected[server] = await directly(self.servers[server])
        url, token = f"{self.running.url}/mcp/{server}", self.running.token(AGENT)
        tools, answer = await CLIENTS[client](url, token, self.servers[server], self.folder)
        listed, answered = self.expected[server]
        if tools != listed:
            return "no: the lists differ"
        return YES if answer == answered else "no: the answers differ"


@contextmanager
def house(made: Databases, folder: Path, redis_url: str = "") -> Iterator[House]:
    """The servers, and the gateway in front of them."""
    with reached(folder) as servers:
        config = {
            "people": [{"email": "dev@example.com", "roles": ["developer"]}],
            "servers": [server.entry(name) for name, server in servers.items()],
            "roles": [{"name": "all", "servers": list(servers)}],
            "agents": [{"name": AGENT, "owner": "dev@example.com", "roles": ["all"]}],
        }
        with gatehouse(config, POLICY, databases=made, redis_url=redis_url) as running:
            yield House(running, servers, folder, {})


def rendered(cells: Cells) -> str:
    """The table."""
    rows = [["client", *TITLES.values()], ["---"] * (len(TITLES) + 1)]
    rows += [[client, *(cells[client, server] for server in TITLES)] for client in CLIENTS]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def written(page: str) -> Cells:
    """The cells that stand in the page."""
    table = page.partition(BEGIN)[2].partition(END)[0].strip().split("\n")
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in table]
    assert rows[0] == ["client", *TITLES.values()], "the page's table is of other servers"
    assert [row[0] for row in rows[2:]] == list(CLIENTS), "the page's table is of other clients"
    return {(row[0], server): said for row in rows[2:] for server, said in zip(TITLES, row[1:], strict=True)}


def main() -> None:
    """Play every cell and write the table between the page's marks."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-matrix-") as name:
        folder = Path(name)
        with databases(server_of_this_run(), folder / "databases") as made, house(made, folder) as place:
            cells = {
                (client, server): asyncio.run(place.cell(client, server)) for client in CLIENTS for server in TITLES
            }
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{rendered(cells)}\n{END}{after}")
    print(rendered(cells))


if __name__ == "__main__":
    main()
