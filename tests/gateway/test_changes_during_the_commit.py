"""What lands while a call's intent is being committed still holds the call back (security section 6, row 4)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from gateway.adapters import writer
from governance import agents, policies, switches
from governance.models import Agent, AgentToken
from governance.models.ledger import LedgerStream
from governance.rights import Machine
from tests.gateway.inside import POLICY, Inside, in_thread, inside
from tests.waiting import eventually_async

pytestmark = [pytest.mark.usefixtures("own_database", "leases_do_not_queue"), pytest.mark.alone]


@pytest.fixture
def leases_do_not_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer must meet the lock with the intent, and not with its lease."""
    monkeypatch.setattr(writer, "LEASE_EVERY", 60.0)


def stop_everything() -> None:
    switches.stop(scope_kind="everything", reason="fire", by=Machine.OPERATOR)


def stop_the_agent() -> None:
    switches.stop(scope_kind="agent", scope_name="dev-claude", reason="fire", by=Machine.OPERATOR)


def ask_first() -> None:
    switches.stop(scope_kind="server", scope_name="tools", mode="escalate", reason="look", by=Machine.OPERATOR)


def revoke_the_token() -> None:
    token = AgentToken.objects.get(agent__name="dev-claude")
    agents.revoke_token(public_id=token.public_id, by=Machine.OPERATOR, reason="leaked")


def deactivate_the_agent() -> None:
    agent = Agent.objects.get(name="dev-claude")
    agents.deactivate_agent(agent=agent, by=Machine.OPERATOR, reason="gone")


def stricter_policy() -> None:
    policies.publish(POLICY.replace("action: allow", "action: deny"), by=Machine.OPERATOR, reason="stricter")


CHANGES: tuple[Callable[[], None], ...] = (
    stop_everything,
    stop_the_agent,
    ask_first,
    revoke_the_token,
    deactivate_the_agent,
    stricter_policy,
)


def harmless() -> None:
    """A change that concerns somebody else."""
    switches.stop(scope_kind="agent", scope_name="other-bot", reason="fire", by=Machine.OPERATOR)


class Change(threading.Thread):
    """Makes a change in a thread. The writer's commit hangs until the change is committed.

    On PostgreSQL somebody else is about to write the very place of the intent, so that the intent's statement hangs,
    until they think better of it; on SQLite the change's own transaction is the one writer, and is kept open.
    """

    def __init__(self, change: Callable[[], None], epoch: str) -> None:
        super().__init__(daemon=True)
        self.change, self.epoch = change, epoch
        self.holding, self.go = threading.Event(), threading.Event()
        self.problem: BaseException | None = None

    def run(self) -> None:
        try:
            if connection.vendor == "sqlite":
                self._sqlite()
            else:
                self._postgres()
        except BaseException as problem:
            self.problem = problem
        finally:
            connection.close()

    def _sqlite(self) -> None:
        with transaction.atomic():
            self.change()
            self.holding.set()
            assert self.go.wait(10)

    def _postgres(self) -> None:
        import psycopg

        parameters = connection.get_connection_params()
        keys = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
        with psycopg.connect(**keys) as locker:
            locker.execute(TAKES_THE_NEXT_PLACE, [self.epoch])
            self.holding.set()
            assert self.go.wait(10)
            self.change()
            locker.rollback()


TAKES_THE_NEXT_PLACE = """INSERT INTO governance_ledgerentry
(stream_id, seq, at, kind, agent, session, server, item, status, digest, text)
SELECT id, (SELECT COALESCE(MAX(seq), 0) + 1 FROM governance_ledgerentry WHERE stream_id = id),
now(), 'call.refused', '', '', '', '', '', '', '{}' FROM governance_ledgerstream WHERE name = %s"""


@asynccontextmanager
async def meanwhile(place: Inside, change: Callable[[], None]) -> AsyncIterator[asyncio.Task[Any]]:
    """Start a call, let the change land while its intent is being committed, then let the commit go on."""
    act = Change(change, await in_thread(lambda: LedgerStream.objects.exclude(name="console").get().name))
    act.start()
    await eventually_async(act.holding.is_set, what="the lock")
    call = asyncio.create_task(place.call(text="late"))
    await place.writer_is_stuck()
    assert not call.done() and place.forwarded("late") == 0
    act.go.set()
    await in_thread(act.join, 10)
    assert act.problem is None and not act.is_alive(), act.problem
    yield call


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_a_change_during_the_commit_holds_the_call_back(change: Callable[[], None]) -> None:
    """0 forwarded, closed `not_sent`, and the next call meets the change too."""
    async with inside() as place:
        assert (await place.call(text="good")).text == "good"
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "ok")]
        async with meanwhile(place, change) as call:
            reply = await call
        assert reply.decision["status"] == "not_sent", reply.message
        record = reply.decision["record"]
        assert await place.entries(record) == [("call.intent", ""), ("call.outcome", "not_sent")]
        after = await place.call(text="after")
        assert "error" in after.message or after.result.get("isError") or after.result["resultType"] != "complete"
        assert (place.forwarded("late"), place.forwarded("after"), place.forwarded("good")) == (0, 0, 1)


async def test_a_change_that_concerns_others_lets_the_call_through() -> None:
    """The counterpart: a stop of another agent during the commit is no reason to refuse."""
    async with inside() as place:
        async with meanwhile(place, harmless) as call:
            reply = await call
        assert reply.text == "late" and place.forwarded("late") == 1
