"""Scans as they run, and the findings that they brought."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from registry.models.requests import ServerRequest
from registry.models.servers import Server


class ScanState(models.TextChoices):
    """Where a scan is."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ScanRun(models.Model):
    """One look at a server or at a requested one, from the wish to its end. `steps`: [{step, outcome, ms, detail}]."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, null=True, blank=True, related_name="scans")
    request = models.ForeignKey(ServerRequest, on_delete=models.CASCADE, null=True, blank=True, related_name="scans")
    state = models.CharField(max_length=8, choices=ScanState.choices, default=ScanState.QUEUED)
    why = models.CharField(max_length=20, help_text="schedule, demand, list_changed, submission, decision")
    by = models.CharField(max_length=254)
    steps = models.JSONField(default=list, blank=True)
    cause = models.CharField(max_length=500, blank=True)
    digest = models.CharField(max_length=80, blank=True)
    report = models.JSONField(default=dict, blank=True, help_text="Counts: new, changed, gone, back, findings.")
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-queued_at", "-pk"]
        indexes = [models.Index(fields=["server", "-queued_at"], name="scan_server_queued")]
        constraints = [
            models.CheckConstraint(
                name="scan_of_one_thing",
                condition=Q(server=None, request__isnull=False) | Q(server__isnull=False, request=None),
            ),
            # Two looks at one server at a time would only race for its row.
            models.UniqueConstraint(fields=["server"], condition=Q(state="running"), name="one_running_scan_a_server"),
            models.UniqueConstraint(
                fields=["request"], condition=Q(state="running"), name="one_running_scan_a_request"
            ),
        ]

    def __str__(self) -> str:
        return f"scan of {self.server or self.request}"


class StoredFinding(models.Model):
    """One finding in what was last seen of a server or a requested one; `digest` is that of the item it is in."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, null=True, blank=True, related_name="findings")
    request = models.ForeignKey(ServerRequest, on_delete=models.CASCADE, null=True, blank=True, related_name="findings")
    rule = models.CharField(max_length=60)
    severity = models.CharField(max_length=10)
    kind = models.CharField(max_length=12)
    name = models.CharField(max_length=2000)
    digest = models.CharField(max_length=80, blank=True)
    path = models.TextField(blank=True)
    quote = models.TextField(blank=True)
    why = models.TextField()
    action = models.TextField(blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    accepted_by = models.CharField(max_length=254, blank=True, help_text="Who approved the item in spite of it.")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["-first_seen_at", "-id"], name="finding_seen")]
        constraints = [
            models.CheckConstraint(
                name="finding_in_one_thing",
                condition=Q(server=None, request__isnull=False) | Q(server__isnull=False, request=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} in {self.name}"
