"""Versions of the policy: published only when they parse, compile, pass lint's errors and their own tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from governance import ledger
from governance.audit.entry import plain
from governance.generation import bump
from governance.models import Generation, Part, PolicyVersion, Team
from governance.policy.compiled import CompiledPolicy, compile_policy
from governance.policy.language import parse
from governance.policy.lint import Level, lint
from governance.policy.rehearsal import run_tests
from governance.policy.tree import PolicyError, Problem
from governance.policy.values import Item
from governance.rights import Actor, name_of, require

__all__ = ["PolicyError", "checked", "live", "publish"]

AUTHORS: Final = ("policy-author",)


def checked(
    text: str, *, items: Iterable[Item] = (), teams: Collection[str] | None = None, now: datetime | None = None
) -> CompiledPolicy:
    """The policy that `text` is, ready to decide. Raises PolicyError with every problem and its place.

    `items` are the approved items of all servers, `teams` those that exist; without them nothing is said about either.
    """
    compiled = compile_policy(parse(text), teams=teams)
    known = tuple(items)
    problems = [
        Problem(found.line, found.column, found.message)
        for found in lint(compiled, known)
        if found.level is Level.ERROR
    ]
    problems += [
        Problem(failed.line, failed.column, failed.message)
        for failed in run_tests(compiled, known, now=now or timezone.now())
    ]
    if problems:
        raise PolicyError(tuple(sorted(problems)))
    return compiled


def publish(
    text: str, *, by: Actor, reason: str, items: Iterable[Item] = (), now: datetime | None = None
) -> PolicyVersion:
    """Make `text` the live policy. A text that decides as the live one does makes no new version.

    For policy authors. Raises NotAllowed, PolicyError; nothing is stored then, and the live policy stays.
    """
    require(by, *AUTHORS, act="publish a policy")
    now = now or timezone.now()
    compiled = checked(text, items=items, teams=set(Team.objects.values_list("name", flat=True)), now=now)
    with transaction.atomic():
        # One publisher at a time: this row is there before the first version is.
        Generation.objects.select_for_update().get(part=Part.POLICY)
        before = live()
        if before is not None and before.digest == compiled.digest:
            return before
        PolicyVersion.objects.filter(live=True).update(live=False)
        number = (PolicyVersion.objects.aggregate(last=Max("version"))["last"] or 0) + 1
        version = PolicyVersion.objects.create(
            version=number,
            text=text,
            digest=compiled.digest,
            live=True,
            author=name_of(by),
            reason=reason[:500],
            created_at=now,
            published_at=now,
        )
        bump(Part.POLICY)
        change = {
            "what": "published",
            "name": f"policy {number}",
            "before": before.digest if before else None,
            "after": compiled.digest,
            "reason": plain(reason),
        }
        ledger.append(kind="change.policy", by=name_of(by), change=change, at=now)
    return version


def live() -> PolicyVersion | None:
    """The version that decides calls; None before the first, when everything is denied."""
    return PolicyVersion.objects.filter(live=True).first()
