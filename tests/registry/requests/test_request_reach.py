"""Nothing is started, opened or sent a secret before an administrator accepted exactly that (ADR 8.3 and 8.4)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from governance import secrets
from governance.models import Person, Secret
from governance.rights import Machine, NotAllowed
from registry import tasks
from registry.lifecycle import ChangedSinceShown, NotPossible
from registry.models import Server, ServerRequest
from registry.request_fields import BadRequest
from registry.request_review import accept_reach, approve, request_changes
from registry.request_scans import scan_request
from registry.request_thread import shown_digest
from registry.requests import create_draft, edit_draft, reach_digest, submit
from tests.registry.shapeshifter import Shapeshifter as Program

pytestmark = pytest.mark.django_db
WHY = "The support agents answer customers with it every day."


class Listening:
    """A web server that notes every request that reached it, and its headers; it refuses them, or offers `manifest`."""

    def __init__(self, manifest: Path | None = None) -> None:
        heard = self.heard = []
        self.manifest = manifest
        program = Program(str(manifest), "")

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                heard.append({name.lower(): value for name, value in self.headers.items()})
                message = json.loads(self.rfile.read(int(self.headers["content-length"])))
                body, status = b"", 401
                if manifest is not None and manifest.exists():
                    status = 200 if "id" in message else 202
                    said = program.answer(message["method"], message.get("params", {}))
                    body = json.dumps({"jsonrpc": "2.0", "id": message.get("id"), **said}).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body) if status == 200 else 0))
                self.end_headers()
                self.wfile.write(body if status == 200 else b"")

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/mcp"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def inside(tmp_path: Path) -> Any:
    """A web server on an address of this machine, which refuses everybody until its manifest is written."""
    listening = Listening(tmp_path / "inside.json")
    yield listening
    listening.close()


def test_a_program_is_not_started_before_an_administrator_accepted_it(
    dev: Person, sec: Person, make_person: Callable[..., Person], shapeshifter: Any
) -> None:
    """a stdio command is stored unexecuted. The program writes a file when it starts."""
    marker: Path = shapeshifter.marker
    draft = create_draft(by=dev, fields={"name": "tickets", "transport": "stdio", "command": shapeshifter.command})
    for by in (dev, Machine.SYSTEM):
        run = scan_request(draft.pk, by=by, why="demand")
        assert run.state == "failed" and "administrator has to accept" in run.cause
    edit_draft(request_id=draft.pk, by=dev, fields={"justification": WHY, "team": "payments"})
    request = submit(request_id=draft.pk, by=dev)
    assert request.state == "submitted"
    for by in (dev, sec, Machine.SYSTEM):
        scan_request(request.pk, by=by, why="submission")
    with pytest.raises(NotPossible):
        approve(request_id=request.pk, by=sec, shown="")
    with pytest.raises(NotPossible):
        approve(request_id=request.pk, by=sec, shown=shown_digest(request))
    for person in (dev, make_person("approver@example.com", "approver")):
        with pytest.raises(NotAllowed):
            accept_reach(request_id=request.pk, by=person, shown=reach_digest(request))
    with pytest.raises(ChangedSinceShown):
        accept_reach(request_id=request.pk, by=sec, shown="sha256:other")
    assert not marker.exists()
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request))
    assert not marker.exists(), "to accept is not yet to start"
    assert scan_request(request.pk, by=sec, why="demand").state == "done"
    assert marker.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"command": [sys.executable, "-c", "pass"]},
        {"cwd": "/srv"},
        {"env": ["PYTHONSTARTUP"]},
        {"sandbox": {"network": False}},
    ],
)
def test_another_argv_folder_environment_or_sandbox_than_the_accepted_is_not_started(
    asked: Callable[..., ServerRequest], dev: Person, sec: Person, shapeshifter: Any, changed: dict[str, Any]
) -> None:
    request = asked()
    shown = reach_digest(request)
    accept_reach(request_id=request.pk, by=sec, shown=shown)
    request_changes(request_id=request.pk, by=sec, reason="Once more.")
    edit_draft(request_id=request.pk, by=dev, fields=changed)
    request = submit(request_id=request.pk, by=dev)
    assert (request.accepted_reach, request.accepted_by) == ({}, None)
    assert scan_request(request.pk, by=sec, why="demand").state == "failed"
    assert not shapeshifter.marker.exists()
    with pytest.raises(ChangedSinceShown):
        accept_reach(request_id=request.pk, by=sec, shown=shown)


def test_an_argv_that_was_changed_in_the_database_is_not_started(
    asked: Callable[..., ServerRequest], sec: Person, shapeshifter: Any
) -> None:
    """What is started is compared with what was accepted each time."""
    request = asked()
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request))
    other = [sys.executable, "-c", f"open({str(shapeshifter.marker)!r}, 'w')"]
    ServerRequest.objects.filter(pk=request.pk).update(command=other)
    assert scan_request(request.pk, by=sec, why="demand").state == "failed"
    assert not shapeshifter.marker.exists()


def test_what_was_seen_of_another_command_is_forgotten(
    seen: Callable[..., ServerRequest], dev: Person, sec: Person
) -> None:
    request = seen()
    request_changes(request_id=request.pk, by=sec, reason="Another one.")
    edited = edit_draft(request_id=request.pk, by=dev, fields={"command": ["/opt/other"]})
    assert (edited.manifest_digest, edited.items.count(), edited.findings.count()) == ("", 0, 0)
    assert submit(request_id=request.pk, by=dev).state == "submitted"


def test_a_private_address_is_not_opened_before_it_is_accepted(dev: Person, sec: Person, inside: Listening) -> None:
    with pytest.raises(BadRequest, match="private address"):
        submitted = create_draft(by=dev, fields={"name": "x", "url": inside.url, "justification": WHY})
        submit(request_id=submitted.pk, by=dev)
    draft = create_draft(
        by=dev, fields={"name": "tickets", "url": inside.url, "private_address": True, "justification": WHY}
    )
    assert "administrator has to accept" in scan_request(draft.pk, by=dev, why="demand").cause
    request = submit(request_id=draft.pk, by=dev)
    scan_request(request.pk, by=sec, why="demand")
    assert inside.heard == []
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request))
    run = scan_request(request.pk, by=sec, why="demand")
    assert "HTTP 401; it asks for credentials" in run.cause
    assert [(row["step"], row["outcome"]) for row in run.steps] == [
        ("resolve", "done"),
        ("connect", "done"),
        ("handshake", "failed"),
    ]
    assert inside.heard


def test_an_accepted_address_inside_is_scanned_and_approved_as_it_was_accepted(
    dev: Person, sec: Person, inside: Listening
) -> None:
    tool = {"name": "read", "description": "Read a ticket.", "inputSchema": {"type": "object"}}
    inside.manifest.write_text(json.dumps({"tools": [tool]}))
    fields = {"name": "tickets", "url": inside.url, "private_address": True, "justification": WHY}
    request = submit(request_id=create_draft(by=dev, fields=fields).pk, by=dev)
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request))
    run = scan_request(request.pk, by=sec, why="demand")
    steps = [(row["step"], row["outcome"]) for row in run.steps]
    names = ["resolve", "connect", "handshake", "list", "hash", "scan"]
    assert (steps, run.cause) == ([(name, "done") for name in names], "")
    request.refresh_from_db()
    assert request.provenance["peer"] == "127.0.0.1"
    approve(request_id=request.pk, by=sec, shown=shown_digest(request))
    server = Server.objects.get()
    assert (server.url, server.allow_private_address, server.state) == (inside.url, True, "ready")


def test_submitted_servers_are_looked_at_by_a_worker_once_and_those_that_wait_are_passed_over(
    dev: Person, sec: Person, inside: Listening, asked: Callable[..., ServerRequest], shapeshifter: Any
) -> None:
    """The periodic task, which does what nobody's page asked for: never what was not accepted."""
    waiting = asked(name="waits")
    assert tasks.look_at_requests() is False
    inside.manifest.write_text('{"tools": []}')
    fields = {"name": "tickets", "url": inside.url, "private_address": True, "justification": WHY}
    request = submit(request_id=create_draft(by=dev, fields=fields).pk, by=dev)
    assert tasks.look_at_requests() is False
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request))
    assert (tasks.look_at_requests(), tasks.look_at_requests()) == (True, False)
    request.refresh_from_db()
    assert (request.state, request.scans.get().by) == ("scanned", "gatehouse")
    assert not shapeshifter.marker.exists() and not waiting.scans.exists()


