"""Agents and their tokens: made, issued, revoked, deactivated. Right from the commit on, everywhere within a second."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance import ledger, tokens
from governance.audit.entry import plain
from governance.closing import end_open, record
from governance.generation import bump, revoke
from governance.keys import AGENT_TOKENS, derive
from governance.models import Agent, AgentToken, DataRole, Escalation, Part, Person, Team
from governance.rights import Actor, NotAllowed, may, name_of, require
from governance.workflow.escalation import Act

ADMINISTER: Final = ("security-admin",)


class BadAgent(ValueError):
    """The agent cannot be made as asked; the message says what is wrong and what to write."""


@transaction.atomic
def create_agent(
    *,
    name: str,
    owner: Person | None = None,
    team: Team | None = None,
    roles: Iterable[DataRole] = (),
    rate: tuple[int, int] | None = None,
    by: Actor,
) -> Agent:
    """Make an agent of one person or one team. `rate` is (calls, seconds). Raises NotAllowed, BadAgent."""
    require(by, *ADMINISTER, act="make agents")
    calls, seconds = rate or (None, None)
    agent = Agent(name=name, owner=owner, team=team, rate_calls=calls, rate_seconds=seconds)
    try:
        agent.full_clean()
    except ValidationError as error:
        raise BadAgent(f"agent {name!r}: {' '.join(error.messages)}") from None
    agent.save()
    agent.roles.set(roles)
    _changed(agent, "created", by=by, before=None)
    return agent


@transaction.atomic
def set_roles(*, agent: Agent, roles: Iterable[DataRole], by: Actor) -> bool:
    """Give the agent exactly these data-plane roles; False when it had them already."""
    require(by, *ADMINISTER, act="change an agent's roles")
    locked = Agent.objects.select_for_update().get(pk=agent.pk)
    wanted, before = list(roles), _described(locked)
    if before["roles"] == sorted(role.name for role in wanted):
        return False
    locked.roles.set(wanted)
    _changed(locked, "roles changed", by=by, before=before)
    return True


@transaction.atomic
def change_agent(
    *, agent: Agent, owner: Person | None, team: Team | None, rate: tuple[int, int] | None, by: Actor
) -> bool:
    """Give the agent this owner or team and this rate; False when nothing differs. Raises NotAllowed, BadAgent."""
    require(by, *ADMINISTER, act="change agents")
    locked = Agent.objects.select_for_update().get(pk=agent.pk)
    before = _described(locked)
    locked.owner, locked.team = owner, team
    locked.rate_calls, locked.rate_seconds = rate or (None, None)
    try:
        locked.full_clean()
    except ValidationError as error:
        raise BadAgent(f"agent {locked.name!r}: {' '.join(error.messages)}") from None
    if _described(locked) == before:
        return False
    locked.save()
    _changed(locked, "changed", by=by, before=before)
    return True


@transaction.atomic
def issue_token(
    *, agent: Agent, expires_in: timedelta | None = None, audience: str = "", by: Actor, now: datetime | None = None
) -> str:
    """Issue a token and return its text, which is kept nowhere. Lives settings.TOKEN_DAYS unless told otherwise.

    With `audience`, the path of one MCP endpoint, it is good there only. For security administrators and the agent's
    owner. Raises NotAllowed, BadAgent.
    """
    agent = Agent.objects.select_for_update().select_related(None).get(pk=agent.pk)
    _require_own(agent, by, "issue tokens of this agent")
    if not agent.active:
        raise BadAgent(f"agent {agent.name} is not active; no token is issued")
    now = now or timezone.now()
    expires_at = now + (expires_in or timedelta(days=settings.TOKEN_DAYS))
    if expires_at <= now:
        raise BadAgent("a token has to expire in the future")
    minted = tokens.mint(tokens.AGENT, randomness.token_bytes)
    AgentToken.objects.create(
        agent=agent,
        public_id=minted.public_id,
        digest=tokens.digest(minted.secret, derive(AGENT_TOKENS)),
        audience=audience,
        created_at=now,
        expires_at=expires_at,
    )
    bump(Part.IDENTITY)
    after = {"agent": agent.name, "expires_at": ledger.stamp(expires_at)}
    if audience:
        after["audience"] = audience
    change = {"what": "issued", "name": minted.public_id, "after": after}
    ledger.append(kind="change.token", by=name_of(by), change=change, at=now)
    return minted.text


def revoke_token(*, public_id: str, by: Actor, reason: str, now: datetime | None = None) -> bool:
    """Revoke an agent's token; False when it was revoked before. Raises AgentToken.DoesNotExist, NotAllowed.

    What the agent holds open is cancelled when no live token is left, so that rotating a token loses no approval.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # The agent's row is locked too, so that revoking its last two tokens at once still cancels.
        agent = Agent.objects.select_for_update().get(tokens__public_id=public_id)
        token = AgentToken.objects.select_for_update().get(public_id=public_id)
        _require_own(agent, by, "revoke tokens of this agent")
        if AgentToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now) != 1:
            return False
        revoke("token", public_id)
        left = agent.tokens.filter(revoked_at__isnull=True, expires_at__gt=now).exists()
        change = {"what": "revoked", "name": public_id, "before": {"agent": agent.name}, "reason": plain(reason)}
        why = because(f"the token of agent {agent.name} was revoked", reason)
        _cut_off([] if left else [agent.name], "change.token", change, why=why, by=by, now=now)
    return True


