"""The official registry's server.json as drafts: packages, remotes, arguments, settings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.imports.draft import CannotRead, Draft, Transport
from registry.imports.reading import drafts_of

SHA = "0f" * 32


def read(value: Any) -> list[Draft]:
    """The drafts of a document."""
    return list(drafts_of(json.dumps(value), filename="server.json"))


def document(*packages: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A document of the registry with these packages."""
    return {
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": "io.github.corp/weather",
        "title": "Weather",
        "description": "Forecasts and warnings",
        "version": "1.0.2",
        "repository": {"url": "https://git.example/corp/weather", "source": "git"},
        "packages": list(packages),
        **members,
    }


def package(kind: str = "npm", **members: Any) -> dict[str, Any]:
    """A package that is run over stdio."""
    return {
        "registryType": kind,
        "identifier": "@corp/weather",
        "version": "1.0.2",
        "transport": {"type": "stdio"},
        **members,
    }


def test_an_npm_package_is_drafted_as_the_command_that_runs_it() -> None:
    """Package, version, arguments and settings, in the order of the document."""
    settings = [
        {"name": "WEATHER_KEY", "description": "Your key", "isRequired": True, "isSecret": True},
        {"name": "UNITS", "default": "metric", "format": "string"},
    ]
    arguments = [
        {"type": "positional", "value": "serve"},
        {"type": "named", "name": "--port", "default": "8080"},
        {"type": "named", "name": "--verbose"},
        {"type": "named", "name": "--offline", "isRequired": True},
        {"type": "positional", "valueHint": "cache_dir", "isRequired": True},
        {"type": "positional", "valueHint": "optional_dir"},
    ]
    (draft,) = read(document(package(environmentVariables=settings, packageArguments=arguments)))
    assert (draft.name, draft.transport, draft.description) == ("weather", Transport.STDIO, "Forecasts and warnings")
    assert draft.command == (
        *("npx", "-y", "@corp/weather@1.0.2", "serve", "--port", "8080", "--verbose"),
        *("--offline", "<offline>", "<cache_dir>"),
    )
    assert (draft.env, draft.required, draft.secret) == (("WEATHER_KEY", "UNITS"), {"WEATHER_KEY"}, {"WEATHER_KEY"})
    came = draft.provenance
    assert (came.source, came.entry, came.file) == ("server.json", "io.github.corp/weather", "server.json")
    assert (came.registry, came.package, came.version, came.digest) == ("npm", "@corp/weather", "1.0.2", "")
    assert "an argument has to be filled in: <cache_dir>" in draft.warnings
    assert "an argument has to be filled in: --offline" in draft.warnings


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (package("pypi", identifier="weather-mcp"), "uvx weather-mcp==1.0.2"),
        (package("pypi", identifier="weather-mcp", runtimeHint="pipx-run"), "pipx-run weather-mcp==1.0.2"),
        (package("npm", runtimeHint="bunx"), "bunx @corp/weather@1.0.2"),
        (
            package("npm", runtimeArguments=[{"type": "named", "name": "--yes"}]),
            "npx --yes @corp/weather@1.0.2",
        ),
        (package("nuget", identifier="Corp.Weather"), "dnx Corp.Weather@1.0.2 --yes --"),
        (
            package("oci", identifier="ghcr.io/corp/weather:1.0.2", environmentVariables=[{"name": "KEY"}]),
            "docker run -i --rm -e KEY ghcr.io/corp/weather:1.0.2",
        ),
        (
            package("oci", identifier="ghcr.io/corp/weather", runtimeHint="podman"),
            "podman run -i --rm ghcr.io/corp/weather:1.0.2",
        ),
        (
            package(
                "oci",
                identifier="ghcr.io/corp/weather:1.0.2",
                runtimeArguments=[{"type": "positional", "value": "run"}, {"type": "named", "name": "-i"}],
            ),
            "docker run --rm -i ghcr.io/corp/weather:1.0.2",
        ),
    ],
)
def test_every_kind_of_package_has_its_runner(given: dict[str, Any], command: str) -> None:
    """The runner that the document hints at, else the usual one of the kind."""
    (draft,) = read(document(given))
    assert " ".join(draft.command) == command


