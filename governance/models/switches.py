"""Stops: one person sets one, two people lift it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Switch(models.Model):
    """A stop over a scope; it holds until `released_at` is set."""

    scope_kind = models.CharField(
        max_length=12,
        choices=[(k, k) for k in ("everything", "server", "tool", "agent", "person", "team", "session")],
    )
    scope_name = models.CharField(max_length=300, blank=True)
    mode = models.CharField(max_length=12, choices=[(m, m) for m in ("deny", "read-only", "escalate")], default="deny")
    reason = models.CharField(max_length=500)
    by = models.CharField(max_length=254)
    at = models.DateTimeField(default=timezone.now)
    released_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at"]
        verbose_name_plural = "switches"

    def __str__(self) -> str:
        return f"{self.mode} {self.scope_kind} {self.scope_name}".strip()


class ReleaseVote(models.Model):
    """One person's wish to lift a stop."""

    switch = models.ForeignKey(Switch, on_delete=models.CASCADE, related_name="release_votes")
    person = models.CharField(max_length=254)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["switch", "person"], name="one_release_vote_each")]

    def __str__(self) -> str:
        return f"{self.person} lifts {self.switch_id}"
