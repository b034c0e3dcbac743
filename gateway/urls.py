"""URLs of the console and the API; the MCP endpoint is dispatched before Django (gateway/asgi.py)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from gateway.console import urls as console
from gateway.console.site import console as site
from governance.oauth.views import authorize
from registry.catalogue import is_offered

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("governance.api.urls")),
    path("api/v1/", include("registry.api.registry_urls")),
    path("api/v1/", include("registry.api.request_urls")),
    path("oauth/authorize", site.entrance(authorize), {"is_server": is_offered}, name="oauth_authorize"),
    path("oauth/", include("governance.oauth.urls")),
    *console.urlpatterns,
]
handler400 = console.handler400
handler403 = console.handler403
handler404 = console.handler404
handler500 = console.handler500
