"""Which gateway processes live, and where the others reach them: their ledger streams say so."""

from __future__ import annotations

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from governance.models.ledger import LedgerStream


def living_processes() -> dict[str, str]:
    """The address of each process that has an unsealed stream with a lease in the future, by process id."""
    now = Now() if connection.vendor == "postgresql" else timezone.now()
    streams = LedgerStream.objects.filter(sealed_at=None, lease_until__gt=now).exclude(process="").exclude(address="")
    return dict(streams.order_by("pk").values_list("process", "address"))
