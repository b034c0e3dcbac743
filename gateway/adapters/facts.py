"""Look up what a decision depends on. Most calls need nothing, and then nothing waits."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet
from msgspec.structs import replace

from gateway.adapters.activity import Activity
from gateway.adapters.counters import Counters, key_of
from gateway.adapters.threads import in_thread
from gateway.call import Approval, Call, Gathered
from gateway.clock import Clock
from gateway.snapshot.model import AgentRecord, ApprovedItem, Snapshot
from governance.canonical.paths import canonical_path
from governance.canonical.values import JSON, NotCanonical
from governance.models import Agent
from governance.models.ledger import LedgerEntry
from governance.policy.listing import needs
from governance.policy.patterns import pattern_matches
from governance.policy.values import By, Facts, HistoryQuery, LimitQuery

HISTORY_KEPT = timedelta(days=90)


class FactsFinder:
    """The FactsPort of a process."""

    def __init__(self, *, clock: Clock, activity: Activity, counters: Counters) -> None:
        self._clock = clock
        self._activity = activity
        self._counters = counters

    async def gather(self, call: Call, snapshot: Snapshot, *, again: bool = False) -> Gathered:
        """Rate, history and limits of one call; `again` after a hold, when the rate has been taken already.

        Raises Unavailable when the database does not answer.
        """
        now = self._clock.now()
        agent = snapshot.agent_of(call.token, now.timestamp())
        taken = again or call.anew
        retry = await self._counters.take_rate(call, agent) if agent.rate and not taken else None
        facts = Facts(at=now)
        server = snapshot.servers.get(call.server)
        item = snapshot.item_of(server, call.kind, call.item) if server else None
        if item is not None and snapshot.rules.compiled is not None:
            wanted = needs(snapshot.rules_for(item.item), agent.caller)
            if wanted.history or wanted.limits:
                facts = await self._look_up(call, agent, now, wanted.history, wanted.limits)
            if item.item.local_disk:
                watched = snapshot.folders_for(item.item)
                if watched:
                    paths = _paths_in(call.arguments, item.item.cwd).union(watched)
                    facts = replace(facts, real_paths=_real_paths(paths))
        approval = _carried(call, item)
        if approval is not None:
            facts = replace(facts, approved=frozenset(approval.rules))
        return Gathered(facts=facts, rate_retry_ms=retry, approval=approval)

    async def _look_up(
        self,
        call: Call,
        agent: AgentRecord,
        now: datetime,
        history: tuple[HistoryQuery, ...],
        limits: tuple[LimitQuery, ...],
    ) -> Facts:
        def read() -> Facts:
            return Facts(
                at=now,
                history={query: counted(query, call, agent, now) for query in history},
                limits={query: self._used(query, call, agent, now) for query in limits},
            )

        return await in_thread(read)

    def _used(self, query: LimitQuery, call: Call, agent: AgentRecord, now: datetime) -> Decimal:
        return self._counters.used(key_of(query, call, agent), now - timedelta(seconds=query.per))


def _carried(call: Call, item: ApprovedItem | None) -> Approval | None:
    """The approval that an earlier leg of this call redeemed, while the item is the one that was approved."""
    approval = call.continuation.approval if call.continuation is not None else None
    return approval if approval is not None and item is not None and item.digest == approval.digest else None


def counted(query: HistoryQuery, call: Call, agent: AgentRecord, now: datetime) -> int:
    """How many forwarded calls answer a history question; those that were not sent do not count (contract 4.16)."""
    since = now - min(timedelta(seconds=query.within), HISTORY_KEPT)
    calls = LedgerEntry.objects.filter(kind="call.intent", at__gt=since)
    not_sent = LedgerEntry.objects.filter(call=OuterRef("call"), kind="call.outcome", status="not_sent")
    calls = _by(query.by, calls, call, agent).filter(~Exists(not_sent))
    if query.in_session:
        calls = calls.filter(session=call.session)
    if query.pattern is None:
        return calls.filter(server=call.server, item=call.item).count()
    pairs = calls.values_list("server", "item")
    return sum(1 for server, item in pairs if pattern_matches(query.pattern, server, item))


def _by(by: By, calls: QuerySet[LedgerEntry], call: Call, agent: AgentRecord) -> QuerySet[LedgerEntry]:
    caller = agent.caller
    if by is By.AGENT:
        return calls.filter(agent=agent.name)
    if by is By.SESSION:
        return calls.filter(agent=agent.name, session=call.session)
    if by is By.PERSON:
        owned = Agent.objects.filter(owner__email=caller.person).values("name")
        return calls.filter(agent__in=owned if caller.person else [agent.name])
    if by is By.TEAM:
        return calls.filter(agent__in=_team_agents(caller.teams))
    if by is By.SERVER:
        return calls.filter(server=call.server)
    if by is By.TOOL:
        return calls.filter(server=call.server, item=call.item)
    return calls


def _team_agents(teams: frozenset[str]) -> list[str]:
    owned = Agent.objects.filter(team__name__in=teams).values_list("name", flat=True)
    of_people = Agent.objects.filter(owner__teams__name__in=teams).values_list("name", flat=True)
    return [*owned, *of_people]


def _real_paths(paths: frozenset[str]) -> dict[str, str]:
    """Where each path leads. A few stat calls on a local disk: cheaper than a thread, and only for local servers."""
    return {path: os.path.realpath(path) for path in paths}


def _paths_in(value: JSON, cwd: str | None) -> frozenset[str]:
    """Every string in the arguments that is a canonical path, as the rules look it up."""
    if isinstance(value, str):
        try:
            return frozenset((canonical_path(value, cwd=cwd).rstrip("/") or "/",))
        except NotCanonical:
            return frozenset()
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return frozenset().union(*(_paths_in(member, cwd) for member in members))
