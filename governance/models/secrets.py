"""Upstream credentials, sealed under a key that is not in the database."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Secret(models.Model):
    """A named secret; `sealed` is `v1.<key id>.<nonce and box>`, opened only for an admitted call or a scan."""

    name = models.SlugField(max_length=80, unique=True)
    sealed = models.TextField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
