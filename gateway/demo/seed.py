"""Seed an empty database with the demo, and write what a person needs to begin to var/run.json."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings

from gateway.demo import setting
from governance.models import Person
from governance.people import issue_link
from registry import requests
from registry.apply import apply_configuration, known_names
from registry.configuration.parse import parse_config


def is_empty() -> bool:
    """Whether nobody has been added yet."""
    return not Person.objects.exists()


def credentials_file() -> Path:
    """Where the demo keeps the tokens it issued, so that a later start can print them again."""
    return Path(settings.DATA_DIR) / "demo" / "credentials.json"


def seed() -> list[str]:
    """Apply the demo's configuration and leave a request to review; returns what was held or could not be reached."""
    setting.make_workspace()
    text = setting.configuration(setting.programs())
    configuration = parse_config(text, source="demo", read_file=_no_files, known=known_names())
    outcome = apply_configuration(configuration, environment={}, folder=Path(settings.DATA_DIR), deliver=_keep)
    requester = Person.objects.get(email=setting.REQUESTER)
    draft = requests.create_draft(by=requester, fields=setting.office_request())
    requests.submit(request_id=draft.pk, by=requester)
    return [*map(str, outcome.held), *(f"{name}: {cause}" for name, cause in outcome.unreachable.items())]


def _no_files(name: str) -> str:
    raise FileNotFoundError(name)


def _keep(credentials: Any) -> None:
    write_private(credentials_file(), credentials)


def write_private(path: Path, content: Any) -> None:
    """Write JSON readable by the owner only, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    beside.replace(path)


def write_run_file() -> dict[str, Any]:
    """`var/run.json` of contract section 1, with fresh sign-in links; returned too."""
    kept = json.loads(credentials_file().read_text()) if credentials_file().exists() else {"agents": {}, "people": {}}
    people: dict[str, dict[str, Any]] = {}
    for person in Person.objects.filter(is_active=True).order_by("email"):
        link = settings.PUBLIC_URL + issue_link(person)
        people[person.email] = {"sign_in": link, **kept["people"].get(person.email, {})}
    run = {
        "console": f"{settings.PUBLIC_URL}/admin/",
        "mcp": f"{settings.PUBLIC_URL}/mcp",
        "api": f"{settings.PUBLIC_URL}/api/v1",
        "pid": os.getpid(),
        "agents": kept["agents"],
        "people": people,
    }
    write_private(Path(settings.DATA_DIR) / "run.json", run)
    return run
