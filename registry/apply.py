"""Make the installation what `gatehouse.yaml` says: look at the servers, then write everything in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance import secrets
from governance.agents import BadAgent
from governance.models import Agent, DataRole, Generation, Person, Secret, Team
from governance.people import BadPerson
from governance.rights import scopes_of
from registry import apply_people, apply_policy, apply_servers
from registry.configuration.values import Configuration, Names, SecretEntry
from registry.lifecycle import ChangedSinceShown, NotPossible
from registry.models import Server
from registry.outcome import CannotApply, Outcome
from registry.servers import BadServer

Deliver = Callable[[Mapping[str, Any]], None]
"""Puts credentials where they will be found once the transaction has committed; raising undoes everything."""


def known_names() -> Names:
    """What the installation has, so that a file may refer to it."""
    return Names(
        teams=frozenset(Team.objects.values_list("name", flat=True)),
        people=frozenset(Person.objects.values_list("email", flat=True)),
        servers=frozenset(Server.objects.values_list("name", flat=True)),
        roles=frozenset(DataRole.objects.values_list("name", flat=True)),
        secrets=frozenset(Secret.objects.values_list("name", flat=True)),
    )


def read_secrets(entries: tuple[SecretEntry, ...], environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The secrets' values by name; files are relative to `folder`. Raises CannotApply with every one not found."""
    values: dict[str, str] = {}
    problems: list[str] = []
    for entry in entries:
        try:
            value = environment[entry.env] if entry.env else (folder / entry.value_file).read_text().strip("\r\n")
        except KeyError:
            problems.append(f"secret {entry.name}: the environment variable {entry.env} is not set; set it")
            continue
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"secret {entry.name}: {entry.value_file} cannot be read ({error})")
            continue
        if value:
            values[entry.name] = value
        else:
            problems.append(f"secret {entry.name}: {entry.env or entry.value_file} is empty")
    if problems:
        raise CannotApply(*problems)
    return values


def apply_configuration(
    configuration: Configuration,
    *,
    environment: Mapping[str, str],
    folder: Path,
    deliver: Deliver | None = None,
    reissue: frozenset[str] = frozenset(),
    dry_run: bool = False,
) -> Outcome:
    """Apply a checked file of `folder` as the operator; a second run changes nothing. No transaction may be open.

    Credentials are issued only when there is somewhere to `deliver` them. A dry run writes nothing and starts no
    program that is not accepted yet. Raises CannotApply or BadConfiguration, and then nothing is written.
    """
    _check(configuration)
    apply_people.require_known(reissue, configuration)
    values = read_secrets(configuration.secrets, environment, folder)
    started = timezone.now()
    looked = apply_servers.look(
        configuration.servers, lambda name: values.get(name) or secrets.reveal(name), dry_run=dry_run
    )
    outcome = Outcome(dry_run=dry_run, notes=list(configuration.notes))
    try:
        with transaction.atomic():
            _lock()
            apply_people.write_teams_and_people(configuration, outcome)
            apply_people.write_secrets(values, outcome)
            for one in looked:
                apply_servers.write(one, outcome, started=started)
            issue = deliver is not None or dry_run
            scanned = all(one.seen is not None for one in looked)
            _write_the_rest(configuration, outcome, scanned=scanned, issue=issue, again=reissue)
            if dry_run:
                outcome.agents, outcome.people = {}, {}
                transaction.set_rollback(True)
            elif deliver is not None:
                deliver(outcome.credentials())
    except (BadPerson, BadAgent, BadServer, NotPossible, ChangedSinceShown) as refused:
        raise CannotApply(str(refused)) from None
    return outcome


def _write_the_rest(
    configuration: Configuration, outcome: Outcome, *, scanned: bool, issue: bool, again: frozenset[str]
) -> None:
    """What may name servers, their items and people: these are there by now."""
    apply_people.write_roles(configuration.roles, outcome)
    apply_people.write_agents(configuration.agents, outcome)
    apply_policy.write(configuration.policy, outcome, scanned=scanned)
    apply_people.issue_credentials(configuration, outcome, issue=issue, again=again)
    _leave_alone(configuration, outcome)


def _check(configuration: Configuration) -> None:
    """What the parser cannot know: which scopes the roles of a person allow."""
    problems = [
        f"person {entry.email}: the roles do not allow the scope {scope}; give a role or take the scope away"
        for entry in configuration.people
        for scope in sorted(set(entry.api_token or ()) - scopes_of(entry.roles))
    ]
    if problems:
        raise CannotApply(*problems)


def _lock() -> None:
    """Lock first what several acts will lock in turn, in the order every single act does: rows, then generations."""
    for model in (Person, Agent, Server, Generation):
        list(model.objects.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def _leave_alone(configuration: Configuration, outcome: Outcome) -> None:
    sections = (
        ("team", Team.objects.values_list("name", flat=True), {entry.name for entry in configuration.teams}),
        ("person", Person.objects.values_list("email", flat=True), {entry.email for entry in configuration.people}),
        ("server", Server.objects.values_list("name", flat=True), {entry.name for entry in configuration.servers}),
        ("role", DataRole.objects.values_list("name", flat=True), {entry.name for entry in configuration.roles}),
        (
            "agent",
            Agent.objects.filter(active=True).values_list("name", flat=True),
            {a.name for a in configuration.agents},
        ),
    )
    for kind, there, named in sections:
        outcome.left_alone += [f"{kind} {name}" for name in there if name not in named]
