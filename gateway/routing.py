"""WebSocket routes of the console."""

from __future__ import annotations

from django.urls import path

from governance.consumers import InboxConsumer

websocket_urlpatterns = [path("ws/inbox/", InboxConsumer.as_asgi())]
