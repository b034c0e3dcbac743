"""One child process that speaks lines of JSON: its pipes, their caps, and its end. No shell, no Django."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from registry.transports.base import Garbage, Limits, NotSent, TooLarge, Unreachable, UpstreamError
from registry.transports.stdio_start import UNCONFINED, Confinement, confined_as_told, start
from registry.transports.watchman import watchman

INHERITED: Final = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
UNREAD_BYTES: Final = 8 * 1024 * 1024  # What may wait for a child that does not read its input.
NOISE_FACTOR: Final = 8  # A child may print this many times the largest result a minute without one message of use.
NOISE_SECONDS: Final = 60.0
STDERR_BURST: Final = 1024 * 1024
STDERR_PAUSE: Final = 0.1
LAST_WORD_SECONDS: Final = 0.2


def child_environment(
    gateway: Mapping[str, str], given: Mapping[str, str], inherited: Sequence[str] = INHERITED
) -> dict[str, str]:
    """The whole environment of a child: the `inherited` variables of the gateway's, and those given for this server."""
    return {name: gateway[name] for name in inherited if name in gateway} | dict(given)


class _Pipe(asyncio.Protocol):
    """Hands the bytes of one output of a child on, and says when it is closed."""

    def __init__(self, on_data: Callable[[bytes], None], on_closed: Callable[[], None]) -> None:
        self._on_data = on_data
        self._on_closed = on_closed

    def data_received(self, data: bytes) -> None:
        self._on_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_closed()


