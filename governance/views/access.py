"""Who is looking: the console roles of a request, and the refusal that names the missing one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import HttpRequest

from governance.models import ConsoleRole, Person
from governance.models.escalations import SEES_EVERY_CALL

ADMIN = ConsoleRole.SECURITY_ADMIN.value
AUTHOR = ConsoleRole.POLICY_AUTHOR.value
APPROVER = ConsoleRole.APPROVER.value
AUDITOR = ConsoleRole.AUDITOR.value
OWNER = ConsoleRole.SERVER_OWNER.value
DEVELOPER = ConsoleRole.DEVELOPER.value

SEES_ALL_CALLS = SEES_EVERY_CALL


class RoleRequired(PermissionDenied):
    """The page or act needs one of `roles`; the 403 page says so."""

    def __init__(self, roles: Iterable[str]) -> None:
        self.roles = tuple(sorted(roles))
        super().__init__(f"This needs the role {' or '.join(self.roles)}.")


def person_of(request: HttpRequest) -> Person:
    """The signed-in person; pages are reached by nobody else."""
    return cast(Person, request.user)


def roles_of(request: HttpRequest) -> frozenset[str]:
    """The console roles of the signed-in person, looked up once per request together with the teams."""
    held: frozenset[str] | None = getattr(request, "console_roles", None)
    if held is None:
        held = frozenset()
        if request.user.is_authenticated:
            person = person_of(request)
            prefetch_related_objects([person], "groups", "teams")
            held = person.decider().console_roles
        request.console_roles = held  # type: ignore[attr-defined]
    return held


def has_role(request: HttpRequest, *roles: str) -> bool:
    """Whether the person holds one of `roles`."""
    return not roles_of(request).isdisjoint(roles)


def require_role(request: HttpRequest, *roles: str) -> None:
    """Raise RoleRequired unless the person holds one of `roles`."""
    if not has_role(request, *roles):
        raise RoleRequired(roles)
