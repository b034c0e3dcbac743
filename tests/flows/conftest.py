"""Offices for the flows: see `offices`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.databases import Databases
from tests.flows.offices import POLICY, Office, configuration, desk
from tests.running import gatehouse


@pytest.fixture(scope="session")
def make_office(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Starts an office: `with make_office(policy, servers=[…], tools=[…], SETTING="…") as office`."""

    @contextmanager
    def make(
        policy: str = POLICY,
        *,
        servers: list[dict[str, Any]] | None = None,
        tools: list[str] | None = None,
        sections: dict[str, Any] | None = None,
        **environment: str,
    ) -> Iterator[Office]:
        folder = tmp_path_factory.mktemp("office")
        redis = os.environ.get("REDIS_URL", "") if databases.server else ""
        with desk(folder) as (url, log):
            config = configuration(url, servers=servers or [], tools=tools or [], **(sections or {}))
            with gatehouse(config, policy, databases=databases, redis_url=redis, **environment) as running:
                yield Office(running, log, url)

    return make
