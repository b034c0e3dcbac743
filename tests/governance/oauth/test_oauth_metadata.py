"""What clients read first, and the names of resources."""

from __future__ import annotations

import pytest

from governance.oauth.metadata import challenge, document, place_of

HERE = "https://gw.example"
PROTECTED = "/.well-known/oauth-protected-resource"


@pytest.mark.parametrize(("path", "place"), [("/mcp/files", "/mcp/files"), ("/mcp", "/mcp"), ("", "/mcp")])
def test_each_resource_says_who_gives_tokens_for_it(path: str, place: str) -> None:
    told = document(PROTECTED + path, HERE)
    assert told is not None
    assert (told["resource"], told["authorization_servers"]) == (HERE + place, [HERE])
    assert (told["scopes_supported"], told["bearer_methods_supported"]) == (["mcp"], ["header"])


def test_the_authorization_server_offers_nothing_but_codes_with_s256_for_public_clients() -> None:
    told = document("/.well-known/oauth-authorization-server", HERE)
    assert told is not None and told["issuer"] == HERE
    assert told["response_types_supported"] == ["code"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert told["token_endpoint_auth_methods_supported"] == ["none"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["registration_endpoint"] == HERE + "/oauth/register"


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/mcp",
        PROTECTED + "/",
        PROTECTED + "/mcp/",
        PROTECTED + "/mcp/Files",
        PROTECTED + "/mcp/files/more",
        PROTECTED + "/mcp/../admin",
        PROTECTED + "/admin",
        PROTECTED + "/mcp/files\n",
    ],
)
def test_there_is_nothing_at_other_well_known_paths(path: str) -> None:
    assert document(path, HERE) is None


@pytest.mark.parametrize(
    "resource",
    ["", "/mcp", HERE, HERE + "/mcp/", HERE + "/mcp?x", HERE + "/mcp#", "http://gw.example/mcp", HERE + ".evil/mcp"],
)
def test_a_resource_is_compared_exactly(resource: str) -> None:
    assert place_of(resource, HERE) is None
    assert place_of(HERE + "/mcp/files", HERE) == "/mcp/files"


def test_the_challenge_of_a_401_names_the_metadata_of_its_place() -> None:
    said = f'Bearer realm="gatehouse", resource_metadata="{HERE}{PROTECTED}/mcp/files", scope="mcp"'
    assert challenge("/mcp/files", HERE) == said
    assert f'"{HERE}{PROTECTED}/mcp"' in challenge('/mcp/"x', HERE)