def test_a_draft_of_a_public_address_is_looked_at_while_it_is_written(dev: Person, inside: Listening) -> None:
    """A public address without credentials takes no acceptance. Here the name stands for nothing, and that is told."""
    create_draft(by=dev, fields={"name": "empty"})
    create_draft(by=dev, fields={"name": "inside", "url": inside.url, "private_address": True})
    draft = create_draft(by=dev, fields={"name": "tickets", "url": "https://tickets.nowhere.invalid/mcp"})
    assert (tasks.look_at_requests(), tasks.look_at_requests()) == (True, False)
    draft.refresh_from_db()
    assert "cannot be resolved" in draft.cause and (draft.state, inside.heard) == ("draft", [])


def test_what_cannot_be_looked_at_is_tried_once_and_holds_up_nothing_else(dev: Person, sec: Person) -> None:
    """A secret that was removed since: the failed run says so, and the next one is not made every few seconds."""
    secrets.store(name="gone", value="s3cr3t-" + "7" * 8, by=Machine.OPERATOR)
    fields = {"name": "tickets", "url": "https://tickets.example.com/mcp", "headers": ["X-Key"], "justification": WHY}
    request = submit(request_id=create_draft(by=dev, fields=fields).pk, by=dev)
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request), secrets={"X-Key": "gone"})
    Secret.objects.all().delete()
    assert (tasks.look_at_requests(), tasks.look_at_requests()) == (True, False)
    assert "secret" in request.scans.get().cause


