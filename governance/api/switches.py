"""`/switches`: the stops that hold, setting one, and voting to lift one."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance import switches
from governance.api.problems import NOT_FOUND, Problem
from governance.api.shell import Endpoint, Keyset, StrictSerializer, moment
from governance.models import Switch
from governance.scope_names import known
from governance.workflow.switches import Mode, Scope

READ: Final = frozenset({"read"})
STOP: Final = frozenset({"stop"})


class Stopping(StrictSerializer):
    """The body of a stop: `scope` is `{"everything": true}` or one other kind with a name."""

    scope = serializers.DictField()
    mode = serializers.ChoiceField([mode.value for mode in Mode], required=False, default=Mode.DENY.value)
    reason = serializers.CharField(max_length=500)


class Switches(Endpoint):
    """The stops."""

    scopes = {"GET": READ, "POST": STOP}

    def get(self, request: Request) -> Response:
        """A page of stops, newest first; `?active=true` leaves out the lifted ones."""
        active = self.query(request, "active").get("active")
        if active not in (None, "true", "false"):
            raise Problem(400, "invalid", "`active` is true or false.")
        rows = Switch.objects.all() if active is None else Switch.objects.filter(released_at__isnull=active == "true")
        return Keyset("at", "pk").answer(request, rows, lambda found: [represent(row) for row in found])

    def post(self, request: Request) -> Response:
        """201 with the stop, which holds on every process within a second."""
        wanted = self.fields(Stopping, request)
        kind, name = _scope(wanted["scope"])
        switch = switches.stop(
            scope_kind=kind, scope_name=known(kind, name), mode=wanted["mode"], reason=wanted["reason"], by=self.person
        )
        return Response(represent(switch), status=201)


class Release(Endpoint):
    """A vote to lift a stop."""

    scopes = {"POST": STOP}

    def post(self, request: Request, key: int) -> Response:
        """200 lifted, 202 with `needs` while a second person is missing, 409 for the same person again."""
        self.fields(StrictSerializer, request)
        if not Switch.objects.filter(pk=key).exists():
            raise Problem(*NOT_FOUND)
        outcome = switches.release(switch_id=key, by=self.person)
        if outcome.needs:
            return Response({"needs": outcome.needs}, status=202)
        return Response(represent(outcome.switch))


def represent(row: Switch) -> dict[str, Any]:
    """The form of contract section 2."""
    return {
        "id": row.pk,
        "scope": {row.scope_kind: row.scope_name or True},
        "mode": row.mode,
        "reason": row.reason,
        "by": row.by,
        "at": moment(row.at),
        "released_at": moment(row.released_at),
    }


def _scope(scope: dict[str, Any]) -> tuple[str, str]:
    known = [kind.value for kind in Scope]
    if len(scope) != 1 or (kind := next(iter(scope))) not in known:
        raise Problem(400, "invalid", f"scope has exactly one of {', '.join(known)}.")
    name = scope[kind]
    if kind == Scope.EVERYTHING:
        if name is not True:
            raise Problem(400, "invalid", 'write {"everything": true}.')
        return kind, ""
    if not isinstance(name, str) or not name:
        raise Problem(400, "invalid", f"scope {kind} takes a name.")
    return kind, name
