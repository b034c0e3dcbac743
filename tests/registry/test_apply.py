"""`manage.py apply`: whole or not at all, idempotent, never an approval of what changed since (contract section 3)."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from governance.models import Agent, AgentToken, DataRole, Generation, LedgerEntry, Person, PersonToken, PolicyVersion
from governance.models import Secret as StoredSecret
from governance.rights import Machine
from governance.secrets import reveal
from registry import apply_servers, scanning
from registry.configuration.values import Approval, Approve, ServerEntry
from registry.lifecycle import ChangedSinceShown
from registry.models import Item, Server
from registry.outcome import Outcome

pytestmark = pytest.mark.django_db

POLICY = 'version: "1"\ndefault: deny\nrules:\n  - {tool: read, action: allow, reason: Reading is fine}\n'


class Run:
    """One run of the command: exit code, what it printed, what it complained of."""

    def __init__(self, file: Path, *options: str) -> None:
        out, err = StringIO(), StringIO()
        self.code = 0
        try:
            call_command("apply", str(file), *options, stdout=out, stderr=err)
        except SystemExit as left:
            self.code = left.code if isinstance(left.code, int) else 1
        self.out, self.err = out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path: Path, shapeshifter: Any) -> Callable[..., Path]:
    """Writes a gatehouse.yaml with one shapeshifter; the arguments replace its sections."""

    def write(**sections: Any) -> Path:
        whole: dict[str, Any] = {
            "version": 1,
            "teams": [{"name": "platform"}],
            "people": [
                {"email": "sec@example.com", "roles": ["security-admin"], "teams": ["platform"], "api_token": True},
                {"email": "dev@example.com", "roles": ["developer"], "api_token": ["read"]},
            ],
            "servers": [
                {"name": "files", "transport": "stdio", "command": shapeshifter.command, "approve": "all"},
            ],
            "roles": [{"name": "developer", "tools": ["files/*"]}],
            "agents": [
                {
                    "name": "dev-claude",
                    "owner": "dev@example.com",
                    "roles": ["developer"],
                    "rate": {"calls": 600, "per": "1m"},
                }
            ],
            "policy": {"file": "policy.yaml"},
        }
        (tmp_path / "policy.yaml").write_text(POLICY)
        path = tmp_path / "gatehouse.yaml"
        path.write_text(json.dumps({key: value for key, value in (whole | sections).items() if value is not None}))
        return path

    return write


def server_with(shapeshifter: Any, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": "files", "transport": "stdio", "command": shapeshifter.command} | fields]


def states() -> dict[str, str]:
    return {item.name: item.state for item in Server.objects.get(name="files").items.all()}


def test_a_first_run_makes_everything_that_the_file_says(file: Callable[..., Path], tmp_path: Path) -> None:
    run = Run(file(), "--credentials-out", str(tmp_path / "credentials.json"))
    assert (run.code, run.err) == (0, "")
    assert states() == {"read": "approved", "write": "approved"}
    assert "changed: policy 1 published" in run.out.splitlines()
    assert Server.objects.get(name="files").state == "ready"
    assert Person.objects.get(email="sec@example.com").console_roles() == {"security-admin"}
    agent = Agent.objects.get(name="dev-claude")
    assert (agent.rate_calls, agent.rate_seconds) == (600, 60)
    assert DataRole.objects.get(name="developer").tools == ["files/*"]
    assert PolicyVersion.objects.get(live=True).text == POLICY
    persons = {json.loads(entry.text)["principal"]["person"] for entry in LedgerEntry.objects.all()}
    assert persons == {"operator"}


def test_credentials_are_written_for_their_owner_alone(file: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "credentials.json"
    Run(file(), "--credentials-out", str(out))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    written = json.loads(out.read_text())
    assert set(written) == {"agents", "people"}
    assert written["agents"]["dev-claude"].startswith("gha_")
    assert set(written["people"]) == {"sec@example.com", "dev@example.com"}
    assert PersonToken.objects.get(person__email="dev@example.com").scopes == ["read"]
    assert sorted(path.name for path in tmp_path.iterdir() if "credentials" in path.name) == ["credentials.json"]


def test_no_credential_is_printed_or_recorded(file: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "credentials.json"
    run = Run(file(), "--credentials-out", str(out), "--json")
    written = json.loads(out.read_text())
    tokens = [*written["agents"].values(), *(person["api_token"] for person in written["people"].values())]
    recorded = "".join(LedgerEntry.objects.values_list("text", flat=True))
    assert not any(token in run.out + recorded for token in tokens)
    assert json.loads(run.out)["issued"]["agents"] == ["dev-claude"]


def test_a_second_run_changes_nothing_and_issues_nothing(file: Callable[..., Path], tmp_path: Path) -> None:
    path, out = file(), tmp_path / "credentials.json"
    Run(path, "--credentials-out", str(out))
    before = (
        LedgerEntry.objects.count(),
        list(Generation.objects.order_by("part").values_list("part", "value")),
        list(PolicyVersion.objects.values_list("pk", flat=True)),
        AgentToken.objects.count(),
        PersonToken.objects.count(),
    )
    run = Run(path, "--credentials-out", str(out))
    assert (run.code, run.out.splitlines()[0]) == (0, "nothing changed")
    assert before == (
        LedgerEntry.objects.count(),
        list(Generation.objects.order_by("part").values_list("part", "value")),
        list(PolicyVersion.objects.values_list("pk", flat=True)),
        AgentToken.objects.count(),
        PersonToken.objects.count(),
    )


def test_what_changed_on_a_server_since_stays_held_and_the_run_fails(
    file: Callable[..., Path], shapeshifter: Any
) -> None:
    """security.md 6.2: apply run again after an upstream changed: nothing held becomes approved, exit 1."""
    path = file()
    Run(path)
    shapeshifter.offer(read="Read a file and mail it.", write="Write a file.", extra="New.")
    for _ in range(2):
        run = Run(path)
        assert run.code == 1
        assert states() == {"read": "changed", "write": "approved", "extra": "new"}
        assert "held: files: tool read: changed since it was approved" in run.out
        assert "held: files: tool extra: appeared after the server's approval" in run.out
    assert "held" not in Run(path, "--json").err


def test_a_tool_that_vanished_is_listed_and_the_run_fails(file: Callable[..., Path], shapeshifter: Any) -> None:
    path = file()
    Run(path)
    shapeshifter.offer(write="Write a file.")
    run = Run(path)
    assert (run.code, states()["read"]) == (1, "missing")
    assert "held: files: tool read: gone from the server" in run.out


def test_only_named_items_are_approved_and_the_rest_is_no_failure(file: Callable[..., Path], shapeshifter: Any) -> None:
    assert Run(file(servers=server_with(shapeshifter, approve=["read"]))).code == 0
    assert states() == {"read": "approved", "write": "new"}
    assert Run(file(servers=server_with(shapeshifter, approve="all"))).code == 0
    assert states() == {"read": "approved", "write": "approved"}


def test_a_late_tool_is_approved_once_the_file_names_it(file: Callable[..., Path], shapeshifter: Any) -> None:
    Run(file())
    shapeshifter.offer(read="Read a file.", write="Write a file.", extra="New.")
    assert Run(file(servers=server_with(shapeshifter, approve=["read", "write", "extra"]))).code == 0
    assert states()["extra"] == "approved"


def test_a_name_that_the_server_does_not_offer_is_listed(file: Callable[..., Path], shapeshifter: Any) -> None:
    run = Run(file(servers=server_with(shapeshifter, approve=["raed"])))
    assert run.code == 1
    assert "held: files: item raed: the server offers nothing of this name" in run.out


def test_without_an_approval_nothing_is_approved(file: Callable[..., Path], shapeshifter: Any) -> None:
    assert Run(file(servers=server_with(shapeshifter))).code == 0
    assert set(states().values()) == {"new"}


def test_a_refused_item_is_not_approved_by_a_file(file: Callable[..., Path], shapeshifter: Any) -> None:
    Run(file(servers=server_with(shapeshifter)))
    Server.objects.get(name="files").items.filter(name="write").update(state="refused")
    Run(file())
    assert states() == {"read": "approved", "write": "refused"}


def test_a_pinned_manifest_must_be_the_one_the_server_has(file: Callable[..., Path], shapeshifter: Any) -> None:
    wrong = "sha256:" + "0" * 64
    run = Run(file(servers=server_with(shapeshifter, manifest=wrong)))
    digest = Server.objects.get(name="files").manifest_digest
    assert (run.code, set(states().values())) == (1, {"new"})
    assert f"the server has {digest}, the file pins {wrong}" in run.out
    assert Run(file(servers=server_with(shapeshifter, manifest=digest))).code == 0
    assert set(states().values()) == {"approved"}
    shapeshifter.offer(read="Changed.", write="Write a file.")
    assert Run(file(servers=server_with(shapeshifter, manifest=digest))).code == 1
    assert states()["read"] == "changed"


def test_a_new_pin_is_a_decision_on_what_changed_and_what_is_gone(file: Callable[..., Path], shapeshifter: Any) -> None:
    Run(file())
    shapeshifter.offer(read="Changed.")
    assert Run(file()).code == 1
    digest = Server.objects.get(name="files").manifest_digest
    assert Run(file(servers=server_with(shapeshifter, manifest=digest))).code == 0
    assert states() == {"read": "approved", "write": "refused"}


def test_an_unreachable_server_is_stored_as_waiting_and_tried_again(
    file: Callable[..., Path], shapeshifter: Any
) -> None:
    path, kept = file(), shapeshifter.manifest.read_text()
    shapeshifter.manifest.unlink()
    run = Run(path)
    assert (run.code, Server.objects.get(name="files").state) == (1, "waiting")
    assert "unreachable: files: Could not reach files: " in run.out
    assert Agent.objects.filter(name="dev-claude").exists()
    shapeshifter.manifest.write_text(kept)
    assert Run(path).code == 0
    assert set(states().values()) == {"approved"}


def test_a_program_that_is_not_there_is_an_unreachable_server(file: Callable[..., Path]) -> None:
    run = Run(file(servers=[{"name": "files", "transport": "stdio", "command": ["no-such-program-x1"]}]))
    assert run.code == 1
    assert "there is no program no-such-program-x1 on the PATH of the gateway" in run.out


def test_the_program_is_stored_and_accepted_as_an_absolute_path(file: Callable[..., Path]) -> None:
    """Contract section 3: argv[0] is resolved at apply, shown, and part of what is accepted."""
    python = Path(sys.executable).name
    run = Run(file(servers=[{"name": "files", "transport": "stdio", "command": [python, "-c", "pass"]}]))
    server = Server.objects.get(name="files")
    assert Path(server.command[0]).is_absolute()
    assert (server.accepted_launch["command"], server.accepted_by) == (server.command, "operator")
    assert server.command[0] in run.out


def test_a_server_that_points_elsewhere_keeps_only_what_is_identical(
    file: Callable[..., Path], shapeshifter: Any, tmp_path: Path
) -> None:
    Run(file())
    other = tmp_path / "other.json"
    other.write_text(shapeshifter.manifest.read_text().replace("Write a file.", "Write any file."))
    command = [*shapeshifter.command[:2], str(other), shapeshifter.command[3]]
    run = Run(file(servers=[{"name": "files", "transport": "stdio", "command": command, "approve": "all"}]))
    assert run.code == 1
    assert states() == {"read": "approved", "write": "changed"}
    assert Server.objects.get().accepted_launch["command"] == command


def test_a_file_with_mistakes_writes_nothing_and_names_each(file: Callable[..., Path], shapeshifter: Any) -> None:
    path = file(agents=[{"name": "a", "owner": "nobody@example.com"}], roles=[{"name": "r", "tool": []}])
    run = Run(path)
    assert (run.code, run.out) == (1, "")
    assert len(run.err.splitlines()) == 2
    assert all(line.startswith(f"{path}:1:") for line in run.err.splitlines())
    assert not shapeshifter.marker.exists()
    assert not LedgerEntry.objects.exists()


def test_a_missing_secret_stops_the_run_before_anything_happens(file: Callable[..., Path], shapeshifter: Any) -> None:
    path = file(secrets={"key": {"env": "NO_SUCH_VARIABLE_X1"}})
    run = Run(path)
    assert (run.code, run.err) == (
        1,
        f"{path}: secret key: the environment variable NO_SUCH_VARIABLE_X1 is not set; set it\n",
    )
    assert not shapeshifter.marker.exists()


def test_secrets_reach_the_program_and_are_stored_sealed(
    file: Callable[..., Path], shapeshifter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "hunter" + "-two"
    monkeypatch.setitem(settings.PROCESS_ENVIRONMENT, "FILES_KEY", value)
    seen = tmp_path / "environment.json"
    script = (
        "import json,os,runpy,sys;json.dump(dict(os.environ),open(sys.argv[1],'w'));"
        "sys.argv=sys.argv[2:];runpy.run_path(sys.argv[0],run_name='__main__')"
    )
    command = [sys.executable, "-c", script, str(seen), *shapeshifter.command[1:3]]
    server = {"name": "files", "transport": "stdio", "command": command, "approve": "all"}
    server["env"] = {"API_KEY": {"secret": "files-key"}, "PLAIN": "x"}
    run = Run(file(servers=[server], secrets={"files-key": {"env": "FILES_KEY"}}))
    assert run.code == 0
    environment = json.loads(seen.read_text())
    assert (environment["API_KEY"], environment["PLAIN"]) == (value, "x")
    assert "FILES_KEY" not in environment
    assert reveal("files-key") == value
    everything = (
        run.out + StoredSecret.objects.get().sealed + "".join(LedgerEntry.objects.values_list("text", flat=True))
    )
    assert value not in everything


def test_a_secret_may_stand_in_a_file_beside_the_configuration(file: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("swordfish\n")
    assert Run(file(secrets={"key": {"value_file": "key.txt"}})).code == 0
    assert reveal("key") == "swordfish"


def test_a_refused_item_that_the_file_names_is_listed(file: Callable[..., Path], shapeshifter: Any) -> None:
    Run(file(servers=server_with(shapeshifter)))
    Server.objects.get(name="files").items.filter(name="write").update(state="refused")
    run = Run(file(servers=server_with(shapeshifter, approve=["read", "write"])))
    assert run.code == 1
    assert "held: files: item write: was refused in the console and stays so" in run.out


def test_what_another_scan_brought_meanwhile_is_not_approved(file: Callable[..., Path], shapeshifter: Any) -> None:
    """A pin is checked against what this run looked at, so nothing newer may slip in under it."""
    Run(file(servers=server_with(shapeshifter)))
    server = Server.objects.get(name="files")
    digest, looked_at = server.manifest_digest, scanning.look(server)
    later = timezone.now() + timedelta(minutes=1)
    shapeshifter.offer(read="Newer.", write="Write a file.")
    scanning.record(server, scanning.look(server), by=Machine.SYSTEM, started=later)
    entry = ServerEntry(
        "files", "stdio", command=tuple(shapeshifter.command), approval=Approval(Approve.PINNED, manifest=digest)
    )
    looked = apply_servers.Looked(entry, apply_servers.asked_of(entry), looked_at)
    with pytest.raises(ChangedSinceShown):
        apply_servers.write(looked, Outcome(), started=timezone.now())
    assert not Item.objects.filter(state="approved").exists()


def test_a_policy_that_breaks_its_own_promise_is_refused_and_nothing_is_written(file: Callable[..., Path]) -> None:
    path = file()
    promise = "tests:\n  - {call: {server: files, tool: read, arguments: {}}, expect: deny}\n"
    (path.parent / "policy.yaml").write_text(POLICY + promise)
    run = Run(path)
    assert run.code == 1
    assert run.err.startswith("policy.yaml:6:")
    assert not LedgerEntry.objects.exists()
    assert not Server.objects.exists()


def test_a_policy_that_names_an_unknown_team_is_refused_before_anything_happens(
    file: Callable[..., Path], shapeshifter: Any
) -> None:
    path = file()
    (path.parent / "policy.yaml").write_text(
        'version: "1"\nrules:\n  - {tool: read, action: escalate, approve: {from: [team:platfrom]}}\n'
    )
    run = Run(path)
    assert (run.code, run.err.startswith("policy.yaml:3:")) == (1, True)
    assert not shapeshifter.marker.exists()


def test_a_changed_policy_is_published_once_and_its_doubts_are_told(file: Callable[..., Path]) -> None:
    path = file()
    Run(path)
    (path.parent / "policy.yaml").write_text(POLICY + "  - {tool: raed, action: deny}\n")
    run = Run(path)
    assert "changed: policy 2 published; it replaces version 1 (1 rule)" in run.out.splitlines()
    assert "note: policy.yaml:5:" in run.out
    assert "no approved tool is named 'raed'" in run.out
    Run(path)
    assert PolicyVersion.objects.count() == 2


def test_a_policy_that_replaces_one_says_how_much_goes(file: Callable[..., Path]) -> None:
    """Whoever tries a first file on an installation in use must see that its rules end."""
    Run(file(policy={"version": "1", "rules": [{"tool": "a", "action": "deny"}, {"tool": "b", "action": "deny"}]}))
    assert "would change: policy 2 published; it replaces version 1 (2 rules)" in Run(file(), "--dry-run").out
    # A text of an earlier language, which this version no longer reads, is replaced like any other.
    PolicyVersion.objects.update(text="rules: 7")
    assert "changed: policy 2 published; it replaces version 1" in Run(file()).out.splitlines()


def test_an_error_while_writing_leaves_nothing_behind(file: Callable[..., Path], tmp_path: Path) -> None:
    run = Run(file(), "--credentials-out", str(tmp_path / "no-such-folder" / "credentials.json"))
    assert run.code == 1
    assert not LedgerEntry.objects.exists()
    assert not Server.objects.exists()
    assert not Person.objects.exists()


def test_a_dry_run_tells_the_changes_writes_nothing_and_starts_no_program(
    file: Callable[..., Path], shapeshifter: Any, tmp_path: Path
) -> None:
    run = Run(file(), "--dry-run", "--credentials-out", str(tmp_path / "credentials.json"))
    assert "would change: agent dev-claude created" in run.out
    assert "server files would be accepted as it stands in the file, and scanned" in run.out
    assert not shapeshifter.marker.exists()
    assert not LedgerEntry.objects.exists()
    assert not Server.objects.exists()
    assert not (tmp_path / "credentials.json").exists()


def test_a_dry_run_has_no_doubts_about_servers_that_only_the_file_has(
    file: Callable[..., Path], shapeshifter: Any
) -> None:
    Run(file())
    other = {"name": "clock", "transport": "stdio", "command": shapeshifter.command, "approve": "all"}
    policy = {"version": "1", "rules": [{"tool": "clock/read", "action": "allow"}, {"tool": "raed", "action": "deny"}]}
    path = file(servers=[*server_with(shapeshifter), other], policy=policy)
    run = Run(path, "--dry-run")
    assert "there is no server" not in run.out
    assert "note: policy: the names in its rules are checked against the tools once the new servers are scanned" in (
        run.out.splitlines()
    )
    assert "no approved tool is named 'raed'" in Run(path).out


def test_a_dry_run_over_an_accepted_server_sees_its_drift(file: Callable[..., Path], shapeshifter: Any) -> None:
    path = file()
    Run(path)
    shapeshifter.offer(read="Changed.", write="Write a file.")
    assert Run(path, "--dry-run").code == 1
    assert states() == {"read": "approved", "write": "approved"}


def test_without_a_place_for_credentials_none_is_issued_and_the_run_says_so(
    file: Callable[..., Path], tmp_path: Path
) -> None:
    path = file()
    assert "no token was issued for agent dev-claude" in Run(path).out
    assert not AgentToken.objects.exists()
    Run(path, "--credentials-out", str(tmp_path / "credentials.json"))
    assert AgentToken.objects.count() == 1


def test_a_revoked_token_is_issued_again_only_on_request(file: Callable[..., Path], tmp_path: Path) -> None:
    path, out = file(), tmp_path / "credentials.json"
    Run(path, "--credentials-out", str(out))
    first = json.loads(out.read_text())["agents"]["dev-claude"]
    Run(path, "--credentials-out", str(out), "--reissue", "dev-claude")
    again = json.loads(out.read_text())
    assert again["agents"]["dev-claude"] != first
    assert again["people"] == {}
    assert AgentToken.objects.filter(revoked_at=None).count() == 1


def test_reissue_of_a_stranger_or_without_a_place_is_refused(file: Callable[..., Path], tmp_path: Path) -> None:
    path = file()
    assert Run(path, "--reissue", "dev-claude").code == 2
    run = Run(path, "--credentials-out", str(tmp_path / "credentials.json"), "--reissue", "nobody")
    assert (run.code, LedgerEntry.objects.exists()) == (1, False)


def test_scopes_beyond_the_roles_are_refused(file: Callable[..., Path]) -> None:
    people = [{"email": "dev@example.com", "roles": ["developer"], "api_token": ["read", "decide"]}]
    run = Run(file(people=people))
    assert run.code == 1
    assert "person dev@example.com: the roles do not allow the scope decide" in run.err


def test_what_is_no_longer_in_the_file_is_left_alone_and_named(file: Callable[..., Path]) -> None:
    Run(file())
    run = Run(file(agents=None))
    assert run.code == 0
    assert "left alone: agent dev-claude is not in the file; nothing was done to it" in run.out
    assert Agent.objects.get(name="dev-claude").active


def test_what_is_left_alone_takes_one_line_a_kind(file: Callable[..., Path]) -> None:
    Run(file())
    run = Run(file(people=None, agents=None))
    lines = [line for line in run.out.splitlines() if line.startswith("left alone: ")]
    assert lines == [
        "left alone: 2 people are not in the file: dev@example.com, sec@example.com",
        "left alone: agent dev-claude is not in the file; nothing was done to it",
    ]
    left = json.loads(Run(file(people=None, agents=None), "--json").out)["left_alone"]
    assert left == ["person dev@example.com", "person sec@example.com", "agent dev-claude"]


def test_a_deactivated_agent_is_not_brought_back(file: Callable[..., Path]) -> None:
    path = file()
    Run(path)
    Agent.objects.update(active=False)
    run = Run(path)
    assert run.code == 1
    assert "not as the file says: agent dev-claude was deactivated and stays so" in run.out


def test_a_quarantined_server_is_not_brought_back(file: Callable[..., Path]) -> None:
    path = file()
    Run(path)
    Server.objects.update(state="quarantined")
    assert Run(path).code == 1
    assert Server.objects.get().state == "quarantined"


def test_accepted_findings_are_recorded_with_the_approval(file: Callable[..., Path], shapeshifter: Any) -> None:
    Run(file(servers=server_with(shapeshifter, approve="all", accept_findings=["hidden-*"])))
    changes = [json.loads(entry.text)["change"] for entry in LedgerEntry.objects.filter(kind="change.manifest")]
    approved = next(change for change in changes if change["what"] == "approved")
    assert approved["after"]["accepted_findings"] == ["hidden-*"]


def test_the_gateway_guides_form_is_applied_and_its_conversion_told(
    file: Callable[..., Path], shapeshifter: Any, tmp_path: Path
) -> None:
    file()
    guide = tmp_path / "guide.yaml"
    url = "stdio://" + " ".join(shapeshifter.command)
    guide.write_text(json.dumps({"upstream": [{"name": "files", "url": url}], "policy": "./policy.yaml"}))
    run = Run(guide, "--credentials-out", str(tmp_path / "credentials.json"))
    assert run.code == 0
    assert "note: upstream files: a local program" in run.out
    assert set(states().values()) == {"approved"}
    assert list(json.loads((tmp_path / "credentials.json").read_text())["agents"]) == ["gateway"]
