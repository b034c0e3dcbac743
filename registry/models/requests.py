"""Requests for servers: what a person asks for, what was seen of it, who said what, and the findings of every scan."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from governance.models import Person, Team
from registry.models.servers import SERVER_NAME, Environment, Server, Transport
from registry.request_states import EDITABLE, OPEN, REVIEWABLE

READS_EVERY_REQUEST: Final = frozenset({"security-admin", "auditor", "approver"})
"""Console roles that read every request; a server owner reads those of their teams, everybody their own."""
SPEAKS_FOR_TEAM: Final = frozenset({"security-admin", "approver", "server-owner"})
"""Console roles of which a member of the owning team needs one to be the second of two who approve."""


class RequestState(models.TextChoices):
    """How a request stands; the moves between them are in `registry.request_states`."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    SCANNED = "scanned", "Scanned"
    IN_REVIEW = "in-review", "In review"
    CHANGES_REQUESTED = "changes-requested", "Changes requested"
    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class DataClass(models.TextChoices):
    """How sensitive the data is that the server's tools touch."""

    PUBLIC = "public", "Public"
    INTERNAL = "internal", "Internal"
    CONFIDENTIAL = "confidential", "Confidential"
    RESTRICTED = "restricted", "Restricted"


class ServerRequestQuerySet(models.QuerySet["ServerRequest"]):
    """Which requests a person may read or decide, and which wait for the clock or for a look."""

    def visible_to(self, person: Person, roles: frozenset[str] | None = None) -> ServerRequestQuerySet:
        """Those the person may read: a draft that was never submitted is its writer's alone.

        `roles` are the person's console roles where they are at hand.
        """
        if not person.is_active:
            return self.none()
        roles = person.console_roles() if roles is None else roles
        own, submitted = Q(requester=person), Q(submitted_at__isnull=False)
        if roles & READS_EVERY_REQUEST:
            return self.filter(own | submitted)
        of_team = submitted & Q(team__in=person.teams.all())
        return self.filter(own | of_team if "server-owner" in roles else own)

    def reviewable_by(self, person: Person, roles: frozenset[str] | None = None) -> ServerRequestQuerySet:
        """Those under review that the person may decide and has not voted on in this round."""
        roles = person.console_roles() if roles is None else roles
        voted = RequestVote.objects.filter(request=OuterRef("pk"), round=OuterRef("round"), person=person)
        served = RequestParty.objects.filter(request=OuterRef("pk"), person=person)
        waiting = self.filter(~Exists(voted), ~Exists(served), state__in=REVIEWABLE).exclude(requester=person)
        if "security-admin" in roles:
            return waiting
        if roles & SPEAKS_FOR_TEAM:
            return waiting.filter(needs_team=True, team__in=person.teams.all())
        return self.none()

    def open(self) -> ServerRequestQuerySet:
        """Those that something can still happen to."""
        return self.filter(state__in=OPEN)

    def overdue(self, now: datetime) -> ServerRequestQuerySet:
        """Submitted ones whose time for a decision has passed."""
        return self.open().filter(expires_at__lte=now)

    def unseen(self, now: datetime) -> ServerRequestQuerySet:
        """Those that nobody has looked at: since they were submitted or accepted, and drafts that name an address.

        What waits for the acceptance of its reach is not among them.
        """
        inside = Q(transport=Transport.STDIO) | Q(private_address=True)
        old = Q(scanned_at=None) | Q(scanned_at__lt=F("submitted_at")) | Q(scanned_at__lt=F("accepted_at"))
        written = Q(state__in=EDITABLE, scanned_at=None) & ~Q(url="")
        free = Q(scan_lease=None) | Q(scan_lease__lt=now)
        return self.filter(written | (old & Q(state=RequestState.SUBMITTED)), free).exclude(inside, accepted_at=None)


