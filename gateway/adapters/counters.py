"""Take from limits, exactly: one row per reservation inside a rolling window, one lock per key.

Only agents with a rate and rules with a `limit` come here. The store is the database, so that every process counts
together; when it does not answer, the call is refused.
"""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from django.db import connection, transaction
from django.db.models import Count

from gateway.adapters.threads import in_thread
from gateway.call import Call, Ruling
from gateway.clock import Clock
from gateway.refusal import Denied, Limited, Unavailable
from gateway.snapshot.model import AgentRecord
from governance.models.usage import Usage
from governance.policy.amounts import exact_product, exact_sum, fits, is_counted
from governance.policy.values import By, LimitQuery

ONE = Decimal(1)


class Counters:
    """The CountersPort of a process."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._returning: set[asyncio.Task[None]] = set()

    async def take_rate(self, call: Call, agent: AgentRecord) -> int | None:
        """Take one call from the agent's rate; the milliseconds until one is free again when it is used up."""
        assert agent.rate is not None
        calls, seconds = agent.rate
        return await in_thread(self._take, f"rate:{agent.name}", Decimal(calls), seconds, ONE, call)

    async def reserve(self, ruling: Ruling) -> None:
        """Take everything the verdict reserves, or nothing.

        Raises Limited, Denied for an amount that the store would round, or Unavailable when the store is down.
        """
        if not ruling.verdict.reserve:
            return
        given_up = threading.Event()
        try:
            await in_thread(self._reserve, ruling, given_up)
        except (Unavailable, asyncio.CancelledError):
            given_up.set()  # The thread may be at it still; what it took before it saw this is given back.
            self.give_back(ruling)
            raise

    def give_back(self, ruling: Ruling) -> None:
        """Return what was taken for a call that was not sent; in the background, since the call is over."""
        if ruling.verdict.reserve:
            task = asyncio.get_running_loop().create_task(in_thread(self._give_back, ruling.call))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)

    @transaction.atomic
    def _reserve(self, ruling: Ruling, given_up: threading.Event) -> None:
        for wanted in sorted(ruling.verdict.reserve, key=lambda r: r.limit.rule):
            limit = wanted.limit
            if not is_counted(wanted.amount):
                raise Denied(
                    f"The amount cannot be counted exactly by the limit of rule {limit.rule}.",
                    rule=limit.rule,
                    rules=(limit.rule,),
                )
            key = key_of(limit, ruling.call, ruling.agent)
            retry = self._take(key, limit.maximum, limit.per, wanted.amount, ruling.call)
            if retry is not None:
                raise Limited(
                    f"The limit of rule {limit.rule} is used up ({limit.maximum} per {limit.per} s).",
                    rule=limit.rule,
                    rules=(limit.rule,),
                    retry_after_ms=retry,
                )
        if given_up.is_set():
            raise Unavailable("The call was given up.")

    @transaction.atomic
    def _take(self, key: str, maximum: Decimal, seconds: int, amount: Decimal, call: Call) -> int | None:
        _lock(key)
        now = self._clock.now()
        window = timedelta(seconds=seconds)
        used = self.used(key, now - window)
        if not fits(used, amount, maximum):
            return self._retry_ms(key, now, window)
        Usage.objects.create(key=key, at=now, amount=amount, call=call.id, window_ends=now + window)
        return None

    def used(self, key: str, since: datetime) -> Decimal:
        """What was taken under `key` after `since`, to the last digit."""
        # SQLite would add floats; equal amounts are the rule, so that there are few rows to add here.
        taken = Usage.objects.filter(key=key, at__gt=since).values_list("amount").annotate(times=Count("pk"))
        return exact_sum(exact_product(amount, times) for amount, times in taken)

    def _retry_ms(self, key: str, now: datetime, window: timedelta) -> int:
        oldest = Usage.objects.filter(key=key, at__gt=now - window).order_by("at").values_list("at", flat=True).first()
        return max(1, int(((oldest or now) + window - now).total_seconds() * 1000))

    def _give_back(self, call: Call) -> None:
        Usage.objects.filter(call=call.id).exclude(key__startswith="rate:").delete()


def key_of(limit: LimitQuery, call: Call, agent: AgentRecord) -> str:
    """The key of a limit for one call: rule and whose calls it counts together (contract 4.15)."""
    caller = agent.caller
    whose = {
        By.AGENT: agent.name,
        By.PERSON: caller.person or f"agent {agent.name}",
        By.TEAM: ",".join(sorted(caller.teams)) or f"agent {agent.name}",
        By.TOOL: f"{call.server}/{call.item}",
        By.SERVER: call.server,
        By.SESSION: call.session,
        By.ALL: "",
    }[limit.by]
    key = f"{limit.rule}|{limit.by.value}|{whose}"
    return key if len(key) <= 180 else key[:100] + sha256(key.encode()).hexdigest()


def _lock(key: str) -> None:
    if connection.vendor == "postgresql":
        number = int.from_bytes(sha256(key.encode()).digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
