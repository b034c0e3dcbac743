"""The demo's own server and the request for it: what a newcomer reviews first (ux.md section 5)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gateway.demo import office, setting
from governance.models import Person
from registry import requests
from registry.manifest.canonical import Kind, Manifest
from registry.scan.finding import held
from registry.scan.scan import compile_pack
from registry.transports.fetch import fetch_manifest
from registry.transports.stdio import StdioUpstream
from tests.gateway.inside import PEOPLE, in_thread, inside


async def seen(*arguments: str) -> Manifest:
    """What the program offers when it is started as an upstream is."""
    upstream = StdioUpstream((sys.executable, "-I", office.__file__, *arguments), environment={})
    try:
        return await fetch_manifest(upstream, deadline=20)
    finally:
        await upstream.close()


async def test_the_office_offers_twelve_tools_one_of_them_poisoned() -> None:
    manifest = await seen()
    assert len(manifest.of(Kind.TOOL)) == 12
    found = compile_pack().scan(manifest, server="office")
    assert {finding.name for finding in found if held([finding])} == {"duty_roster"}


async def test_its_one_description_shifts_while_the_switch_is_there(tmp_path: Path) -> None:
    switch = tmp_path / "shifted"
    before = await seen(str(switch))
    switch.touch()
    after = await seen(str(switch))
    switch.unlink()
    assert (await seen(str(switch))).digest == before.digest
    changed = {key for key, item in after.by_key.items() if before.by_key[key].digest != item.digest}
    assert changed == {(Kind.TOOL, "list_rooms")}
    assert held(compile_pack().scan(after, server="office", before=before))


@pytest.mark.usefixtures("own_database")
async def test_the_request_for_it_is_complete_and_nothing_of_it_has_run() -> None:
    assert any(person["email"] == setting.REQUESTER for person in PEOPLE)
    async with inside():

        def asked() -> tuple[str, str, object]:
            by = Person.objects.get(email=setting.REQUESTER)
            draft = requests.create_draft(by=by, fields=setting.office_request())
            request = requests.submit(request_id=draft.pk, by=by)
            return request.state, request.manifest_digest, request.accepted_by

        assert await in_thread(asked) == ("submitted", "", None)
