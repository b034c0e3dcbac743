"""The table of limits in docs/operations.md holds the numbers that the code has."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings

from gateway import sessions, sse_door, streams
from gateway.adapters import activity
from governance.canonical.strict_json import MAX_NUMBER_LENGTH
from governance.inspection.scan import MAX_FINDINGS_IN_ARGUMENTS, MAX_FINDINGS_IN_RESULT
from governance.oauth import families
from governance.oauth.limits import WINDOW
from governance.people import LINK_MINUTES
from governance.policy.values import Approve
from governance.views import attempts, factors
from registry import health
from registry.configuration.people import LONGEST_TOKEN
from registry.manifest.canonical import MAX_ITEM_BYTES, MAX_ITEMS, MAX_MANIFEST_BYTES
from registry.models import Server
from registry.scan_runs import LEASE
from registry.scanning import SCAN_SECONDS
from registry.schedule import FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, SPREAD
from registry.transports.base import Limits
from tests.architecture.sources import ROOT

MIB = 1024 * 1024
TEXT = (ROOT / "docs" / "operations.md").read_text().split("\n## Limits and defaults\n", 1)[1].split("\n## ", 1)[0]
CELLS = {row.split("|")[1].strip(): row.split("|")[2].strip() for row in TEXT.splitlines() if row.startswith("| ")}
CALL = {field.name: field.default for field in Server._meta.get_fields() if hasattr(field, "default")}


def span(seconds: float) -> str:
    """A duration as the table writes it."""
    if seconds >= 86_400 and seconds % 86_400 == 0 and seconds != 86_400:
        return f"{seconds // 86_400:g} days"
    if seconds >= 3600:
        return f"{seconds / 3600:g} h"
    return f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} s"


NUMBERS = {
    "an intent has to be durable": span(settings.LEDGER_DEADLINE),
    "the configuration is confirmed": f"every {settings.SNAPSHOT_EVERY:g} s",
    "an unconfirmed configuration decides": span(settings.SNAPSHOT_MAX_AGE),
    "request body": f"{settings.BODY_BYTES // MIB} MiB, at most 4 MiB",
    "depth, members, one number": f"64, 10,000, {MAX_NUMBER_LENGTH} characters",
    "one upstream call": span(CALL["deadline_seconds"]),
    "one result": f"{CALL['result_bytes'] // MIB} MiB",
    "reaching a server, handshake, scan": ", ".join(
        span(each) for each in (Limits().connect_seconds, Limits().open_seconds, SCAN_SECONDS)
    ),
    "scheduled scan, after failures, health check": (
        f"{settings.SCAN_EVERY} s ± {SPREAD:.0%}".replace("%", " %")
        + f", {span(FIRST_RETRY_SECONDS)} to {span(LONGEST_RETRY_SECONDS)}, {health.EVERY.total_seconds():g} s"
    ),
    "a scan that runs": f"{LEASE.total_seconds():g} s",
    "connections to one server over HTTP": str(Limits().connections),
    "session-era request held, stateless leg, legs": (
        f"{settings.HOLD_SECONDS} s, {settings.LEG_SECONDS} s, {settings.LEGS}"
    ),
    "an escalation (`within`)": span(Approve().within),
    "an approval waits for its call": span(settings.REDEEM_SECONDS),
    "held calls per agent, per server": f"{settings.WAITING_PER_AGENT}, {settings.WAITING_PER_SERVER}",
    "calls per agent": "no limit" if settings.AGENT_RATE is None else "set",
    "agent and API tokens": f"{settings.TOKEN_DAYS} days, at most {LONGEST_TOKEN // 86_400}",
    "session-era session, `requestState`": f"{span(sessions.LIFE)}, {span(sessions.STATE_LIFE)}",
    "an agent's session": f"{span(activity.GAP)} without a call",
    "console session, second factor stays fresh, sign-in link": (
        f"{span(settings.SESSION_COOKIE_AGE)}, {span(factors.STEP_UP_SECONDS)}, {span(LINK_MINUTES * 60)}"
    ),
    "wrong passwords or codes per address and name": f"{attempts.ALLOWED} in {span(attempts.WINDOW_SECONDS)}",
    "refreshes of what came of one OAuth code": f"{families.REFRESHES_AN_HOUR} in {span(WINDOW.total_seconds())}",
    "streams of one agent, over both transports": str(streams.PER_AGENT),
    "unanswered messages of one SSE stream, bytes it has not read": (
        f"{sse_door.UNANSWERED}, {sse_door.UNREAD_BYTES // MIB} MiB"
    ),
    "findings in arguments, in a result": f"{MAX_FINDINGS_IN_ARGUMENTS:,}, {MAX_FINDINGS_IN_RESULT:,}",
    "items, size of a manifest, of an item": (
        f"{MAX_ITEMS:,}, {MAX_MANIFEST_BYTES // MIB} MiB, {MAX_ITEM_BYTES // 1024} KiB"
    ),
}


def test_the_table_has_exactly_the_limits_that_are_compared() -> None:
    assert [*CELLS][1:] == [*NUMBERS]


@pytest.mark.parametrize("limit", NUMBERS)
def test_a_limit_of_the_table_is_the_one_of_the_code(limit: str) -> None:
    assert CELLS[limit] == NUMBERS[limit]


def test_the_wait_for_a_confirmation_is_the_one_of_the_settings() -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("| an unconfirmed configuration"))
    said = re.search(r"confirmation, ([0-9.]+) s at most", row)
    assert said and timedelta(seconds=float(said[1])) == timedelta(seconds=settings.SNAPSHOT_WAIT)
