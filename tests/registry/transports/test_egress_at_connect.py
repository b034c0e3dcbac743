"""Nothing is sent to a place that was not judged: redirects, hints, rebinding names (security.md 2 U5, 4, 6.8)."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from governance.egress.ports import read_ports
from governance.policy.schemas import SchemaCheck
from registry.mcp.revisions import Era
from registry.scan.scan import compile_pack
from registry.transports.base import AddressRefused, Limits, NotSent, Upstream, UpstreamError
from registry.transports.fetch import fetch_manifest
from registry.transports.http import HttpUpstream
from registry.transports.sse import SseUpstream
from tests.registry.transports.certificates import BEGINS, ENDS, make_certificate, serving
from tests.registry.transports.over_http import echo
from tests.upstream_faults import head
from tests.upstream_offer import TOOLS, Offer
from tests.upstream_old import OldServer
from tests.upstream_simulator import HttpSimulator

REDIRECTS = (300, 301, 302, 303, 305, 307, 308)
QUICK = Limits(connect_seconds=2.0, open_seconds=3.0, probe_seconds=1.0)


class Listener:
    """Counts who connects, and answers every request with one head and body."""

    def __init__(self, answer: bytes = b"") -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[bytes] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Listener]:
        """Listen on a loopback port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


def reaching(transport: str, url: str) -> Upstream:
    """An upstream of a transport at a URL."""
    if transport == "sse":
        return SseUpstream(url, allow_private=True, limits=QUICK)
    return HttpUpstream(url, allow_private=True, limits=QUICK, era=Era(transport))


@pytest.mark.parametrize("transport", [Era.MODERN.value, Era.LEGACY.value, "sse"])
@pytest.mark.parametrize("code", REDIRECTS)
async def test_a_redirect_of_any_code_reaches_no_other_origin(code: int, transport: str) -> None:
    """U5: 0 outbound requests to another origin; and none to another path of this one either."""
    async with Listener().running() as elsewhere, Listener().running() as server:
        server.answer = head(f"{code} Elsewhere", f"Location: {elsewhere.origin}/mcp", "Content-Length: 0")
        upstream = reaching(transport, f"{server.origin}/mcp")
        with pytest.raises(UpstreamError):
            await upstream.open()
        server.answer = head(f"{code} Elsewhere", "Location: /other", "Content-Length: 0")
        with pytest.raises(UpstreamError):
            await upstream.request("tools/call", b'{"name":"x"}', deadline=2)
        await upstream.close()
        assert elsewhere.connections == 0
        assert {request.split(b" ")[1] for request in server.requests} == {b"/mcp"}


@pytest.mark.parametrize("code", [200, 202, 204, 401, 403, 407, 421, 429, 503])
async def test_no_header_of_an_answer_makes_the_gateway_go_elsewhere(code: int) -> None:
    """U5: neither metadata that a 401 points to, nor anything else that a browser or a client would look at."""
    async with Listener().running() as elsewhere, Listener().running() as server:
        there = f"{elsewhere.origin}/x"
        server.answer = head(
            f"{code} Look there",
            "Content-Length: 2",
            "Content-Type: application/json",
            f"Location: {there}",
            f"Content-Location: {there}",
            f"Refresh: 0; url={there}",
            f"Link: <{there}>; rel=preload",
            f'Alt-Svc: h2="127.0.0.1:{elsewhere.port}"',
            f'WWW-Authenticate: Bearer resource_metadata="{there}", authorization_uri="{there}"',
        )
        upstream = reaching(Era.MODERN.value, f"{server.origin}/mcp")
        with pytest.raises(UpstreamError):
            await upstream.open()
        await upstream.close()
        assert server.connections
        assert elsewhere.connections == 0


async def test_where_an_old_server_says_that_messages_go_is_judged_at_the_door() -> None:
    """The `endpoint` event is an address that a server chose."""
    async with Listener().running() as elsewhere:
        for endpoint in (f"{elsewhere.origin}/messages", f"http://localhost:{elsewhere.port}/messages"):
            async with OldServer(endpoint).running() as server:
                upstream = SseUpstream(server.url, allow_private=True, limits=QUICK)
                with pytest.raises(UpstreamError):
                    await upstream.open()
                await upstream.close()
                assert server.posted == []
        assert elsewhere.connections == 0


def hostile(there: str) -> dict[str, Any]:
    """A tool whose every place for an address names one."""
    schema = {
        "$schema": f"{there}/schema",
        "$id": f"{there}/id",
        "type": "object",
        "properties": {"a": {"$ref": f"{there}/ref#/x"}, "b": {"$dynamicRef": f"{there}/dynamic"}},
        "allOf": [{"$ref": f"{there}/all"}],
    }
    icons = [{"src": f"{there}/icon.png", "mimeType": "image/png"}]
    offered = {"name": "look", "description": f"See {there}/doc", "icons": icons}
    return {**offered, "inputSchema": schema, "outputSchema": schema}


async def test_addresses_inside_a_manifest_are_never_fetched() -> None:
    """U5 and security.md 4: icons and `$ref` are text; read, canonicalised, scanned and compiled they stay that."""
    async with Listener().running() as elsewhere:
        tool = hostile(elsewhere.origin)
        async with HttpSimulator(Offer(tools=(*TOOLS, tool))) as simulator:
            upstream = HttpUpstream(simulator.url, allow_private=True)
            manifest = await fetch_manifest(upstream, deadline=5)
            await upstream.close()
        assert "look" in {item.name for item in manifest.items}
        await asyncio.to_thread(compile_pack().scan_document, manifest.document, server="files", beside=())
        assert await asyncio.to_thread(SchemaCheck(tool["inputSchema"]).problem, {"a": 1}) is not None
        assert elsewhere.connections == 0


class Resolver:
    """An own resolver: each lookup of the name gets the next answer, the last one for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def getaddrinfo(self, host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        """What the loop asks for a name."""
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(0, 1, 6, "", (answer, port))]


async def test_a_name_that_turns_private_after_it_was_public_is_refused_before_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rebinding: each connection is to an address that was judged for it, looked up once and never again between."""
    loop = asyncio.get_running_loop()
    resolver = Resolver("93.184.216.34", "127.0.0.1")
    connected: list[str] = []

    async def refusing(_: object, host: str, port: int, **__: object) -> None:
        connected.append(host)
        raise ConnectionRefusedError(111, "Connection refused")

    async with Listener().running() as inside:
        monkeypatch.setattr(loop, "getaddrinfo", resolver.getaddrinfo)
        monkeypatch.setattr(loop, "create_connection", refusing)
        upstream = HttpUpstream(f"https://tools.example:{inside.port}/mcp", limits=QUICK)
        with pytest.raises(NotSent, match="refused the connection"):
            await upstream.open()
        assert (resolver.asked, connected) == (["tools.example"], ["93.184.216.34"])
        with pytest.raises(AddressRefused, match=r"127\.0\.0\.1 is a loopback address"):
            await upstream.open()
        await upstream.close()
        assert (len(resolver.asked), connected) == (2, ["93.184.216.34"])
        assert inside.connections == 0


async def test_a_name_that_turns_to_metadata_is_refused_though_private_addresses_are_permitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same with real connections: what was open is used, the next connection is judged anew."""
    async with HttpSimulator() as simulator:
        resolver = Resolver("127.0.0.1", "169.254.169.254")
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolver.getaddrinfo)
        upstream = HttpUpstream(f"http://tools.example:{simulator.port}/mcp", allow_private=True, limits=QUICK)
        assert await echo(upstream, "first") == "first"
        before = len(simulator.received)
        results = await asyncio.gather(*(echo(upstream, str(n)) for n in range(4)), return_exceptions=True)
        assert sum(isinstance(each, AddressRefused) for each in results) == 3  # One had the connection that was open.
        assert len(simulator.received) == before + 1
        assert simulator.connections == 1
        await upstream.close()


async def test_plain_http_is_not_spoken_with_a_public_address_behind_a_permitted_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`allow_private_address` opens the way inside; it does not send a server's credentials over the Internet bare."""
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", Resolver("93.184.216.34").getaddrinfo)
    upstream = HttpUpstream("http://tools.example:3001/mcp", allow_private=True, limits=QUICK)
    with pytest.raises(AddressRefused, match="plain http"):
        await upstream.open()
    await upstream.close()


@pytest.mark.parametrize("make", [HttpUpstream, SseUpstream])
async def test_ports_that_the_operator_left_out_are_refused_before_anything_is_connected(make: Any) -> None:
    async with Listener().running() as listener:
        with pytest.raises(AddressRefused, match="GATEHOUSE_EGRESS_PORTS"):
            make(listener.origin, allow_private=True, ports=read_ports("443"))
        with pytest.raises(AddressRefused, match="Redis"):
            make("http://127.0.0.1:6379/", allow_private=True)
        assert listener.connections == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


async def test_who_answered_is_known_with_its_certificate(certificate: Path) -> None:
    async with HttpSimulator(tls=serving(certificate)) as simulator:
        trusting = ssl.create_default_context(cafile=str(certificate))
        upstream = HttpUpstream(simulator.url, allow_private=True, tls=trusting)
        assert upstream.peer is None
        await upstream.open()
        await upstream.close()
        peer = upstream.peer
        assert peer is not None and (peer.address, peer.port) == ("127.0.0.1", simulator.port)
        begin = "-----BEGIN CERTIFICATE-----"
        der = ssl.PEM_cert_to_DER_cert(begin + certificate.read_text().partition(begin)[2])
        found = peer.certificate
        assert found is not None and found.sha256 == sha256(der).hexdigest()
        assert (found.subject, found.issuer, found.names) == ("CN=simulator", "CN=simulator", ("127.0.0.1",))
        assert (found.not_before, found.not_after) == (BEGINS, ENDS)
        assert json.loads(json.dumps(found.record()))["not_after"] == ENDS.isoformat()


async def test_who_answered_in_the_clear_has_no_certificate() -> None:
    async with HttpSimulator() as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        await upstream.open()
        await upstream.close()
        assert upstream.peer is not None and upstream.peer.certificate is None