def test_digests_are_kept_as_where_it_comes_from() -> None:
    """A file's hash, and an image's digest."""
    (first,) = read(document(package(fileSha256=SHA)))
    assert first.provenance.digest == f"sha256:{SHA}"
    (second,) = read(document(package("oci", identifier=f"ghcr.io/corp/weather@sha256:{SHA}")))
    assert second.provenance.digest == f"sha256:{SHA}"
    (third,) = read(document(package(fileSha256="zz")))
    assert third.provenance.digest == ""


def test_a_remote_is_drafted_as_its_address_and_header_names() -> None:
    """Both transports of the registry; a place in the address to fill in is said."""
    headers = [
        {"name": "Authorization", "value": "Bearer {token}", "isRequired": True, "isSecret": True},
        {"name": "X-Region", "value": "eu", "isRequired": False},
    ]
    remotes = [
        {"type": "streamable-http", "url": "https://weather.example/mcp?units=metric", "headers": headers},
        {"type": "sse", "url": "https://{tenant}.weather.example/sse", "variables": {"tenant": {"isRequired": True}}},
    ]
    http, sse = read(document(remotes=remotes))
    assert (http.transport, http.url, http.command) == (Transport.HTTP, "https://weather.example/mcp?units=metric", ())
    assert http.headers == ("Authorization", "X-Region")
    assert (http.required, http.secret) == ({"Authorization"}, {"Authorization"})
    assert http.provenance.version == "1.0.2"
    assert (sse.name, sse.transport, sse.url) == ("weather-2", Transport.SSE, "https://{tenant}.weather.example/sse")
    assert "the address has to be filled in: {tenant}" in sse.warnings
    assert "one of 2 ways to reach the same server; ask for one of them" in http.warnings


def test_a_package_that_serves_http_is_drafted_as_its_address() -> None:
    """It has to be started beside the gateway; how is said."""
    transport = {"type": "streamable-http", "url": "http://127.0.0.1:8080/mcp", "headers": [{"name": "X-Key"}]}
    (draft,) = read(document(package(transport=transport)))
    assert (draft.transport, draft.url, draft.command) == (Transport.HTTP, "http://127.0.0.1:8080/mcp", ())
    assert draft.headers == ("X-Key",)
    assert "start it beside Gatehouse: npx -y @corp/weather@1.0.2" in draft.warnings


def test_variables_of_arguments_are_filled_where_the_document_can() -> None:
    """What has a default is filled in, a secret never."""
    mount = {
        "type": "named",
        "name": "--mount",
        "value": "type=bind,src={source},dst={target}",
        "variables": {"source": {"isRequired": True}, "target": {"default": "/data"}},
    }
    (draft,) = read(document(package("oci", identifier="corp/weather:1", runtimeArguments=[mount])))
    assert "type=bind,src={source},dst=/data" in draft.command
    assert "an argument has to be filled in: {source}" in draft.warnings


def test_settings_of_a_container_are_named_and_their_values_not_kept() -> None:
    """`-e NAME={value}` is how registries say that a container needs a setting."""
    argument = {"type": "named", "name": "-e", "value": "WEATHER_KEY={key}", "variables": {"key": {"isSecret": True}}}
    (draft,) = read(document(package("oci", identifier="corp/weather:1", runtimeArguments=[argument])))
    assert " ".join(draft.command) == "docker run -i --rm -e WEATHER_KEY corp/weather:1"
    assert draft.env == ("WEATHER_KEY",)


def test_an_unusual_runner_is_named() -> None:
    """A document may name any program."""
    (draft,) = read(document(package(runtimeHint="bash")))
    assert "it is run by bash" in " ".join(draft.warnings)


def test_an_argument_that_is_a_secret_is_never_taken_over() -> None:
    """Even where the document itself gives it a value."""
    canary = "hunter" + "2"
    argument = {"type": "named", "name": "--code", "value": canary, "isSecret": True}
    (draft,) = read(document(package(packageArguments=[argument])))
    assert draft.command[-2:] == ("--code", "<left-out>")
    assert canary not in repr(draft)


