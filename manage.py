#!/usr/bin/env python3
"""Run a management command in the mode that GATEHOUSE_MODE names."""

import gc
import os
import sys

OWNER_ONLY = 0o077
SELDOM = (100_000, 20, 100)  # Modules stay: looking for garbage among them takes a fifth of the start.


def main() -> None:
    """Choose the settings and hand over to Django; what is made from here on is for this account alone."""
    from gateway.settings.env import BadSetting, settings_module

    os.umask(OWNER_ONLY)
    gc.set_threshold(*SELDOM)
    try:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except BadSetting as problem:
        sys.exit(f"gatehouse: {problem}")
    finally:
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # Whoever read the output has left; nothing may be written while the interpreter ends either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
