"""Where the console lives: /admin/, and / which leads there; the pages for errors."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from gateway.console.site import console

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", console.urls),
]

handler400 = "gateway.console.errors.bad_request"
handler403 = "gateway.console.errors.forbidden"
handler404 = "gateway.console.errors.not_found"
handler500 = "gateway.console.errors.broken"
