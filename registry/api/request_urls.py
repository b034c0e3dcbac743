"""The addresses of server requests, to be included at /api/v1/."""

from __future__ import annotations

from django.urls import path

from registry.api import requests as asked
from registry.api.request_decisions import Accept, Approve, Changes, Deny

ONE = "server-requests/<uuid:key>"
urlpatterns = [
    path("server-requests", asked.Requests.as_view(), name="api-requests"),
    path("server-requests/import", asked.Import.as_view(), name="api-requests-import"),
    path(ONE, asked.OneRequest.as_view(), name="api-request"),
    path(f"{ONE}/items", asked.Items.as_view(), name="api-request-items"),
    path(f"{ONE}/findings", asked.Findings.as_view(), name="api-request-findings"),
    path(f"{ONE}/manifest", asked.Manifest.as_view(), name="api-request-manifest"),
    path(f"{ONE}/events", asked.Events.as_view(), name="api-request-events"),
    path(f"{ONE}/submit", asked.Submit.as_view(), name="api-request-submit"),
    path(f"{ONE}/withdraw", asked.Withdraw.as_view(), name="api-request-withdraw"),
    path(f"{ONE}/scan", asked.Scan.as_view(), name="api-request-scan"),
    path(f"{ONE}/accept", Accept.as_view(), name="api-request-accept"),
    path(f"{ONE}/approve", Approve.as_view(), name="api-request-approve"),
    path(f"{ONE}/deny", Deny.as_view(), name="api-request-deny"),
    path(f"{ONE}/changes", Changes.as_view(), name="api-request-changes"),
]
