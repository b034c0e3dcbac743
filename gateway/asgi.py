"""The ASGI application: the MCP endpoint ahead of Django, the console and the API behind it."""

from __future__ import annotations

import gc
import json
import os
import sys
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

from gateway.settings.env import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
_django = get_asgi_application()

# All of these stand below: Django's registry has to be ready before models are imported, and most of them import some.
from gateway import runtime  # noqa: E402
from gateway.consumers import MCPConsumer  # noqa: E402
from gateway.peers.arrivals import is_relayed  # noqa: E402
from gateway.routing import websocket_urlpatterns  # noqa: E402
from governance.oauth import metadata  # noqa: E402

NOT_FOUND = {"error": "not_found"}
_mcp = MCPConsumer.as_asgi()
_websocket = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Dispatch on the path, so that a call never passes Django's middleware."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await _websocket(scope, receive, send)
    elif scope["path"] in ("/healthz", "/readyz"):
        await _health(scope["path"], send)
    elif scope["path"].startswith(("/mcp/", "/sse/")) or scope["path"] == "/mcp":
        if "gateway" not in settings.SERVES:
            await _json(send, 404, NOT_FOUND)
        elif is_relayed(scope):
            await _relayed(scope, receive, send)
        else:
            await _mcp(scope, receive, send)
    elif scope["path"].startswith("/.well-known/"):
        known = metadata.document(scope["path"], settings.PUBLIC_URL) if scope["method"] in ("GET", "HEAD") else None
        await _json(send, 404 if known is None else 200, known or NOT_FOUND)
    elif "console" not in settings.SERVES:
        await _json(send, 404, NOT_FOUND)
    else:
        await _django(scope, receive, send)


async def _relayed(scope: Any, receive: Any, send: Any) -> None:
    """An MCP request that another process relayed is judged as that first."""
    await (await runtime.started()).arrivals.admit(_mcp, scope, receive, send)


def settle() -> None:
    """What makes calls steadier, once everything is loaded.

    The garbage collector no longer walks what was loaded at start, which stopped every call for 60 ms; and a thread
    that waits for the interpreter, as the ledger writer does after a commit, gets it sooner.
    """
    sys.setswitchinterval(0.0005)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            if "gateway" in settings.SERVES:
                await runtime.started()
            settle()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await runtime.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _health(path: str, send: Any) -> None:
    """`/healthz`: the process lives. `/readyz`: calls would be served, or why not."""
    gateway = runtime.running()
    reasons = ([] if gateway is not None else ["the gateway is starting"]) if path == "/healthz" else _reasons(gateway)
    ready = path == "/healthz" or not reasons
    answer = {"ready": ready, "reasons": reasons} if path == "/readyz" else {"alive": True}
    await _json(send, 200 if ready else 503, answer)


async def _json(send: Any, status: int, answer: object) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _reasons(gateway: runtime.Gateway | None) -> list[str]:
    if "gateway" not in settings.SERVES:
        return []
    return ["the gateway is starting"] if gateway is None else gateway.unready()
