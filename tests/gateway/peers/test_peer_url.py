"""GATEHOUSE_PEER_URL: an address that nobody could reach is refused at the start."""

from __future__ import annotations

import pytest
from django.test import override_settings

from gateway.checks import peer_url_is_an_address


@pytest.mark.parametrize("url", ["", "http://10.0.0.5:8000", "https://gw-1.example.com", "http://[fd00::5]:8000"])
def test_an_address_passes(url: str) -> None:
    """So does none: what is bound is taken then."""
    with override_settings(PEER_URL=url):
        assert peer_url_is_an_address() == []


@pytest.mark.parametrize(
    "url",
    [
        "10.0.0.5:8000",
        "ftp://10.0.0.5",
        "http://",
        "http://:8000",
        "http://10.0.0.5:0",
        "http://10.0.0.5:99999",
        "http://10.0.0.5:8000/mcp",
        "http://10.0.0.5:8000?x=1",
        "http://someone@10.0.0.5:8000",
    ],
)
def test_what_is_no_address_of_a_process_is_an_error(url: str) -> None:
    """gateway.E007."""
    with override_settings(PEER_URL=url):
        assert [message.id for message in peer_url_is_an_address()] == ["gateway.E007"]
