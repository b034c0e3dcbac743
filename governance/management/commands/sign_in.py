"""`manage.py sign_in EMAIL`: print a one-time sign-in link; demo mode only."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from governance.management.exits import Failed, database_errors
from governance.models import Person
from governance.people import BadPerson, LinkRefused, issue_link


class Command(BaseCommand):
    help = "Print a link that signs a person in once within ten minutes (demo mode only)."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        with database_errors():
            try:
                path = issue_link(Person.objects.get_by_natural_key(options["email"]))
            except Person.DoesNotExist:
                raise Failed(f"sign_in: there is no person {options['email']}") from None
            except (LinkRefused, BadPerson) as error:
                raise Failed(f"sign_in: {error}") from None
        self.stdout.write(f"{_served_at()}{path}")


def _served_at() -> str:
    """Where the demo that runs now says it is; it may listen on another port than this command was told."""
    try:
        run = json.loads((Path(settings.DATA_DIR) / "run.json").read_text())
        os.kill(int(run["pid"]), 0)
        return str(run["console"]).removesuffix("/admin/")
    except (OSError, ValueError, KeyError, TypeError):
        return str(settings.PUBLIC_URL)
