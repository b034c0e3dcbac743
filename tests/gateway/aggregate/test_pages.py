"""Pages over many servers: complete, in order, and honest when the list moves between two of them."""

from __future__ import annotations

import json

import pytest

from gateway.mcp import listing
from gateway.refusal import Malformed
from registry.mcp.revisions import Era

ITEMS = [(f"s__{number}", b'{"name":"s__%d"}' % number) for number in range(2 * listing.PAGE + 7)]


def page(
    items: list[tuple[str, bytes]], cursor: object = None, era: Era = Era.LEGACY
) -> dict[str, list[dict[str, str]]]:
    """One page as an agent reads it."""
    read: dict[str, list[dict[str, str]]] = json.loads(listing.page_by_name("tools", items, cursor, era, b"{}"))
    return read


def test_all_pages_together_are_the_list() -> None:
    """At the limit, and past it; no item twice, none left out."""
    found, cursor = [], None
    for size in (listing.PAGE, listing.PAGE, 7):
        one = page(ITEMS, cursor)
        assert len(one["tools"]) == size
        found += [tool["name"] for tool in one["tools"]]
        cursor = one.get("nextCursor")
    assert found == [name for name, _ in ITEMS] and cursor is None
    assert "nextCursor" not in page(ITEMS[: listing.PAGE])


def test_a_cursor_holds_while_other_items_come_and_go() -> None:
    """It names the last item of its page, not a place that others move."""
    cursor = page(ITEMS)["nextCursor"]
    moved = [("a__new", b"{}"), *ITEMS[: listing.PAGE - 3], *ITEMS[listing.PAGE - 1 :]]
    assert page(moved, cursor)["tools"][0]["name"] == ITEMS[listing.PAGE][0]


@pytest.mark.parametrize("era", list(Era))
@pytest.mark.parametrize("cursor", ["", "NTAw", "x" * 24, 500, True, [], {}, "gone"])
def test_what_is_no_cursor_of_this_list_is_refused(cursor: object, era: Era) -> None:
    """Also the cursor of an item that is gone: -32602, never a page that begins anywhere."""
    if cursor == "gone":
        cursor = page(ITEMS)["nextCursor"]
    with pytest.raises(Malformed) as refused:
        page([one for one in ITEMS if one != ITEMS[listing.PAGE - 1]], cursor, era)
    assert (refused.value.form.code, refused.value.form.http) == (-32602, 400 if era is Era.MODERN else 200)
