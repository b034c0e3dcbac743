"""Agents, their tokens, and the API tokens of people."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from governance.models.access import DataRole
from governance.models.people import Person, Team

AGENT_NAME = RegexValidator(
    r"\A[a-z][a-z0-9._-]{0,79}\Z", "Use lower-case letters, digits, dots, dashes; start with a letter."
)


class Agent(models.Model):
    """A program that calls tools; it belongs to one person or one team."""

    name = models.CharField(max_length=80, unique=True, validators=[AGENT_NAME])
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="agents")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="agents")
    roles = models.ManyToManyField(DataRole, related_name="agents", blank=True)
    active = models.BooleanField(default=True)
    rate_calls = models.PositiveIntegerField(null=True, blank=True)
    rate_seconds = models.PositiveIntegerField(null=True, blank=True)
    hold_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="How long its session-era calls are held."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="agent_has_one_owner",
                condition=Q(owner__isnull=False, team__isnull=True) | Q(owner__isnull=True, team__isnull=False),
            ),
            models.CheckConstraint(
                name="agent_rate_is_whole",
                condition=Q(rate_calls__isnull=True, rate_seconds__isnull=True)
                | Q(rate_calls__gt=0, rate_seconds__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Token(models.Model):
    """What both kinds of token share: a public id, a keyed digest of the secret part, and an end."""

    public_id = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class AgentToken(Token):
    """A bearer token of one agent; shown once, stored as a keyed digest."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="tokens")
    # The path of the one MCP endpoint that it is good for (`/mcp/files`); empty for all that the agent may use.
    audience = models.CharField(max_length=50, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.agent}/{self.public_id}"


class PersonToken(Token):
    """An API token of one person; its scopes never reach beyond the person's roles (contract section 2)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="api_tokens")
    scopes = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.person}/{self.public_id}"
