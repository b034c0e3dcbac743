"""The ledger's tables. Rows are only ever inserted; the database itself refuses anything else."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class LedgerStream(models.Model):
    """One hash chain: `console`, or the calls of one process epoch, which holds a lease while it lives."""

    name = models.CharField(max_length=40, unique=True)
    # The process that writes it, through all its epochs, and the address under which other processes reach that one.
    process = models.CharField(max_length=32, blank=True, default="", db_default="")
    address = models.CharField(max_length=300, blank=True, default="", db_default="")
    opened_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    sealed_at = models.DateTimeField(null=True)
    head_seq = models.BigIntegerField(default=0)
    head_digest = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return self.name


class LedgerEntry(models.Model):
    """One entry: `text` is the canonical JSON that was hashed, the other columns only help to find it."""

    pk = models.CompositePrimaryKey("stream_id", "seq")
    # No constraint of the database: it cost a lookup and a row lock in every commit of the ledger writer. Streams are
    # never removed, which triggers see to, and verification reports an entry without one (ADR 7).
    stream = models.ForeignKey(
        LedgerStream, on_delete=models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=24)
    call = models.UUIDField(null=True)
    agent = models.CharField(max_length=80, blank=True)
    session = models.CharField(max_length=40, blank=True)
    server = models.CharField(max_length=40, blank=True)
    item = models.CharField(max_length=2000, blank=True)
    status = models.CharField(max_length=16, blank=True)
    digest = models.BinaryField(max_length=32)
    text = models.TextField()
    # The exact arguments with the salt of their digest, sealed; outside the hash, so that it can be pruned.
    body = models.BinaryField(null=True)

    class Meta:
        verbose_name_plural = "ledger entries"
        indexes = [
            models.Index(fields=["call"], name="ledger_call", condition=models.Q(call__isnull=False)),
            models.Index(fields=["agent", "at"], name="ledger_agent_at", condition=models.Q(kind="call.intent")),
        ]

    def __str__(self) -> str:
        return f"{self.stream_id}:{self.seq} {self.kind}"
