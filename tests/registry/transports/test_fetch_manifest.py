"""Fetching a manifest: only what is declared, page by page, and never without end."""

from __future__ import annotations

import pytest

from registry.manifest.canonical import Kind, ManifestError
from registry.transports.base import TimedOut, UpstreamError
from registry.transports.fetch import fetch_manifest
from registry.transports.http import HttpUpstream
from tests.upstream_offer import Offer
from tests.upstream_simulator import HttpSimulator

ALL = {"tools": {}, "prompts": {}, "resources": {}}


async def fetched(offer: Offer, deadline: float = 5.0) -> tuple[list[str], HttpSimulator]:
    async with HttpSimulator(offer) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        try:
            manifest = await fetch_manifest(upstream, deadline=deadline)
        finally:
            await upstream.close()
        return [item.name for item in manifest.items if item.kind is not Kind.SERVER_INFO], simulator


async def test_only_declared_lists_are_asked_for() -> None:
    names, simulator = await fetched(Offer(prompts=[{"name": "hidden"}]))
    assert names == ["echo", "add"]
    assert simulator.calls("prompts/list") == simulator.calls("resources/list") == []


async def test_all_lists_and_the_instructions_come_together() -> None:
    offer = Offer(
        capabilities=ALL,
        prompts=[{"name": "greet"}],
        resources=[{"uri": "test://a", "name": "a"}],
        templates=[{"uriTemplate": "test://{x}", "name": "x"}],
        instructions="Be kind.",
    )
    names, _ = await fetched(offer)
    assert names == ["echo", "add", "greet", "test://a", "test://{x}", "instructions"]


async def test_a_list_in_pages_is_read_to_its_end() -> None:
    tools = [{"name": f"tool_{number}", "inputSchema": {}} for number in range(25)]
    names, simulator = await fetched(Offer(tools=tools, page=10))
    assert names == [tool["name"] for tool in tools]
    assert len(simulator.calls("tools/list")) == 3


async def test_a_cursor_that_comes_back_ends_the_fetch() -> None:
    with pytest.raises(ManifestError, match="cursor twice"):
        await fetched(Offer(cursor="again"))


async def test_one_name_twice_over_pages_is_refused() -> None:
    with pytest.raises(ManifestError, match="two items"):
        await fetched(Offer(tools=[{"name": "a"}, {"name": "b"}, {"name": "a"}], page=2))


async def test_a_name_that_breaks_the_rule_is_refused() -> None:
    with pytest.raises(ManifestError, match="tool name"):
        await fetched(Offer(tools=[{"name": "a b"}]))


async def test_a_list_that_is_none_is_refused() -> None:
    with pytest.raises(ManifestError, match="is not an object"):
        await fetched(Offer(tools=["text"]))  # type: ignore[list-item]


async def test_a_declared_list_that_is_not_there_is_empty() -> None:
    async with HttpSimulator(Offer(capabilities={"tools": {}, "completions": {}}, tools=())) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        manifest = await fetch_manifest(upstream, deadline=5)
        assert manifest.of(Kind.TOOL) == ()
        await upstream.close()


async def test_a_duplicate_key_in_a_tool_is_refused() -> None:
    class Doubling(HttpSimulator):
        async def _handle(self, wire: object, request: object) -> None:
            await super()._handle(wire, request)  # type: ignore[arg-type]

    raw = b'{"tools":[{"name":"a","description":"kind","description":"hostile"}]}'
    from registry.transports.fetch import _read_page

    with pytest.raises(ManifestError, match="twice"):
        _read_page(raw, "tools/list", "tools")
    assert Doubling is not HttpSimulator


async def test_a_fetch_ends_with_its_deadline() -> None:
    async with HttpSimulator(mute=True) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        with pytest.raises((TimedOut, UpstreamError)):
            await fetch_manifest(upstream, deadline=0.2)
        await upstream.close()
