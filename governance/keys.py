"""Keys for one purpose each, derived from SECRET_KEY, so that no digest can stand in for another."""

from __future__ import annotations

from functools import cache
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

AGENT_TOKENS: Final = "agent-token"
PERSON_TOKENS: Final = "person-token"
SIGN_IN_LINKS: Final = "sign-in-link"
APPROVAL_BINDING: Final = "approval-binding"
PEER_REQUESTS: Final = "peer-request"


def derive(purpose: str) -> bytes:
    """32 bytes for `purpose`; the same for every process that has the same SECRET_KEY."""
    return _derive(settings.SECRET_KEY, purpose)


@cache
def _derive(secret_key: str, purpose: str) -> bytes:
    if not secret_key:
        raise ValueError("SECRET_KEY is empty, so no key can be derived; set GATEHOUSE_SECRET_KEY.")
    return HKDF(SHA256(), 32, salt=None, info=f"gatehouse:{purpose}".encode()).derive(secret_key.encode())
