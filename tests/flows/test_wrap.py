"""`gatehouse wrap`: the whole gateway around one local server, as a client's configuration starts it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.flows.sse_line import SseLine
from tests.flows.wrapped import PROGRAM, Wrapped, decide, environment, manage, shed
from tests.running import Running
from tests.waiting import eventually

DECISION = "io.gatehouse/decision"
GUIDE_POLICY = """
version: "1"
default: deny
rules:
  - {tool: read_label, action: allow, reason: Labels may be read}
  - {tool: write_label, action: escalate, reason: Labels are written with approval}
  - {tool: delete_box, action: deny, reason: Nothing is deleted}
"""
GUIDE_CONFIG = """
listen: {transport: stdio}            # or sse
upstream:
  - {name: filesystem, url: "stdio://mcp-server-filesystem /srv/data"}
  - {name: database, url: "sse://127.0.0.1:3001/mcp"}
policy: ./policy.yaml
aegis: {enabled: true}                # content inspection
sentinel: {enabled: true}             # the watch
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the shed notes what it was asked."""
    return tmp_path / "shed.log"


@pytest.fixture
def wrapped(tmp_path: Path, log: Path) -> Iterator[Wrapped]:
    """The shed, wrapped without any option but its name."""
    with Wrapped(tmp_path, shed(log), "--name", "shed") as running:
        yield running.open()


def notes(log: Path, key: str = "name") -> list[dict[str, Any]]:
    """What the shed noted that has this key."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [note for note in map(json.loads, lines) if key in note]


def ledger(folder: Path, kind: str) -> list[dict[str, Any]]:
    """The entries of one kind, as they were hashed."""
    connection = sqlite3.connect(f"file:{folder / 'gatehouse.sqlite3'}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT text FROM governance_ledgerentry WHERE kind = ? ORDER BY at", [kind])
        return [json.loads(text) for (text,) in rows]
    finally:
        connection.close()


def gone(pid: int) -> bool:
    """Whether no process has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def require_sound_ledger(folder: Path) -> None:
    """`manage.py verify_ledger` agrees with every entry."""
    done = manage(folder, "verify_ledger")
    assert done.returncode == 0, done.stdout + done.stderr


def test_reading_passes_and_writing_is_decided_on_the_local_page(wrapped: Wrapped, tmp_path: Path, log: Path) -> None:
    """Without a policy; the decision is marked as local in the ledger and on the page; the evidence verifies."""
    assert wrapped.tools() == {"read_label", "write_label", "delete_box"}
    assert wrapped.call("read_label", box="a")["content"][0]["text"] == "label of a: ünï ☃"
    held = wrapped.begin("write_label", box="a", text="seeds")
    page = wrapped.asked_page()
    assert "shed.write_label (write) waits for you" in wrapped.words
    assert not [note for note in notes(log) if note["name"] == "write_label"]
    with wrapped.person() as person:
        assert "local, not separated" in person.get(page).text, "it is said before the decision"
        assert decide(person, page, "approve").status_code == 200
        assert "local, not separated" in person.get(page).text, "and beside it"
    assert wrapped.answer_to(held)["result"]["content"][0]["text"] == "wrote seeds on a"
    held = wrapped.begin("write_label", box="b", text="bulbs")
    page = wrapped.asked_page(2)
    with wrapped.person() as person:
        decide(person, page, "deny", "not that box")
    denied = wrapped.answer_to(held)["result"]
    assert denied["isError"] and "not that box" in denied["content"][0]["text"]
    assert wrapped.end() == 0
    folder = tmp_path / "shed"
    decided = ledger(folder, "call.decided")
    assert [(one["approval"]["act"], one["approval"]["mark"], one["principal"]["via"]) for one in decided] == [
        ("approve", "local, not separated", "local"),
        ("deny", "local, not separated", "local"),
    ]
    assert [one["change"]["what"] for one in ledger(folder, "change.person") if "local mode" in one["change"]["what"]]
    assert [note["name"] for note in notes(log)] == ["read_label", "write_label"]
    require_sound_ledger(folder)


def test_what_destroys_asks_for_more_than_the_page(wrapped: Wrapped, log: Path) -> None:
    """A destructive call takes a second factor here too; the person who owns the agent may always deny it."""
    held = wrapped.begin("delete_box", box="a")
    page = wrapped.asked_page()
    with wrapped.person() as person:
        assert "takes your second factor" in person.get(page).text
        asked = decide(person, page, "approve")
        assert not notes(log), "nothing ran"
        assert "second factor" in asked.text.lower() or "authenticator" in asked.text.lower()
        decide(person, page, "deny")
    assert wrapped.answer_to(held)["result"]["isError"]
    assert not notes(log)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_official_clients_start_it_like_the_server_itself(tmp_path: Path, log: Path, mode: Any) -> None:
    """The Python SDK in both modes; its entry of `mcpServers` has another command and nothing else."""
    entry = {"command": shed(log)[0], "args": shed(log)[1:], "env": {"SHED_KEY": "a-key"}}
    servers = {"shed": {**entry, "command": str(PROGRAM), "args": ["wrap", "--", entry["command"], *entry["args"]]}}
    configured = json.loads(json.dumps({"mcpServers": servers}))["mcpServers"]["shed"]
    configured["env"] |= {"GATEHOUSE_DATA": str(tmp_path)}
    async with Client(StdioServerParameters(**configured), mode=mode) as client:
        tools = await client.list_tools()
        read = await client.call_tool("read_label", {"box": mode})
        resource = await client.read_resource("shed://plan")
    assert {tool.name for tool in tools.tools} == {"read_label", "write_label", "delete_box"}
    assert read.content[0].text == f"label of {mode}: ünï ☃"
    assert resource.contents[0].text == "a plan"
    require_sound_ledger(tmp_path / "shed")


def test_the_server_gets_the_environment_that_was_meant_for_it(tmp_path: Path, log: Path) -> None:
    """The entry's variables, the client's folder, and nothing of the gateway's own."""
    given = {"SHED_KEY": "a-key", "DATABASE_URL": "mysql://of-the-server", "GATEHOUSE_TOKEN": "not-for-it"}
    with Wrapped(tmp_path, shed(log), **given) as running:
        assert running.open().tools()
    started = notes(log, "environment")[-1]
    assert started["environment"]["SHED_KEY"] == "a-key"
    assert started["environment"]["DATABASE_URL"] == "mysql://of-the-server"
    assert not [name for name in started["environment"] if name.startswith(("GATEHOUSE", "DJANGO"))]
    assert Path(started["cwd"]) == tmp_path