def test_other_ways_that_cannot_be_drafted_are_named() -> None:
    """A bundle has no command; the others go on."""
    bundle = package("mcpb", identifier="https://files.example/weather.mcpb", fileSha256=SHA)
    draft, *rest = read(document(package(), bundle))
    assert rest == []
    assert "packages[1] is a package of the kind 'mcpb'" in " ".join(draft.warnings)
    with pytest.raises(CannotRead, match="cannot be drafted: packages.0. is a package of the kind 'mcpb'"):
        read(document(bundle))
    with pytest.raises(CannotRead, match="neither packages nor remotes"):
        read(document())


@pytest.mark.parametrize("version", ["latest", "^1.0.0", "1.x", ""])
def test_a_version_that_is_none_is_a_warning(version: str) -> None:
    """The registry refuses these; private registries may not."""
    (draft,) = read(document(package(version=version)))
    assert draft.provenance.version == ""
    assert "no version of @corp/weather is pinned" in " ".join(draft.warnings)


def test_the_names_that_fields_had_before_are_read() -> None:
    """Until September 2025 they were written with underscores."""
    old = {
        "registry_type": "npm",
        "identifier": "@corp/weather",
        "version": "1.0.2",
        "runtime_hint": "npx",
        "package_arguments": [{"type": "positional", "value_hint": "dir", "is_required": True}],
        "environment_variables": [{"name": "KEY", "is_secret": True, "is_required": True}],
        "file_sha256": SHA,
    }
    (draft,) = read(document(old))
    assert draft.command == ("npx", "-y", "@corp/weather@1.0.2", "<dir>")
    assert (draft.env, draft.required, draft.secret) == (("KEY",), {"KEY"}, {"KEY"})
    assert draft.provenance.digest == f"sha256:{SHA}"


def test_what_the_registry_itself_answers_is_read() -> None:
    """Its API wraps each document, and lists several; a server that it has withdrawn is marked."""
    about = {"io.modelcontextprotocol.registry/official": {"status": "deprecated", "isLatest": True}}
    wrapped = {"server": document(package()), "_meta": about}
    other = {"server": document(package(), name="com.vendor/mcp"), "_meta": {}}
    for value in ({"servers": [wrapped, other], "metadata": {"count": 2}}, [wrapped, other]):
        first, second = read(value)
        assert (first.name, second.name) == ("weather", "vendor")
        assert "the registry calls it deprecated" in first.warnings
        assert "the registry calls it deprecated" not in second.warnings
    assert [draft.name for draft in read(wrapped)] == ["weather"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (document(package(identifier="")), "has no identifier"),
        (document(package(identifier="--package=other")), "would not be taken for a package"),
        (document(package(identifier="a b")), "would not be taken for a package"),
        (document(package(transport={"type": "sse", "url": "x"})), "has no url that begins with http"),
        (document(remotes=[{"type": "carrier-pigeon", "url": "https://a.example"}]), "reached by 'carrier-pigeon'"),
        (document(remotes=[{"type": "sse"}]), "has no url"),
        (document(remotes=["x", None, 5]), "which is not known here"),
    ],
)
def test_what_cannot_be_drafted_says_where_and_why(wrong: dict[str, Any], says: str) -> None:
    """One clear error with the place in the document."""
    with pytest.raises(CannotRead) as refused:
        read(wrong)
    assert says in str(refused.value)
    assert str(refused.value).startswith("server.json: io.github.corp/weather cannot be drafted: ")


def test_another_package_registry_is_named() -> None:
    """The command does not ask it, and a reviewer should know that it was named."""
    (draft,) = read(document(package(registryBaseUrl="https://packages.example/npm")))
    assert "it names the package registry packages.example" in " ".join(draft.warnings)


def test_fifty_ways_are_the_most() -> None:
    """A bound on what one document can cost."""
    remote = {"type": "sse", "url": "https://a.example/sse"}
    assert len(read(document(remotes=[remote] * 50))) == 50
    with pytest.raises(CannotRead, match="more than 50 ways"):
        read(document(remotes=[remote] * 51))
