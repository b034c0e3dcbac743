"""The addresses of the REST resources of servers and what they offer, to be included at /api/v1/."""

from __future__ import annotations

from django.urls import path

from registry.api.findings import Findings
from registry.api.manifests import ManifestDiff, Manifests, OneManifest
from registry.api.servers import ACTS, Act, Baselines, OneScan, OneServer, RollBack, Scan, Scans, Servers
from registry.api.tools import OverrideIntent, Tools
from registry.api.usage import ToolUsage

urlpatterns = [
    path("servers", Servers.as_view(), name="api-servers"),
    path("servers/<str:name>", OneServer.as_view(), name="api-server"),
    path("servers/<str:name>/scan", Scan.as_view(), name="api-server-scan"),
    path("servers/<str:name>/scans", Scans.as_view(), name="api-server-scans"),
    path("servers/<str:name>/scans/<int:key>", OneScan.as_view(), name="api-server-scan-run"),
    path("servers/<str:name>/baselines", Baselines.as_view(), name="api-server-baselines"),
    path("servers/<str:name>/roll-back", RollBack.as_view(), name="api-server-roll-back"),
    path("servers/<str:name>/intent", OverrideIntent.as_view(), name="api-server-intent"),
    path("servers/<str:name>/manifests/<str:which>", OneManifest.as_view(), name="api-server-manifest"),
    *(path(f"servers/<str:name>/{word}", Act.as_view(act=word), name=f"api-server-{word}") for word in ACTS),
    path("tools", Tools.as_view(), name="api-tools"),
    path("tools/usage", ToolUsage.as_view(), name="api-tools-usage"),
    path("manifests", Manifests.as_view(), name="api-manifests"),
    path("manifests/diff", ManifestDiff.as_view(), name="api-manifests-diff"),
    path("findings", Findings.as_view(), name="api-findings"),
]
