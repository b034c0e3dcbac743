"""The ways in which descriptions say what a tool is for, whatever its name is (contract 1, intent; docs/intents.md)."""

from __future__ import annotations

import pytest

from governance.policy.intent import classify
from governance.policy.values import Intent

ID = {"type": "object", "properties": {"id": {"type": "string"}}}
FORMS = (
    "{0}s a record.", "Use this tool to {0} a record.", "Allows you to {0} a record.", "Lets the user {0} a record.",
    "A tool for {1} a record.", "Tool that {0}s a record.", "Enables {1} a record.", "{2} a record.",
    "Given an id, {0}s a record.", "If the id is known, {0}s a record.", "[admin] {0}s a record.",
    "Asks the backend to {0} a record.", "Tries to {0} a record.", "Frobs the index and {0}s the record.",
    "You can {0} a record with this.", "Irrevocably {0}s a record.", "Starts a job that {0}s a record.",
    "Does not notify anybody but {0}s the record.",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_description_that_says_delete_in_any_form_destroys(form: str) -> None:
    """Security P6: what the manifest admits to raises the class, however it is put."""
    said = form.format("delete", "deleting", "Deleting")
    assert classify("records", said, ID)[0] is Intent.DESTRUCTIVE


@pytest.mark.parametrize("form", [form for form in FORMS if "but" not in form and "Irrev" not in form])
def test_a_description_that_says_share_in_any_form_carries_out(form: str) -> None:
    """The same for content that is carried to others."""
    said = form.format("share", "sharing", "Sharing")
    assert classify("records", said, ID)[0] is Intent.EXFILTRATIVE


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("invoices", "Commands for listing and managing invoices"),
        ("stream_logs_to", "Streams logs to an endpoint"),
        ("tweak_settings", "Tweak settings of a device"),
        ("return_book", "Return a borrowed book"),
        ("check_in", "Check in at a place"),
        ("get_lock", "Get a lock"),
    ],
)
def test_what_only_looks_like_reading_is_not_called_read(name: str, description: str) -> None:
    """Rather a wrong write than a wrong read (docs/intents.md)."""
    assert classify(name, description, ID)[0] is not Intent.READ


@pytest.mark.parametrize(
    ("flag", "intent"),
    [("publish", Intent.EXFILTRATIVE), ("delete_after", Intent.DESTRUCTIVE), ("fix", Intent.WRITE)],
)
def test_a_yes_that_makes_a_reading_worse_counts(flag: str, intent: Intent) -> None:
    """The class is the worst that a tool can do with any arguments."""
    assert classify("read_page", "Reads a page", {"properties": {flag: {"type": "boolean"}}})[0] is intent


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("restart_count", "How often a pod was restarted"),
        ("shutdown_history", "Shows when the host was shut down"),
        ("users", "Users that are blocked"),
        ("line", "Timetable of a line"),
        ("servers", "Lists which servers are stopped"),
    ],
)
def test_nouns_of_acts_do_not_make_a_reading_worse(name: str, description: str) -> None:
    """Figures, histories and states are answered, nothing is done."""
    assert classify(name, description, ID)[0] is Intent.READ
