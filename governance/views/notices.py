"""What the person who is looking was told: a list with links. The acts are in governance.notices."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from governance import notices
from governance.models import Notice
from governance.views.access import person_of

SHOWN: Final = 100


def index(request: HttpRequest) -> HttpResponseBase:
    """The person's notices, the newest first."""
    found = list(Notice.objects.filter(person=person_of(request)).order_by("-at", "-pk")[:SHOWN])
    context = {"title": "Notices", "notices": found, "unread": sum(notice.read_at is None for notice in found)}
    return TemplateResponse(request, "governance/notices.html", context)


def read(request: HttpRequest) -> HttpResponseBase:
    """Mark one notice as read and go where it leads, or mark all of them."""
    person = person_of(request)
    chosen = request.POST.get("notice", "")
    if not chosen:
        count = notices.mark_read(person=person)
        messages.success(request, "All read." if count else "There was nothing unread.")
        return redirect("admin:notices")
    found = Notice.objects.filter(person=person, pk=int(chosen)).first() if _is_number(chosen) else None
    if found is None:
        return redirect("admin:notices")
    notices.mark_read(person=person, ids=[found.pk])
    return redirect(found.path if found.path.startswith("/admin/") else "admin:notices")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18
