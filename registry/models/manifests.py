"""What scans of a server brought, kept for ever."""

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