def deactivate_agent(*, agent: Agent, by: Actor, reason: str, now: datetime | None = None) -> bool:
    """Stop an agent for good: its tokens are revoked, what it holds open is cancelled; False when it was stopped."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = Agent.objects.select_for_update().get(pk=agent.pk)
        _require_own(locked, by, "deactivate this agent")
        if not locked.active:
            return False
        stop_agents([locked], now)
        change = {"what": "deactivated", "name": locked.name, "reason": plain(reason)}
        why = because(f"agent {locked.name} was deactivated", reason)
        _cut_off([locked.name], "change.agent", change, why=why, by=by, now=now)
    return True


def because(what: str, reason: str) -> str:
    """What happened, followed by its reason where one was given."""
    return f"{what}: {reason}" if reason.strip() else what


def stop_agents(agents: Iterable[Agent], now: datetime) -> None:
    """Mark agents inactive and revoke their tokens, inside the caller's transaction; the caller bumps and records."""
    for agent in agents:
        Agent.objects.filter(pk=agent.pk).update(active=False)
        agent.tokens.filter(revoked_at__isnull=True).update(revoked_at=now)
        revoke("agent", agent.name)


def _cut_off(names: list[str], kind: str, change: dict[str, object], *, why: str, by: Actor, now: datetime) -> None:
    """Cancel what the named agents hold open, raise the generations, then record: always in this order."""
    cancelled = end_open(Escalation.objects.filter(agent__in=names), by=by, reason=why, now=now)
    bump(Part.IDENTITY, *([Part.ESCALATIONS] if cancelled else []))
    record(cancelled, Act.CANCEL, by=by, reason=why, now=now)
    ledger.append(kind=kind, by=name_of(by), change=change, at=now)


def _require_own(agent: Agent, by: Actor, act: str) -> None:
    if may(by, *ADMINISTER):
        return
    if not isinstance(by, Person) or not by.is_active or agent.owner_id != by.pk:
        raise NotAllowed(f"You may not {act}; its owner and security administrators may.")


def _changed(agent: Agent, what: str, *, by: Actor, before: dict[str, object] | None) -> None:
    bump(Part.IDENTITY)
    change = {"what": what, "name": agent.name, "before": before, "after": _described(agent)}
    ledger.append(kind="change.agent", by=name_of(by), change=change)


def _described(agent: Agent) -> dict[str, object]:
    return {
        "owner": agent.owner.email if agent.owner else None,
        "team": agent.team.name if agent.team else None,
        "roles": sorted(agent.roles.values_list("name", flat=True)),
        "rate": None if agent.rate_calls is None else f"{agent.rate_calls}/{agent.rate_seconds}s",
    }
