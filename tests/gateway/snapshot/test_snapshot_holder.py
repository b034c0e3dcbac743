"""The snapshot on the event loop: how old it may be, who waits for it, and what applies at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.refusal import ConfigurationMoved, NotAuthenticated, RegistryMoved, Unavailable
from gateway.snapshot.holder import SnapshotHolder
from gateway.snapshot.model import (
    AgentRecord,
    ApprovedItem,
    Generations,
    Identity,
    Rules,
    ServerRecord,
    Snapshot,
    TokenRecord,
)
from gateway.snapshot.reach import Reach
from governance.inspection.scan import compile_detectors
from governance.policy.values import Caller, Intent, Item, Kind
from governance.workflow.switches import Mode, Scope, Switch
from tests.doubles import HandClock, changes

MAX_AGE, WAIT = 1.0, 0.5
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AGENT = AgentRecord("dev-claude", Caller("dev-claude", person="dev@example.com", roles=frozenset({"all"})))
DETECTORS = compile_detectors(key=b"k" * 32)


def snapshot(**numbers: int) -> Snapshot:
    """A snapshot in which one agent with one token may see one server."""
    token = TokenRecord("t1", "digest", "dev-claude", NOW.timestamp() + 3600)
    reach = Reach.of(servers=["files"], patterns={})
    identity = Identity({"t1": token}, {"dev-claude": AGENT}, {"all": reach}, numbers.get("revocations", 0))
    return Snapshot(Generations(**numbers), identity, servers(), Rules(), (), {}, DETECTORS)


def servers(fingerprint: str = "f", digest: str = "sha256:1") -> dict[str, ServerRecord]:
    """One server with one approved tool."""
    item = ApprovedItem(Item(server="files", kind=Kind.TOOL, name="read", intent=Intent.READ), digest, b"{}")
    return {"files": ServerRecord("files", 1, "http", 60.0, 1, {(Kind.TOOL, "read"): item}, fingerprint=fingerprint)}


def stop(mode: Mode = Mode.DENY, scope: Scope = Scope.EVERYTHING, name: str = "") -> Switch:
    """One stop."""
    return Switch("1", scope, name, mode, "fire", "sec@example.com", NOW)


class Holding:
    """A holder with a clock of its own; `asked` counts the looks it asked for."""

    def __init__(self) -> None:
        self.clock = HandClock(100.0)
        self.asked = 0
        self.holder = SnapshotHolder(max_age=MAX_AGE, wait=WAIT, confirm_now=self._ask, monotonic=self.clock)

    def _ask(self) -> None:
        self.asked += 1

    def take(self, made: Snapshot, **numbers: int) -> None:
        """Give it a snapshot that was read now."""
        self.holder.replace(made, changes(self.clock(), **numbers))


def ruling(made: Snapshot, used: object = None) -> Any:
    """What `require_current` reads of a ruling."""
    server_record = made.servers["files"]

    class Ruled:
        snapshot, agent, server = made, AGENT, server_record
        item = server_record.items[(Kind.TOOL, "read")]
        approval = used

        class call:
            token, at, server, item, session = "t1", NOW, "files", "read", "s"

    return Ruled


def test_before_the_first_look_everything_is_refused() -> None:
    """Security F1: an unreadable configuration is no configuration."""
    with pytest.raises(Unavailable):
        Holding().holder.current()


def test_a_snapshot_serves_until_it_is_one_second_old_and_not_longer() -> None:
    """Contract section 8: at the limit, and past it."""
    place = Holding()
    place.take(snapshot())
    place.clock.pass_(MAX_AGE)
    assert place.holder.current()
    place.clock.pass_(0.001)
    with pytest.raises(Unavailable, match="nothing was sent"):
        place.holder.current()


async def test_a_call_that_finds_it_old_waits_for_one_confirmation() -> None:
    """Contract section 8: one look is asked for at once, and it serves the call."""
    place = Holding()
    made = snapshot()
    place.take(made)
    place.clock.pass_(2.0)
    waiting = asyncio.create_task(place.holder.fresh())
    await asyncio.sleep(0)
    assert place.asked == 1 and not waiting.done()
    place.holder.confirm(changes(place.clock() - 0.5))
    await asyncio.sleep(0)
    assert not waiting.done(), "a look that began before the call says nothing about now"
    place.holder.confirm(changes(place.clock()))
    assert await waiting is made


async def test_it_waits_half_a_second_and_then_refuses() -> None:
    """Contract section 8: at most 500 ms."""
    place = Holding()
    place.take(snapshot())
    place.clock.pass_(2.0)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await place.holder.fresh()
    assert WAIT - 0.01 <= asyncio.get_running_loop().time() - begun < WAIT + 0.3
    assert not place.holder._waiters, "nothing is left behind"


async def test_a_fresh_one_is_given_without_waiting() -> None:
    """Performance: the usual call asks for nothing."""
    place = Holding()
    made = snapshot()
    place.take(made)
    assert await place.holder.fresh() is made and place.asked == 0


def test_a_rebuild_that_is_not_there_yet_confirms_nothing() -> None:
    """Contract section 8: numbers that moved on make the old snapshot older, not newer."""
    place = Holding()
    place.take(snapshot(policy=1), policy=1)
    place.clock.pass_(0.9)
    place.holder.confirm(changes(place.clock(), policy=2))
    place.clock.pass_(0.2)
    with pytest.raises(Unavailable):
        place.holder.current()


def test_stops_and_revocations_apply_without_a_rebuild() -> None:
    """Contract section 8: deltas; security F3 and F4 with the next look, which is due in 250 ms."""
    place = Holding()
    place.take(snapshot())
    place.holder.confirm(changes(place.clock(), switches=(stop(),), revoked={("token", "t1"): 4}, switches_=1))
    now = place.holder.current()
    assert now.stops(agent=AGENT, server="files", item="read", session="")
    with pytest.raises(NotAuthenticated, match="revoked"):
        now.agent_of("t1", NOW.timestamp())


def test_a_revocation_that_the_snapshot_was_built_with_does_not_bite_a_new_token() -> None:
    """A name may be revoked and issued again: only later revocations count."""
    made = replace(snapshot(revocations=4), revoked={("agent", "dev-claude"): 4})
    assert made.agent_of("t1", NOW.timestamp()) is AGENT
    later = replace(made, revoked={("agent", "dev-claude"): 5})
    with pytest.raises(NotAuthenticated):
        later.agent_of("t1", NOW.timestamp())


def test_a_token_ends_at_its_second() -> None:
    """Contract section 8: a token lives its 30 days and not longer, whatever was cached."""
    made = snapshot()
    expiry = NOW.timestamp() + 3600
    assert made.agent_of("t1", expiry - 0.001)
    with pytest.raises(NotAuthenticated, match="expired"):
        made.agent_of("t1", expiry)


def test_a_look_that_is_overtaken_changes_nothing() -> None:
    """Two threads look; the older look arrives last and must not lift a stop."""
    place = Holding()
    place.take(snapshot())
    place.holder.confirm(changes(place.clock() + 0.2, switches=(stop(),), switches_=1))
    place.holder.confirm(changes(place.clock() + 0.1))
    assert place.holder.current().switches


@pytest.mark.parametrize("part", ["policy", "registry"])
def test_after_the_intent_a_moved_rule_or_an_unread_registry_sends_nothing(part: str) -> None:
    """Security section 6, row 4: what the decision was made of is not known to hold now."""
    place = Holding()
    made = snapshot()
    place.take(made)
    with pytest.raises(ConfigurationMoved):
        place.holder.require_current(ruling(made), changes(place.clock(), **{part: 1}))


@pytest.mark.parametrize(
    ("found", "sent"),
    [
        (servers(), True),
        (servers(fingerprint="elsewhere"), False),
        (servers(digest="sha256:2"), False),
        ({}, False),
        ({"files": replace(servers()["files"], items={})}, False),
    ],
    ids=["another server changed", "reached another way", "the tool changed", "the server is gone", "the tool is held"],
)
def test_after_the_intent_a_registry_that_was_read_anew_must_still_hold_the_tool(
    found: dict[str, ServerRecord], sent: bool
) -> None:
    """Security section 6, row 4: the very same tool at the very same place, or nothing is sent."""
    place = Holding()
    made = snapshot()
    place.take(made)
    place.take(replace(snapshot(registry=1), servers=found), registry=1)
    if sent:
        place.holder.require_current(ruling(made), changes(place.clock(), registry=1))
    else:
        with pytest.raises(ConfigurationMoved):
            place.holder.require_current(ruling(made), changes(place.clock(), registry=1))


def test_after_the_intent_an_approval_that_is_used_up_is_not_decided_on_again() -> None:
    """Contract 6: the person decided on one call, which was not sent."""
    place = Holding()
    made = snapshot()
    place.take(made)
    place.take(replace(snapshot(registry=1), servers={}), registry=1)
    with pytest.raises(RegistryMoved):
        place.holder.require_current(ruling(made), changes(place.clock(), registry=1))
    with pytest.raises(ConfigurationMoved) as refused:
        place.holder.require_current(ruling(made, used=object()), changes(place.clock(), registry=1))
    assert not isinstance(refused.value, RegistryMoved)


def test_after_the_intent_a_role_that_was_taken_away_sends_nothing() -> None:
    """Contract 4.3: visible when it is sent, not only when it was judged."""
    place = Holding()
    made = snapshot()
    place.take(made)
    fewer = snapshot(identity=1)
    place.take(replace(fewer, identity=replace(fewer.identity, reaches={})), identity=1)
    with pytest.raises(ConfigurationMoved):
        place.holder.require_current(ruling(made), changes(place.clock(), identity=1))


def test_after_the_intent_nothing_waits() -> None:
    """Contract section 8: stale then is `not_sent`, at once."""
    place = Holding()
    made = snapshot()
    place.take(made)
    place.clock.pass_(1.5)
    with pytest.raises(ConfigurationMoved):
        place.holder.require_current(ruling(made), None)
    assert place.asked == 0


@pytest.mark.parametrize(
    ("switch", "sent"),
    [
        (stop(), False),
        (stop(Mode.READ_ONLY), False),
        (stop(Mode.ESCALATE), False),
        (stop(Mode.DENY, Scope.SERVER, "files"), False),
        (stop(Mode.DENY, Scope.TOOL, "files/read"), False),
        (stop(Mode.DENY, Scope.PERSON, "dev@example.com"), False),
        (stop(Mode.DENY, Scope.AGENT, "somebody-else"), True),
        (stop(Mode.DENY, Scope.SERVER, "git"), True),
    ],
    ids=lambda value: (
        f"{value.scope_kind} {value.scope_name} {value.mode}" if isinstance(value, Switch) else str(value)
    ),
)
def test_after_the_intent_a_new_stop_holds_back_what_it_covers(switch: Switch, sent: bool) -> None:
    """Security section 6, row 4, for stops: those of others are no reason."""
    place = Holding()
    made = snapshot()
    place.take(made)
    moved = changes(place.clock(), switches=(switch,), switches_=1)
    if sent:
        place.holder.require_current(ruling(made), moved)
    else:
        with pytest.raises(ConfigurationMoved):
            place.holder.require_current(ruling(made), moved)


async def test_many_waiters_are_served_by_one_look() -> None:
    """A crowd with unknown tokens asks the database once, not each on its own."""
    place = Holding()
    place.take(snapshot())
    waiting = [asyncio.create_task(place.holder.with_new_tokens()) for _ in range(50)]
    await asyncio.sleep(0)
    place.holder.confirm(changes(place.clock()))
    assert len(await asyncio.gather(*waiting)) == 50


def test_items_are_seen_by_role_and_server() -> None:
    """Contract 4.3: visible within one of the agent's roles, by whole servers and by patterns."""
    reach = Reach.of(servers=["git"], patterns={Kind.TOOL: ["files/read_*", "echo"]})

    def item(server: str, name: str, kind: Kind = Kind.TOOL) -> Item:
        return Item(server=server, kind=kind, name=name, intent=Intent.READ)

    seen = [("git", "anything"), ("files", "read_file"), ("files", "echo"), ("other", "echo")]
    unseen = [("files", "write_file"), ("Files", "read_file"), ("files", "Read_file"), ("gitx", "anything")]
    assert all(reach.covers(item(*one)) for one in seen)
    assert not any(reach.covers(item(*one)) for one in unseen)
    assert not reach.covers(item("files", "read_file", Kind.PROMPT))
