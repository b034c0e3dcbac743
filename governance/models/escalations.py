"""Escalations: calls that wait for a person, and the votes cast on them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from governance.models.agents import Agent
from governance.policy.values import Approve, EscalateRule
from governance.workflow import authority
from governance.workflow.authority import Need, NotYours, may_decide
from governance.workflow.escalation import OPEN, Act, IllegalMove, State, move

if TYPE_CHECKING:
    from governance.models.people import Person

SEES_EVERY_CALL = frozenset({"security-admin", "approver", "auditor", "policy-author"})
"""Console roles that read every escalation and every call; others read those of their own agents."""


class EscalationState(models.TextChoices):
    """The states of contract section 2; `detached` is a mark beside them."""

    WAITING = "waiting", "Waiting"
    APPROVED = "approved", "Approved"
    REDEEMED = "redeemed", "Redeemed"
    DENIED = "denied", "Denied"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"


class EscalationQuerySet(models.QuerySet["Escalation"]):
    """Which escalations are open, waiting, visible to a person or decidable by one."""

    def open(self) -> EscalationQuerySet:
        """Those that something can still happen to: waiting, or approved and not yet redeemed."""
        return self.filter(state__in=OPEN)

    def waiting(self, now: datetime | None = None) -> EscalationQuerySet:
        """Those that wait for a person and whose deadline has not passed."""
        return self.filter(state=EscalationState.WAITING, deadline__gt=now or timezone.now())

    def visible_to(self, person: Person) -> EscalationQuerySet:
        """Those the person may read: all with a reading role, else of their own agents and those asked of them."""
        roles = person.console_roles()
        if roles & SEES_EVERY_CALL:
            return self
        if not person.is_active:
            return self.none()
        asked = [found.pk for found in self.open() if found.asks(person)]
        own_teams = Agent.objects.filter(team__people=person).values("name")
        return self.filter(Q(person__iexact=person.email) | Q(person="", agent__in=own_teams) | Q(pk__in=asked))

    def decidable_by(self, person: Person, now: datetime | None = None) -> EscalationQuerySet:
        """Those waiting ones that the person may decide and has not voted on yet. Reads every waiting row."""
        if not person.is_active:
            return self.none()
        from governance import local_mode  # It records through the ledger, which needs the models.

        own_team = Agent.objects.filter(name=OuterRef("agent"), team__people=person)
        waiting = self.waiting(now).exclude(votes__person=person.email).annotate(of_own_team=Exists(own_team))
        decider = person.decider()
        able = []
        for found in waiting:
            members = frozenset({person.email}) if found.of_own_team else frozenset()
            try:
                owner = local_mode.apart_from(found.person or None)
                may_decide(decider, found.needs(), owner=owner, owner_team_members=members)
            except NotYours:
                continue
            able.append(found.pk)
        return self.filter(pk__in=able)


class Escalation(models.Model):
    """One held call, bound to agent, server, item, item digest, arguments and deadline (contract section 6).

    Names are copied so that the row outlives what it names. `binding` is a keyed digest over everything bound.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.UUIDField()
    state = models.CharField(max_length=10, choices=EscalationState.choices, default=EscalationState.WAITING)
    detached = models.BooleanField(default=False)
    agent = models.CharField(max_length=80)
    person = models.CharField(max_length=254, blank=True)
    session = models.CharField(max_length=40, blank=True)
    client = models.CharField(max_length=120, blank=True)
    server = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, default="tool")
    item = models.CharField(max_length=2000)
    item_digest = models.CharField(max_length=80)
    intent = models.CharField(max_length=14, default="unknown")
    binding = models.CharField(max_length=64)
    arguments_sealed = models.TextField()
    arguments_digest = models.CharField(max_length=80)
    # The escalate rules to answer: [{rule, digest, reason, approve: {teams, people, roles, required, within}}].
    rules = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    policy = models.CharField(max_length=80)
    opened_at = models.DateTimeField(default=timezone.now)
    deadline = models.DateTimeField()
    client_gives_up_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=254, blank=True)
    decision_reason = models.TextField(blank=True)
    redeem_until = models.DateTimeField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    redeemed_call = models.UUIDField(null=True)
    leg = models.PositiveSmallIntegerField(default=0, help_text="How many later legs of the redeemed call have run.")

    objects = EscalationQuerySet.as_manager()

    class Meta:
        ordering = ["deadline"]
        indexes = [
            models.Index(fields=["state", "deadline"], name="escalation_state_deadline"),
            models.Index(fields=["agent", "state"], name="escalation_agent_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["binding"], condition=Q(state__in=["waiting", "approved"]), name="one_open_escalation_per_call"
            ),
            models.CheckConstraint(
                name="redeemed_call_only_when_redeemed",
                condition=Q(state="redeemed", redeemed_call__isnull=False)
                | (~Q(state="redeemed") & Q(redeemed_call__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent} {self.server}/{self.item} {self.state}"

    def move(self, act: Act, **columns: object) -> None:
        """Move the row by the table, writing `columns` with it; only the state this object read moves.

        Raises IllegalMove when the table does not name the move or the row has another state by now.
        """
        source = State(self.state)
        target = move(source, act)
        if Escalation.objects.filter(pk=self.pk, state=source).update(state=target, **columns) != 1:
            raise IllegalMove(source, act)
        for name, value in {"state": target.value, **columns}.items():
            setattr(self, name, value)

    def escalate_rules(self) -> tuple[EscalateRule, ...]:
        """The rules that asked for a person, as the policy stated them when the call was held."""
        return tuple(
            EscalateRule(
                rule=stored["rule"],
                digest=stored["digest"],
                reason=stored["reason"],
                approve=Approve(
                    teams=tuple(stored["approve"]["teams"]),
                    people=tuple(stored["approve"]["people"]),
                    roles=tuple(stored["approve"]["roles"]),
                    required=stored["approve"]["required"],
                    within=stored["approve"]["within"],
                ),
            )
            for stored in self.rules
        )

    def needs(self) -> tuple[Need, ...]:
        """Whose approval each of the rules asks for."""
        return tuple(Need(rule.approve, rule.rule) for rule in self.escalate_rules())

    def answers(self) -> frozenset[tuple[str, str]]:
        """The (rule id, rule digest) pairs that an approval of this escalation answers, and no others."""
        return frozenset((rule.rule, rule.digest) for rule in self.escalate_rules())

    def asks(self, person: Person) -> bool:
        """Whether a rule names this person, a team or a role of theirs, their own call or not."""
        try:
            may_decide(person.decider(), self.needs(), owner=None)
        except NotYours:
            return False
        return True

    def is_stale(self, now: datetime) -> bool:
        """Whether its time has passed while the row still says waiting or approved."""
        if self.state == EscalationState.WAITING:
            return self.deadline <= now
        return self.state == EscalationState.APPROVED and (self.redeem_until is None or self.redeem_until <= now)


class Vote(models.Model):
    """One person's word on one escalation; nobody has two."""

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="votes")
    person = models.CharField(max_length=254)
    teams = models.JSONField(default=list)
    roles = models.JSONField(default=list)
    approve = models.BooleanField()
    reason = models.TextField(blank=True)
    via = models.CharField(max_length=10, default="console")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["escalation", "person"], name="one_vote_each")]

    def __str__(self) -> str:
        return f"{self.person} on {self.escalation_id}"

    def as_value(self) -> authority.Vote:
        """The vote as the pure authority counts it."""
        return authority.Vote(self.person, self.approve, frozenset(self.teams), frozenset(self.roles))