def test_a_policy_file_in_the_guides_form_decides(tmp_path: Path, log: Path) -> None:
    """As it stands: allow, escalate, deny with the reason, and an unlisted item is denied."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(GUIDE_POLICY)
    with Wrapped(tmp_path, shed(log), "--policy", str(policy)) as running:
        running.open()
        assert not running.call("read_label", box="a").get("isError")
        denied = running.call("delete_box", box="a")
        assert denied["isError"] and "Nothing is deleted" in denied["content"][0]["text"]
        running.begin("write_label", box="a", text="x")
        assert running.asked_page()
    assert [note["name"] for note in notes(log)] == ["read_label"]


def test_a_relative_path_is_not_guessed(tmp_path: Path, log: Path) -> None:
    """A server may take it from another folder than the one it was started in, so that rules about paths refuse it."""
    policy = tmp_path / "policy.yaml"
    rule = {"tool": "shed/read_label", "action": "allow", "constraints": {"box": {"under": [str(tmp_path)]}}}
    policy.write_text(json.dumps({"version": "1", "default": "deny", "rules": [rule]}))
    with Wrapped(tmp_path, shed(log), "--name", "shed", "--policy", str(policy)) as running:
        running.open()
        assert not running.call("read_label", box=str(tmp_path / "a")).get("isError")
        denied = running.call("read_label", box="a")
        assert denied["isError"] and "relative path" in denied["content"][0]["text"]
    assert len(notes(log)) == 1


def test_the_guides_gateway_configuration_is_applied_as_it_stands(
    gatehouse: Callable[..., Running], tmp_path: Path, log: Path
) -> None:
    """Contract section 3, the last form: what cannot be reached is listed, the rest serves, over SSE too."""
    program = tmp_path / "bin" / "mcp-server-filesystem"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec " + " ".join(map(shlex.quote, shed(log))) + "\n")
    program.chmod(0o700)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    running = gatehouse(GUIDE_CONFIG, GUIDE_POLICY, apply_may_fail=True, PATH=path)
    said = running.apply(GUIDE_CONFIG, GUIDE_POLICY, check=False).stdout
    assert "database" in said and "policy: taken as it stands" in said
    with SseLine(running, running.token("gateway"), "filesystem") as line:
        line.open()
        assert line.call("read_label", box="a")["content"][0]["text"].startswith("label of a")
        assert "Nothing is deleted" in line.call("delete_box", box="a")["content"][0]["text"]
    assert [note["name"] for note in notes(log)] == ["read_label"]


def test_entries_and_windows_of_one_client_run_side_by_side(tmp_path: Path, log: Path) -> None:
    """Each process has a folder of its own below GATEHOUSE_DATA, and says which; --data names one folder for one."""
    with (
        Wrapped(tmp_path, shed(log), "--name", "one") as one,
        Wrapped(tmp_path, shed(tmp_path / "two.log"), "--name", "two") as two,
    ):
        assert one.open().tools() == two.open().tools()
        with Wrapped(tmp_path, shed(log), "--name", "one") as third:
            assert not third.open().call("read_label", box="b").get("isError")
            [said] = [line for line in third.said if "starting one" in line]
            assert f"process {one.process.pid} already serves" in said and str(tmp_path / "one-2") in said
            assert third.end() == 0
        own = ("--name", "one", "--data", str(tmp_path / "own"))
        with Wrapped(tmp_path, shed(log), *own) as fourth:
            assert fourth.open().tools()
            with Wrapped(tmp_path, shed(log), *own) as fifth:
                assert fifth.process.wait(30) == 1
                eventually(lambda: f"process {fourth.process.pid} already serves" in fifth.words, what="who is there")
                assert "--name or --data" in fifth.words
        assert not one.call("read_label", box="a").get("isError")
    assert {"one", "one-2", "two", "own"} <= {each.name for each in tmp_path.iterdir()}
    require_sound_ledger(tmp_path / "one-2")


def test_it_ends_with_its_input_and_takes_the_server_along(wrapped: Wrapped, log: Path) -> None:
    """Exit 0, the child gone."""
    wrapped.call("read_label", box="a")
    pids = [note["pid"] for note in notes(log, "pid")]
    assert wrapped.end() == 0
    eventually(lambda: all(map(gone, pids)), what="every process of the server to end")


def test_a_killed_wrapper_leaves_no_server_behind(wrapped: Wrapped, tmp_path: Path, log: Path) -> None:
    """And a later start closes what it left open; the evidence is sound."""
    wrapped.call("read_label", box="a")
    pids = [note["pid"] for note in notes(log, "pid")]
    wrapped.process.kill()
    eventually(lambda: all(map(gone, pids)), what="every process of the server to end")
    with Wrapped(tmp_path, shed(log), "--name", "shed") as again:
        assert not again.open().call("read_label", box="b").get("isError")
        assert again.end() == 0
    require_sound_ledger(tmp_path / "shed")


def test_a_signal_ends_it_in_good_order(wrapped: Wrapped, tmp_path: Path) -> None:
    """SIGTERM while a call is held: it is answered as pending, and stays decidable."""
    held = wrapped.begin("write_label", box="a", text="x")
    assert wrapped.asked_page()
    wrapped.process.send_signal(signal.SIGTERM)
    assert wrapped.process.wait(20) == 0
    eventually(lambda: [said for said in wrapped.messages if said.get("id") == held], what="an answer")
    assert "Approval pending" in wrapped.messages[-1]["result"]["content"][0]["text"]
    require_sound_ledger(tmp_path / "shed")


def test_what_changed_since_stays_held_and_is_said(tmp_path: Path, log: Path) -> None:
    """The first start approves everything; a tool that is another one later is not served until the person says so."""
    with Wrapped(tmp_path, shed(log, "first"), "--name", "shed") as running:
        assert "write_label" in running.open().tools()
        assert running.end() == 0
    with Wrapped(tmp_path, shed(log, "second"), "--name", "shed") as running:
        assert running.open().tools() == {"read_label", "delete_box"}
        assert "held back: shed: tool write_label: changed since it was approved" in running.words
        unknown = running.call("write_label", box="a", text="x")
        assert unknown["isError"] and unknown["content"][0]["text"] == "Unknown tool: write_label"


def test_beside_the_wrapper_nobody_decides_for_themselves(wrapped: Wrapped, tmp_path: Path) -> None:
    """Local mode belongs to the wrapper's process: a command on the same data still keeps people apart."""
    wrapped.begin("write_label", box="a", text="x")
    wrapped.asked_page()
    script = (
        "from governance import approvals, local_mode; from governance.models import *;"
        "waiting = Escalation.objects.get(); by = Person.objects.get();\n"
        "try: approvals.approve(escalation_id=waiting.pk, by=by)\n"
        "except approvals.NotYours as refused: print('refused:', refused)\n"
        "try: local_mode.switch_on()\n"
        "except local_mode.NotLocal as refused: print('refused:', refused)\n"
    )
    done = manage(tmp_path / "shed", "shell", "-c", script)
    assert "refused: This call comes from your own agent" in done.stdout, done.stdout + done.stderr
    assert "refused: Local mode is for `gatehouse wrap`" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "said"),
    [
        (["wrap"], {}, 2, "say which server to wrap"),
        (["wrap", "--name", "Not A Name", "--", "x"], {}, 2, "cannot be the name of a server"),
        (["wrap", "--policy", "nowhere.yaml", "--", "x"], {}, 2, "nowhere.yaml cannot be read: No such file"),
        (["wrap", "--", "x"], {"GATEHOUSE_MODE": "production"}, 2, "GATEHOUSE_MODE is production"),
        (["wrap", "--", "x"], {"GATEHOUSE_MODE": "wrap"}, 2, "GATEHOUSE_MODE='wrap' is unknown"),
        (["wrap", "--", "no-such-program-at-all"], {}, 1, "no-such-program-at-all cannot be started"),
        (["wrap", "--policy", "bad.yaml", "--", "x"], {}, 1, "bad.yaml:1:1"),
    ],
)
def test_a_wrong_start_says_what_to_change(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], status: int, said: str
) -> None:
    """Usage is 2, refused is 1; nothing reaches standard output."""
    (tmp_path / "bad.yaml").write_text("rulez: []\n")
    done = subprocess.run(
        [PROGRAM, *arguments],
        env=environment(tmp_path / "data", **variables),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists(), "what never served leaves nothing behind"
