"""Where an HTTP upstream may be: judged as written, as resolved, as connected, and by its certificate."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from registry.transports.base import AddressRefused, Limits, Unreachable
from registry.transports.http import HttpUpstream
from registry.transports.http_address import HttpAddress, read_address, resolve
from registry.transports.http_pool import Pool
from tests.registry.transports.certificates import make_certificate, serving
from tests.upstream_simulator import HttpSimulator


async def echo(upstream: HttpUpstream, text: str) -> str:
    params = json.dumps({"name": "echo", "arguments": {"text": text}}).encode()
    answer = await upstream.request("tools/call", params, name="echo", deadline=5)
    assert answer.result is not None
    said: str = json.loads(answer.result)["content"][0]["text"]
    return said


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/mcp",
        "https://127.0.0.1/mcp",
        "https://[::1]/mcp",
        "https://[::ffff:127.0.0.1]/mcp",
        "https://10.0.0.1/mcp",
        "https://169.254.169.254/mcp",
        "https://localhost/mcp",
        "https://user@example.com/mcp",
        "ftp://example.com/",
        "https://example.com/#x",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://example.com\\@127.0.0.1/",
        "not a url",
    ],
)
def test_a_url_that_must_not_be_reached_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(AddressRefused):
        HttpUpstream(url)


async def test_metadata_addresses_are_refused_even_where_private_ones_are_allowed() -> None:
    with pytest.raises(AddressRefused):
        HttpUpstream("http://169.254.169.254/mcp", allow_private=True)


class Names:
    """A resolver whose every name has these addresses."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def getaddrinfo(self, host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(0, 1, 6, "", (address, port)) for address in self.addresses]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:10.0.0.1", "169.254.169.254", "fe80::1%lo", "0.0.0.0"])
async def test_a_name_with_one_address_that_must_not_be_reached_is_refused_as_a_whole(address: str) -> None:
    place = read_address("https://tools.example/mcp", allow_private=False)
    with pytest.raises(AddressRefused):
        await resolve(place, Names("93.184.216.34", address))  # type: ignore[arg-type]
    assert await resolve(place, Names("93.184.216.34")) == ["93.184.216.34"]  # type: ignore[arg-type]


async def test_the_connected_peer_is_judged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where a resolver is deceived, nothing is written to an address that must not be reached."""

    async def deceived(address: HttpAddress, loop: asyncio.AbstractEventLoop) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr("registry.transports.http_pool.resolve", deceived)
    async with HttpSimulator() as simulator:
        address = replace(
            read_address("https://tools.example/mcp", allow_private=False), port=simulator.port, secure=False
        )
        pool = Pool(address, Limits())
        with pytest.raises(AddressRefused):
            await pool.connection(asyncio.get_running_loop().time() + 5)
        assert simulator.received == []
        assert pool.open_connections == 0
        pool.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


async def test_a_server_with_a_trusted_certificate_is_reached_over_tls(certificate: Path) -> None:
    async with HttpSimulator(tls=serving(certificate)) as simulator:
        trusting = ssl.create_default_context(cafile=str(certificate))
        upstream = HttpUpstream(simulator.url, allow_private=True, tls=trusting)
        assert await echo(upstream, "secret") == "secret"
        assert await asyncio.gather(*(echo(upstream, str(number)) for number in range(5))) == list("01234")
        await upstream.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(certificate: Path) -> None:
    async with HttpSimulator(tls=serving(certificate)) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True, headers={"Authorization": "Bearer of-this-server"})
        with pytest.raises(Unreachable, match="TLS"):
            await echo(upstream, "secret")
        assert simulator.received == []
        await upstream.close()


async def test_a_certificate_for_another_name_is_refused(certificate: Path) -> None:
    async with HttpSimulator(tls=serving(certificate)) as simulator:
        trusting = ssl.create_default_context(cafile=str(certificate))
        upstream = HttpUpstream(f"https://localhost:{simulator.port}/mcp", allow_private=True, tls=trusting)
        with pytest.raises(Unreachable, match="TLS"):
            await echo(upstream, "secret")
        assert simulator.received == []
        await upstream.close()
