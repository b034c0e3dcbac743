"""Tell people things: one row for each person and event, shown in the console and sent by e-mail where mail is set up.

An e-mail holds our sentence and a link, never text of a server. A row is sent at least once, with growing pauses.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from governance.models import Notice, Person
from governance.nudges import INBOX, nudge
from governance.text.visible import one_line

ATTEMPTS: Final = 8
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=1)
WORTH_MAILING: Final = timedelta(hours=24)
BATCH: Final = 100
TEXT: Final = 500


def tell(people: Iterable[Person], *, kind: str, about: str, text: str, path: str) -> int:
    """Tell each active person, once for as long as they have not read it; answers how many were told.

    Told again of the same before reading, a person finds the newer sentence, which is mailed anew when it differs.
    Call it inside the transaction of what is told.
    """
    text, now = one_line(text, TEXT), timezone.now()
    told = {person.pk: person for person in people if person.is_active}
    for person in sorted(told.values(), key=lambda each: each.pk):
        unread = Notice.objects.filter(person=person, kind=kind, about=about, read_at=None)
        same = unread.filter(text=text).update(path=path, at=now)
        again = {"mailed_at": None, "attempts": 0, "next_attempt_at": None, "mail_error": ""}
        if not same and not unread.update(text=text, path=path, at=now, **again):
            Notice.objects.bulk_create(
                [Notice(person=person, kind=kind, about=about, text=text, path=path, at=now)], ignore_conflicts=True
            )
    if told:
        transaction.on_commit(lambda: nudge(INBOX, {"type": "inbox.changed"}))
    return len(told)


def mark_read(*, person: Person, ids: Iterable[int] | None = None, now: datetime | None = None) -> int:
    """Note that the person has read these notices of theirs, or all; answers how many were unread."""
    rows = Notice.objects.filter(person=person, read_at=None)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    return rows.update(read_at=now or timezone.now())


def unread_of(person: Person) -> int:
    """How many notices the person has not read."""
    return Notice.objects.filter(person=person, read_at=None).count()


def send_due(now: datetime | None = None) -> int:
    """Mail what waits for it; answers how many went out. Nothing where no mail server is set up.

    What was read in the console is not mailed, nor what is older than a day. Opens no transaction while it sends.
    """
    if not settings.EMAIL_HOST or not settings.DEFAULT_FROM_EMAIL:
        return 0
    moment = now or timezone.now()
    due = Notice.objects.filter(
        Q(next_attempt_at=None) | Q(next_attempt_at__lte=moment),
        mailed_at=None,
        read_at=None,
        attempts__lt=ATTEMPTS,
        at__gt=moment - WORTH_MAILING,
        person__is_active=True,
    )
    return sum(_send(notice, moment) for notice in due.select_related("person").order_by("at", "pk")[:BATCH])


def _send(notice: Notice, now: datetime) -> bool:
    """Send one notice, unless another process has taken it; the pause is written first, so a crash cannot repeat it."""
    pause = min(FIRST_PAUSE * 2**notice.attempts, LONGEST_PAUSE)
    mine = Notice.objects.filter(pk=notice.pk, attempts=notice.attempts, mailed_at=None)
    if mine.update(attempts=F("attempts") + 1, next_attempt_at=now + pause) != 1:
        return False
    try:
        _message(notice).send()
    except (OSError, smtplib.SMTPException) as error:
        Notice.objects.filter(pk=notice.pk).update(mail_error=one_line(_why(error), 300))
        return False
    Notice.objects.filter(pk=notice.pk).update(mailed_at=timezone.now(), next_attempt_at=None, mail_error="")
    return True


def _message(notice: Notice) -> EmailMessage:
    link = f"{settings.PUBLIC_URL}{notice.path}"
    return EmailMessage(
        subject=one_line(f"Gatehouse: {notice.text}", 150),
        body=f"{notice.text}\n\n{link}\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.person.email],
        headers={"Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT),
    )


def _why(error: Exception) -> str:
    """What went wrong, without what the mail server said, which may repeat addresses or credentials."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code is not None else type(error).__name__
