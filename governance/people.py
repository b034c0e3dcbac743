"""People: made, changed, deactivated; their API tokens; the one-time sign-in links of demo mode."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from governance import ledger, tokens
from governance.agents import because, stop_agents
from governance.audit.entry import plain
from governance.closing import end_open, record
from governance.generation import bump, revoke
from governance.keys import PERSON_TOKENS, SIGN_IN_LINKS, derive
from governance.models import Agent, ConsoleRole, Escalation, Part, Person, PersonToken, SignInLink, Team
from governance.rights import SCOPES, Actor, NotAllowed, may, name_of, require, scopes_of
from governance.workflow.escalation import Act

ADMINISTER: Final = ("security-admin",)
LINK_MINUTES: Final = 10
LINK_SECRET: Final = 43


class BadPerson(ValueError):
    """The person, password or token cannot be made as asked; the message says what to write."""


class LinkRefused(Exception):
    """This sign-in link does not sign anybody in: unknown, used, expired, or not offered in this mode."""


@transaction.atomic
def create_person(
    *, email: str, roles: Iterable[str] = (), teams: Iterable[Team] = (), name: str = "", by: Actor
) -> Person:
    """Make an active person without a password. Raises NotAllowed, BadPerson."""
    require(by, *ADMINISTER, act="add people")
    groups = _groups(roles)
    try:
        person = Person.objects.create_user(email, name=name)
    except ValidationError as error:
        raise BadPerson(f"person {email!r}: {' '.join(error.messages)}") from None
    person.groups.set(groups)
    person.teams.set(teams)
    _changed(person, "created", by=by, before=None)
    return person


@transaction.atomic
def change_person(*, person: Person, roles: Iterable[str], teams: Iterable[Team], by: Actor) -> bool:
    """Give the person exactly these console roles and teams; False when nothing differs."""
    require(by, *ADMINISTER, act="change people's roles")
    groups, wanted = _groups(roles), list(teams)
    locked = Person.objects.select_for_update().get(pk=person.pk)
    before = _described(locked)
    locked.groups.set(groups)
    locked.teams.set(wanted)
    if _described(locked) == before:
        return False
    _changed(locked, "changed", by=by, before=before)
    return True


@transaction.atomic
def set_password(*, person: Person, password: str, by: Actor) -> None:
    """Set a password that passes the validators, for oneself or by a security administrator. Raises BadPerson."""
    if isinstance(by, Person) and by.pk != person.pk:
        require(by, *ADMINISTER, act="set other people's passwords")
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise BadPerson(" ".join(error.messages)) from None
    person.set_password(password)
    person.save(update_fields=["password"])
    ledger.append(kind="change.person", by=name_of(by), change={"what": "password set", "name": person.email})


def deactivate(*, person: Person, by: Actor, reason: str, now: datetime | None = None) -> bool:
    """Offboard a person: their agents stop, their tokens and links end, what their agents hold open is cancelled."""
    require(by, *ADMINISTER, act="deactivate people")
    now = now or timezone.now()
    with transaction.atomic():
        if Person.objects.filter(pk=person.pk, is_active=True).update(is_active=False) != 1:
            return False
        person.is_active = False
        agents = list(Agent.objects.select_for_update().filter(owner=person, active=True).order_by("pk"))
        stop_agents(agents, now)
        PersonToken.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=now)
        SignInLink.objects.filter(person=person, used_at__isnull=True).update(used_at=now)
        revoke("person", person.email)
        why = because(f"{person.email} was deactivated", reason)
        cancelled = end_open(Escalation.objects.filter(person__iexact=person.email), by=by, reason=why, now=now)
        bump(Part.IDENTITY, *([Part.ESCALATIONS] if cancelled else []))
        record(cancelled, Act.CANCEL, by=by, reason=why, now=now)
        change = {
            "what": "deactivated",
            "name": person.email,
            "before": {"agents": [agent.name for agent in agents]},
            "reason": plain(reason),
        }
        ledger.append(kind="change.person", by=name_of(by), change=change, at=now)
    return True


@transaction.atomic
def issue_api_token(
    *,
    person: Person,
    scopes: Iterable[str] | None = None,
    expires_in: timedelta | None = None,
    by: Actor,
    now: datetime | None = None,
) -> str:
    """Issue an API token and return its text, shown once. `scopes` None means all that the person's roles allow.

    Raises BadPerson for an unknown scope or one beyond the roles; a role lost later takes its scopes along.
    """
    if isinstance(by, Person) and by.pk != person.pk:
        require(by, *ADMINISTER, act="issue other people's API tokens")
    now = now or timezone.now()
    allowed = scopes_of(person.console_roles())
    wanted = allowed if scopes is None else frozenset(scopes)
    if not person.is_active or not wanted:
        raise BadPerson(f"{person.email} is not active or was given no scope; no token is issued")
    if wanted - SCOPES.keys():
        raise BadPerson(f"scope {min(wanted - SCOPES.keys())!r} is unknown; write some of {', '.join(SCOPES)}")
    if wanted - allowed:
        raise BadPerson(f"the roles of {person.email} do not allow the scope {min(wanted - allowed)}")
    minted = tokens.mint(tokens.PERSON, randomness.token_bytes)
    expires_at = now + (expires_in or timedelta(days=settings.TOKEN_DAYS))
    PersonToken.objects.create(
        person=person,
        scopes=sorted(wanted),
        public_id=minted.public_id,
        digest=tokens.digest(minted.secret, derive(PERSON_TOKENS)),
        created_at=now,
        expires_at=expires_at,
    )
    after = {"person": person.email, "scopes": sorted(wanted), "expires_at": ledger.stamp(expires_at)}
    change = {"what": "issued", "name": minted.public_id, "after": after}
    ledger.append(kind="change.token", by=name_of(by), change=change, at=now)
    return minted.text


@transaction.atomic
def revoke_api_token(*, public_id: str, by: Actor, reason: str, now: datetime | None = None) -> bool:
    """Revoke a person's API token, one's own or as security administrator; False when it was revoked before."""
    token = PersonToken.objects.select_for_update().get(public_id=public_id)
    own = isinstance(by, Person) and by.is_active and by.pk == token.person_id
    if not own and not may(by, *ADMINISTER):
        raise NotAllowed("You may revoke your own API tokens only.")
    now = now or timezone.now()
    if PersonToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now) != 1:
        return False
    change = {
        "what": "revoked",
        "name": public_id,
        "before": {"person": token.person.email},
        "reason": plain(reason),
    }
    ledger.append(kind="change.token", by=name_of(by), change=change, at=now)
    return True


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose API token was presented, and what it may do at this moment."""

    person: Person
    token: PersonToken
    scopes: frozenset[str]


