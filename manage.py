#!/usr/bin/env python3
"""Run a management command in the mode that GATEHOUSE_MODE names."""

import os
import sys


def main() -> None:
    """Choose the settings and hand over to Django."""
    from gateway.settings.env import BadSetting, settings_module

    try:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except BadSetting as problem:
        sys.exit(f"gatehouse: {problem}")


if __name__ == "__main__":
    main()
