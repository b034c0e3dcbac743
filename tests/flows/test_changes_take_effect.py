"""Stops, revocations, new tokens and policies reach a running data plane in time, in every process of it."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import InThread
from tests.flows.offices import PEOPLE, POLICY, Office
from tests.raw_agent import Agent
from tests.running import Running
from tests.upstream_offer import TOOLS, Offer
from tests.upstream_simulator import HttpSimulator
from tests.waiting import eventually

pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]
EFFECTIVE = 1.0
SECOND_ADMIN = {"email": "sec2@example.com", "roles": ["security-admin"], "api_token": True}
HOSTILE = "\n  - {id: all-of-it, server: hostile, action: allow, reason: A test}\n"


@pytest.fixture(scope="module")
def place(make_office: Callable[..., Any]) -> Iterator[Office]:
    """An office with a second server that can hang."""
    tools = (*TOOLS, {"name": "hang", "inputSchema": {"type": "object"}})
    with InThread(lambda: HttpSimulator(Offer(tools=tools))) as simulator:
        server = {"name": "hostile", "transport": "http", "url": simulator.url, "allow_private_address": True}
        server |= {"approve": "all", "accept_findings": ["*"]}
        people = {"people": [*PEOPLE, SECOND_ADMIN]}
        with make_office(
            POLICY + HOSTILE, servers=[server], tools=["hostile/*"], sections=people, GATEHOUSE_LEG_SECONDS="20"
        ) as started:
            started.simulator = simulator
            yield started
            started.require_sound_ledger()


def api(running: Running, email: str, path: str, body: dict[str, Any]) -> Any:
    """One act over REST."""
    return running.request("POST", f"/api/v1/{path}", token=running.api_token(email), body=body)


class Calling:
    """Calls without end from one agent, each with the moment it was answered and how."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.answers: list[tuple[float, float, str]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._ending.is_set():
            begun = time.monotonic()
            reply = self.agent.call("read_file", path="/srv/notes/a")
            said = "error" if "error" in reply.message else reply.decision.get("status", "ok")
            self.answers.append((begun, time.monotonic(), said))

    def __enter__(self) -> Calling:
        self._thread.start()
        eventually(lambda: len(self.answers) > 3, what="calls under way")
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(30)

    def after(self, moment: float) -> Counter[str]:
        """How the calls fared that began after a moment."""
        return Counter(said for begun, _, said in self.answers if begun > moment)


def test_a_stop_holds_within_a_second_and_two_people_lift_it(place: Office) -> None:
    """Security F3, contract section 2: effective in a second; one person alone cannot lift it."""
    with Calling(place.agent()) as calling:
        set_ = api(place.running, "sec@example.com", "switches", {"scope": {"agent": "dev-claude"}, "reason": "fire"})
        moment = time.monotonic()
        eventually(lambda: calling.after(moment + EFFECTIVE).total() > 3, what="calls after the second")
    assert set_.status == 201
    assert set(calling.after(moment + EFFECTIVE)) == {"stopped"}
    switch = set_.json()["id"]
    assert place.agent("second-bot").call("read_file", path="/srv/notes/a").status == 200
    assert api(place.running, "sec@example.com", f"switches/{switch}/release", {}).status == 202
    assert place.agent().call("read_file", path="/srv/notes/a").decision["status"] == "stopped"
    assert api(place.running, "sec2@example.com", f"switches/{switch}/release", {}).status == 200
    eventually(lambda: not place.agent().call("read_file", path="/srv/notes/a").decision, what="lifted")


def test_a_stop_survives_a_restart(place: Office) -> None:
    """Security F3."""
    body = {"scope": {"tool": "desk/measure"}, "reason": "broken"}
    switch = api(place.running, "sec@example.com", "switches", body).json()["id"]
    place.running.kill()
    place.running.start()
    assert place.agent().call("measure", path="/srv/notes/a").decision["status"] == "stopped"
    assert place.agent().call("read_file", path="/srv/notes/a").status == 200
    for email in ("sec@example.com", "sec2@example.com"):
        api(place.running, email, f"switches/{switch}/release", {})


