"""What a server's program is kept from, and how the shim is told that keeps it so. Values and their forms alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from governance.canonical.values import JSON

LIMITS: Final = ("open_files", "processes", "file_bytes", "memory_bytes")
KEYS: Final = ("network", "uid", "limits")


class BadSandbox(ValueError):
    """A sandbox that cannot be understood; one sentence names the key and what to write."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What one program is kept from beyond what every program is; the defaults keep it from nothing more.

    `network` False: it has only a loopback of its own. `own_uid`: it runs as an account of its own. None: no limit of
    this kind but the usual ones. Whatever is demanded, the program also has no capabilities and gains no privileges.
    """

    network: bool = True
    own_uid: bool = False
    open_files: int | None = None
    processes: int | None = None
    file_bytes: int | None = None
    memory_bytes: int | None = None

    @property
    def demanded(self) -> bool:
        """Whether anything is asked for."""
        return self != NO_SANDBOX

    def record(self) -> dict[str, JSON]:
        """Its JSON form, `{}` where nothing is asked for."""
        limits: dict[str, JSON] = {name: value for name in LIMITS if (value := getattr(self, name)) is not None}
        record: dict[str, JSON] = {}
        if not self.network:
            record["network"] = False
        if self.own_uid:
            record["uid"] = True
        return record | ({"limits": limits} if limits else {})


NO_SANDBOX: Final = Sandbox()


def read_sandbox(record: Mapping[str, object]) -> Sandbox:
    """The sandbox of a JSON form. Raises BadSandbox for every key and value that means nothing here."""
    for key in record:
        if key not in KEYS:
            raise BadSandbox(f"{key!r} is no key of a sandbox; known are {', '.join(KEYS)}")
    network, uid, limits = record.get("network", True), record.get("uid", False), record.get("limits", {})
    if not isinstance(network, bool) or not isinstance(uid, bool):
        raise BadSandbox("network and uid of a sandbox are true or false")
    if not isinstance(limits, Mapping):
        raise BadSandbox(f"limits of a sandbox is a mapping with {', '.join(LIMITS)}")
    for name, value in limits.items():
        if name not in LIMITS:
            raise BadSandbox(f"{name!r} is no limit of a sandbox; known are {', '.join(LIMITS)}")
        if type(value) is not int or value < 1:
            raise BadSandbox(f"{name} of a sandbox is a whole number of at least 1")
    return Sandbox(network=network, own_uid=uid, **limits)


def account_of(server: str, accounts: tuple[int, int]) -> int:
    """The user id that a server's program has, always the same one of a range; two servers may fall on one."""
    first, last = accounts
    return first + int.from_bytes(sha256(server.encode()).digest()[:8], "big") % (last - first + 1)
