"""Talk to a server and read what it offers. No transaction is open, and nothing is stored here.

Every now and then a server is asked twice at once, under two names: one that tells clients apart shows itself by that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final, TypeVar

from governance.canonical.values import JSON
from registry.manifest.canonical import Manifest, ManifestError, read_manifest
from registry.models import Server
from registry.provenance import provenance_of
from registry.states import ServerAct
from registry.targets import NotReady, Target, open_upstream, target_of
from registry.transports.base import BrokenOff, TimedOut, Unreachable, UpstreamError
from registry.transports.envelope import called_as
from registry.transports.fetch import fetch_document

T = TypeVar("T")

SCAN_SECONDS: Final = 30.0
NAME_BYTES: Final = 2000
ANOTHER_CLIENT: Final = b'{"name":"claude-code","version":"2.1.0"}'
"""A common client, as which a server is asked the second time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a look brought nothing. `act` says whether the server could not be reached or answered wrongly."""

    act: ServerAct
    cause: str


Seen = Manifest | Failure


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a look: `outcome` is running, done or failed."""

    name: str
    outcome: str
    ms: int = 0
    detail: str = ""


Tell = Callable[[Step], None]
"""Hears of every step when it begins and when it ends, from whatever thread it runs in."""


Note = Callable[[Mapping[str, JSON]], None]
"""Hears once, from whatever thread, where the server that answered comes from."""


def unnoted(_: Mapping[str, JSON]) -> None:
    """For a look whose provenance nobody keeps."""


def silent(_: Step) -> None:
    """For a look that nobody watches."""


@dataclass(slots=True)
class Remark:
    """What a step has to say of itself when it ends."""

    text: str = ""


@contextmanager
def step(name: str, tell: Tell) -> Iterator[Remark]:
    """Tell of the begin and the end of a step; one that raises has failed."""
    began, remark = time.monotonic(), Remark()
    tell(Step(name, "running"))
    try:
        yield remark
    except BaseException:
        tell(Step(name, "failed", _milliseconds(began), remark.text))
        raise
    tell(Step(name, "done", _milliseconds(began), remark.text))


def look(server: Server, tell: Tell = silent) -> Seen:
    """What a stored server offers now, or why that cannot be told; a program that nobody accepted is not run."""
    return look_by_clients(server, tell, another=False)[0]


def look_by_clients(
    server: Server, tell: Tell = silent, *, another: bool, note: Note = unnoted
) -> tuple[Seen, Seen | None]:
    """The same, and what it offers to `another` client at the same time. `tell` is called in the caller's thread."""
    try:
        with step("resolve", tell):
            target = target_of(server)
    except NotReady as refused:
        return Failure(ServerAct.UNREACHED, str(refused)), None

    async def both(tell: Tell) -> list[Seen]:
        looks = [_attempt(target, tell, note=note)]
        if another:
            looks.append(_attempt(target, silent, called=ANOTHER_CLIENT))
        return list(await asyncio.gather(*looks))

    found = told_from_own_loop(both, tell)
    return found[0], found[1] if another else None


def look_at(targets: Sequence[Target]) -> list[Seen]:
    """What each of these servers offers, asked at the same time; callable from any thread, with or without a loop."""

    async def everywhere() -> list[Seen]:
        return list(await asyncio.gather(*(_attempt(target, silent) for target in targets)))

    return in_own_loop(everywhere())


async def observe(target: Target, tell: Tell = silent, note: Note = unnoted) -> Manifest:
    """Open a server, read its manifest, close it. Raises UpstreamError, ManifestError, NotReady."""
    upstream = open_upstream(target)
    try:
        with step("connect", tell):
            await upstream.open()
        with step("list", tell):
            document = await fetch_document(upstream, deadline=SCAN_SECONDS)
    finally:
        await upstream.close()
    note((await asyncio.to_thread(provenance_of, target, upstream.peer)).record())
    with step("hash", tell):
        return storable_manifest(document)


def storable_manifest(document: dict[str, JSON]) -> Manifest:
    """The manifest that a server gave, where its names fit a column of the database. Raises ManifestError."""
    manifest = read_manifest(document)
    for item in manifest.items:
        if "\x00" in item.name or len(item.name.encode()) > NAME_BYTES:
            raise ManifestError(f"the name of a {item.kind} holds a null character or more than {NAME_BYTES} bytes")
    return manifest


async def answers(target: Target, seconds: float) -> Failure | None:
    """Whether a server can be opened now: None, or why not. It is asked for nothing that it offers."""
    try:
        async with asyncio.timeout(seconds):
            upstream = open_upstream(target)
            try:
                await upstream.open()
            finally:
                await upstream.close()
    except (NotReady, TimeoutError, UpstreamError) as error:
        return _failure(target, error, seconds)
    return None


async def _attempt(target: Target, tell: Tell, called: bytes = b"", note: Note = unnoted) -> Seen:
    try:
        with called_as(called) if called else nullcontext():
            async with asyncio.timeout(SCAN_SECONDS):
                return await observe(target, tell, note)
    except (NotReady, TimeoutError, UpstreamError, ManifestError) as error:
        return _failure(target, error, SCAN_SECONDS)


def _failure(target: Target, error: Exception, seconds: float) -> Failure:
    if isinstance(error, NotReady):
        return Failure(ServerAct.UNREACHED, str(error))
    if isinstance(error, Unreachable | TimedOut | BrokenOff):
        return Failure(ServerAct.UNREACHED, f"Could not reach {target.name}: {error}.")
    if isinstance(error, TimeoutError):
        return Failure(ServerAct.UNREACHED, f"Could not reach {target.name}: no manifest within {seconds:.0f} s.")
    return Failure(ServerAct.ANSWER_WRONG, f"The server {target.name} answered with an error: {error}.")


def in_own_loop(work: Coroutine[None, None, T]) -> T:
    """Run in a thread of its own, since the caller's thread may have a running loop already."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="scan") as thread:
        return thread.submit(asyncio.run, work).result()


def told_from_own_loop(work: Callable[[Tell], Coroutine[None, None, T]], tell: Tell) -> T:
    """The same; what is told meanwhile reaches `tell` in this thread, which may have a transaction and a connection."""
    told: SimpleQueue[Step | None] = SimpleQueue()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="scan") as thread:
        done: Future[T] = thread.submit(asyncio.run, work(told.put))
        done.add_done_callback(lambda _: told.put(None))
        while (said := told.get()) is not None:
            tell(said)
        return done.result()


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
