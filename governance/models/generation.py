"""Generation numbers: how every process learns that something it holds in memory has changed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Part(models.TextChoices):
    """The parts of a snapshot that change on their own."""

    IDENTITY = "identity", "People, agents, tokens, roles"
    REGISTRY = "registry", "Servers and approved items"
    POLICY = "policy", "The published policy"
    SWITCHES = "switches", "Stops"
    ESCALATIONS = "escalations", "Decisions on held calls"


class Generation(models.Model):
    """One number per part, raised in the transaction that changes the part."""

    part = models.CharField(max_length=16, primary_key=True, choices=Part.choices)
    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.part}={self.value}"


class Revocation(models.Model):
    """Something that stopped being allowed, in order; a process applies the rows it has not seen as a delta."""

    kind = models.CharField(max_length=12, choices=[("token", "Agent token"), ("agent", "Agent"), ("person", "Person")])
    name = models.CharField(max_length=254)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
