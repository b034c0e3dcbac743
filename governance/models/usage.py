"""What has been taken from rate and rule limits, inside their rolling windows."""

from __future__ import annotations

from django.db import models


class Usage(models.Model):
    """One reservation against one limit's key; removed once it has left every window.

    Only amounts for which `policy.amounts.is_counted` holds come here: what the column, and SQLite, give back exactly.
    """

    key = models.CharField(max_length=200)
    at = models.DateTimeField()
    amount = models.DecimalField(max_digits=40, decimal_places=12)
    call = models.UUIDField()
    window_ends = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="usage_key_at")]

    def __str__(self) -> str:
        return f"{self.key} {self.amount}"
