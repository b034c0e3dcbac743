"""What people are told: one row for each person and event, shown in the console and sent by e-mail."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from governance.models.people import Person


class Notice(models.Model):
    """One thing one person should know. The e-mail holds the sentence and the link, nothing a server wrote."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=200, help_text="What it is about: together with kind and person, once.")
    text = models.CharField(max_length=500)
    path = models.CharField(max_length=300, help_text="The console's page, without the host.")
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    # Null is not mailed yet; a person may have none wanted.
    mailed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    mail_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["person", "-at"], name="notice_person_at")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind", "about"], condition=Q(read_at=None), name="one_unread_notice"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.person}"
