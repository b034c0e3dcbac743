"""Confines itself as it was told and becomes the program of a server: `python -I -S sandbox_shim.py PLAN STATUS`.

It runs between the gateway and the program, because what it does cannot safely be done between fork and exec in a
process with threads. PLAN and STATUS are open descriptors. The plan is JSON: `argv` (null: only try), `environment`,
`network`, `uid`, `limits`. To STATUS it writes `+` when all that was demanded holds, or `!` and a clause that says what
does not; then the program is not started. It needs nothing but the standard library, and takes no environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any, Final

CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
PR_SET_DUMPABLE: Final = 4
PR_CAPBSET_DROP: Final = 24
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
CAPABILITY_VERSION_3: Final = 0x20080522
CAPABILITIES: Final = 64
CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN = 5, 6, 7, 21
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
NOT_STARTED: Final = 126

LIMITS: Final = {
    "open_files": resource.RLIMIT_NOFILE,
    "processes": resource.RLIMIT_NPROC,
    "file_bytes": resource.RLIMIT_FSIZE,
    "memory_bytes": resource.RLIMIT_DATA,  # Not RLIMIT_AS: runtimes reserve far more than they use.
}


class Refusal(Exception):
    """Something that was demanded cannot be had here; the text is a clause."""


def main(plan_descriptor: int, status: int) -> None:
    """Read the plan, do as it says, and become the program. Does not return."""
    with os.fdopen(plan_descriptor, "rb") as file:
        plan = json.load(file)
    os.set_inheritable(status, False)  # What reads the other end sees it closed once the program runs.
    try:
        confine(plan)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)  # This interpreter ignores them, and the program would inherit that.
        os.write(status, b"+")
        if plan["argv"] is None:
            os._exit(0)
        os.execve(plan["argv"][0], plan["argv"], plan["environment"])  # noqa: S606 - an accepted argv.
    except Refusal as refusal:
        os.write(status, f"!{refusal}".encode())
    except OSError as wrong:
        os.write(status, f"!cannot be started ({wrong.strerror})".encode())
    os._exit(NOT_STARTED)


def confine(plan: dict[str, Any]) -> None:
    """Take away what the plan takes away. Raises Refusal when it cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    held = capabilities("CapEff")
    bound(libc)  # While there may be the right to: a change of account takes it away.
    networked = plan["network"]
    if not networked and held >> CAP_SYS_ADMIN & 1:
        leave_network(libc, CLONE_NEWNET)
        networked = True
    if plan["uid"] is not None:
        become(libc, plan["uid"], held)
    if not networked:
        leave_network(libc, CLONE_NEWUSER | CLONE_NEWNET)
    limit(plan["limits"])
    give_up_privileges(libc)


def leave_network(libc: ctypes.CDLL, spaces: int) -> None:
    """Move into a network of nothing but an own loopback."""
    user, group = os.geteuid(), os.getegid()
    before = Path("/proc/self/ns/net").stat().st_ino
    if libc.unshare(spaces) != 0:
        raise Refusal(f"cannot be kept from the network: {os.strerror(ctypes.get_errno())} from this kernel")
    if spaces & CLONE_NEWUSER:
        try:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        except OSError as wrong:
            raise Refusal(f"cannot be kept from the network: {wrong.strerror} in a user namespace") from None
    if Path("/proc/self/ns/net").stat().st_ino == before:
        raise Refusal("cannot be kept from the network: this kernel left it where it was")
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        # Programs talk to themselves over loopback; the one of this network is theirs alone, and starts out down.
        asked = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", asked)[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def become(libc: ctypes.CDLL, uid: int, held: int) -> None:
    """Change to another account, and to the group of the same number, for good."""
    if uid in (os.getuid(), os.geteuid(), 0):
        raise Refusal(f"cannot have an account of its own: {uid} is root's or the gateway's")
    if not all(held >> each & 1 for each in (CAP_KILL, CAP_SETGID, CAP_SETUID)):
        needs = "the gateway has to run as root, or with the capabilities SETUID, SETGID and KILL"
        raise Refusal(f"cannot have an account of its own: {needs}")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if (os.getresuid(), os.getresgid(), os.getgroups()) != ((uid,) * 3, (uid,) * 3, []):
        raise Refusal("cannot have an account of its own: the change did not hold")
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # Else /proc/self stays root's, and no user namespace can be set up.


def limit(wanted: dict[str, int]) -> None:
    """Set limits that cannot be raised again."""
    if "processes" in wanted and os.getuid() == 0:
        raise Refusal("cannot be limited in processes: no such limit holds for root; demand an account of its own too")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # A core file would hold secrets.
    for name, value in wanted.items():
        _, hard = resource.getrlimit(LIMITS[name])
        cap = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(LIMITS[name], (cap, cap))


def bound(libc: ctypes.CDLL) -> None:
    """Let nothing that is run give a capability back; what this cannot do, `no_new_privs` does."""
    for number in range(CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)


def give_up_privileges(libc: ctypes.CDLL) -> None:
    """Hold no capability, and gain none by running anything."""
    bound(libc)  # Once more: a new user namespace begins with all of them.
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    libc.capset(struct.pack("Ii", CAPABILITY_VERSION_3, 0), struct.pack("6I", *[0] * 6))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if capabilities("CapEff") or capabilities("CapPrm") or not capabilities("NoNewPrivs"):
        raise Refusal("cannot be kept from privileges: this kernel left it some")


def capabilities(which: str) -> int:
    """A number of this process as the kernel shows it, of those that are written in hexadecimal or 0 and 1."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == which:
            return int(value, 16)
    raise Refusal(f"cannot be confined: this kernel does not show {which}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
