"""URLs of the console and the API; the MCP endpoint is dispatched before Django (gateway/asgi.py)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from gateway.console import urls as console

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("governance.api.urls")),
    *console.urlpatterns,
]
handler400 = console.handler400
handler403 = console.handler403
handler404 = console.handler404
handler500 = console.handler500
