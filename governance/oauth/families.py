"""Access and refresh tokens of a consent: begun by a code, rotated by each refresh, ended as a whole.

An access token is one of our own agent tokens, bound to a place; the data plane knows no other kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from oauth2_provider.models import Application

from governance import agents, tokens
from governance.keys import AGENT_TOKENS, derive
from governance.models import Agent, AgentToken, OAuthConsent, OAuthFamily, OAuthRefresh
from governance.oauth.limits import WINDOW, require_room
from governance.oauth.secrets import REFRESHES, digest, new_refresh
from governance.rights import Machine, NotAllowed

# How long the access token before the newest goes on, so that a call under way when a client refreshes is not cut off.
OVERLAP: Final = timedelta(minutes=1)
REFRESHES_AN_HOUR: Final = 120  # Of one family; a client needs one in the life of an access token.
REPLAYED: Final = "a code or refresh token of OAuth was used twice"
GIVEN_BACK: Final = "the OAuth client gave its token back"


class NoTokens(Exception):
    """There are no tokens for this: unknown, used, ended, expired, of another client, or its person may no longer."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a client is handed, once. The texts are kept nowhere."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    seconds: int


@transaction.atomic
def begin(*, consent: OAuthConsent, code: str, now: datetime) -> Pair:
    """The first tokens of a consent; `code` is the digest of the code that is redeemed. Raises NoTokens."""
    return _issue(OAuthFamily.objects.create(consent=consent, code=code, at=now), consent.agent, now)


@transaction.atomic
def rotate(*, refresh: OAuthRefresh, now: datetime) -> Pair:
    """New tokens for a refresh token that `presented` found; it is used up by that. Raises NoTokens, TooMany."""
    lately = OAuthRefresh.objects.filter(family=refresh.family, used_at__gt=now - WINDOW)
    require_room(lately, REFRESHES_AN_HOUR, "refreshes")
    # Used up before the new one is there: a family has one unused refresh token, by constraint.
    if OAuthRefresh.objects.filter(pk=refresh.pk, used_at__isnull=True).update(used_at=now) != 1:
        raise NoTokens
    ending = now + OVERLAP
    AgentToken.objects.filter(oauth_refresh__family=refresh.family, expires_at__gt=ending).update(expires_at=ending)
    return _issue(refresh.family, refresh.access.agent, now)


def presented(text: str, client: Application, now: datetime) -> OAuthRefresh | None:
    """The refresh token as a good one of this client, its family locked; None otherwise.

    One that was used before ends its family: whoever holds the newest tokens may be a thief (RFC 9700, 4.14.2).
    """
    found = (
        OAuthRefresh.objects.filter(digest=digest(text, REFRESHES), family__consent__client=client)
        .values_list("pk", "family_id")
        .first()
    )
    if found is None:
        return None
    family = OAuthFamily.objects.select_for_update().get(pk=found[1])
    refresh = OAuthRefresh.objects.select_related("family__consent__person", "access__agent").get(pk=found[0])
    if refresh.used_at is not None:
        _end(family, REPLAYED, now)
        return None
    revoked = AgentToken.objects.filter(oauth_refresh__family=family, revoked_at__isnull=False).exists()
    if revoked or family.ended_at is not None or refresh.expires_at <= now:
        return None
    return refresh


def replayed(code: str, client: Application, now: datetime) -> None:
    """Somebody presents a code that is not there any more: what was issued for it ends (RFC 6749, 4.1.2)."""
    family = OAuthFamily.objects.select_for_update().filter(code=code, consent__client=client).first()
    if family is not None:
        _end(family, REPLAYED, now)


@transaction.atomic
def give_back(*, text: str, client: Application, now: datetime) -> None:
    """End the family of an access or refresh token of this client, if there is one (RFC 7009)."""
    try:
        given = tokens.read_token(text)
        kept = tokens.digest(given.secret, derive(AGENT_TOKENS))
        mine = OAuthRefresh.objects.filter(access__public_id=given.public_id, access__digest=kept)
    except tokens.BadToken:
        mine = OAuthRefresh.objects.filter(digest=digest(text, REFRESHES))
    key = mine.filter(family__consent__client=client).values_list("family_id", flat=True).first()
    if key is not None:
        _end(OAuthFamily.objects.select_for_update().get(pk=key), GIVEN_BACK, now)


def _end(family: OAuthFamily, reason: str, now: datetime) -> None:
    """Revoke everything of a family whose row is locked, unless it ended before."""
    if OAuthFamily.objects.filter(pk=family.pk, ended_at__isnull=True).update(ended_at=now) != 1:
        return
    OAuthRefresh.objects.filter(family=family, used_at__isnull=True).update(used_at=now)
    live = AgentToken.objects.filter(oauth_refresh__family=family, revoked_at__isnull=True, expires_at__gt=now)
    newest = live.order_by("-expires_at", "-pk").first()
    if newest is not None:
        # Those before it have seconds left. They lapse here rather than being revoked each: a second revocation in one
        # transaction would lock rows of held calls after the ledger's head, which nobody else does.
        live.exclude(pk=newest.pk).update(expires_at=now)
        agents.revoke_token(public_id=newest.public_id, by=Machine.SYSTEM, reason=reason, now=now)


def _issue(family: OAuthFamily, agent: Agent, now: datetime) -> Pair:
    """Tokens of the agent that the family began with, while it is still that of the person who consented."""
    consent, seconds = family.consent, settings.OAUTH_ACCESS_SECONDS
    # The rights of `issue_token` are not enough here: an administrator may issue tokens of other people's agents.
    agent = Agent.objects.select_for_update().get(pk=agent.pk)
    if agent.owner_id != consent.person_id or not consent.person.is_active:
        raise NoTokens
    try:
        access = agents.issue_token(
            agent=agent,
            expires_in=timedelta(seconds=seconds),
            audience=consent.place,
            by=consent.person,
            now=now,
        )
    except (NotAllowed, agents.BadAgent):
        raise NoTokens from None
    refresh = new_refresh()
    OAuthRefresh.objects.create(
        family=family,
        digest=digest(refresh, REFRESHES),
        access=AgentToken.objects.get(public_id=tokens.read_token(access).public_id),
        expires_at=now + timedelta(days=settings.TOKEN_DAYS),
    )
    return Pair(access, refresh, seconds)
