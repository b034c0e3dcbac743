"""What the person at a wrapped server is told of calls that wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from gateway.wrapping import asking
from tests.waiting import eventually_async


@pytest.mark.usefixtures("own_database")
async def test_a_database_that_is_busy_for_a_moment_silences_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the person would never hear of a call again, and each would run out of time."""
    key, said = uuid4(), list[str]()
    rows = [(key, "shed.write_label (write)")]

    def at_last(answer: Any) -> Callable[[], Any]:
        asked = iter(range(10))

        def act() -> Any:
            if next(asked) < 2:
                raise OperationalError("database is locked")
            return answer

        return act

    monkeypatch.setattr(asking, "_waiting", at_last(rows))
    monkeypatch.setattr(asking, "_link", at_last("http://127.0.0.1/link"))
    monkeypatch.setattr(asking, "LOOKS_AGAIN", 0.01, raising=False)
    async with asking.Asking(said.append):
        await eventually_async(lambda: said, what="the call is told")
    assert len(said) == 1 and "shed.write_label (write) waits for you" in said[0] and str(key) in said[0]
