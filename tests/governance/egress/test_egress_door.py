"""The one door for every address that a person or a server chose, by its text (security.md 4 and 6.8)."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from governance.egress.addresses import METADATA_NAMES, Refused
from governance.egress.door import Door, judge_url
from governance.egress.ports import ANY, FIRST_FREE, SERVICES, USUAL, Ports, read_ports

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "egress" / "places.json").read_text("utf-8"))
ROWS = [pytest.param(row, id=f"{form}-{row['url']}") for form, rows in VECTORS["forms"].items() for row in rows]


def test_there_are_vectors_for_every_form_that_the_threat_table_names() -> None:
    """security.md 4: at least five per form; with the row's own URL-shaped forms more than sixty in all."""
    assert len(ROWS) >= 60
    for form in ("decimal, octal, hex and short", "mapped and embedded", "metadata in other spellings", "ports"):
        assert len(VECTORS["forms"][form]) >= 5


@pytest.mark.parametrize("row", ROWS)
def test_a_place_is_judged_as_its_vector_says(row: dict[str, Any]) -> None:
    assert judge_url(row["url"], allow_private=False).allowed is row["public"]
    assert judge_url(row["url"], allow_private=True).allowed is row["private"]


@pytest.mark.parametrize("row", ROWS)
def test_a_form_and_a_transport_are_told_the_same(row: dict[str, Any]) -> None:
    """There is one door: what the form says before and what the transport does later cannot differ."""
    for allow_private in (False, True):
        judgement = judge_url(row["url"], allow_private=allow_private)
        try:
            parts = Door(allow_private=allow_private).url(row["url"])
        except Refused as refusal:
            assert not judgement.allowed
            assert judgement.reason[1:-1] == refusal.why[1:]
        else:
            assert judgement.allowed and parts.host and parts.port
            assert (judgement.reason, judgement.remedy) == ("", "")


@pytest.mark.parametrize("row", ROWS)
def test_judging_a_place_asks_no_resolver(row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("a name was looked up")

    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        monkeypatch.setattr(socket, name, asked)
    judge_url(row["url"], allow_private=True)


@pytest.mark.parametrize("name", sorted(METADATA_NAMES))
def test_a_name_of_a_metadata_service_is_never_permitted(name: str) -> None:
    for scheme in ("http", "https"):
        judgement = judge_url(f"{scheme}://{name.upper()}/latest", allow_private=True)
        assert not judgement.allowed and not judgement.remedy


@pytest.mark.parametrize(
    ("url", "allow_private", "sentence"),
    [
        ("https://10.0.0.1/", False, "10.0.0.1 is a private address. Set allow_private_address to permit it."),
        ("http://169.254.169.254/", True, "169.254.169.254 is a cloud metadata address, which is never reached."),
        (
            "http://mcp.example.com/",
            False,
            "Plain http is only for private addresses. Use https, or set allow_private_address to permit it.",
        ),
        (
            "https://mcp.example.com:6379/",
            True,
            "Port 6379 is that of Redis, which is no MCP server. The operator permits it by GATEHOUSE_EGRESS_PORTS.",
        ),
        ("https://me@mcp.example.com/", True, "The URL cannot be used: user information in front of the host."),
        ("https://mcp.example.com/", False, ""),
    ],
)
def test_a_judgement_is_a_sentence_and_its_remedy(url: str, allow_private: bool, sentence: str) -> None:
    assert judge_url(url, allow_private=allow_private).sentence == sentence


def test_permitted_urls_come_back_in_parts() -> None:
    assert Door().url("https://mcp.example.com/mcp").host == "mcp.example.com"
    local = Door(allow_private=True).url("http://127.0.0.1:3001/mcp")
    assert (local.host, local.port, local.path) == ("127.0.0.1", 3001, "/mcp")


def test_plain_http_ends_at_private_addresses_though_a_name_was_permitted() -> None:
    """A name behind `allow_private_address` may resolve to the Internet, where credentials must not go unencrypted."""
    door = Door(allow_private=True)
    door.address("10.0.0.1", plain=True)
    door.address("93.184.216.34")
    with pytest.raises(Refused, match="plain http"):
        door.address("93.184.216.34", plain=True)


@pytest.mark.parametrize("port", [1, 22, 25, 79, 81, 442, 444, 1023, *SERVICES])
def test_ports_of_services_are_refused_by_default(port: int) -> None:
    assert str(port) in USUAL.refusal(port)


@pytest.mark.parametrize("port", [80, 443, FIRST_FREE, 3000, 3001, 8000, 8080, 8443, 65_535])
def test_ports_where_mcp_servers_listen_are_permitted_by_default(port: int) -> None:
    assert USUAL.refusal(port) == ""


def test_no_port_that_the_system_gives_to_whoever_asks_is_refused() -> None:
    """A server that binds port 0 gets one from the dynamic range of RFC 6335 or of Linux."""
    assert [port for port in range(32_768, 65_536) if USUAL.refusal(port)] == []


@pytest.mark.parametrize(
    ("text", "permitted", "refused"),
    [
        ("", (443, 3001), (22, 6379)),
        ("443", (443,), (80, 444, 3001)),
        ("443, 8443,3000-3002", (443, 8443, 3000, 3002), (442, 2999, 3003, 80)),
        ("default,22", (22, 80, 443, 3001), (25, 6379)),
        ("default, 6379", (6379,), (6380,)),
        ("1-65535", (1, 22, 65_535), ()),
    ],
)
def test_an_operator_replaces_or_widens_the_ports(
    text: str, permitted: tuple[int, ...], refused: tuple[int, ...]
) -> None:
    ports = read_ports(text)
    assert [port for port in permitted if ports.refusal(port)] == []
    assert [port for port in refused if not ports.refusal(port)] == []
    for port in permitted:
        assert judge_url(f"https://mcp.example.com:{port}/", allow_private=False, ports=ports).allowed


@pytest.mark.parametrize(
    "text", ["x", "443,", "0", "65536", "443-", "-443", "9-8", "443;444", "４４３", "1_000", " , "]
)
def test_a_setting_that_names_no_ports_is_an_error_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example|does not lie between"):
        read_ports(text)


def test_a_door_without_ports_judges_all_else() -> None:
    assert judge_url("https://mcp.example.com:22/", allow_private=False, ports=ANY).allowed
    assert not judge_url("https://10.0.0.1:22/", allow_private=False, ports=ANY).allowed
    assert Ports(usual=False).refusal(443)
