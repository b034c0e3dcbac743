"""Print the current state as gatehouse.yaml; values of secrets are not in it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from registry.configuration.render import render
from registry.export import current_configuration


class Command(BaseCommand):
    """`manage.py export_config`."""

    help = "Print the current state as gatehouse.yaml; secrets by name only, each expected in an environment variable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """There are no arguments: what is printed is the whole state."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the file."""
        self.stdout.write(render(current_configuration()), ending="")
