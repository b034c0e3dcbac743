"""What a session knows about the second factor: owed, waived, fresh. Reads the request; changes nothing."""

from __future__ import annotations

import time
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django_otp import devices_for_user

from governance import local_mode
from governance.models import ConsoleRole
from governance.views.access import person_of, roles_of

APPROVING_ROLES: Final = frozenset({ConsoleRole.APPROVER.value, ConsoleRole.SECURITY_ADMIN.value})
STRONG_INTENTS: Final = frozenset({"destructive", "exfiltrative"})
STEP_UP_SECONDS: Final = 300
_FRESH_AT: Final = "second_factor_at"


def is_waived(request: HttpRequest) -> bool:
    """Whether signing in needs no second factor here: demo mode or `gatehouse wrap`, from this very machine."""
    if settings.GATEHOUSE_MODE not in ("demo", local_mode.MODE):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def is_owed(request: HttpRequest) -> bool:
    """Whether the person holds a role that approves and this session has shown no second factor."""
    if is_verified(request) or is_waived(request):
        return False
    return not APPROVING_ROLES.isdisjoint(roles_of(request))


def is_verified(request: HttpRequest) -> bool:
    """Whether this session has shown a second factor at any time."""
    return bool(getattr(request.user, "is_verified", bool)())


def has_device(request: HttpRequest) -> bool:
    """Whether the person has a confirmed authenticator."""
    return next(iter(devices_for_user(person_of(request))), None) is not None


def is_fresh(request: HttpRequest) -> bool:
    """Whether a second factor was shown within the last five minutes."""
    shown = request.session.get(_FRESH_AT)
    return is_verified(request) and isinstance(shown, float) and 0 <= time.time() - shown < STEP_UP_SECONDS


def mark_fresh(request: HttpRequest) -> None:
    """Note that a second factor was shown now."""
    request.session[_FRESH_AT] = time.time()
