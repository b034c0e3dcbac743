"""Every client at every server: what the page on compatibility says of a pair is what is seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.databases import Databases
from tests.flows.matrix.clients import CLIENTS
from tests.flows.matrix.servers import TITLES
from tests.flows.matrix.table import PAGE, YES, House, house, rendered, written

pytestmark = [pytest.mark.node, pytest.mark.any_database]


@pytest.fixture(scope="module")
def place(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The gateway in front of all of them."""
    redis = os.environ.get("REDIS_URL", "") if databases.server else ""
    with house(databases, tmp_path_factory.mktemp("matrix"), redis) as made:
        yield made


@pytest.mark.parametrize("server", TITLES)
@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_sees_of_a_server_what_the_page_says(place: House, client: str, server: str) -> None:
    """Its tools and the answer to one call, compared with the server itself."""
    assert await place.cell(client, server) == written(PAGE.read_text())[client, server]


def test_the_page_holds_the_whole_table_as_it_is_generated() -> None:
    """`python -m tests.flows.matrix.table` writes it; every pair works."""
    cells = written(PAGE.read_text())
    assert rendered(cells) in PAGE.read_text()
    assert set(cells.values()) == {YES}


async def test_a_pair_that_sees_something_else_is_not_said_to_work(place: House) -> None:
    """The comparison itself: another tool, and another answer."""
    client, server = next(iter(CLIENTS)), "time"
    assert await place.cell(client, server) == YES
    tools, answer = place.expected[server]
    for wrong, said in (((tools[1:], answer), "lists"), ((tools, answer | {"isError": True}), "answers")):
        altered = replace(place, expected={server: wrong})
        assert await altered.cell(client, server) == f"no: the {said} differ"
