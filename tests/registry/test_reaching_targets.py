"""What a stored server becomes when it is reached: its sandbox, its account, the operator's ports."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks

from gateway.settings import env
from governance.egress.ports import USUAL, read_ports
from registry.models import Server
from registry.scanning import look
from registry.targets import NotReady, Target, judged, open_upstream, sandbox_abilities, target_of
from registry.transports.base import AddressRefused
from registry.transports.sandbox import NO_SANDBOX, Sandbox
from registry.transports.stdio_start import SHIM

LINUX = sys.platform == "linux"
ROOT = os.geteuid() == 0


@pytest.mark.django_db
def test_a_stored_sandbox_comes_with_the_target(make_server: Callable[..., Server], shapeshifter: Any) -> None:
    server = make_server("files", shapeshifter.command)
    assert target_of(server).sandbox == NO_SANDBOX
    server.sandbox = {"network": False, "limits": {"open_files": 64}}
    server.accepted_launch = server.launch()
    assert target_of(server).sandbox == Sandbox(network=False, open_files=64)


@pytest.mark.django_db
def test_a_stored_sandbox_that_means_nothing_starts_nothing(
    make_server: Callable[..., Server], shapeshifter: Any
) -> None:
    """A row that somebody wrote by hand: no protection is guessed."""
    server = make_server("files", shapeshifter.command)
    server.sandbox = {"netwrok": False}
    server.accepted_launch = server.launch()
    with pytest.raises(NotReady, match=r"The sandbox of files cannot be understood: 'netwrok' is no key"):
        target_of(server)
    assert "cannot be understood" in look(server).cause  # type: ignore[union-attr]
    assert not shapeshifter.marker.exists()


@pytest.mark.django_db
def test_a_sandbox_that_cannot_be_had_starts_nothing_and_says_why(
    make_server: Callable[..., Server], shapeshifter: Any, settings: Any
) -> None:
    """Fail closed: one sentence in the state of the server, and no marker file of its program."""
    settings.SANDBOX_ACCOUNTS = None
    server = make_server("files", shapeshifter.command)
    server.sandbox = {"uid": True}
    server.accepted_launch = server.launch()
    cause = look(server).cause  # type: ignore[union-attr]
    assert cause.startswith("Could not reach files: ") and "GATEHOUSE_SANDBOX_UID names none" in cause
    assert not shapeshifter.marker.exists()


@pytest.mark.django_db
@pytest.mark.skipif(not LINUX, reason="a sandbox needs Linux")
def test_a_server_in_a_sandbox_is_scanned_as_any_other(make_server: Callable[..., Server], shapeshifter: Any) -> None:
    server = make_server("files", shapeshifter.command)
    server.sandbox = {"limits": {"open_files": 100}}
    server.accepted_launch = server.launch()
    manifest = look(server)
    assert {item.name for item in manifest.items} >= {"read", "write"}  # type: ignore[union-attr]
    assert shapeshifter.marker.exists()


def test_the_ports_of_the_operator_hold_for_every_server_and_every_form(settings: Any) -> None:
    settings.EGRESS_PORTS = read_ports("443")
    assert not judged("https://mcp.example.com:8443/", allow_private=False).allowed
    for transport in ("http", "sse"):
        with pytest.raises(AddressRefused, match="GATEHOUSE_EGRESS_PORTS"):
            open_upstream(Target("x", transport, url="https://mcp.example.com:8443/"))
    settings.EGRESS_PORTS = USUAL
    assert judged("https://mcp.example.com:8443/", allow_private=False).allowed
    asyncio.run(open_upstream(Target("x", "http", url="https://mcp.example.com:8443/")).close())


@pytest.mark.skipif(not LINUX, reason="a sandbox needs Linux")
def test_what_this_machine_can_do_is_found_by_trying(settings: Any) -> None:
    settings.SANDBOX_ACCOUNTS = None
    abilities = sandbox_abilities()
    assert list(abilities) == ["privileges and limits", "network", "uid"]
    assert abilities["privileges and limits"] == ""
    assert "GATEHOUSE_SANDBOX_UID names none" in abilities["uid"]
    settings.SANDBOX_ACCOUNTS = (61_000, 61_999)
    assert (sandbox_abilities()["uid"] == "") is ROOT


@pytest.mark.skipif(not LINUX, reason="a sandbox needs Linux")
def test_accounts_that_cannot_be_had_are_named_by_a_check(settings: Any) -> None:
    def found() -> list[str]:
        return [each.msg for each in run_checks(tags=["security"]) if each.id == "registry.W002"]

    settings.SANDBOX_ACCOUNTS = None
    assert found() == []
    settings.SANDBOX_ACCOUNTS = (61_000, 61_999)
    assert bool(found()) is not ROOT
    settings.SANDBOX_ACCOUNTS = (os.getuid() or 0,) * 2
    assert "is root's or the gateway's" in found()[0]


@pytest.mark.parametrize(
    ("value", "meant"), [("", None), ("61000", (61_000, 61_000)), ("61000-61999", (61_000, 61_999)), ("1-1", (1, 1))]
)
def test_accounts_are_a_number_or_a_range(
    monkeypatch: pytest.MonkeyPatch, value: str, meant: tuple[int, int] | None
) -> None:
    monkeypatch.setenv("GATEHOUSE_SANDBOX_UID", value)
    assert env.read_range("GATEHOUSE_SANDBOX_UID") == meant


@pytest.mark.parametrize("value", ["0", "nobody", "61000-", "-5", "9-8", "1-2-3", "6100000000"])
def test_accounts_that_are_none_are_a_bad_setting(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Root above all."""
    monkeypatch.setenv("GATEHOUSE_SANDBOX_UID", value)
    with pytest.raises(env.BadSetting, match="GATEHOUSE_SANDBOX_UID"):
        env.read_range("GATEHOUSE_SANDBOX_UID")


def test_ports_that_are_none_are_a_bad_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_EGRESS_PORTS", "443,https")
    with pytest.raises(env.BadSetting, match="GATEHOUSE_EGRESS_PORTS: 'https' is no port"):
        env.read_port_rule("GATEHOUSE_EGRESS_PORTS")
    monkeypatch.setenv("GATEHOUSE_EGRESS_PORTS", "")
    assert env.read_port_rule("GATEHOUSE_EGRESS_PORTS") == USUAL == django_settings.EGRESS_PORTS


def test_the_shim_is_part_of_what_is_installed() -> None:
    """It is started by its path, so it has to be a file beside the module that starts it."""
    assert Path(SHIM).is_file()
