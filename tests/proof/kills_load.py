"""The clients of a kill run: readers that keep many calls in flight, writers whose calls are held, people who decide.

They go on over every restart. A writer whose call was cut off makes the identical call again once it is served.
"""

from __future__ import annotations

import http.client
import itertools
import random
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any, Self

from tests.proof.kills_join import READ, WRITE, Attempt, hexadecimal
from tests.raw_agent import Agent, Approver, Reply
from tests.running import Running
from tests.waiting import eventually

READER_AGENTS, READERS = 8, 64
WRITERS = 8  # Each with an agent of its own, so that all of an agent's escalations belong to one call at a time.
DECIDERS = ("approver@example.com", "second@example.com")
MILLISECONDS = (0, 0, 5, 50, 150, 400)  # How long the upstream takes.
LATE = 0.3  # The share of held calls that nobody decides before the next restart.
SERVER = "notes"
LOOKS_EVERY = 0.1
TRIES = 10
CUT_OFF = (OSError, http.client.HTTPException, ValueError, LookupError)


class Load:
    """`history` holds every attempt; `open` says that calls are served, `over` ends it all."""

    def __init__(self, running: Running, seed: int) -> None:
        self.running = running
        self.history: list[Attempt] = []
        self.approved: set[str] = set()
        self.deciding = 0  # Approvals on their way at this moment.
        self.open, self.over = threading.Event(), threading.Event()
        self._all_home = threading.Event()  # No call is under way any more, so nobody has to decide.
        self.generation = 0
        self._seed = seed
        self._numbers = itertools.count(1)
        self._in_flight: set[int] = set()
        self._held: dict[int, tuple[str, int]] = {}  # writer: its call, and the generation that began it
        self._late: dict[str, int] = {}  # call: the generation in which nobody decides it
        self._refuse: set[str] = set()  # Calls that went through already; asking again is denied.
        self._threads = ThreadPoolExecutor(READERS + WRITERS + len(DECIDERS), thread_name_prefix="kills")
        self._clients: list[Future[None]] = []
        self._people: list[Future[None]] = []

    def __enter__(self) -> Self:
        self.open.set()
        self._clients = [
            *(self._threads.submit(self._read, number) for number in range(READERS)),
            *(self._threads.submit(self._write, number) for number in range(WRITERS)),
        ]
        self._people = [self._threads.submit(self._decide, email) for email in DECIDERS]
        return self

    def __exit__(self, *_: object) -> None:
        self.generation += 1
        for event in (self.over, self.open, self._all_home):
            event.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    @property
    def in_flight(self) -> int:
        """How many requests of readers and writers have no answer yet."""
        return len(self._in_flight)

    @property
    def unsettled(self) -> list[str]:
        """The held calls that a kill cut off and whose retry has not ended."""
        return [nonce for nonce, born in list(self._held.values()) if born < self.generation]

    def cut(self) -> None:
        """Say that the process dies now: nothing new begins."""
        self.open.clear()
        self.generation += 1

    def served_again(self) -> None:
        """Say that the process serves; returns once every call that was cut off has been retried to its end."""
        self.open.set()
        eventually(lambda: not self.unsettled, within=60, what="the cut off calls to be retried to their end")
        self.require_alive()

    def require_alive(self) -> None:
        """Raise what ended a client or a person before its time."""
        for future in (*self._clients, *self._people):
            if future.done():
                future.result()

    def finish(self) -> None:
        """Let every call that is under way come to its end; nothing begins any more."""
        self.generation += 1
        self.over.set()
        left = wait(self._clients, timeout=60).not_done
        self._all_home.set()
        self.require_alive()
        assert not left, f"{len(left)} clients did not come to an end"

    # The clients.

    def _read(self, number: int) -> None:
        name = f"reader-{number % READER_AGENTS}"
        agent, generation, rng = None, -1, random.Random(f"{self._seed} reader {number}")
        while not self.over.is_set():
            if not self.open.wait(LOOKS_EVERY):
                continue
            if agent is None or generation != self.generation:
                generation = self.generation
                agent = Agent(self.running, self.running.token(name), SERVER, legacy=number % 2 == 0)
            nonce = f"read-{next(self._numbers)}"
            self._call(number, agent, READ, nonce, rng.choice(MILLISECONDS))

    def _write(self, number: int) -> None:
        rng = random.Random(f"{self._seed} writer {number}")
        while not self.over.is_set():
            if not self.open.wait(LOOKS_EVERY):
                continue
            nonce, born = f"write-{next(self._numbers)}", self.generation
            if rng.random() < LATE and self._undecided < WRITERS // 2:  # Somebody always has something to decide.
                self._late[nonce] = born
            self._held[number] = (nonce, born)
            self._insist(number, nonce, born, rng.choice(MILLISECONDS))
            del self._held[number]

    @property
    def _undecided(self) -> int:
        """How many held calls nobody decides before the next restart."""
        return sum(1 for nonce, _ in list(self._held.values()) if self._late.get(nonce) == self.generation)

    def _insist(self, number: int, nonce: str, born: int, milliseconds: int) -> None:
        """Make a call that is held, and the identical call again after a restart that cut it off."""
        name = f"writer-{number}"
        for attempt in range(TRIES):
            if attempt:
                eventually(lambda: self.generation > born and self.open.is_set(), within=60, what="a restart")
                if self._used(name, nonce):
                    self._refuse.add(nonce)
            agent = Agent(self.running, self.running.token(name), SERVER, legacy=number % 2 == 0)
            answer = self._call(READERS + number, agent, WRITE, nonce, milliseconds)
            if answer == "ok" or (answer == "denied" and nonce in self._refuse):
                return
        raise AssertionError(f"{nonce} did not come to an end after {TRIES} tries; the last answer was {answer}")

    def _used(self, agent: str, nonce: str) -> bool:
        """Whether the approval of this call has been used, by what the database says."""
        entries = self.running.rows(
            "SELECT text FROM governance_ledgerentry WHERE kind = 'call.intent' AND agent = ? AND text LIKE ?",
            agent,
            f'%"{nonce}"%',
        )
        return bool(entries)

    def _call(self, place: int, agent: Agent, tool: str, nonce: str, milliseconds: int) -> str:
        """One call to its end; what became of it is added to the history."""
        self._in_flight.add(place)
        try:
            answer = read(agent.call_to_the_end(tool, nonce=nonce, ms=milliseconds), nonce)
        except ConnectionRefusedError:
            answer = "broken"
            self.over.wait(LOOKS_EVERY)  # Nobody listens: no use in asking at once again.
        except CUT_OFF:
            answer = "broken"
        finally:
            self._in_flight.discard(place)
        self.history.append(Attempt(nonce, tool, answer))
        return answer

    # The people.

    def _decide(self, email: str) -> None:
        person = Approver(self.running, email)
        while not self._all_home.wait(LOOKS_EVERY):
            if not self.open.is_set():
                continue
            with suppress(OSError, http.client.HTTPException, ValueError):
                for one in person.waiting():
                    self._vote(person, one)

    def _vote(self, person: Approver, one: dict[str, Any]) -> None:
        nonce, ticket = one["arguments"]["nonce"], one["id"]
        if nonce in self._refuse:
            person.deny(ticket, "it has been done already")
        elif self._late.get(nonce) != self.generation:
            with self._on_its_way():
                status, told = person.approve(ticket)
            assert status in (200, 409), f"approving {ticket} answered {status}: {told}"
            if status == 200:
                self.approved.add(hexadecimal(ticket))

    @contextmanager
    def _on_its_way(self) -> Iterator[None]:
        self.deciding += 1
        try:
            yield
        finally:
            self.deciding -= 1


def read(reply: Reply, nonce: str) -> str:
    """What an answer says: `ok`, `wrong`, or the status of a refusal."""
    if status := reply.decision.get("status"):
        return str(status)
    if "result" in reply.message and not reply.result.get("isError") and reply.text == f"did {nonce}":
        return "ok"
    return "wrong" if "result" in reply.message else f"error {reply.error['code']}"