class ServerRequest(models.Model):
    """One request for a server. Nothing of it exists for agents before it is approved.

    `env` and `headers` name what the server needs: {NAME: null}, or {NAME: {"secret": name}} once an administrator who
    accepted the reach chose the secret. A program, or a private address, is not touched before that acceptance.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requester = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="server_requests")
    state = models.CharField(max_length=18, choices=RequestState.choices, default=RequestState.DRAFT)
    # Raised whenever what is reviewed changes; votes count for the round they were cast in.
    round = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=40, blank=True, validators=[SERVER_NAME])
    transport = models.CharField(max_length=8, choices=Transport.choices, default=Transport.HTTP)
    url = models.CharField(max_length=2000, blank=True)
    command = models.JSONField(default=list, blank=True)
    cwd = models.CharField(max_length=1000, blank=True)
    env = models.JSONField(default=dict, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    private_address = models.BooleanField(default=False)
    sandbox = models.JSONField(default=dict, blank=True)
    description = models.CharField(max_length=2000, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="server_requests")
    tags = models.JSONField(default=list, blank=True)
    category = models.JSONField(default=list, blank=True)
    environment = models.CharField(max_length=12, choices=Environment.choices, blank=True)
    justification = models.TextField(max_length=4000, blank=True)
    data_class = models.CharField(max_length=12, choices=DataClass.choices, default=DataClass.INTERNAL)
    agents = models.JSONField(default=list, blank=True, help_text="Names of the agents that it is for.")
    days = models.PositiveIntegerField(null=True, blank=True, default=90, help_text="How long the approval may hold.")
    imported = models.JSONField(default=dict, blank=True, help_text="Where an imported draft came from.")
    accepted_reach = models.JSONField(default=dict, blank=True)
    accepted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    # What the last scan brought; `cause` says why it brought nothing.
    manifest_digest = models.CharField(max_length=80, blank=True)
    manifest_document = models.TextField(blank=True)
    provenance = models.JSONField(default=dict, blank=True)
    cause = models.CharField(max_length=500, blank=True)
    scanned_at = models.DateTimeField(null=True, blank=True)
    scan_lease = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_digest = models.CharField(max_length=80, blank=True, help_text="Of the manifest when it was submitted.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When an undecided request lapses.")
    # How many people must approve, and whether one of them must be of the owning team; counted in the round.
    needed = models.PositiveSmallIntegerField(default=1)
    needs_team = models.BooleanField(default=False)
    approvals = models.PositiveSmallIntegerField(default=0)
    team_approvals = models.PositiveSmallIntegerField(default=0)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=254, blank=True)
    decision_reason = models.TextField(blank=True)
    server = models.OneToOneField(Server, on_delete=models.SET_NULL, null=True, blank=True, related_name="request")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ServerRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "-created_at"], name="request_state_created")]
        constraints = [
            models.CheckConstraint(
                name="approved_request_has_its_approvals",
                condition=~Q(state="approved")
                | (Q(approvals__gte=F("needed")) & Q(needed__gte=1) & (Q(needs_team=False) | Q(team_approvals__gte=1))),
            ),
            models.CheckConstraint(
                name="approved_request_was_seen", condition=~Q(state="approved") | ~Q(manifest_digest="")
            ),
            models.CheckConstraint(
                name="reach_accepted_by_another", condition=Q(accepted_by=None) | ~Q(accepted_by=F("requester"))
            ),
        ]

    def __str__(self) -> str:
        return f"request for {self.name or 'a server'}"

    def reach(self) -> dict[str, Any]:
        """What looking at it would start or open: a program, or an address inside; {} for a public address."""
        if self.transport == Transport.STDIO:
            return {"command": self.command, "cwd": self.cwd, "env": self.env, "sandbox": self.sandbox}
        if self.private_address or any(self.headers.values()):
            return {"url": self.url, "private_address": self.private_address, "headers": self.headers}
        return {}

    def reach_accepted(self) -> bool:
        """Whether it may be looked at: an administrator accepted exactly this, or there is nothing to accept."""
        return self.reach() in ({}, self.accepted_reach)


class RequestParty(models.Model):
    """Somebody whom an approval would serve beside the requester: the owner of an agent that the request is for."""

    request = models.ForeignKey(ServerRequest, on_delete=models.CASCADE, related_name="parties")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    agent = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "person", "agent"], name="one_party_per_agent")]

    def __str__(self) -> str:
        return f"{self.person} by {self.agent}"


class RequestItem(models.Model):
    """One item that the scan saw, whether it is wanted, and what was decided on it."""

    request = models.ForeignKey(ServerRequest, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=12)
    name = models.CharField(max_length=2000)
    position = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=80)
    document = models.TextField()
    intent = models.CharField(max_length=14, default="unknown")
    intent_reason = models.CharField(max_length=300, blank=True)
    raised_intent = models.CharField(max_length=14, blank=True, help_text="What the requester raised it to.")
    wanted = models.BooleanField(default=True)
    approved = models.BooleanField(default=False)
    condition = models.JSONField(default=dict, blank=True, help_text="As in Item.condition.")

    class Meta:
        ordering = ["request", "kind", "position", "name"]
        constraints = [models.UniqueConstraint(fields=["request", "kind", "name"], name="one_requested_item_per_name")]

    def __str__(self) -> str:
        return f"{self.request}: {self.name}"


class RequestVote(models.Model):
    """One person's approval in one round. `requester` is copied so that the database itself keeps the two apart."""

    request = models.ForeignKey(ServerRequest, on_delete=models.CASCADE, related_name="votes")
    round = models.PositiveIntegerField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    requester = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    of_team = models.BooleanField(default=False, help_text="Cast by a member of the owning team.")
    digest = models.CharField(max_length=80, help_text="Of the manifest that was judged.")
    choice = models.JSONField(default=dict, help_text="The items approved and their conditions, as the person chose.")
    reason = models.TextField(blank=True)
    via = models.CharField(max_length=10, default="console")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "round", "person"], name="one_request_vote_each"),
            models.CheckConstraint(name="requester_does_not_vote", condition=~Q(person=F("requester"))),
        ]

    def __str__(self) -> str:
        return f"{self.person} on {self.request}"


class RequestEvent(models.Model):
    """One line of a request's thread: a comment or something that happened. Never changed, never removed."""

    request = models.ForeignKey(ServerRequest, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=254)
    what = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.by} {self.what}"
