"""The consent form: what a person answers, and which question the answer is to."""

from __future__ import annotations

import hashlib
from typing import Final

from django import forms
from django.core import signing
from django.http import HttpRequest

from governance.models import DataRole, Person

SALT: Final = "gatehouse.oauth.consent"
OPEN_SECONDS: Final = 600


class ConsentForm(forms.Form):
    """Allow or refuse, and the data-plane roles that the agent gets; `roles` are those the person may give."""

    decision = forms.ChoiceField(choices=[("allow", "Connect"), ("refuse", "Refuse")])
    question = forms.CharField(widget=forms.HiddenInput)
    roles = forms.ModelMultipleChoiceField(
        DataRole.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, to_field_name="name"
    )

    def __init__(self, *args: object, roles: list[DataRole], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["roles"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = DataRole.objects.filter(pk__in=[role.pk for role in roles]).order_by("name")


def question(request: HttpRequest, person: Person) -> str:
    """Binds a form to the person it was shown to and to the whole request it was shown for."""
    return signing.dumps([person.pk, _digest(request)], salt=SALT)


def is_answer(text: str, request: HttpRequest, person: Person) -> bool:
    """Whether the form was shown to this person, for this request, within the last ten minutes."""
    try:
        return bool(signing.loads(text, salt=SALT, max_age=OPEN_SECONDS) == [person.pk, _digest(request)])
    except signing.BadSignature:
        return False


def _digest(request: HttpRequest) -> str:
    return hashlib.sha256(request.META.get("QUERY_STRING", "").encode()).hexdigest()
