"""Make the installation what a gatehouse.yaml says. Parses, calls one function, prints."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from governance import schema
from registry.apply import apply_configuration, known_names
from registry.configuration.parse import parse_config
from registry.configuration.values import BadConfiguration
from registry.credentials_file import CredentialsFile
from registry.outcome import CannotApply, Outcome


class Command(BaseCommand):
    """`manage.py apply FILE`: exit 0 done, 1 refused, held or unreachable, 2 usage."""

    help = "Apply a gatehouse.yaml; a second run changes nothing, and what changed on a server since stays held."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of contract section 1."""
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="print what would change and write nothing")
        parser.add_argument(
            "--credentials-out",
            metavar="FILE",
            help="write the tokens this run issues, and no others (mode 0600); what FILE held before is kept as "
            "FILE.1, FILE.2 and so on, and FILE stays as it is when nothing was issued",
        )
        parser.add_argument(
            "--reissue",
            metavar="NAME",
            action="append",
            default=[],
            help="issue a new token to this agent or e-mail and revoke its earlier ones; needs --credentials-out",
        )
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file, apply it, print the outcome."""
        if options["reissue"] and not options["credentials_out"]:
            self._refuse(2, "--reissue needs --credentials-out FILE: the new token is shown nowhere else")
        if schema.is_empty():
            schema.migrate()
        handover = CredentialsFile(options["credentials_out"]) if options["credentials_out"] else None
        try:
            outcome = self._apply(Path(options["file"]), options, handover)
        except BadConfiguration as refused:
            self._refuse(1, *map(str, refused.problems))
        except CannotApply as refused:
            self._refuse(1, *(f"{options['file']}: {problem}" for problem in refused.problems))
        except OSError as error:
            self._refuse(1, f"{error.filename or options['file']}: {error.strerror or error}")
        except DatabaseError as error:
            self._refuse(1, f"the database refused, nothing was written: {str(error).splitlines()[0]}; run it again")
        except UnicodeDecodeError:
            self._refuse(1, f"{options['file']}: not UTF-8 text")
        finally:
            if handover is not None:
                handover.forget()
        self._print(outcome, as_json=options["json"])
        if outcome.exit_code:
            raise SystemExit(outcome.exit_code)

    def _apply(self, file: Path, options: Mapping[str, Any], handover: CredentialsFile | None) -> Outcome:
        configuration = parse_config(
            file.read_text(encoding="utf-8"),
            source=options["file"],
            read_file=lambda name: (file.parent / name).read_text(encoding="utf-8"),
            known=known_names(),
        )
        outcome = apply_configuration(
            configuration,
            environment=settings.PROCESS_ENVIRONMENT,
            folder=file.parent,
            deliver=handover.put if handover and not options["dry_run"] else None,
            reissue=frozenset(options["reissue"]),
            dry_run=options["dry_run"],
        )
        if handover is not None and not options["dry_run"]:
            outcome.credentials_file = handover.finish()
        return outcome

    def _print(self, outcome: Outcome, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(outcome.report(), indent=2))
            return
        for line in outcome.lines():
            self.stdout.write(line)

    def _refuse(self, code: int, *problems: str) -> NoReturn:
        for problem in problems:
            self.stderr.write(problem)
        raise SystemExit(code)
