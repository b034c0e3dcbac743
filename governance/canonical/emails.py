"""E-mail addresses: exactly one bare ASCII address, or an error. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from typing import Final

from governance.canonical.values import NotCanonical

MAX_LENGTH: Final = 254
MAX_LOCAL_LENGTH: Final = 64

# `!` and `%` are left out of the local part: old mail relays read them as a route to another domain.
_ATOM: Final = r"[A-Za-z0-9#$&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})*)", re.ASCII).fullmatch


def email_domain(value: str) -> str:
    """The lower-cased domain of the one address that `value` is.

    Raises NotCanonical for display names, comments, quoted parts, lists, address literals, control characters and
    anything not ASCII.
    """
    match = _ADDRESS(value) if len(value) <= MAX_LENGTH else None
    if match is None or len(match[1]) > MAX_LOCAL_LENGTH:
        raise NotCanonical("not exactly one bare e-mail address")
    return match[2].lower()