class Child:
    """A child process that leads a process group of its own; the whole group is ended with it.

    `on_line` gets each line of its output and says whether it was of use. `on_end` is called once, when the child can
    speak no more. Its end is waited for in a thread, which works alike on every event loop and in every thread.
    """

    def __init__(
        self,
        limits: Limits,
        on_line: Callable[[Child, bytes], bool],
        on_end: Callable[[Child, UpstreamError | None], None],
    ) -> None:
        self._limits = limits
        self._on_line = on_line
        self._on_end = on_end
        self._line: list[bytes] = []
        self._held = 0
        self._noise = 0
        self._noise_since = 0.0
        self._last_words = bytearray()
        self._stderr_budget = STDERR_BURST
        self._stdin: asyncio.WriteTransport | None = None
        self._outputs: list[asyncio.ReadTransport] = []
        self._closed_outputs = 0
        self._exited = asyncio.Event()
        self._stopping = False
        self.pid = 0
        self.alive = False

    async def start(
        self, argv: Sequence[str], environment: Mapping[str, str], cwd: str | None, confined: Confinement = UNCONFINED
    ) -> None:
        """Run `argv`. Raises Unreachable when it cannot be started, or not as confined as it has to be."""
        started = start(argv, environment, cwd, confined)
        process = started.process
        self.pid = process.pid
        _confine(self.pid, self._limits)
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._wait, args=(process, loop), daemon=True, name=f"child {self.pid}").start()
        try:
            _guard(self.pid)
            if started.status is not None:
                await confined_as_told(started.status, argv[0])
            await self._connect(process, loop)
        except BaseException:
            self.alive = False
            self._signal(signal.SIGKILL)
            self._disconnect()
            connected = len(self._outputs) + (self._stdin is not None)
            for pipe in (process.stdin, process.stderr, process.stdout)[connected:]:  # The loop closes the others.
                if pipe is not None:
                    pipe.close()
            raise

    async def _connect(self, process: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._stdin, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        self.alive = True
        for output, hear in ((process.stderr, self._hear_stderr), (process.stdout, self._read)):
            transport, _ = await loop.connect_read_pipe(partial(_Pipe, hear, self._output_closed), output)
            self._outputs.append(transport)

    def _wait(self, process: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop) -> None:
        process.wait()
        self._signal(signal.SIGKILL)  # Whatever it started and left behind.
        watchman.release(self.pid)
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(self._process_exited)

    def last_words(self) -> str:
        """The end of what it wrote to its error output, at most `limits.stderr_bytes` of it."""
        return self._last_words.decode("utf-8", "replace").strip()

    def write(self, message: bytes) -> None:
        """Write one message as a line. Raises Unreachable when the child is gone, NotSent when it does not read."""
        if not self.alive or self._stdin is None or self._stdin.is_closing():
            raise Unreachable("the server process has ended")
        if self._stdin.get_write_buffer_size() > UNREAD_BYTES:
            raise NotSent("the server process does not read its input")
        self._stdin.write(message + b"\n")

    # What it says.

    def _hear_stderr(self, data: bytes) -> None:
        self._last_words += data[-self._limits.stderr_bytes :]
        del self._last_words[: -self._limits.stderr_bytes]
        self._stderr_budget -= len(data)
        if self._stderr_budget < 0 and self._outputs:
            # A child that floods its error output waits a little, so that the others do not feel it.
            self._stderr_budget = STDERR_BURST
            stderr = self._outputs[0]
            stderr.pause_reading()
            asyncio.get_running_loop().call_later(STDERR_PAUSE, _resume, stderr)

    def _read(self, data: bytes) -> None:
        if not self.alive:
            return
        now = asyncio.get_running_loop().time()
        if now - self._noise_since > NOISE_SECONDS:
            self._noise, self._noise_since = 0, now
        self._noise += len(data)
        lines = data.split(b"\n")
        rest = lines.pop()
        for line in lines:
            if not self._take(line):
                return
        if rest:
            self._held += len(rest)
            self._line.append(rest)
        if self._held > self._limits.result_bytes:
            self._end(self._too_large())
        elif self._noise > self._limits.result_bytes * NOISE_FACTOR:
            self._end(Garbage("the server process prints without end, and no answer"))

    def _take(self, line: bytes) -> bool:
        """One whole line, or the end of one; False when the child ends by it."""
        if self._line:
            line = b"".join((*self._line, line))
            self._line.clear()
        self._held = 0
        if len(line) > self._limits.result_bytes:
            self._end(self._too_large())
        elif line.strip() and self._on_line(self, line):
            self._noise = 0
        return self.alive

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the server process printed a line of more than {self._limits.result_bytes} bytes")

    # Its end.

    def _output_closed(self) -> None:
        self._closed_outputs += 1
        if self._closed_outputs > 1:
            self._end(None)
        else:
            asyncio.get_running_loop().call_later(LAST_WORD_SECONDS, self._end_if_mute)

    def _end_if_mute(self) -> None:
        """One output is closed for good: the child is of use only while that is not its standard output."""
        if len(self._outputs) < 2 or self._outputs[1].is_closing():
            self._end(None)

    def _process_exited(self) -> None:
        self._exited.set()
        asyncio.get_running_loop().call_later(LAST_WORD_SECONDS, self._end, None)  # What it wrote last is still read.

    def _end(self, error: UpstreamError | None) -> None:
        if self.alive:
            self.alive = False
            self._line.clear()
            self._on_end(self, error)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid > 1:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    async def stop(self) -> None:
        """End the whole group: input closed and TERM, then KILL when it is still there after `limits.kill_seconds`."""
        self._end(None)
        if not self._stopping:
            self._stopping = True
            try:
                self._close_stdin()
                if not self._exited.is_set():
                    self._signal(signal.SIGTERM)
                    await self._gone()
            finally:
                if not self._exited.is_set():
                    self._signal(signal.SIGKILL)
                self._disconnect()
        await self._gone()

    def _close_stdin(self) -> None:
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.abort()

    def _disconnect(self) -> None:
        self._close_stdin()
        for output in self._outputs:
            output.close()

    async def _gone(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.kill_seconds):
                await self._exited.wait()


def _confine(pid: int, limits: Limits) -> None:
    """Set the child's limits, which all that it starts inherits. Where the system knows no prlimit there are none."""
    if not hasattr(resource, "prlimit"):
        return
    wanted = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, limits.open_files)]  # A core file would hold secrets.
    if limits.memory_bytes is not None:
        wanted.append(
            (resource.RLIMIT_DATA, limits.memory_bytes)
        )  # Not RLIMIT_AS: runtimes reserve far more than they use.
    for kind, most in wanted:
        with contextlib.suppress(OSError):  # It may be gone already.
            _, hard = resource.prlimit(pid, kind)
            cap = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.prlimit(pid, kind, (cap, cap))


def _guard(pid: int) -> None:
    try:
        watchman.watch(pid)
    except OSError as wrong:
        raise Unreachable(
            f"the process that ends children with the gateway cannot be started ({wrong.strerror})"
        ) from None


def _resume(stderr: asyncio.ReadTransport) -> None:
    if not stderr.is_closing():
        stderr.resume_reading()
