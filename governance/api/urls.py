"""The addresses of governance's REST resources, to be included at /api/v1/."""

from __future__ import annotations

from django.urls import path

from governance.api.calls import Calls, OneCall
from governance.api.escalations import Approve, Deny, Escalations, OneEscalation
from governance.api.switches import Release, Switches
from governance.api.tokens import Revoke

urlpatterns = [
    path("escalations", Escalations.as_view(), name="api-escalations"),
    path("escalations/<uuid:key>", OneEscalation.as_view(), name="api-escalation"),
    path("escalations/<uuid:key>/approve", Approve.as_view(), name="api-escalation-approve"),
    path("escalations/<uuid:key>/deny", Deny.as_view(), name="api-escalation-deny"),
    path("switches", Switches.as_view(), name="api-switches"),
    path("switches/<int:key>/release", Release.as_view(), name="api-switch-release"),
    path("tokens/<str:public_id>/revoke", Revoke.as_view(), name="api-token-revoke"),
    path("calls", Calls.as_view(), name="api-calls"),
    path("calls/<uuid:record>", OneCall.as_view(), name="api-call"),
]
