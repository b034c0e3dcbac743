"""Whoever asked for a server does not decide on it later either: what a request keeps apart stays apart."""

from __future__ import annotations

from governance.rights import Actor, Machine, NotAllowed
from registry.models import Server, ServerRequest


def require_apart(server: Server, by: Actor) -> None:
    """Return unless the server came from a request of this person, or from one that serves them.

    For acts that give agents more; to take something away, anybody entitled may. Raises NotAllowed.
    """
    if isinstance(by, Machine):
        return
    request = ServerRequest.objects.only("requester").filter(server=server.pk).first()
    if request is None:
        return
    if request.requester_id == by.pk or request.parties.filter(person=by.pk).exists():
        raise NotAllowed("You asked for this server; somebody else decides on it.")
