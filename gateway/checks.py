"""System checks of the settings: production refuses to start on a missing or weak one (contract section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from governance.vault.envelope import BadKeyRing, read_key_ring

SHORTEST_SECRET = 50
FEWEST_CHARACTERS = 12


def in_production() -> bool:
    """Whether the rules of production hold; demo makes its own keys and is bound to loopback."""
    return bool(settings.GATEHOUSE_MODE == "production")


@register(Tags.security)
def secret_key_is_strong(**_: Any) -> list[CheckMessage]:
    """gateway.E001: every token digest and session depends on this key."""
    if not in_production():
        return []
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own words for an empty key.
        key = ""
    weak = ""
    if not key:
        weak = "is not set"
    elif len(key) < SHORTEST_SECRET:
        weak = f"has {len(key)} characters, it needs {SHORTEST_SECRET}"
    elif len(set(key)) < FEWEST_CHARACTERS:
        weak = f"uses fewer than {FEWEST_CHARACTERS} different characters"
    elif "insecure" in key.lower():
        weak = "says itself that it is insecure"
    hint = 'Make one: python3 -c "import secrets; print(secrets.token_urlsafe(64))"'
    return [Error(f"GATEHOUSE_SECRET_KEY {weak}.", hint=hint, id="gateway.E001")] if weak else []


@register(Tags.security)
def vault_keys_can_be_used(**_: Any) -> list[CheckMessage]:
    """gateway.E002: without a key ring no credential opens and no call can be held. A malformed ring fails anywhere."""
    if not in_production() and not settings.VAULT_KEYS:
        return []
    hint = "Write id:base64 of 32 bytes, several with commas; the first seals: k1:$(openssl rand -base64 32)"
    if not settings.VAULT_KEYS:
        return [Error("GATEHOUSE_VAULT_KEYS is not set.", hint=hint, id="gateway.E002")]
    try:
        read_key_ring(settings.VAULT_KEYS)
    except BadKeyRing as error:
        return [Error(f"GATEHOUSE_VAULT_KEYS cannot be used: {error}.", hint=hint, id="gateway.E002")]
    return []


@register(Tags.security)
def hosts_are_named(**_: Any) -> list[CheckMessage]:
    """gateway.E003: a wildcard would let any web page reach the gateway by rebinding its name."""
    if not in_production():
        return []
    hosts = [host for host in settings.ALLOWED_HOSTS if host]
    hint = "Write the names that clients use: GATEHOUSE_ALLOWED_HOSTS=gatehouse.example.com"
    if not hosts:
        return [Error("GATEHOUSE_ALLOWED_HOSTS is empty.", hint=hint, id="gateway.E003")]
    wide = [host for host in hosts if "*" in host or host.startswith(".")]
    if wide:
        return [Error(f"GATEHOUSE_ALLOWED_HOSTS is too wide: {', '.join(wide)}.", hint=hint, id="gateway.E003")]
    return []


@register(Tags.security)
def debug_is_off(**_: Any) -> list[CheckMessage]:
    """gateway.E004: an error page would show settings and values."""
    if in_production() and settings.DEBUG:
        return [Error("DEBUG is on.", hint="Production never sets it; remove what does.", id="gateway.E004")]
    return []


@register(Tags.security)
def public_url_is_https(**_: Any) -> list[CheckMessage]:
    """gateway.E005: tokens and cookies would travel in the clear, and links in notices would too."""
    if not in_production():
        return []
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme == "https" and url.hostname and not url.username and not url.query and not url.fragment:
        return []
    hint = "Write the address that people open: GATEHOUSE_PUBLIC_URL=https://gatehouse.example.com"
    return [Error(f"GATEHOUSE_PUBLIC_URL is {settings.PUBLIC_URL!r}, not https.", hint=hint, id="gateway.E005")]


@register(Tags.security)
def peer_url_is_an_address(**_: Any) -> list[CheckMessage]:
    """gateway.E007: other processes could not reach this one, and would answer for its sessions as if it were gone."""
    url = urlsplit(settings.PEER_URL)
    try:
        sound = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        sound = False
    if not settings.PEER_URL or (sound and url.netloc.count("@") + len(url.path + url.query + url.fragment) == 0):
        return []
    hint = "Write scheme, host and port of this one process: GATEHOUSE_PEER_URL=http://10.0.0.5:8000"
    return [Error("GATEHOUSE_PEER_URL is no address of a process.", hint=hint, id="gateway.E007")]


@register(Tags.security)
def sqlite_serves_one_process(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """gateway.W006: SQLite is durable, but it is one process on one machine."""
    if not in_production() or not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return []
    hint = "For more than one process, or a second machine to fail over to, set DATABASE_URL=postgresql://…"
    return [Warning("Production runs on SQLite: exactly one serve process.", hint=hint, id="gateway.W006")]
