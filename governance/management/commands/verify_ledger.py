"""`manage.py verify_ledger`: recompute every stream of the ledger and name the first entry that does not hold."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from governance.audit.verify import BrokenChain, StreamReport
from governance.ledger_guard import missing
from governance.management.exits import Failed, database_errors
from governance.models import LedgerStream
from governance.verification import require_streams, verify


class Command(BaseCommand):
    help = "Verify the hash chains of the ledger and the triggers that guard it."
    requires_system_checks = []  # A stop, a release and a proof have to work when something else is wrong.

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        reports: list[StreamReport] = []
        broken: BrokenChain | None = None
        with database_errors():
            absent = sorted(missing(connection))
            try:
                reports.extend(verify(stream) for stream in LedgerStream.objects.order_by("pk"))
                require_streams()
            except BrokenChain as error:
                broken = error
        entries = sum(report.entries for report in reports)
        if options["json"]:
            self.stdout.write(json.dumps(_answer(reports, broken, absent)))
        elif broken is None:
            self.stdout.write(f"{entries} entries in {len(reports)} streams hold; the chains are unbroken.")
        if broken is not None:
            raise Failed(f"verify_ledger: {broken}; nothing after it can be trusted, compare with a backup")
        if absent:
            raise Failed(f"verify_ledger: the ledger is not guarded: {', '.join(absent)} missing; run manage.py check")


def _answer(reports: list[StreamReport], broken: BrokenChain | None, absent: list[str]) -> dict[str, Any]:
    return {
        "ok": broken is None and not absent,
        "entries": sum(report.entries for report in reports),
        "streams": [
            {
                "stream": report.stream,
                "entries": report.entries,
                "sealed": report.sealed,
                "open_intents": list(report.open_intents),
                "head": report.head.digest.hex(),
                "root": report.root.hex(),
            }
            for report in reports
        ],
        "first_bad": None
        if broken is None
        else {
            "stream": broken.stream,
            "seq": broken.seq,
            "what": broken.what,
            "expected": broken.expected,
            "found": broken.found,
        },
        "missing_triggers": absent,
    }
