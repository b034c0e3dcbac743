"""What the acts on server requests refuse, as problems of the REST API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from governance.api.problems import NOT_FOUND, Problem
from governance.api.shell import Endpoint, moment
from registry.imports.draft import CannotRead
from registry.lifecycle import ChangedSinceShown, NotPossible
from registry.models import ServerRequest
from registry.request_fields import BadRequest
from registry.request_review import AlreadyVoted
from registry.request_thread import AlreadyDecided

READ: Final = frozenset({"read"})
REQUEST: Final = frozenset({"request"})
ADMINISTER: Final = frozenset({"administer"})


@contextmanager
def as_problems() -> Iterator[None]:
    """Raise Problem for what an act refuses; what nobody may do is known to every endpoint already."""
    try:
        yield
    except BadRequest as refusal:
        raise Problem(400, "invalid", str(refusal), errors={refusal.field: [str(refusal)]}) from refusal
    except CannotRead as refusal:
        where = {"line": refusal.line, "column": refusal.column} if refusal.line else {}
        raise Problem(400, "cannot-read", str(refusal), **where) from refusal
    except ChangedSinceShown as refusal:
        raise Problem(409, "changed-since-shown", str(refusal)) from refusal
    except AlreadyVoted as refusal:
        raise Problem(409, "already-voted", str(refusal)) from refusal
    except AlreadyDecided as refusal:
        decision = {
            "state": refusal.state,
            "by": refusal.by or None,
            "at": moment(refusal.at),
            "reason": refusal.reason,
        }
        raise Problem(409, "already-decided", str(refusal), decision=decision) from refusal
    except NotPossible as refusal:
        raise Problem(409, "not-possible", str(refusal)) from refusal


def visible(view: Endpoint, key: object) -> ServerRequest:
    """The request if this person may read it; a foreign one answers as one that does not exist."""
    rows = ServerRequest.objects.visible_to(view.person).select_related("requester", "team", "accepted_by", "server")
    found = rows.filter(pk=key).first()
    if found is None:
        raise Problem(*NOT_FOUND)
    return found