def test_a_draft_of_a_private_address_that_does_not_say_so_reaches_nothing(dev: Person, inside: Listening) -> None:
    draft = create_draft(by=dev, fields={"name": "tickets", "url": inside.url})
    run = scan_request(draft.pk, by=dev, why="demand")
    assert run.state == "failed" and "private address" in run.cause
    assert inside.heard == []


def test_a_metadata_address_cannot_be_asked_for_at_all(dev: Person) -> None:
    for host in ("169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "[::ffff:169.254.169.254]"):
        with pytest.raises(BadRequest, match="never reached"):
            fields = {"name": "x", "justification": WHY, "private_address": True, "url": f"http://{host}/latest"}
            submit(request_id=create_draft(by=dev, fields=fields).pk, by=dev)
    draft = create_draft(by=dev, fields={"private_address": True})
    ServerRequest.objects.filter(pk=draft.pk).update(url="http://169.254.169.254/latest")
    assert scan_request(draft.pk, by=dev, why="demand").state == "failed"


def test_a_requester_cannot_name_a_secret_of_the_vault(dev: Person) -> None:
    secrets.store(name="crm-token", value="s3cr3t-" + "1" * 8, by=Machine.OPERATOR)
    for field in ("headers", "env"):
        for value in ({"X-Api-Key": {"secret": "crm-token"}}, {"TOKEN": {"secret": "crm-token"}}, {"A": "plain"}):
            with pytest.raises(BadRequest, match="only the names"):
                create_draft(by=dev, fields={field: value})
    draft = create_draft(by=dev, fields={"headers": ["X-Api-Key"]})
    with pytest.raises(BadRequest, match="only the names"):
        edit_draft(request_id=draft.pk, by=dev, fields={"headers": {"X-Api-Key": {"secret": "crm-token"}}})
    for injected in ("accepted_reach", "accepted_by", "manifest_digest"):
        with pytest.raises(BadRequest, match="no field"):
            edit_draft(request_id=draft.pk, by=dev, fields={injected: {"secret": "crm-token"}})


def test_a_secret_goes_to_the_accepted_address_and_to_no_other(dev: Person, sec: Person, inside: Listening) -> None:
    """The administrator binds it; another address voids the binding, and nothing is sent there."""
    value = "s3cr3t-" + "2" * 8
    secrets.store(name="crm-token", value=value, by=Machine.OPERATOR)
    fields = {"name": "tickets", "url": inside.url, "private_address": True, "headers": ["X-Api-Key"]}
    request = submit(request_id=create_draft(by=dev, fields=fields | {"justification": WHY}).pk, by=dev)
    for wrong, why in (({"X-Other": "crm-token"}, "asks for no"), ({"X-Api-Key": "nothing"}, "no secret")):
        with pytest.raises(BadRequest, match=why):
            accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request), secrets=wrong)
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request), secrets={"X-Api-Key": "crm-token"})
    scan_request(request.pk, by=sec, why="demand")
    assert inside.heard and all(headers.get("x-api-key") == value for headers in inside.heard)
    request_changes(request_id=request.pk, by=sec, reason="Elsewhere.")
    elsewhere = Listening()
    try:
        edited = edit_draft(request_id=request.pk, by=dev, fields={"url": elsewhere.url})
        assert edited.headers == {"X-Api-Key": None}
        submit(request_id=request.pk, by=dev)
        for by in (dev, sec, Machine.SYSTEM):
            scan_request(request.pk, by=by, why="demand")
        assert elsewhere.heard == []
    finally:
        elsewhere.close()
    stored = json.dumps(list(ServerRequest.objects.values("headers", "accepted_reach", "provenance")))
    assert value not in stored


