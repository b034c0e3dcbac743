"""Servers that are away, hang, die, lie or flood: a clear error with our id in time, recorded, and nobody else hurt."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.doubles import InThread
from tests.flows.offices import Office
from tests.raw_agent import Reply
from tests.running import ROOT
from tests.upstream_offer import TOOLS, Offer
from tests.upstream_simulator import HttpSimulator
from tests.waiting import eventually

pytestmark = pytest.mark.any_database

DEADLINE = 2
SLACK = 1.0
RESULT_BYTES = 1 << 20
POLICY = """
version: "1"
default: deny
rules:
  - {id: all-of-it, server: hostile, action: allow, reason: A test}
  - {id: the-child, server: child, action: allow, reason: A test}
  - {id: the-absent, server: absent, action: allow, reason: A test}
"""


@dataclass(frozen=True)
class Fault:
    """One fault by its name in the simulators: how the call ends, and a word of what the agent is told."""

    tool: str
    status: str
    says: str


HTTP_FAULTS = (
    Fault("hang", "timeout", "did not answer within 2 s"),
    Fault("hang_mid_body", "timeout", "did not answer within 2 s"),
    Fault("hang_mid_stream", "timeout", "did not answer within 2 s"),
    Fault("foreign_answer_then_hang", "timeout", "did not answer within 2 s"),
    Fault("die", "unknown", "broke off"),
    Fault("reset_mid_body", "unknown", "broke off"),
    Fault("die_mid_event", "unknown", "broke off"),
    Fault("stream_of_others", "unknown", "broke off"),
    Fault("garbage_bytes", "unknown", "not an MCP message"),
    Fault("garbage_json", "unknown", "not an MCP message"),
    Fault("html_page", "unknown", "not an MCP message"),
    Fault("bad_utf8", "unknown", "not an MCP message"),
    Fault("wrong_id", "unknown", "not an MCP message"),
    Fault("id_as_text", "unknown", "not an MCP message"),
    Fault("length_and_chunked", "unknown", "not an MCP message"),
    Fault("redirect_away", "unknown", "HTTP 307"),
    Fault("server_error", "unknown", "HTTP 500"),
    Fault("announced_gigabyte", "withheld", "more than 1048576 bytes"),
    Fault("chunked_gigabyte", "withheld", "more than 1048576 bytes"),
    Fault("endless_line", "withheld", "more than 1048576 bytes"),
    Fault("endless_events", "withheld", "more than 1048576 bytes"),
)
CHILD_FAULTS = (
    Fault("hang", "timeout", "did not answer within 2 s"),
    Fault("wrong_id", "timeout", "did not answer within 2 s"),
    Fault("garbage", "timeout", "did not answer within 2 s"),
    Fault("die", "unknown", "broke off"),
    Fault("die_mid_line", "unknown", "broke off"),
    Fault("endless_line", "withheld", "more than 1048576 bytes"),
)


@dataclass
class Hostile:
    """The office, and the simulator behind `hostile`."""

    office: Office
    simulator: HttpSimulator

    def times_received(self, tool: str, nonce: str) -> int:
        """How often a call with this nonce reached the simulator."""
        calls = [one.message["params"] for one in self.simulator.calls("tools/call")]
        return sum(1 for one in calls if one["name"] == tool and one["arguments"].get("text") == nonce)

    def call(self, tool: str, nonce: str, *, server: str = "hostile", legacy: bool = False) -> tuple[Reply, float]:
        """One call and the seconds that it took."""
        agent = self.office.agent(server=server, legacy=legacy)
        if legacy:
            agent.open()
        begun = time.monotonic()
        reply = agent.request("tools/call", {"name": tool, "arguments": {"text": nonce}}, rpc_id=nonce)
        return reply, time.monotonic() - begun


@pytest.fixture(scope="module")
def hostile(make_office: Callable[..., Any]) -> Iterator[Hostile]:
    """Three servers: one that misbehaves over HTTP, one over standard streams, and one that has gone."""
    faulty = [{"name": fault.tool, "inputSchema": {"type": "object"}} for fault in HTTP_FAULTS]
    with InThread(lambda: HttpSimulator(Offer(tools=(*TOOLS, *faulty)))) as simulator:
        child = [sys.executable, str(ROOT / "tests" / "upstream_child.py")]
        names = sorted({fault.tool for fault in CHILD_FAULTS})
        with ExitStack() as stack:
            with InThread(HttpSimulator) as absent:
                servers = [
                    {"name": "hostile", "transport": "http", "url": simulator.url, "allow_private_address": True},
                    {"name": "absent", "transport": "http", "url": absent.url, "allow_private_address": True},
                    {"name": "child", "transport": "stdio", "command": [*child, "--tools", ",".join(names)]},
                ]
                approved = [{**server, "approve": "all", "accept_findings": ["*"]} for server in servers]
                made = make_office(POLICY, servers=approved, tools=["hostile/*", "absent/*", "child/*"])
                office = stack.enter_context(made)
            shorten_deadlines(office)
            office.running.kill()
            office.running.start()  # A running process would see the change, but nothing says when.
            yield Hostile(office, simulator)
            office.require_sound_ledger()


def shorten_deadlines(office: Office) -> None:
    """Give every server a deadline and a cap that a test can wait for."""
    office.running.manage(
        "shell",
        "-c",
        "from registry.models import Server\n"
        "from governance.generation import bump\n"
        "from django.db import transaction\n"
        "with transaction.atomic():\n"
        f"    Server.objects.update(deadline_seconds={DEADLINE}, result_bytes={RESULT_BYTES}); bump('registry')",
    )


def check(hostile: Hostile, fault: Fault, server: str, *, legacy: bool) -> str:
    """One call that meets a fault; gives its nonce."""
    nonce = secrets.token_hex(8)
    reply, seconds = hostile.call(fault.tool, nonce, server=server, legacy=legacy)
    assert reply.status == 200 and reply.message["id"] == nonce
    assert reply.result["isError"] and fault.says in reply.text, reply.text
    assert reply.decision["status"] == fault.status
    assert seconds < DEADLINE + SLACK
    kinds = [(entry["kind"], entry.get("outcome", {}).get("status")) for entry in records(hostile, reply)]
    assert kinds == [("call.intent", None), ("call.outcome", fault.status)]
    return nonce


def records(hostile: Hostile, reply: Reply) -> list[dict[str, Any]]:
    """The entries of a call."""
    return hostile.office.records(reply.decision["record"])


def require_echo(hostile: Hostile, server: str) -> None:
    """The server works for everybody else, and gives each their own answer."""
    nonces = [secrets.token_hex(8) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda nonce: hostile.call("echo", nonce, server=server)[0], nonces))
    assert [reply.text for reply in replies] == nonces


@pytest.mark.parametrize("fault", HTTP_FAULTS, ids=lambda fault: fault.tool)
def test_a_faulty_answer_is_told_recorded_and_never_retried(hostile: Hostile, fault: Fault) -> None:
    """Security U1, U5, U6: an answer with our id within deadline + 1 s, and the server got the call exactly once."""
    nonce = check(hostile, fault, "hostile", legacy=len(fault.tool) % 2 == 0)
    assert hostile.times_received(fault.tool, nonce) == 1
    require_echo(hostile, "hostile")


@pytest.mark.parametrize("fault", CHILD_FAULTS, ids=lambda fault: fault.tool)
def test_a_faulty_child_is_told_and_recorded(hostile: Hostile, fault: Fault) -> None:
    """The same over standard streams; the next call meets a new child, or the old one where it lived on."""
    check(hostile, fault, "child", legacy=False)

    def works() -> bool:
        reply, _ = hostile.call("echo", "again", server="child")
        assert not reply.result["isError"] or reply.decision["status"] == "not_sent", reply.text
        return reply.text == "again"

    eventually(works, what="a child that answers")


@pytest.mark.parametrize("legacy", [True, False])
def test_a_server_that_is_away_is_named_and_nothing_was_sent(hostile: Hostile, legacy: bool) -> None:
    """Contract section 7, status `not_sent`; the remedy is in the sentence."""
    nonce = secrets.token_hex(8)
    reply, seconds = hostile.call("echo", nonce, server="absent", legacy=legacy)
    assert "Server absent could not be reached" in reply.text and "nothing was executed" in reply.text
    assert reply.decision["status"] == "not_sent" and seconds < DEADLINE + SLACK
    assert [entry["kind"] for entry in records(hostile, reply)] == ["call.intent", "call.outcome"]


def test_callers_of_other_servers_do_not_wait_for_one_that_hangs(hostile: Hostile) -> None:
    """Security U4: while 20 calls hang, others are answered at once, each with their own nonce."""
    with ThreadPoolExecutor(20) as pool:
        hanging = [pool.submit(hostile.call, "hang", secrets.token_hex(8)) for _ in range(20)]
        begun = time.monotonic()
        require_echo(hostile, "hostile")
        require_echo(hostile, "child")
        assert time.monotonic() - begun < DEADLINE
        statuses = {waited.result()[0].decision["status"] for waited in hanging}
    assert statuses == {"timeout"}
