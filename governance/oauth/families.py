"""Access and refresh tokens of a consent: begun by a code, rotated by each refresh, ended as a whole.

An access token is one of our own agent tokens, bound to a place; the data plane knows no other kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from oauth2_provider.models import Application

from governance import agents, tokens
from governance.keys import AGENT_TOKENS, derive
from governance.models import AgentToken, OAuthConsent, OAuthFamily, OAuthRefresh
from governance.oauth.secrets import REFRESHES, digest, new_refresh
from governance.rights import Actor, Machine, NotAllowed

# How long the access token before the newest goes on, so that a call under way when a client refreshes is not cut off.
OVERLAP: Final = timedelta(minutes=1)
REPLAYED: Final = "a code or refresh token of OAuth was used twice"
GIVEN_BACK: Final = "the OAuth client gave its token back"


class NoTokens(Exception):
    """There are no tokens for this: unknown, used, ended, expired, of another client, or its person may no longer."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a client is handed, once. The texts are kept nowhere."""

    access: str
    refresh: str
    seconds: int

    def __repr__(self) -> str:
        return f"Pair(seconds={self.seconds})"


@transaction.atomic
def begin(*, consent: OAuthConsent, code: str, now: datetime) -> Pair:
    """The first tokens of a consent; `code` is the digest of the code that is redeemed. Raises NoTokens."""
    return _issue(OAuthFamily.objects.create(consent=consent, code=code, at=now), now)


@transaction.atomic
def rotate(*, refresh: OAuthRefresh, now: datetime) -> Pair:
    """New tokens for a refresh token that `presented` found; it is used up by that. Raises NoTokens."""
    # Used up before the new one is there: a family has one unused refresh token, by constraint.
    if OAuthRefresh.objects.filter(pk=refresh.pk, used_at__isnull=True).update(used_at=now) != 1:
        raise NoTokens
    ending = now + OVERLAP
    AgentToken.objects.filter(oauth_refresh__family=refresh.family, expires_at__gt=ending).update(expires_at=ending)
    return _issue(refresh.family, now)


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
    refresh = OAuthRefresh.objects.select_related("family__consent__agent", "family__consent__person").get(pk=found[0])
    if refresh.used_at is not None:
        end(family=family, by=Machine.SYSTEM, reason=REPLAYED, now=now)
        return None
    revoked = AgentToken.objects.filter(oauth_refresh__family=family, revoked_at__isnull=False).exists()
    if revoked or family.ended_at is not None or refresh.expires_at <= now:
        return None
    return refresh


def replayed(code: str, client: Application, now: datetime) -> None:
    """Somebody presents a code that is not there any more: what was issued for it ends (RFC 6749, 4.1.2)."""
    family = OAuthFamily.objects.select_for_update().filter(code=code, consent__client=client).first()
    if family is not None:
        end(family=family, by=Machine.SYSTEM, reason=REPLAYED, now=now)


@transaction.atomic
def give_back(*, text: str, client: Application, now: datetime) -> bool:
    """End the family of an access or refresh token of this client (RFC 7009); False when there is none."""
    try:
        given = tokens.read_token(text)
        mine = AgentToken.objects.filter(public_id=given.public_id, oauth_refresh__family__consent__client=client)
        token = mine.select_related("oauth_refresh").first()
        good = token is not None and tokens.matches(given.secret, token.digest, derive(AGENT_TOKENS))
        key = token.oauth_refresh.family_id if token is not None and good else None
    except tokens.BadToken:
        refreshes = OAuthRefresh.objects.filter(digest=digest(text, REFRESHES), family__consent__client=client)
        key = refreshes.values_list("family_id", flat=True).first()
    if key is None:
        return False
    family = OAuthFamily.objects.select_for_update(of=("self",)).select_related("consent__person").get(pk=key)
    return end(family=family, by=Machine.SYSTEM, reason=GIVEN_BACK, now=now)


def end(*, family: OAuthFamily, by: Actor, reason: str, now: datetime) -> bool:
    """Revoke everything of a family whose row the caller has locked; False when it had ended before."""
    if OAuthFamily.objects.filter(pk=family.pk, ended_at__isnull=True).update(ended_at=now) != 1:
        return False
    OAuthRefresh.objects.filter(family=family, used_at__isnull=True).update(used_at=now)
    live = AgentToken.objects.filter(oauth_refresh__family=family, revoked_at__isnull=True, expires_at__gt=now)
    newest = live.order_by("-expires_at", "-pk").first()
    if newest is not None:
        # Those before it have seconds left. They lapse here rather than being revoked each: a second revocation in one
        # transaction would lock rows of held calls after the ledger's head, which nobody else does.
        live.exclude(pk=newest.pk).update(expires_at=now)
        agents.revoke_token(public_id=newest.public_id, by=by, reason=reason, now=now)
    return True


def _issue(family: OAuthFamily, now: datetime) -> Pair:
    consent, seconds = family.consent, settings.OAUTH_ACCESS_SECONDS
    if not consent.person.is_active:
        raise NoTokens
    try:
        access = agents.issue_token(
            agent=consent.agent,
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
