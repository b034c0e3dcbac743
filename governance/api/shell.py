"""What every REST view shares: the token, scopes, strict fields, exact JSON, and keyset pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.authentication import HasScope
from governance.api.bodies import StrictJSON
from governance.api.problems import Problem
from governance.canonical.strict_json import encode
from governance.models import Person

PAGE: Final = 50
MOST: Final = 200


class ExactJSON(BaseRenderer):
    """JSON whose numbers are written as they came; a floating-point number would be shown as another one."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The bytes of plain values; nothing at all for an empty answer."""
        return b"" if data is None else encode(data)


class Endpoint(APIView):
    """A thin view: parse, call one function, render. `scopes` names what each method takes."""

    parser_classes = [StrictJSON]
    renderer_classes = [ExactJSON]
    permission_classes = [HasScope]
    scopes: Mapping[str, frozenset[str]] = {}

    @property
    def person(self) -> Person:
        """Who acts: always the token's person, never a field."""
        person: Person = self.request.user
        return person

    def fields(self, kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
        """The validated body; unknown fields and wrong values are a 400 naming each."""
        serializer = kind(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def query(self, request: Request, *known: str) -> dict[str, str]:
        """The filters of a list; an unknown one is a 400, because it would silently answer something else."""
        unknown = sorted(set(request.query_params) - {*known, "limit", "after"})
        if unknown:
            allowed = ", ".join(sorted({*known, "limit", "after"}))
            raise Problem(400, "invalid", f"The query has no {unknown[0]!r}; it may have {allowed}.")
        wanted = {name: request.query_params[name] for name in known if name in request.query_params}
        if any("\0" in value or len(value) > 400 for value in wanted.values()):
            raise Problem(400, "invalid", "A filter has at most 400 characters and no NUL.")
        return wanted


class StrictSerializer(serializers.Serializer):
    """Fields of a request's body; whatever is not declared is refused."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown members by name, then validate the known ones."""
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({str(name): ["Unknown field."] for name in unknown})
        return super().to_internal_value(data)


class Keyset:
    """Pages over rows ordered by a time and then by `unique` columns, newest first."""

    def __init__(self, time: str, *unique: str) -> None:
        self.columns = (time, *unique)

    def answer(
        self, request: Request, rows: QuerySet[Any], render: Callable[[Sequence[Any]], list[dict[str, Any]]]
    ) -> Response:
        """`{"results", "next"}`; `next` repeats the filters and is null on the last page."""
        limit = self._limit(request.query_params.get("limit"))
        if after := request.query_params.get("after"):
            try:
                rows = rows.filter(self._beyond(after))
            except (ValueError, ValidationError):  # A forged place may hold no key of this table.
                raise _unknown_place() from None
        found = list(rows.order_by(*[f"-{column}" for column in self.columns])[: limit + 1])
        following = None
        if len(found) > limit:
            query = request.query_params.dict() | {"after": self._place(found[limit - 1])}
            following = request.build_absolute_uri(f"{request.path}?{urlencode(query)}")
        return Response({"results": render(found[:limit]), "next": following})

    def _place(self, row: Model) -> str:
        values = [getattr(row, column) for column in self.columns]
        text = "~".join([values[0].isoformat(), *map(str, values[1:])])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _beyond(self, after: str) -> Q:
        """The rows after a place; a place that was not issued here is a 400, never a guess."""
        try:
            text = base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True).decode()
            first, *rest = text.split("~")
            values: list[Any] = [datetime.fromisoformat(first), *map(_key, rest)]
        except ValueError:
            raise _unknown_place() from None
        if len(values) != len(self.columns) or values[0].utcoffset() != timedelta():  # Places are issued in UTC.
            raise _unknown_place()
        beyond = Q()
        same: dict[str, Any] = {}
        for column, value in zip(self.columns, values, strict=True):
            beyond |= Q(**same, **{f"{column}__lt": value})
            same[column] = value
        return beyond

    def _limit(self, text: str | None) -> int:
        if text is None:
            return PAGE
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST:
            raise Problem(400, "invalid", f"`limit` is a whole number from 1 to {MOST}.")
        return int(text)


def _unknown_place() -> Problem:
    return Problem(400, "invalid", "`after` comes from `next` of the page before; leave it out to begin.")


def _key(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else text


def moment(at: datetime | None) -> str | None:
    """A time as every answer writes it: ISO 8601 in UTC with `Z`."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")
