"""A process of its own that ends our children's process groups when we die, even by kill -9. No Django.

The kernel's own notice (PR_SET_PDEATHSIG) would reach the child alone and not what it started, and would come when the
thread that started the child ends, which need not be the process. So one small process for each process of the gateway
reads a pipe that only the gateway holds open: each line adds or removes a group, and its end is the gateway's end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable


class Watchman:
    """The gateway's side. It is started with the first group, and again when it is gone; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._pipe: int | None = None
        self._owner = 0
        self.pid = 0

    def watch(self, group: int) -> None:
        """From now on the process group ends with this process."""
        with self._lock:
            if self._owner != os.getpid():
                self._start_over()
            self._groups.add(group)
            self._tell(b"+%d\n" % group)

    def release(self, group: int) -> None:
        """The group is gone, and its number may come to belong to somebody else."""
        with self._lock:
            if self._owner == os.getpid() and group in self._groups:
                self._groups.discard(group)
                self._tell(b"-%d\n" % group)

    def _start_over(self) -> None:
        """After a fork: what the parent watches stays the parent's, and its pipe must not be held open here."""
        if self._pipe is not None:
            os.close(self._pipe)
        self._groups.clear()
        self._pipe = None
        self._owner = os.getpid()

    def _tell(self, line: bytes) -> None:
        if self._pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._pipe, line)
                return
            os.close(self._pipe)
            self._pipe = None
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
        self._pipe = self._start()
        os.write(self._pipe, b"".join(b"+%d\n" % group for group in self._groups))

    def _start(self) -> int:
        ours, theirs = os.pipe()
        argv = [sys.executable, "-I", "-S", __file__]
        actions = [
            (os.POSIX_SPAWN_DUP2, ours, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        try:
            # A session of its own: what ends the gateway's group must not end it.
            self.pid = os.posix_spawn(sys.executable, argv, {}, file_actions=actions, setsid=True)
        except OSError:
            os.close(theirs)
            raise
        finally:
            os.close(ours)
        return theirs


watchman = Watchman()


def end_with(lines: Iterable[bytes]) -> None:
    """Read groups until the other side is gone, and end those that are left."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # It ends when the gateway does, not before.
    end_with(sys.stdin.buffer)
