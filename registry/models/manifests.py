"""What scans of a server brought and what was approved of it, kept for ever."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from registry.models.servers import Server


class ManifestVersion(models.Model):
    """One distinct manifest as a server sent it; `document` is the canonical JSON of all of it."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="manifests")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=80)
    document = models.TextField()
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["server", "number"], name="one_manifest_per_number")]

    def __str__(self) -> str:
        return f"{self.server} manifest {self.number}"


class Baseline(models.Model):
    """What was approved of a server after one decision; `document` is JSON: [{kind, name, digest, document}]."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="baselines")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=80)
    document = models.TextField()
    what = models.CharField(max_length=20)
    by = models.CharField(max_length=254)
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["server", "number"], name="one_baseline_per_number")]

    def __str__(self) -> str:
        return f"{self.server} baseline {self.number}"
