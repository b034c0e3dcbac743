"""Versions of the policy; exactly one is live."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class PolicyVersion(models.Model):
    """The text of one version, as it was written, with the digest of what it compiles to."""

    version = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    digest = models.CharField(max_length=80)
    live = models.BooleanField(default=False)
    author = models.CharField(max_length=254)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["live"], condition=Q(live=True), name="one_live_policy")]

    def __str__(self) -> str:
        return f"policy {self.version}"
