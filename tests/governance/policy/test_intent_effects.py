"""What readings do besides, what is only tried, and what only selects (contract 1, intent; docs/intents.md)."""

from __future__ import annotations

import pytest

from governance.canonical.values import JSON
from governance.policy.intent import classify
from governance.policy.values import Intent


def _schema(**kinds: str) -> dict[str, JSON]:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in kinds.items()}}


@pytest.mark.parametrize(
    ("name", "description", "intent"),
    [
        ("get_unread", "Fetches messages. Note that messages are marked as read when they are fetched.", Intent.WRITE),
        ("peek_inbox", "Shows the inbox. Opened mails are flagged as read.", Intent.WRITE),
        ("get_next_job", "Returns the next job and leases it to the caller.", Intent.WRITE),
        ("list_invoices", "Lists invoices. An entry is appended to the audit log.", Intent.WRITE),
        ("get_otp", "Returns a one-time code. The former one becomes invalid.", Intent.DESTRUCTIVE),
        ("read_message", "Returns a message. It is deleted from the queue afterwards.", Intent.DESTRUCTIVE),
        ("migration_preview", "Runs the migration and then shows what changed.", Intent.DESTRUCTIVE),
        ("housekeeping", "Temporary tables and orphaned blobs go away.", Intent.DESTRUCTIVE),
    ],
)
def test_a_reading_that_changes_what_it_reads_is_no_reading(name: str, description: str, intent: Intent) -> None:
    """Security P6: the side effect that a manifest admits to counts, however harmless the verb of the name is."""
    assert classify(name, description, _schema(queue="string"))[0] is intent


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("get_pull_request_diff", "Diff of one pull request. Large ones are cut and a marker is appended."),
        ("list_schemas", "Schemas the current role may see."),
        ("rename_preview", "Lists every edit a rename would make. Files stay untouched."),
        ("simulate_swap", "Runs a swap against a forked copy of the chain state and returns the price."),
        ("tls_check", "Connects to a host and reports its certificate."),
        ("track", "Where is my parcel?"),
        ("browser_snapshot", "Accessibility snapshot of the current page."),
    ],
)
def test_what_is_only_tried_or_shown_is_read(name: str, description: str) -> None:
    """An aside about the answer, a rehearsal and a connection on the way change nothing."""
    assert classify(name, description, _schema(number="string"))[0] is Intent.READ


def test_a_bare_name_is_judged_by_parameters_that_select_or_set() -> None:
    """A season narrows an answer down, a switch sets; an identifier alone tells nothing."""
    assert classify("player", None, _schema(player_tag="string", season="string"))[0] is Intent.READ
    assert classify("light", None, _schema(room="string", brightness="integer"))[0] is Intent.WRITE
    assert classify("frobnicate", None, _schema(player_id="string"))[0] is Intent.UNKNOWN


def test_only_a_given_text_that_is_converted_and_returned_is_read() -> None:
    """A lead that is converted is a stored thing, whose conversion changes it."""
    told = "Converts it from one notation to another and returns the result."
    assert classify("convert", told, _schema(**{"input": "string", "from": "string", "to": "string"}))[0] is Intent.READ
    assert classify("convert", told, _schema(lead="string"))[0] is Intent.WRITE


def test_a_thing_that_only_leaves_a_list_is_not_destroyed() -> None:
    """What can be brought back is still there; what vanishes from a target is not."""
    archived = "Archives a project: it vanishes from lists until someone unarchives it."
    assert classify("archive_project", archived, _schema(key="string"))[0] is Intent.WRITE
    assert classify("align", "Aligns both; surplus files vanish.", _schema(key="string"))[0] is Intent.DESTRUCTIVE
