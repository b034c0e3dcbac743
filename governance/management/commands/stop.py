"""`manage.py stop [everything|KIND:NAME] --reason T`: stop calls at once, as the operator of this machine."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from governance.management.exits import Failed, database_errors
from governance.rights import Machine
from governance.scope_names import known
from governance.switches import BadScope, stop


class Command(BaseCommand):
    help = "Stop calls at once, on every process. Lifting the stop takes two people, or --break-glass."
    requires_system_checks = []  # A stop, a release and a proof have to work when something else is wrong.

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "scope",
            nargs="?",
            default="everything",
            help="everything (the default), or KIND:NAME with KIND server, tool, agent, person, team or session",
        )
        parser.add_argument("--reason", required=True, help="why; shown to everybody and kept in the ledger")
        parser.add_argument("--mode", default="deny", help="deny (the default), read-only or escalate")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        kind, _, name = options["scope"].partition(":")
        with database_errors():
            try:
                name = known(kind, name)
                switch = stop(
                    scope_kind=kind,
                    scope_name=name,
                    mode=options["mode"],
                    reason=options["reason"],
                    by=Machine.OPERATOR,
                )
            except BadScope as error:
                raise Failed(f"stop: {error}", code=2) from None
        scope = f"{kind}:{name}" if name else kind
        if options["json"]:
            answer = {"id": switch.pk, "scope": scope, "mode": switch.mode, "by": switch.by}
            self.stdout.write(json.dumps(answer | {"at": switch.at.isoformat()}))
        else:
            self.stdout.write(f"Stop {switch.pk} holds: {switch.mode} {scope}.")
            self.stdout.write(f"Two people lift it in the console, or with: manage.py release {switch.pk}")
