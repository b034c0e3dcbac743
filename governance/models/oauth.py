"""What OAuth keeps beside the toolkit's clients and codes: where clients came from, consents, and refresh tokens."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from governance.models.agents import Agent, AgentToken
from governance.models.people import Person

CLIENT = "oauth2_provider.Application"


class OAuthRegistration(models.Model):
    """That a client registered itself, and from where; the address is kept as a keyed digest, for counting."""

    client = models.OneToOneField(CLIENT, on_delete=models.CASCADE, related_name="registration")
    address = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"registration of {self.client_id}"


class OAuthConsent(models.Model):
    """A person let a client act at one place as one agent. `place` is the path of an MCP endpoint."""

    client = models.ForeignKey(CLIENT, on_delete=models.CASCADE, related_name="consents")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="oauth_consents")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="oauth_consents")
    place = models.CharField(max_length=50)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "person", "place"], name="one_consent_a_place")]

    def __str__(self) -> str:
        return f"{self.agent} at {self.place}"


class OAuthFamily(models.Model):
    """All tokens that came of one authorization code; once ended, none of them is good any more."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    consent = models.ForeignKey(OAuthConsent, on_delete=models.CASCADE, related_name="families")
    code = models.CharField(max_length=64, unique=True)  # A keyed digest, so that a replayed code is recognised.
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.consent} since {self.at:%Y-%m-%d}"


class OAuthRefresh(models.Model):
    """One refresh token, good once, as a keyed digest; `access` is the access token that was issued with it."""

    family = models.ForeignKey(OAuthFamily, on_delete=models.CASCADE, related_name="refreshes")
    digest = models.CharField(max_length=64, unique=True)
    access = models.OneToOneField(AgentToken, on_delete=models.CASCADE, related_name="oauth_refresh")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["family"], condition=Q(used_at__isnull=True), name="one_unused_a_family")
        ]

    def __str__(self) -> str:
        return f"refresh token of {self.family_id}"