def find_api_token(text: str, *, now: datetime | None = None) -> SignedIn | None:
    """The active person of a live API token, or None. An unknown token takes as long as a wrong secret."""
    try:
        presented = tokens.read_token(text)
    except tokens.BadToken:
        return None
    if presented.prefix != tokens.PERSON:
        return None
    token = PersonToken.objects.select_related("person").filter(public_id=presented.public_id).first()
    stored = token.digest if token is not None else tokens.NOBODY
    if not tokens.matches(presented.secret, stored, derive(PERSON_TOKENS)) or token is None:
        return None
    if token.revoked_at is not None or token.expires_at <= (now or timezone.now()) or not token.person.is_active:
        return None
    return SignedIn(token.person, token, frozenset(token.scopes) & scopes_of(token.person.console_roles()))


def issue_link(person: Person, *, now: datetime | None = None) -> str:
    """A path that signs the person in once within ten minutes, by a POST; offered outside production only.

    The console page `admin:sign_in_link` shows it and consumes it.
    """
    _require_links()
    if not person.is_active:
        raise BadPerson(f"{person.email} is not active")
    secret = tokens.random_text(LINK_SECRET, randomness.token_bytes)
    now = now or timezone.now()
    SignInLink.objects.create(
        person=person,
        digest=tokens.digest(secret, derive(SIGN_IN_LINKS)),
        expires_at=now + timedelta(minutes=LINK_MINUTES),
    )
    return reverse("admin:sign_in_link", kwargs={"secret": secret})


def look_at_link(secret: str, *, now: datetime | None = None) -> Person:
    """Whom the link would sign in, without using it: what opening the page may show. Raises LinkRefused."""
    _require_links()
    found = _live_links(secret, now or timezone.now()).select_related("person").first()
    if found is None or not found.person.is_active:
        raise LinkRefused("This link was used, has expired, or was never made; ask for a new one.")
    return found.person


def consume_link(secret: str, *, now: datetime | None = None) -> Person:
    """Use the link, once: the person to sign in. Raises LinkRefused; of two at once, one is refused."""
    now = now or timezone.now()
    person = look_at_link(secret, now=now)
    with transaction.atomic():
        if _live_links(secret, now).update(used_at=now) != 1:
            raise LinkRefused("This link was used just now; ask for a new one.")
        change = {"what": "signed in by link", "name": person.email}
        ledger.append(kind="change.sign_in", by=person.email, change=change, at=now)
    return person


def _live_links(secret: str, now: datetime) -> models.QuerySet[SignInLink]:
    digest = tokens.digest(secret, derive(SIGN_IN_LINKS))
    return SignInLink.objects.filter(digest=digest, used_at__isnull=True, expires_at__gt=now)


def _require_links() -> None:
    if settings.GATEHOUSE_MODE == "production":
        raise LinkRefused("Sign-in links exist in demo mode only.")


def _groups(roles: Iterable[str]) -> list[Group]:
    names = frozenset(roles)
    if unknown := names - frozenset(ConsoleRole.values):
        raise BadPerson(f"console role {min(unknown)!r} is unknown; write some of {', '.join(ConsoleRole.values)}")
    return list(Group.objects.filter(name__in=names))


def _changed(person: Person, what: str, *, by: Actor, before: dict[str, object] | None) -> None:
    bump(Part.IDENTITY)
    change = {"what": what, "name": person.email, "before": before, "after": _described(person)}
    ledger.append(kind="change.person", by=name_of(by), change=change)


def _described(person: Person) -> dict[str, object]:
    return {
        "roles": sorted(person.groups.values_list("name", flat=True)),
        "teams": sorted(person.teams.values_list("name", flat=True)),
    }
