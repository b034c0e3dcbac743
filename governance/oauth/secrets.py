"""Codes and refresh tokens: random text that is handed out once, and the keyed digest that is kept of it."""

from __future__ import annotations

import secrets as randomness
from typing import Final

from governance import tokens
from governance.keys import derive

LENGTH: Final = 43
REFRESH: Final = "gatehouse_refresh_"
CODES: Final = "oauth-code"
REFRESHES: Final = "oauth-refresh"
ADDRESSES: Final = "oauth-address"


def new_refresh() -> str:
    """The text of a new refresh token; no MCP endpoint takes it for an agent's token."""
    return REFRESH + tokens.random_text(LENGTH, randomness.token_bytes)


def digest(text: str, purpose: str) -> str:
    """What is stored in its place; looked up by equality, which tells a stranger nothing without the key."""
    return tokens.digest(text, derive(purpose))
