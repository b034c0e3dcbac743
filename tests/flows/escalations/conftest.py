"""One office for all of these tests: starting it takes longer than most of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.flows.escalations.held import HOLD, LATE, LEG
from tests.flows.offices import POLICY, Office


@pytest.fixture(scope="package")
def place(make_office: Callable[..., Any]) -> Iterator[Office]:
    """An office whose held calls wait for two seconds on a request of the session era, for one on a modern leg."""
    with make_office(POLICY + LATE, GATEHOUSE_HOLD_SECONDS=str(HOLD), GATEHOUSE_LEG_SECONDS=str(LEG)) as started:
        yield started
        started.require_sound_ledger()


@pytest.fixture
def path() -> str:
    """A path that no other test uses."""
    return f"/srv/notes/{secrets.token_hex(6)}"