def test_naming_the_same_variables_again_keeps_what_was_bound(
    asked: Callable[..., ServerRequest], dev: Person, sec: Person
) -> None:
    secrets.store(name="crm-token", value="s3cr3t-" + "3" * 8, by=Machine.OPERATOR)
    request = asked(env=["TOKEN"])
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request), secrets={"TOKEN": "crm-token"})
    request_changes(request_id=request.pk, by=sec, reason="Say more.")
    fields = {"env": ["TOKEN"], "description": "More."}
    edited = edit_draft(request_id=request.pk, by=dev, fields=fields)
    assert edited.env == {"TOKEN": {"secret": "crm-token"}} and edited.reach_accepted()


def test_a_public_address_with_a_bound_secret_waits_for_its_acceptance(dev: Person, sec: Person) -> None:
    """Without a secret there is nothing to accept; with one the address and the secret are accepted together."""
    fields = {
        "name": "tickets",
        "url": "https://tickets.example.com/mcp",
        "headers": ["Authorization"],
        "justification": WHY,
    }
    request = submit(request_id=create_draft(by=dev, fields=fields).pk, by=dev)
    assert request.reach() == {}
    with pytest.raises(NotPossible, match="nothing to accept"):
        accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request))
    secrets.store(name="crm-token", value="s3cr3t-" + "4" * 8, by=Machine.OPERATOR)
    accepted = accept_reach(
        request_id=request.pk, by=sec, shown=reach_digest(request), secrets={"Authorization": "crm-token"}
    )
    assert accepted.reach() == accepted.accepted_reach != {}


def test_the_approved_server_is_accepted_as_the_request_was(
    seen: Callable[..., ServerRequest], sec: Person, shapeshifter: Any
) -> None:
    request = seen()
    approve(request_id=request.pk, by=sec, shown=shown_digest(request))
    server = Server.objects.get()
    assert server.launch_accepted()
    assert (server.command, server.accepted_by, server.accepted_at) == (
        shapeshifter.command,
        "sec@example.com",
        ServerRequest.objects.get().accepted_at,
    )
