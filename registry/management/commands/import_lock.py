"""Approve what servers offer now exactly as a gatehouse.lock has it. Parses, calls one function, prints."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from governance.management.exits import Failed, database_errors
from governance.rights import Machine
from registry.lifecycle import ChangedSinceShown, NotPossible
from registry.lock_import import import_lock
from registry.manifest.lock import LockError, read_lock


class Command(BaseCommand):
    """`manage.py import_lock FILE`: exit 0 when all is as the lock has it, 1 when anything differs or was refused."""

    help = "Approve what is offered now exactly as FILE has it, as the operator; all that differs is listed, exit 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and whether to look only."""
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="compare with the last scans and write nothing")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the lock, import it, print what came of it."""
        try:
            lock = read_lock(Path(options["file"]).read_bytes())
        except OSError as error:
            raise Failed(f"{options['file']}: {error.strerror or error}") from error
        except LockError as error:
            raise Failed(f"{options['file']}: {error}") from error
        with database_errors():
            try:
                outcome = import_lock(lock, by=Machine.OPERATOR, dry_run=options["dry_run"])
            except (ChangedSinceShown, NotPossible) as refused:
                raise Failed(f"{options['file']}: {refused} Run it again.") from refused
        if options["json"]:
            self.stdout.write(json.dumps(outcome.report(), indent=2))
        else:
            for line in outcome.lines():
                self.stdout.write(line)
        if outcome.exit_code:
            raise SystemExit(outcome.exit_code)
