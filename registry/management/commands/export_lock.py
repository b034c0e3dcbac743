"""Write which items of which servers are approved, by digest, as gatehouse.lock."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from governance.management.exits import Failed, database_errors
from registry.lock_import import current_lock
from registry.manifest.lock import write_lock


class Command(BaseCommand):
    """`manage.py export_lock [--output FILE]`."""

    help = "Print gatehouse.lock: what is approved of every server, by digest. Equal approvals give equal bytes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to write it; without, on standard output."""
        parser.add_argument("--output", metavar="FILE", help="write FILE in place of standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        with database_errors():
            written = write_lock(current_lock())
        if not options["output"]:
            self.stdout.write(written.decode("ascii"), ending="")
            return
        try:
            Path(options["output"]).write_bytes(written)
        except OSError as error:
            raise Failed(f"{options['output']}: {error.strerror or error}") from error
