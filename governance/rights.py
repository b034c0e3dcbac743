"""Who may act: console roles, the scopes of API tokens they allow, and the two actors that are no person."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeAlias

from governance.models.people import ConsoleRole, Person


class Machine(StrEnum):
    """An actor that is no person: a command on this machine, or the system itself."""

    OPERATOR = "operator"
    SYSTEM = "gatehouse"


Actor: TypeAlias = Person | Machine

SCOPES: Final[dict[str, frozenset[str]]] = {
    "read": frozenset(ConsoleRole.values),
    "request": frozenset({ConsoleRole.DEVELOPER, ConsoleRole.SERVER_OWNER}),
    "decide": frozenset({ConsoleRole.APPROVER}),
    "stop": frozenset({ConsoleRole.SECURITY_ADMIN, ConsoleRole.APPROVER}),
    "administer": frozenset({ConsoleRole.SECURITY_ADMIN, ConsoleRole.POLICY_AUTHOR}),
}
"""Which console roles allow a scope (contract section 2); under `administer` an author changes policies only."""


class NotAllowed(Exception):
    """This actor may not do this; the message is one sentence for that person."""


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """The scopes that a person with these console roles may hold; `read` is for everybody who is active."""
    held = frozenset(roles)
    return frozenset(scope for scope, allowed in SCOPES.items() if allowed & held) | {"read"}


def may(by: Actor, *roles: str) -> bool:
    """Whether `by` is a machine or an active person with one of `roles`."""
    return isinstance(by, Machine) or bool(by.console_roles() & frozenset(roles))


def require(by: Actor, *roles: str, act: str) -> None:
    """Return when `by` is a machine or an active person with one of `roles`; raise NotAllowed otherwise."""
    if not may(by, *roles):
        raise NotAllowed(f"You may not {act}; this takes the role {' or '.join(sorted(roles))}.")


def name_of(by: Actor) -> str:
    """How the ledger names the actor: a person's e-mail, `operator` or `gatehouse`."""
    return by.value if isinstance(by, Machine) else by.email
