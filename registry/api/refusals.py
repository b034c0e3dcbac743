"""What the acts of the registry refuse, as problems of the REST API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from governance.api.problems import NOT_FOUND, Problem
from registry.differences import NoSuchManifest
from registry.lifecycle import ChangedSinceShown, NotPossible
from registry.models import Server

READ: Final = frozenset({"read"})
ADMINISTER: Final = frozenset({"administer"})


@contextmanager
def as_problems() -> Iterator[None]:
    """Raise Problem for what an act refuses; what nobody may do is known to every endpoint already."""
    try:
        yield
    except NotPossible as refusal:
        raise Problem(409, "not-possible", str(refusal)) from refusal
    except ChangedSinceShown as refusal:
        raise Problem(409, "changed-since-shown", str(refusal)) from refusal
    except NoSuchManifest as refusal:
        raise Problem(404, "not-found", str(refusal)) from refusal


def server_named(name: str) -> Server:
    """The server of this name, or a 404."""
    found = Server.objects.select_related("team", "owner").filter(name=name).first()
    if found is None:
        raise Problem(*NOT_FOUND)
    return found
