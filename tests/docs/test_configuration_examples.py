"""Every gatehouse.yaml, command and address that the documentation shows is one that the product takes."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

from gateway import cli
from governance.api.urls import urlpatterns
from registry.configuration.parse import parse_config
from tests.architecture.sources import ROOT

PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("g*/README.md"), *ROOT.glob("r*/README.md")]
)
BLOCK = re.compile(r"^```yaml gatehouse\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [(page, text) for page in PAGES for text in BLOCK.findall(page.read_text())]
SERVER = ROOT / ".venv-demo" / "bin" / "mcp-server-time"


@pytest.mark.parametrize(("page", "text"), EXAMPLES, ids=[page.name for page, _ in EXAMPLES])
def test_a_configuration_in_the_documentation_is_read_without_a_problem(page: Path, text: str) -> None:
    found = parse_config(text, source=page.name, read_file={}.__getitem__)
    assert found.servers and found.agents and found.policy is not None


def test_readme_and_guide_both_show_one() -> None:
    """A changed fence would silently turn them into prose."""
    assert {page.name for page, _ in EXAMPLES} >= {"README.md", "guide.md"}


@pytest.mark.django_db
def test_the_example_of_the_readme_is_applied_and_a_second_run_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not SERVER.exists():
        pytest.skip("needs .venv-demo, which requirements/demo.txt makes")
    monkeypatch.chdir(ROOT)
    file, tokens = tmp_path / "gatehouse.yaml", tmp_path / "tokens.json"
    file.write_text(next(text for page, text in EXAMPLES if page.name == "README.md"))
    said = StringIO()
    call_command("apply", str(file), "--credentials-out", str(tokens), stdout=said)
    assert "2 items approved" in said.getvalue() and "policy 1 published" in said.getvalue()
    assert '"my-agent": "gha_' in tokens.read_text()
    again = StringIO()
    call_command("apply", str(file), stdout=again)
    assert "nothing changed" in again.getvalue()


def test_every_management_command_that_is_named_exists() -> None:
    named = {name for page in PAGES for name in re.findall(r"manage\.py ([a-z_]+)\b", page.read_text())}
    assert named - set(get_commands()) == {"means"} & named
    assert {"apply", "verify_ledger", "stop", "release", "sign_in", "export_config"} <= named


@pytest.mark.parametrize(
    "command", sorted({c for p in PAGES for c in re.findall(r"bin/gatehouse ((?:policy )?[a-z]+)", p.read_text())})
)
def test_every_subcommand_that_is_named_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([*command.split(), "--help"])
    assert left.value.code == 0
    assert "usage: gatehouse" in capsys.readouterr().out


def test_the_guide_names_every_address_of_the_api() -> None:
    section = (ROOT / "docs" / "guide.md").read_text().split("\n## 10. The API\n", 1)[1].split("\n## ", 1)[0]
    plain = {re.sub(r"<[a-z]+:[a-z_]+>", "{}", str(pattern.pattern)) for pattern in urlpatterns}
    shown = {re.sub(r"\{[a-z]+\}", "{}", address) for address in re.findall(r"(?:GET|POST) ([a-z/{}]+)", section)}
    shown |= {"escalations/{}/deny"} if "`…/deny`" in section else set()
    assert plain == shown
