"""How a program of somebody else is run: no network, files read only, no rights, as far as the kernel allows."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path

PROBE_WITHIN = 20

# The arguments are the folder that stays writable, where the program sees it, and the program with its own arguments.
_WHOLE = """
mount --bind "$1" "$2" && mount -o remount,bind,ro / && mount -t proc proc /proc || exit 97
ip link set lo up 2>/dev/null
cd "$2" && shift 2 && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"
"""
_NO_NETWORK = """
ip link set lo up 2>/dev/null
shift 2 && exec "$@"
"""


class Confinement(StrEnum):
    """What keeps a program in; the words are for people."""

    WHOLE = "no network, files read only but for a scratch folder, no capabilities"
    NO_NETWORK = "no network; files as the user has them"
    NOTHING = "NOTHING: this kernel lets us take neither network nor files away"


def confined(argv: Sequence[str], scratch: Path, how: Confinement) -> list[str]:
    """`argv`, so that it runs under this confinement and takes all that it started with it when it ends."""
    if how is Confinement.NOTHING:
        return list(argv)
    unshare = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net"]
    if how is Confinement.WHOLE:
        unshare += ["--mount", "--pid", "--fork", "--kill-child"]
    script = _WHOLE if how is Confinement.WHOLE else _NO_NETWORK
    return [*unshare, "sh", "-c", script, "sh", str(scratch), str(seen(scratch, how)), *argv]


def seen(scratch: Path, how: Confinement) -> Path:
    """Where a confined program sees its scratch folder: the same place on every machine, for what it says of it."""
    return scratch if how is not Confinement.WHOLE else Path("/mnt" if scratch.is_relative_to("/tmp") else "/tmp")


@cache
def best() -> Confinement:
    """The strongest confinement that works here: each is tried with a program that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for how in (Confinement.WHOLE, Confinement.NO_NETWORK):
            try:
                command = confined(["true"], Path(folder), how)
                done = subprocess.run(command, capture_output=True, timeout=PROBE_WITHIN, check=False)
            except (OSError, subprocess.TimeoutExpired):
                continue
            if done.returncode == 0:
                return how
    return Confinement.NOTHING
