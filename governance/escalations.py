"""Held calls, as the gateway uses them: open, find, detach, redeem. What people decide is in approvals."""

from __future__ import annotations

import secrets as randomness
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from governance import local_mode
from governance.audit.entry import plain
from governance.closing import announce, expire
from governance.models import Agent, Escalation, Person
from governance.models.escalations import EscalationState
from governance.policy.values import EscalateRule
from governance.secrets import key_ring, unseal
from governance.turns import Turn, wait_for
from governance.vault.envelope import seal
from governance.workflow.authority import Need, anyone_entitled
from governance.workflow.escalation import Act, move

ARGUMENTS: Final = "escalation-arguments"
# "gatehous" as a number: one lock for all openings, because both the agent's and the server's cap must be exact and
# two locks taken by batches in different orders could wait for each other.


@dataclass(frozen=True, slots=True)
class Opening:
    """A call to be held. `arguments` is the canonical form A (contract section 7), `binding` the keyed digest over all
    that is bound, `person` the owner's e-mail (None for an agent owned by a team); times are aware.
    """

    call: UUID
    agent: str
    person: str | None
    session: str
    client: str
    server: str
    kind: str
    item: str
    item_digest: str
    intent: str
    binding: str
    arguments: bytes
    arguments_digest: str
    rules: tuple[EscalateRule, ...]
    reason: str
    policy: str
    deadline: datetime
    client_gives_up_at: datetime | None = None


class NobodyEntitled(Exception):
    """No active people could satisfy the rules, so the call is denied at once (contract 4.13)."""


class TooManyWaiting(Exception):
    """The agent or the server has as many waiting escalations as it may; nothing was written."""

    def __init__(self, whose: str, name: str, limit: int) -> None:
        super().__init__(f"{whose} {name} already has {limit} calls waiting for a person; decide or cancel some first")
        self.whose, self.name, self.limit = whose, name, limit


def require_somebody(opening: Opening) -> None:
    """Raise NobodyEntitled unless enough active people could approve; reads all active people, so ask only to hold."""
    people = Person.objects.filter(is_active=True).prefetch_related("groups", "teams")
    needs = [Need(rule.approve, rule.rule) for rule in opening.rules]
    members = frozenset() if opening.person else team_members(opening.agent)
    owner = local_mode.apart_from(opening.person)
    if not anyone_entitled(needs, [person.decider() for person in people], owner, members):
        rules = ", ".join(sorted(rule.rule for rule in opening.rules))
        raise NobodyEntitled(f"This call needs an approval that nobody can give at present (rule {rules}).")


def team_members(agent: str) -> frozenset[str]:
    """The e-mails of the team that owns the agent; empty for an agent owned by a person."""
    return frozenset(
        Agent.objects.filter(name=agent, team__people__isnull=False).values_list("team__people__email", flat=True)
    )


def find_open(binding: str, *, now: datetime | None = None) -> Escalation | None:
    """The escalation this very call may use: waiting, or approved and redeemable. One whose time passed is expired.

    Call it outside the ledger writer's transaction: expiring appends to the console's stream.
    """
    now = now or timezone.now()
    found = Escalation.objects.open().filter(binding=binding).first()
    if found is None or not found.is_stale(now):
        return found
    expire(escalation_id=found.pk, now=now)
    return None


