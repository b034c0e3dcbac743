"""The small numbers of the shell: what waits for the person and what they have not read. One query a page."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Func, IntegerField, QuerySet, Subquery
from django.http import HttpRequest

from governance.models import Notice, Person
from governance.views.access import person_of
from registry.models import ServerRequest
from registry.views.request_queue import reviewable


@dataclass(frozen=True, slots=True)
class Badges:
    """How many requests wait for the person's word, and how many notices are unread."""

    requests: int
    unread: int


def badges_of(request: HttpRequest) -> Badges:
    """The numbers of the person who is looking."""
    person = person_of(request)
    unread = Notice.objects.filter(person=person, read_at=None)
    rows = Person.objects.filter(pk=person.pk).values_list(_count(reviewable(request)), _count(unread))
    requests, notices = rows.get()
    return Badges(requests or 0, notices or 0)


def _count(rows: QuerySet[Notice] | QuerySet[ServerRequest]) -> Subquery:
    # A plain function and no aggregate, which would group by the key and count ones.
    counted = rows.order_by().annotate(number=Func(F("pk"), function="COUNT")).values("number")
    return Subquery(counted, output_field=IntegerField())
