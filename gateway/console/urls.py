"""Where the console lives: /admin/, the sign-in link, and / which leads there; WebSockets for open pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from gateway.console.site import console
from governance.consumers import InboxConsumer
from governance.views import sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/link/<str:secret>/", console.entrance(sign_in.link), name="sign-in-link"),
    path("admin/", console.urls),
]

# Mount behind AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))).
websocket_urlpatterns = [path("admin/live/inbox/", InboxConsumer.as_asgi())]

handler400 = "gateway.console.errors.bad_request"
handler403 = "gateway.console.errors.forbidden"
handler404 = "gateway.console.errors.not_found"
handler500 = "gateway.console.errors.broken"