def test_a_revoked_token_opens_nothing_a_second_later(place: Office) -> None:
    """Security F4: 0 calls after it; the session that was opened with it is over too."""
    agent = place.agent("other-bot")
    session = place.agent("other-bot", legacy=True)
    session.open()
    public_id = agent.token.split("_")[1]
    with Calling(agent) as calling:
        assert api(place.running, "sec@example.com", f"tokens/{public_id}/revoke", {"reason": "leaked"}).status == 200
        moment = time.monotonic()
        eventually(lambda: calling.after(moment + EFFECTIVE).total() > 3, what="calls after the second")
    assert set(calling.after(moment + EFFECTIVE)) == {"error"}
    assert agent.call("read_file", path="/srv/notes/a").error["code"] == 40100
    assert session.call("read_file", path="/srv/notes/a").error["code"] == 40100


def test_a_new_token_works_at_once(place: Office) -> None:
    """Architecture 3.3: an unknown token gets one bounded look before 401."""
    place.running.apply(place.running.folder.joinpath("gatehouse.yaml").read_text(), reissue="full-bot")
    reply = place.agent("full-bot").call("read_file", path="/srv/notes/a")
    assert reply.text.startswith("contents")


def test_a_stop_ends_a_wait_within_a_second(place: Office) -> None:
    """Security F3: also for calls that wait for a person."""
    path = f"/srv/notes/{secrets.token_hex(6)}"
    waiting = place.agent("second-bot").started("write_file", path=path, content="x")
    place.waits(path)
    body = {"scope": {"person": "dev@example.com"}, "reason": "away"}
    switch = api(place.running, "sec@example.com", "switches", body).json()["id"]
    moment = time.monotonic()
    assert waiting.result(5).decision["status"] in ("stopped", "cancelled")
    assert time.monotonic() - moment < EFFECTIVE
    for email in ("sec@example.com", "sec2@example.com"):
        api(place.running, email, f"switches/{switch}/release", {})


# Several processes on one PostgreSQL.


@pytest.mark.postgres
def test_two_processes_are_one_gatehouse(place: Office, databases: Any) -> None:
    """Contract section 1: decided at one, redeemed at the other, once; a stop holds at both; sessions work at both."""
    if not databases.server:
        pytest.skip("several processes need PostgreSQL")
    path = f"/srv/notes/{secrets.token_hex(6)}"
    with place.running.beside() as other:
        there = Agent(other, other.token("dev-claude"))
        waiting = place.agent().started("write_file", path=path, content="x")
        second = there.started("write_file", path=path, content="x")
        ticket = place.waits(path)["id"]
        approve = {"reason": "fine", "scope": "once"}
        assert api(other, "approver@example.com", f"escalations/{ticket}/approve", approve).status == 200
        replies = [waiting.result(20), second.result(20)]
        wrote = [reply for reply in replies if not reply.message.get("result", {}).get("isError", True)]
        assert len(wrote) == len(place.log.having(path)) == 1
        session = place.agent(legacy=True)
        moved = Agent(other, other.token("dev-claude"), legacy=True)
        moved.session = session.open()
        assert moved.call("read_file", path="/srv/notes/a").text.startswith("contents")
        with Calling(there) as calling:
            body = {"scope": {"agent": "dev-claude"}, "reason": "fire"}
            switch = api(place.running, "sec@example.com", "switches", body).json()["id"]
            moment = time.monotonic()
            eventually(lambda: calling.after(moment + EFFECTIVE).total() > 3, what="calls after the second")
        assert set(calling.after(moment + EFFECTIVE)) == {"stopped"}
        for email in ("sec@example.com", "sec2@example.com"):
            api(other, email, f"switches/{switch}/release", {})


@pytest.mark.postgres
def test_a_living_process_closes_the_calls_of_a_dead_one(place: Office, databases: Any, tmp_path: Path) -> None:
    """Contract section 7: a lease of five seconds; what was sent and not answered ends as `unknown`."""
    if not databases.server:
        pytest.skip("several processes need PostgreSQL")
    nonce = secrets.token_hex(6)
    with place.running.beside() as other:
        agent = Agent(other, other.token("dev-claude"), "hostile")
        lost = agent.started("hang", text=nonce)
        received = place.simulator

        def arrived() -> bool:
            return any(nonce in one.body.decode() for one in received.calls("tools/call"))

        eventually(arrived, what="the call at the server")
        other.kill()
        assert lost.exception(10) is not None

    def unknown() -> list[Any]:
        entries = place.running.ledger("call.outcome")
        return [entry for entry in entries if entry["target"]["name"] == "hang"]

    closed = eventually(unknown, within=15, what="the reaper")
    assert [entry["outcome"]["status"] for entry in closed] == ["unknown"]
    assert sum(nonce in one.body.decode() for one in received.calls("tools/call")) == 1, "never retried"
