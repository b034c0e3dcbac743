"""Data-plane roles: which items may be reached at all."""

from __future__ import annotations

from django.db import models


class DataRole(models.Model):
    """A named set of item patterns; an agent sees the union of its roles (contract section 3)."""

    name = models.SlugField(max_length=80, unique=True)
    tools = models.JSONField(default=list, blank=True)
    prompts = models.JSONField(default=list, blank=True)
    resources = models.JSONField(default=list, blank=True)
    servers = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
