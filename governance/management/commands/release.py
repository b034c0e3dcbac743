"""`manage.py release ID`: vote to lift a stop, as the person of the API token in GATEHOUSE_TOKEN."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from governance.management.exits import USAGE, Failed, database_errors
from governance.models import Switch
from governance.people import find_api_token
from governance.rights import Actor, Machine, NotAllowed
from governance.switches import AlreadyReleased, AlreadyVoted, release


class Command(BaseCommand):
    help = "Vote to lift a stop; the second person's vote lifts it."
    requires_system_checks = []  # A stop, a release and a proof have to work when something else is wrong.

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="the number that `stop` printed")
        parser.add_argument("--reason", default="", help="why; kept in the ledger")
        parser.add_argument(
            "--break-glass", action="store_true", help="lift it alone, for both people; recorded as such in the ledger"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with database_errors():
            lifted = self._release(options)
        if options["json"]:
            self.stdout.write(json.dumps({"id": options["id"], "needs": lifted}))
        elif lifted:
            self.stdout.write(f"Your vote is counted; {lifted} more person has to release stop {options['id']}.")
        else:
            self.stdout.write(f"Stop {options['id']} is lifted.")

    def _release(self, options: dict[str, Any]) -> int:
        by = _actor(options["break_glass"])
        try:
            return release(
                switch_id=options["id"], by=by, break_glass=options["break_glass"], reason=options["reason"]
            ).needs
        except Switch.DoesNotExist:
            raise Failed(f"release: there is no stop {options['id']}; the console lists those that hold") from None
        except (NotAllowed, AlreadyVoted, AlreadyReleased) as error:
            raise Failed(f"release: {error}") from None


def _actor(break_glass: bool) -> Actor:
    """The person of the token; the operator where the glass is broken without one."""
    token = settings.OPERATOR_TOKEN
    if not token:
        if break_glass:
            return Machine.OPERATOR
        raise Failed("release: set GATEHOUSE_TOKEN to your API token, so that the vote is yours", USAGE)
    signed_in = find_api_token(token)
    if signed_in is None:
        raise Failed("release: GATEHOUSE_TOKEN is no live API token (ghp_…); issue one with the scope stop")
    if not signed_in.scopes & {"stop", "administer"}:
        raise Failed("release: the token in GATEHOUSE_TOKEN lacks the scope stop")
    return signed_in.person
