"""Fetching a manifest: only what is declared, page by page, and never without end."""

from __future__ import annotations

import pytest

from registry.manifest.canonical import Kind, ManifestError
from registry.mcp.revisions import Era
from registry.transports.base import Answer, Handshake, OnConfirmed, OnEvent, UpstreamError
from registry.transports.fetch import fetch_manifest
from registry.transports.http import HttpUpstream
from tests.upstream_offer import Offer
from tests.upstream_simulator import HttpSimulator

ALL = {"tools": {}, "prompts": {}, "resources": {}}

UNLISTED = (Kind.SERVER_INFO, Kind.OTHER)  # What the handshake says, beside the lists.


async def fetched(offer: Offer, deadline: float = 5.0) -> tuple[list[str], HttpSimulator]:
    async with HttpSimulator(offer) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        try:
            manifest = await fetch_manifest(upstream, deadline=deadline)
        finally:
            await upstream.close()
        return [item.name for item in manifest.items if item.kind not in UNLISTED], simulator


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


class Canned:
    """An upstream that answers every list with the same bytes."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    async def open(self) -> Handshake:
        return Handshake(Era.MODERN, "2026-07-28", capabilities={"tools": {}})

    async def request(self, method: str, params: bytes, **_: object) -> Answer:
        return self.answer

    async def listen(
        self, notifications: bytes, on_event: OnEvent, *, deadline: float, on_confirmed: OnConfirmed | None = None
    ) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b'{"tools":[{"name":"a","description":"kind","description":"hostile"}]}', "twice"),
        (b'{"tools":[{"name":"a","n":' + b"[" * 90 + b"]" * 90 + b"}]}", "nested"),
        (b'{"tools":"a"}', "no list tools"),
        (b'{"prompts":[]}', "no list tools"),
        (b'{"tools":[],"nextCursor":7}', "cursor"),
        (b'{"tools":[],"nextCursor":"' + b"x" * 5000 + b'"}', "cursor"),
        (b'{"tools":[{"name":"a","n":1e99999}]}', "refused"),
    ],
)
async def test_a_page_that_two_readers_could_read_differently_is_refused(raw: bytes, what: str) -> None:
    with pytest.raises(ManifestError, match=what):
        await fetch_manifest(Canned(Answer(result=raw)), deadline=5)


async def test_an_error_is_refused_unless_it_says_that_there_is_no_such_list() -> None:
    gone = Canned(Answer(error=b'{"code":-32601,"message":"no"}'))
    assert [item for item in (await fetch_manifest(gone, deadline=5)).items if item.kind not in UNLISTED] == []
    with pytest.raises(ManifestError, match="-32603"):
        await fetch_manifest(Canned(Answer(error=b'{"code":-32603,"message":"no"}')), deadline=5)


async def test_a_fetch_ends_with_its_deadline() -> None:
    async with HttpSimulator(mute=True) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        with pytest.raises(UpstreamError):
            await fetch_manifest(upstream, deadline=0.2)
        await upstream.close()