def open_escalation(opening: Opening, *, now: datetime) -> Escalation:
    """Insert the held call inside the caller's transaction, together with its `call.held` entry.

    Returns the escalation that is open for the same binding already, should another request have been quicker. Raises
    TooManyWaiting. Touches neither the console's stream nor a generation: the ledger writer must not wait for them.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An escalation opens in the transaction that records call.held.")
    wait_for(Turn.OPENING)
    open_already = Escalation.objects.open().filter(binding=opening.binding).first()
    if open_already is not None:
        if not open_already.is_stale(now):
            return open_already
        # The stale row gives its binding up; the expiry task will move and record it.
        Escalation.objects.filter(pk=open_already.pk).update(binding=open_already.pk.hex)
    _require_room(opening, now)
    escalation = Escalation.objects.create(**_row(opening, now))
    transaction.on_commit(partial(announce, escalation.pk))
    return escalation


def redeem(*, escalation_id: UUID, call: UUID, now: datetime, leg: int = 0) -> bool:
    """Use an approval, once: True for exactly one caller. Runs in the transaction that records the call's intent.

    `leg` above 0 is a later leg of the call that redeemed it; each of those runs once too.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An approval is redeemed in the transaction of the call's intent.")
    if leg:
        later = Escalation.objects.filter(pk=escalation_id, state=EscalationState.REDEEMED, leg=leg - 1)
        return later.update(leg=leg) == 1
    used = Escalation.objects.filter(
        pk=escalation_id, state=EscalationState.APPROVED, redeem_until__gt=now, redeemed_call__isnull=True
    ).update(state=move(EscalationState.APPROVED, Act.REDEEM), redeemed_at=now, redeemed_call=call)
    if used:
        transaction.on_commit(partial(announce, escalation_id))
    return used == 1


def approved_for(call: UUID) -> frozenset[tuple[str, str]]:
    """The rules, by id and digest, that were answered by the approval which this call redeemed."""
    redeemed = Escalation.objects.filter(redeemed_call=call, state=EscalationState.REDEEMED)
    return frozenset(
        (str(rule["rule"]), str(rule["digest"])) for rules in redeemed.values_list("rules", flat=True) for rule in rules
    )


def detach(ids: Iterable[UUID]) -> int:
    """Mark that no request waits for these any more; they stay decidable until their deadline."""
    return Escalation.objects.open().filter(pk__in=list(ids), detached=False).update(detached=True)


def attach(ids: Iterable[UUID], *, client_gives_up_at: datetime | None = None) -> int:
    """Mark that a request waits for these again (the identical call came back)."""
    return (
        Escalation.objects.open()
        .filter(pk__in=list(ids))
        .update(detached=False, client_gives_up_at=client_gives_up_at or F("client_gives_up_at"))
    )


def exact_arguments(escalation: Escalation) -> bytes:
    """The exact bytes that will be forwarded. Raises VaultLocked without the key, NotSealed for a changed row."""
    return unseal(escalation.arguments_sealed, purpose=ARGUMENTS, row=str(escalation.pk))


def _require_room(opening: Opening, now: datetime) -> None:
    waiting = Escalation.objects.waiting(now)
    if waiting.filter(agent=opening.agent).count() >= settings.WAITING_PER_AGENT:
        raise TooManyWaiting("agent", opening.agent, settings.WAITING_PER_AGENT)
    if waiting.filter(server=opening.server).count() >= settings.WAITING_PER_SERVER:
        raise TooManyWaiting("server", opening.server, settings.WAITING_PER_SERVER)


def _row(opening: Opening, now: datetime) -> dict[str, object]:
    """The columns of the new row; the sealed arguments are bound to its id."""
    key = uuid.uuid4()
    sealed = seal(
        opening.arguments, purpose=ARGUMENTS, row=str(key), ring=key_ring(), randomness=randomness.token_bytes
    )
    return {
        "id": key,
        "call": opening.call,
        "agent": opening.agent,
        "person": opening.person or "",
        "session": opening.session,
        "client": storable(opening.client)[:120],
        "server": opening.server,
        "kind": opening.kind,
        "item": opening.item,
        "item_digest": opening.item_digest,
        "intent": opening.intent,
        "binding": opening.binding,
        "arguments_sealed": sealed,
        "arguments_digest": opening.arguments_digest,
        "rules": [asdict(rule) for rule in opening.rules],
        "reason": storable(opening.reason),
        "policy": opening.policy,
        "opened_at": now,
        "deadline": opening.deadline,
        "client_gives_up_at": opening.client_gives_up_at,
    }


def storable(text: str) -> str:
    """Text as every database takes it: PostgreSQL refuses NUL, and a lone surrogate has no UTF-8 form."""
    return str(plain(text.replace("\0", "\\0")))
