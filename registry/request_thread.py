"""A request's thread: its row locked and moved by the table, each line of the thread and of the ledger, who is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from governance import ledger, notices
from governance.audit.entry import plain
from governance.canonical.strict_json import digest, jcs_document
from governance.canonical.values import JSON
from governance.models import Person
from governance.rights import Actor, name_of
from registry.lifecycle import NotPossible
from registry.models import RequestEvent, RequestState, ServerRequest
from registry.request_fields import ADDRESS
from registry.request_states import EDITABLE, RequestAct, after_request_act
from registry.states import IllegalMove

FINAL: Final = frozenset({RequestState.APPROVED, RequestState.DENIED, RequestState.WITHDRAWN, RequestState.EXPIRED})


class AlreadyDecided(Exception):
    """Somebody was quicker, or time ran out: nothing was changed. The message says what stands, and by whom."""

    def __init__(self, request: ServerRequest) -> None:
        by = f" by {request.decided_by}" if request.decided_by else ""
        state = RequestState(request.state).label.lower()
        super().__init__(f"This request is {state} already{by}.")
        self.request, self.state, self.by, self.at = request, str(request.state), request.decided_by, request.decided_at
        self.reason = request.decision_reason


def lock_request(request_id: UUID) -> ServerRequest:
    """The request's row, locked until the transaction ends. Raises ServerRequest.DoesNotExist."""
    rows = ServerRequest.objects.select_for_update(of=("self",)).select_related("requester", "team", "accepted_by")
    return rows.defer("manifest_document").get(pk=request_id)


def require_open(request: ServerRequest) -> None:
    """Return unless the request is decided or over. Raises AlreadyDecided."""
    if request.state in FINAL:
        raise AlreadyDecided(request)


def move(request: ServerRequest, *acts: RequestAct, **columns: Any) -> None:
    """Move the request by the table, one act after the other, and set columns. Raises NotPossible, AlreadyDecided.

    The conditional UPDATE decides where the database has no row locks.
    """
    before = request.state
    state = before
    for act in acts:
        try:
            state = after_request_act(state, act).value
        except IllegalMove as error:
            require_open(request)
            with_requester = " It is with its requester, who can submit it." if before in EDITABLE else ""
            raise NotPossible(f"This request cannot be moved so: {error}.{with_requester}") from None
    columns |= {"state": state, "updated_at": timezone.now()}
    if ServerRequest.objects.filter(pk=request.pk, state=before).update(**columns) != 1:
        request.refresh_from_db()
        raise AlreadyDecided(request)
    for name, value in columns.items():
        setattr(request, name, value)


def say(request: ServerRequest, *, by: Actor, what: str, text: str = "", data: Mapping[str, Any] | None = None) -> None:
    """Add one line to the thread."""
    RequestEvent.objects.create(request=request, by=name_of(by), what=what, text=text, data=dict(data or {}))


def record(
    request: ServerRequest,
    *,
    by: Actor,
    what: str,
    reason: str = "",
    before: JSON = None,
    after: JSON = None,
    via: str = "",
    at: datetime | None = None,
) -> None:
    """Write one `change.request` entry; the last thing an act does."""
    change: dict[str, JSON] = {"what": what, "name": request.name or str(request.pk)}
    if before is not None:
        change["before"] = plain(before)
    if after is not None:
        change["after"] = plain(after)
    if reason:
        change["reason"] = plain(reason)
    target: dict[str, JSON] = {"request": str(request.pk), "server": request.name}
    ledger.append(kind="change.request", by=name_of(by), change=change, target=target, via=via, at=at)


def tell(request: ServerRequest, people: Iterable[Person], kind: str, text: str) -> None:
    """Have people told of something about the request, with the way to its page."""
    notices.tell(people, kind=f"request.{kind}", about=str(request.pk), text=text, path=path_of(request))


def path_of(request: ServerRequest) -> str:
    """The console's page of the request. Not looked up: a process that serves no console tells people too."""
    return f"/admin/requests/{request.pk}/"


def called(request: ServerRequest) -> str:
    """How sentences name the request; both words are our own or fit the grammar of server names."""
    return f"the request for the server {request.name}" if request.name else "a request for a server"


def reach_digest(request: ServerRequest) -> str:
    """The digest of all that an acceptance covers: the address or program, and the names that secrets are bound to."""
    return digest(jcs_document({field: getattr(request, field) for field in ADDRESS}))


def shown_digest(request: ServerRequest) -> str:
    """The digest of all that an approval covers: the round, what is reached, the manifest, and what was found in it.

    Findings are told apart by what they say, since every look stores them anew.
    """
    found = sorted(request.findings.values_list("rule", "kind", "name", "path", "quote"))
    covered = {
        "round": request.round,
        "reach": reach_digest(request),
        "manifest": request.manifest_digest,
        "findings": [list(each) for each in found],
    }
    return digest(jcs_document(covered))


def described(fields: Mapping[str, Any]) -> dict[str, JSON]:
    """Fields as the ledger keeps them."""
    return {name: value.name if hasattr(value, "name") else value for name, value in fields.items()}
