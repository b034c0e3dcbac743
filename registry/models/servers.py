"""Servers: where they are, how they are started, and how they are doing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from governance.models import Person, Team

SERVER_NAME = RegexValidator(
    r"\A(?!gatehouse\Z)[a-z][a-z0-9-]{0,39}\Z",
    "Use up to 40 lower-case letters, digits and dashes, starting with a letter; `gatehouse` is reserved.",
)


class Transport(models.TextChoices):
    """How a server is reached."""

    STDIO = "stdio", "Local program"
    HTTP = "http", "Streamable HTTP"
    SSE = "sse", "HTTP with SSE (2024-11-05)"


class Sessions(models.TextChoices):
    """Whether agents share one connection to a server, or each has its own."""

    AUTO = "auto", "Shared, unless the server may ask its client"
    SHARED = "shared", "Shared"
    AGENT = "agent", "One for each agent"


class ServerState(models.TextChoices):
    """Whether agents can use a server, with a cause a person understands."""

    WAITING = "waiting", "Waiting"
    READY = "ready", "Ready"
    ERROR = "error", "Error"
    SYNC_REQUIRED = "sync-required", "Sync required"
    SUSPENDED = "suspended", "Suspended"
    QUARANTINED = "quarantined", "Quarantined"
    RETIRED = "retired", "Retired"


OUT_OF_USE = (ServerState.SUSPENDED, ServerState.QUARANTINED, ServerState.RETIRED)
"""States of servers that no agent is connected to."""


class Environment(models.TextChoices):
    """Where a server's data lives."""

    PRODUCTION = "production", "Production"
    STAGING = "staging", "Staging"
    DEVELOPMENT = "development", "Development"


class ServerQuerySet(models.QuerySet["Server"]):
    """Servers, by how they may be used."""

    def in_use(self, now: datetime) -> ServerQuerySet:
        """Those that agents may be connected to at this moment: not out of use, and their approval has not run out."""
        return self.exclude(state__in=OUT_OF_USE).filter(Q(approved_until=None) | Q(approved_until__gt=now))

    def run_out(self, now: datetime) -> ServerQuerySet:
        """Those whose approval has run out and that are not yet out of use."""
        return self.exclude(state__in=OUT_OF_USE).filter(approved_until__lte=now)


class Server(models.Model):
    """One upstream server. `env` and `headers` hold plain strings or {"secret": name}.

    A local program is started only while `launch()` is exactly what an administrator accepted.
    """

    name = models.CharField(max_length=40, unique=True, validators=[SERVER_NAME])
    transport = models.CharField(max_length=8, choices=Transport.choices)
    url = models.CharField(max_length=2000, blank=True)
    command = models.JSONField(default=list, blank=True)
    cwd = models.CharField(max_length=1000, blank=True)
    env = models.JSONField(default=dict, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="servers")
    owner = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="servers")
    description = models.CharField(max_length=2000, blank=True)
    environment = models.CharField(max_length=12, choices=Environment.choices, blank=True)
    tags = models.JSONField(default=list, blank=True)
    category = models.JSONField(default=list, blank=True)
    allow_private_address = models.BooleanField(default=False)
    client_requests = models.JSONField(default=dict, blank=True)
    sessions = models.CharField(max_length=8, choices=Sessions.choices, default=Sessions.AUTO)
    sandbox = models.JSONField(default=dict, blank=True, help_text="What its program is kept from; {} = nothing more.")
    accepted_launch = models.JSONField(default=dict, blank=True)
    accepted_by = models.CharField(max_length=254, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    deadline_seconds = models.PositiveIntegerField(default=60)
    result_bytes = models.PositiveIntegerField(default=10 * 1024 * 1024)
    state = models.CharField(max_length=14, choices=ServerState.choices, default=ServerState.WAITING)
    state_reason = models.CharField(max_length=500, blank=True)
    capabilities = models.JSONField(default=dict, blank=True, help_text="As the server declared them when last seen.")
    manifest_digest = models.CharField(max_length=80, blank=True)
    provenance = models.JSONField(default=dict, blank=True, help_text="What is known of its program or address.")
    scanned_at = models.DateTimeField(null=True, blank=True)
    scan_lease = models.DateTimeField(null=True, blank=True)
    scan_every_seconds = models.PositiveIntegerField(default=900)
    next_scan_at = models.DateTimeField(null=True, blank=True, db_index=True)
    failures = models.PositiveIntegerField(default=0, help_text="Looks in a row that brought nothing.")
    checked_at = models.DateTimeField(null=True, blank=True, help_text="When it last answered a health check.")
    approved_until = models.DateTimeField(null=True, blank=True, help_text="When its approval has to be renewed.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = ServerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="server_address_fits_transport",
                condition=(Q(transport="stdio", url="") & ~Q(command=[]))
                | (Q(transport__in=["http", "sse"], command=[]) & ~Q(url="")),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def launch(self) -> dict[str, Any]:
        """What starting the server's program would run: argv, folder, environment, sandbox; {} for a web server."""
        if self.transport != Transport.STDIO:
            return {}
        sandbox = {"sandbox": self.sandbox} if self.sandbox else {}
        return {"command": self.command, "cwd": self.cwd, "env": self.env, **sandbox}

    def launch_accepted(self) -> bool:
        """Whether an administrator accepted exactly this program; true for a web server, which starts nothing."""
        return self.launch() == self.accepted_launch
