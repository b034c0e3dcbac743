"""What an endpoint says it can do: what is approved and what the server declared, whatever that looks like."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.mcp.offers import capabilities
from gateway.snapshot.model import ApprovedItem, ServerRecord
from governance.policy.values import Intent, Item, Kind

CHANGES = {"listChanged": True}


def server(declared: Any, *listings: str) -> ServerRecord:
    """A server with one approved item in each of these lists."""
    items = {
        (Kind.TOOL, listing): ApprovedItem(Item("s", Kind.TOOL, listing, intent=Intent.READ), "", b"{}", listing)
        for listing in listings
    }
    return ServerRecord("s", 1, "http", 1.0, 1, items=items, capabilities=declared)


def test_what_is_approved_is_offered_and_its_changes_are_told() -> None:
    """The gateway tells of changes itself, also where the server does not."""
    assert capabilities([server({}, "tools")]) == {"tools": CHANGES}
    assert capabilities([server({}, "resourceTemplates", "prompts")]) == {"resources": CHANGES, "prompts": CHANGES}


def test_what_the_server_declared_is_offered() -> None:
    """ADR 0006, point 3; a subscription only where the server takes one."""
    declared = {"resources": {"subscribe": True}, "completions": {}, "logging": {}, "tools": {"listChanged": False}}
    assert capabilities([server(declared)]) == {
        "resources": CHANGES | {"subscribe": True},
        "completions": {},
        "logging": {},
        "tools": CHANGES,
    }


def test_what_the_gateway_does_not_serve_is_not_offered() -> None:
    """Tasks, experiments and whatever comes next would answer -32601."""
    declared = {"tasks": {}, "experimental": {"x": {}}, "extensions": {}, "sampling": {}, "tools": {}}
    assert capabilities([server(declared)]) == {"tools": CHANGES}


@pytest.mark.parametrize(
    "said", [None, 5, "yes", [], [True], {"subscribe": 1}, {"subscribe": "true"}, {"subscribe": None}]
)
def test_garbage_in_a_capability_promises_nothing(said: Any) -> None:
    """Capabilities that are no objects."""
    assert capabilities([server({"resources": said})]) == {"resources": CHANGES}


def test_several_servers_offer_what_any_of_them_does() -> None:
    """The aggregate endpoint."""
    both = [server({"resources": {}, "logging": {}}), server({"resources": {"subscribe": True}}, "prompts")]
    assert capabilities(both) == {"resources": CHANGES | {"subscribe": True}, "prompts": CHANGES, "logging": {}}


def test_a_server_that_declares_nothing_has_tools() -> None:
    """An endpoint without any capability would be of no use to a client."""
    assert capabilities([server({})]) == capabilities([]) == {"tools": CHANGES}
