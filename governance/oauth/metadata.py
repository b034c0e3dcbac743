"""What OAuth clients read before anything else, and the names of our resources. Pure: no Django, no I/O.

A *place* is the path of an MCP endpoint: `/mcp`, `/mcp/<server>` or `/sse/<server>`; a *resource* is its whole
address.
"""

from __future__ import annotations

import re
from typing import Final

SCOPE: Final = "mcp"
SCOPE_SAYS: Final = "List and call the tools, prompts and resources that the agent's roles and the policy allow."
ALL: Final = "/mcp"
PROTECTED: Final = "/.well-known/oauth-protected-resource"
SERVER_METADATA: Final = "/.well-known/oauth-authorization-server"
_PLACE: Final = re.compile(r"/mcp(?:/([a-z][a-z0-9-]{0,39}))?|/sse/([a-z][a-z0-9-]{0,39})")


def server_of(place: str) -> str | None:
    """The server that a place is of; empty for the aggregate, None when it is no place at all."""
    found = _PLACE.fullmatch(place)
    return None if found is None else found[1] or found[2] or ""


def place_of(resource: str, public_url: str) -> str | None:
    """The place that a resource indicator names, by exact comparison; None when it is not one of ours."""
    place = resource.removeprefix(public_url)
    return place if resource.startswith(public_url) and server_of(place) is not None else None


def document(path: str, public_url: str) -> dict[str, object] | None:
    """The metadata at a well-known path (RFC 9728, RFC 8414), None where there is none.

    Any well-formed server name is answered: who has not signed in learns nothing about which servers exist.
    """
    if path == SERVER_METADATA:
        return _authorization_server(public_url)
    if path == PROTECTED:
        return _protected(ALL, public_url)
    place = path.removeprefix(PROTECTED)
    return _protected(place, public_url) if path.startswith(PROTECTED) and server_of(place) is not None else None


def challenge(place: str, public_url: str) -> str:
    """The `WWW-Authenticate` of a 401 at a place (RFC 6750, RFC 9728)."""
    where = public_url + PROTECTED + (place if server_of(place) is not None else ALL)
    return f'Bearer realm="gatehouse", resource_metadata="{where}", scope="{SCOPE}"'


def _protected(place: str, public_url: str) -> dict[str, object]:
    return {
        "resource": public_url + place,
        "authorization_servers": [public_url],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
        "resource_name": "Gatehouse" if place == ALL else f"Gatehouse: {server_of(place)}",
    }


def _authorization_server(public_url: str) -> dict[str, object]:
    return {
        "issuer": public_url,
        "authorization_endpoint": f"{public_url}/oauth/authorize",
        "token_endpoint": f"{public_url}/oauth/token",
        "registration_endpoint": f"{public_url}/oauth/register",
        "revocation_endpoint": f"{public_url}/oauth/revoke",
        "scopes_supported": [SCOPE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }
