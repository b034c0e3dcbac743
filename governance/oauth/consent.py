"""A person lets a client act as an agent of theirs: who may, with which data-plane roles, and what is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction
from oauth2_provider.models import Application

from governance import agents, ledger
from governance.audit.entry import plain
from governance.models import Agent, ConsoleRole, DataRole, OAuthConsent, Person
from governance.oauth.metadata import ALL, SCOPE, server_of
from governance.rights import Machine, NotAllowed, may, require
from governance.turns import Turn, wait_for

MAY_CONSENT: Final = (ConsoleRole.DEVELOPER.value, ConsoleRole.SECURITY_ADMIN.value)
_CLIENT_PART: Final = 40
_PERSON_PART: Final = 30
_NAME: Final = 72  # What is left of an agent's 80 characters is for the numbers of others that are called so.


@dataclass(frozen=True, slots=True)
class Becomes:
    """Which agent a consent leads to: a name that is free now, or the agent of an earlier consent and its roles."""

    name: str
    roles: tuple[str, ...]
    known: bool


def becomes(client: Application, person: Person, place: str) -> Becomes:
    """What the consent page shows before anything is decided."""
    consent = _earlier(client, person, place)
    if consent is not None:
        held = tuple(consent.agent.roles.order_by("name").values_list("name", flat=True))
        return Becomes(consent.agent.name, held, True)
    return Becomes(_free_name(client, person), (), False)


def may_give_roles(person: Person) -> bool:
    """Whether this person may give an agent data-plane roles: who makes agents may, nobody else."""
    return may(person, *agents.ADMINISTER)


def roles_to_give(person: Person) -> list[DataRole]:
    """The data-plane roles this person may give to an agent."""
    return list(DataRole.objects.order_by("name")) if may_give_roles(person) else []


@transaction.atomic
def give(*, client: Application, person: Person, place: str, roles: Iterable[DataRole], now: datetime) -> OAuthConsent:
    """Let `client` act at `place` as an agent of `person`; a second consent to the same keeps the agent.

    Roles beyond what the person may give are refused. Raises NotAllowed, BadAgent.
    """
    require(person, *MAY_CONSENT, act="connect a client")
    wanted = list(roles)
    allowed = roles_to_give(person)
    if beyond := [role.name for role in wanted if role not in allowed]:
        raise NotAllowed(f"You may not give the role {beyond[0]}; a security administrator may.")
    wait_for(Turn.CONSENT)  # Two at once must not make two agents, or one name twice.
    consent = _earlier(client, person, place)
    if consent is None:
        # People own agents and only administrators make them; here it is the gateway that does, on the consent
        # recorded below, and the agent has no role that its person could not give.
        agent = agents.create_agent(
            name=_free_name(client, person), owner=person, roles=wanted, by=person if allowed else Machine.SYSTEM
        )
        consent, _ = OAuthConsent.objects.update_or_create(
            client=client, person=person, place=place, defaults={"agent": agent, "at": now}
        )
    elif allowed:
        agents.set_roles(agent=consent.agent, roles=wanted, by=person)
    _record(consent, now)
    return consent


def host_of(redirect_uri: str) -> str:
    """Where an answer goes, as people compare it: host and port."""
    return urlsplit(redirect_uri).netloc


def _earlier(client: Application, person: Person, place: str) -> OAuthConsent | None:
    """The consent given before, while its agent is active and still this person's own."""
    return (
        OAuthConsent.objects.filter(client=client, person=person, place=place, agent__active=True, agent__owner=person)
        .select_related("agent")
        .first()
    )


def _free_name(client: Application, person: Person) -> str:
    stem = f"{_slug(client.name)[:_CLIENT_PART] or 'client'}.{_slug(person.email.partition('@')[0])[:_PERSON_PART]}"
    stem = (stem if stem[0].isalpha() else f"client-{stem}")[:_NAME].rstrip(".-")
    taken = set(Agent.objects.filter(name__startswith=stem).values_list("name", flat=True))
    number, name = 1, stem
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _record(consent: OAuthConsent, now: datetime) -> None:
    client, agent = consent.client, consent.agent
    after = {
        "client": plain(client.name),
        "client_id": client.client_id,
        "redirects": [plain(uri) for uri in client.redirect_uris.split()],
        "at": consent.place if consent.place == ALL else f"{consent.place} (server {server_of(consent.place)})",
        "scopes": [SCOPE],
        "roles": sorted(agent.roles.values_list("name", flat=True)),
    }
    change = {"what": "consented", "name": agent.name, "after": after}
    ledger.append(kind="change.agent", by=consent.person.email, change=change, via="console", at=now)
