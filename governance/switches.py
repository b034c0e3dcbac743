"""Stops: one person sets one, two people lift it, the operator may break the glass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from governance import ledger
from governance.audit.entry import plain
from governance.closing import end_open, in_scope, record
from governance.generation import bump
from governance.models import Part, Person, ReleaseVote, Switch
from governance.rights import Actor, Machine, NotAllowed, name_of, require
from governance.workflow.escalation import Act
from governance.workflow.switches import AlreadyVoted, Mode, Scope, release_needs

__all__ = ["AlreadyReleased", "AlreadyVoted", "BadScope", "Release", "active", "release", "stop"]

STOPPERS: Final = ("security-admin", "approver")
RELEASERS: Final = ("security-admin",)


class BadScope(ValueError):
    """The scope, mode or reason of a stop cannot be used; the message says what to write."""


class AlreadyReleased(Exception):
    """The stop does not hold any more."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a wish to lift a stop came to: `needs` further people, 0 when it is lifted."""

    switch: Switch
    needs: int


def active() -> list[Switch]:
    """The stops that hold, oldest first."""
    return list(Switch.objects.filter(released_at__isnull=True).order_by("at", "pk"))


def stop(
    *, scope_kind: str, scope_name: str = "", mode: str = "deny", reason: str, by: Actor, now: datetime | None = None
) -> Switch:
    """Set a stop; a `deny` stop cancels the open escalations it covers. Raises NotAllowed, BadScope.

    Security administrators, approvers and the operator stop alone. A tool is named `server/tool`, or `tool` for any.
    """
    require(by, *STOPPERS, act="stop calls")
    _check(scope_kind, scope_name, mode, reason)
    now = now or timezone.now()
    with transaction.atomic():
        switch = Switch.objects.create(
            scope_kind=scope_kind, scope_name=scope_name, mode=mode, reason=reason, by=name_of(by), at=now
        )
        cancelled = []
        if mode == Mode.DENY:
            cancelled = end_open(in_scope(scope_kind, scope_name), by=by, reason=f"stopped: {reason}", now=now)
        bump(Part.SWITCHES, *([Part.ESCALATIONS] if cancelled else []))
        record(cancelled, Act.CANCEL, by=by, reason=f"stopped: {reason}", now=now)
        ledger.append(kind="change.switch", by=name_of(by), change=_change("set", switch, reason=reason), at=now)
    return switch


def release(
    *, switch_id: int, by: Actor, break_glass: bool = False, reason: str = "", now: datetime | None = None
) -> Release:
    """Vote to lift a stop; the second person's vote lifts it. Raises NotAllowed, AlreadyVoted, AlreadyReleased,
    Switch.DoesNotExist.

    `break_glass`, offered only by the command on the machine, lifts it alone and says so in the ledger.
    """
    now = now or timezone.now()
    with transaction.atomic():
        switch = Switch.objects.select_for_update().get(pk=switch_id)
        _require_releaser(by, break_glass)
        if switch.released_at is not None:
            raise AlreadyReleased(f"Stop {switch.pk} was lifted at {switch.released_at:%Y-%m-%d %H:%M:%S} UTC.")
        needs = 0 if break_glass else _vote(switch, by, now)
        if needs == 0:
            _lift(switch, now)
            bump(Part.SWITCHES)
        what = "released by breaking the glass" if break_glass else ("release voted" if needs else "released")
        ledger.append(kind="change.switch", by=name_of(by), change=_change(what, switch, reason=reason), at=now)
    return Release(switch, needs)


def _require_releaser(by: Actor, break_glass: bool) -> None:
    if isinstance(by, Person):
        require(Person.objects.get(pk=by.pk), *RELEASERS, act="lift a stop")
    elif not (break_glass and by is Machine.OPERATOR):
        raise NotAllowed("A stop is lifted by two people; the operator alone needs --break-glass.")


def _vote(switch: Switch, by: Actor, now: datetime) -> int:
    """Add the person's vote; how many more are needed. Votes of people who left or lost the role do not count."""
    voters = ReleaseVote.objects.filter(switch=switch).values_list("person", flat=True)
    standing = Person.objects.filter(email__in=list(voters), is_active=True, groups__name__in=RELEASERS).distinct()
    needs = release_needs(standing.values_list("email", flat=True), person=name_of(by))
    ReleaseVote.objects.update_or_create(switch=switch, person=name_of(by), defaults={"at": now})
    return needs


def _lift(switch: Switch, now: datetime) -> None:
    lifted = Switch.objects.filter(pk=switch.pk, released_at__isnull=True).update(released_at=now)
    if lifted != 1:
        raise AlreadyReleased(f"Stop {switch.pk} was lifted by somebody else just now.")
    switch.released_at = now


def _check(scope_kind: str, scope_name: str, mode: str, reason: str) -> None:
    kinds, modes = [scope.value for scope in Scope], [known.value for known in Mode]
    if scope_kind not in kinds:
        raise BadScope(f"scope {scope_kind!r} is unknown; write everything or one of {', '.join(kinds[1:])}")
    if (scope_kind == Scope.EVERYTHING) != (not scope_name):
        raise BadScope(f"scope {scope_kind} {'takes no' if scope_name else 'needs a'} name")
    if len(scope_name) > 300 or "\0" in scope_name:
        raise BadScope("the name of a scope has at most 300 characters and no NUL")
    if mode not in modes:
        raise BadScope(f"mode {mode!r} is unknown; write one of {', '.join(modes)}")
    if not reason.strip() or len(reason) > 500:
        raise BadScope("say why, in at most 500 characters")


def _change(what: str, switch: Switch, *, reason: str) -> dict[str, object]:
    scope = switch.scope_kind if not switch.scope_name else f"{switch.scope_kind}:{switch.scope_name}"
    return {
        "what": what,
        "name": f"stop {switch.pk}",
        "after": {"scope": plain(scope), "mode": switch.mode},
        "reason": plain(reason),
    }
