"""The official registry's `server.json` as drafts: one for each way to reach the server. Pure: no Django, no I/O.

The form of December 2025 is read, and the names that fields had before September 2025. Fields that are not known are
passed over. Commands are put together as the registry's document describes it; nothing is fetched or run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from registry.imports import fields, naming, packages, secrecy
from registry.imports.client_entries import MAX_DESCRIPTION, MAX_PLACE, MAX_URL, MAX_WORD, MAX_WORDS, Place
from registry.imports.draft import CannotRead, Draft, Provenance, Transport

SOURCE: Final = "server.json"
MAX_WAYS: Final = 50
_REMOTES: Final[Mapping[str, Transport]] = {
    "streamable-http": Transport.HTTP,
    "http": Transport.HTTP,
    "sse": Transport.SSE,
}
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]{0,63})\}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_USUAL: Final = frozenset(("npx", "bunx", "pnpx", "uvx", "docker", "podman", "dnx"))
_SNAKE: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


def is_server_json(value: object) -> bool:
    """Whether a value has the form of a `server.json`."""
    members = fields.mapping(value)
    lists = isinstance(members.get("packages"), list) or isinstance(members.get("remotes"), list)
    return isinstance(members.get("name"), str) and (
        lists or "server.schema.json" in fields.text(members.get("$schema"))
    )


def drafts_of_server(value: object, file: str = "") -> list[Draft]:
    """The drafts of one server, their names not yet told apart. Raises CannotRead when there is no way to reach it."""
    members = fields.mapping(value)
    name = fields.text(members.get("name"))
    where = Place(SOURCE, file).said(name)
    if sum(len(fields.listed(members.get(kind))) for kind in ("packages", "remotes")) > MAX_WAYS:
        raise CannotRead(f"{where} names more than {MAX_WAYS} ways to reach it; give fewer")
    ways: list[Draft] = []
    unusable: list[str] = []
    for kind, read in (("packages", _package), ("remotes", _remote)):
        for number, each in enumerate(fields.listed(members.get(kind))):
            try:
                ways.append(read(fields.mapping(each)))
            except _Unusable as wrong:
                unusable.append(f"{kind}[{number}] {wrong}")
    if not ways:
        why = "; ".join(unusable) or "it has neither packages nor remotes"
        raise CannotRead(f"{where} cannot be drafted: {why}; describe the server by its command or its address")
    said = [*_standing(members), *(f"another way is left out: {each}" for each in unusable)]
    if len(ways) > 1:
        said.append(f"one of {len(ways)} ways to reach the same server; ask for one of them")
    description = fields.text(members.get("description"))[:MAX_DESCRIPTION]
    return [
        replace(
            way,
            name=naming.from_registry_name(name),
            description=description,
            provenance=replace(
                way.provenance,
                file=file,
                entry=name[:MAX_PLACE],
                version=way.provenance.version or _own_version(way, members),
            ),
            warnings=(*way.warnings, *said),
        )
        for way in ways
    ]


class _Unusable(Exception):
    """A way to reach the server that no draft can say; the text goes on from its place."""


@dataclass(slots=True)
class _Given:
    """What inputs of one way amount to."""

    names: dict[str, None] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    secret: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)


def _member(members: Mapping[str, object], name: str) -> object:
    """A member by its name, or by the name it had in older documents."""
    return members.get(name, members.get(_SNAKE.sub(r"_\1", name).lower()))


def _own_version(way: Draft, members: dict[str, object]) -> str:
    """The version of the whole server, which is what is known of an address."""
    return fields.text(members.get("version")) if way.url and not way.provenance.package else ""


def _standing(members: dict[str, object]) -> list[str]:
    official = fields.mapping(members.get("_meta")).get("io.modelcontextprotocol.registry/official")
    status = fields.text(fields.first(fields.mapping(official), "status")) or fields.text(members.get("status"))
    return [f"the registry calls it {status}"] if status in ("deprecated", "deleted") else []


# Remotes.


def _remote(members: dict[str, object]) -> Draft:
    kind = fields.text(fields.first(members, "type", "transport_type", "transport"))
    transport = _REMOTES.get(kind)
    if transport is None:
        raise _Unusable(f"is reached by {kind[:40]!a}, which is not known here")
    url, said = _url(members)
    given = _inputs(members.get("headers"), _HEADER)
    return Draft(
        name="",
        transport=transport,
        url=url,
        headers=tuple(given.names),
        required=frozenset(given.required),
        secret=frozenset(given.secret),
        provenance=Provenance(source=SOURCE),
        warnings=(*said, *given.warnings),
    )


def _url(members: Mapping[str, object]) -> tuple[str, list[str]]:
    given = fields.text(members.get("url"))
    if len(given) > MAX_URL:
        raise _Unusable(f"has a url of more than {MAX_URL} characters")
    said = []
    if names := _PLACEHOLDER.findall(given):
        said.append(f"the address has to be filled in: {', '.join(f'{{{name}}}' for name in dict.fromkeys(names))}")
    try:
        # A place to fill in may stand for the host or the port, which an address cannot hold as it is written.
        parts = urlsplit(_PLACEHOLDER.sub("1", given))
        starts = given.startswith("{") or (parts.scheme in ("http", "https") and bool(parts.hostname))
        clean, left = (given, ()) if names else secrecy.clean_url(given, public=True)
    except ValueError:
        starts, clean, left = False, "", ()
    if not starts:
        raise _Unusable("has no url that begins with http:// or https://")
    return clean, [*said, *left]


# Packages.


def _package(members: dict[str, object]) -> Draft:
    registry = fields.text(_member(members, "registryType")) or fields.text(members.get("registry_name"))
    identifier = fields.text(members.get("identifier")) or fields.text(members.get("name"))
    if not identifier:
        raise _Unusable("has no identifier")
    if identifier.startswith("-") or re.search(r"\s", identifier):
        raise _Unusable("has an identifier that would not be taken for a package on a command line")
    given = _inputs(_member(members, "environmentVariables"), _VARIABLE)
    command, package, said = _command(members, registry.lower(), identifier, given)
    digest = fields.text(_member(members, "fileSha256"))
    provenance = Provenance(
        source=SOURCE,
        registry=registry,
        package=package.name,
        version=package.version,
        digest=package.digest or (f"sha256:{digest}" if _SHA256.fullmatch(digest) else ""),
    )
    said = [*package.warnings, *said, *_base(members)]
    transport = fields.mapping(members.get("transport"))
    if (way := _REMOTES.get(fields.text(transport.get("type")))) is not None:
        return _serving(transport, way, command, provenance, said)
    return Draft(
        name="",
        transport=Transport.STDIO,
        command=tuple(command),
        env=tuple(given.names),
        required=frozenset(given.required),
        secret=frozenset(given.secret),
        provenance=provenance,
        warnings=(*said, *given.warnings),
    )


def _serving(
    transport: dict[str, object], way: Transport, command: list[str], provenance: Provenance, said: list[str]
) -> Draft:
    """The draft of a package that serves an address when somebody has started it."""
    url, more = _url(transport)
    headers = _inputs(transport.get("headers"), _HEADER)
    return Draft(
        name="",
        transport=way,
        url=url,
        headers=tuple(headers.names),
        required=frozenset(headers.required),
        secret=frozenset(headers.secret),
        provenance=provenance,
        warnings=(f"start it beside Gatehouse: {' '.join(command)}", *said, *more, *headers.warnings),
    )


def _command(
    members: dict[str, object], registry: str, identifier: str, given: _Given
) -> tuple[list[str], packages.Package, list[str]]:
    """The command that runs a package, what it runs, what to say. Settings that stand on it are added to `given`."""
    version = fields.text(members.get("version"))
    hint = fields.text(_member(members, "runtimeHint"))
    build = _RUNNERS.get(registry)
    if build is None:
        raise _Unusable(f"is a package of the kind {registry[:40]!a}, for which there is no command to run it")
    said: list[str] = []
    before = _arguments(_member(members, "runtimeArguments"), said)
    after = _arguments(_member(members, "packageArguments"), said)
    words, package = build(identifier, version, hint, before, tuple(given.names))
    words += after
    if len(words) > MAX_WORDS or any(len(word) > MAX_WORD for word in words):
        raise _Unusable(f"has a command of more than {MAX_WORDS} words, or a word of more than {MAX_WORD} characters")
    if hint and hint not in _USUAL:
        said.append(f"it is run by {hint[:80]}, which is no usual runner of packages; look at the command")
    cleaned = secrecy.clean_command(words)
    given.names |= {name: None for name, _ in cleaned.settings}
    return cleaned.words, package, [*said, *cleaned.warnings]


_Built = tuple[list[str], packages.Package]


def _npm(identifier: str, version: str, hint: str, before: list[str], env: tuple[str, ...]) -> _Built:
    spec = f"{identifier}@{version}" if version else identifier
    runner = hint or "npx"
    yes = ["-y"] if runner == "npx" and not {"-y", "--yes"} & {*before} else []
    return [runner, *yes, *before, spec], packages.npm_package(spec)


def _pypi(identifier: str, version: str, hint: str, before: list[str], env: tuple[str, ...]) -> _Built:
    exact = bool(re.match(r"[0-9]", version))
    spec = f"{identifier}=={version}" if exact else f"{identifier}{'@' if version else ''}{version}"
    return [hint or "uvx", *before, spec], packages.pypi_package(spec)


def _oci(identifier: str, version: str, hint: str, before: list[str], env: tuple[str, ...]) -> _Built:
    tagged = "@" in identifier or ":" in identifier.rpartition("/")[2]
    spec = identifier if tagged or not version else f"{identifier}:{version}"
    named = [word for name in env if name not in before for word in ("-e", name)]
    run = [] if before[:1] == ["run"] else ["run"]
    quiet = [flag for flag in ("-i", "--rm") if flag not in before]
    return [
        hint or "docker",
        *run,
        *before[: 1 - len(run)],
        *quiet,
        *named,
        *before[1 - len(run) :],
        spec,
    ], packages.image(spec)


def _nuget(identifier: str, version: str, hint: str, before: list[str], env: tuple[str, ...]) -> _Built:
    spec = f"{identifier}@{version}" if version else identifier
    named = packages.npm_package(spec)
    return [hint or "dnx", *before, spec, "--yes", "--"], replace(named, registry="nuget")


_RUNNERS: Final[Mapping[str, Callable[[str, str, str, list[str], tuple[str, ...]], _Built]]] = {
    "npm": _npm,
    "pypi": _pypi,
    "oci": _oci,
    "docker": _oci,
    "nuget": _nuget,
}


def _base(members: dict[str, object]) -> list[str]:
    try:
        host = urlsplit(fields.text(_member(members, "registryBaseUrl"))).hostname or ""
    except ValueError:
        host = ""
    return [f"it names the package registry {host[:120]}; the command asks the one that is set up here"] if host else []


# Inputs: arguments, environment variables and headers.


def _arguments(value: object, said: list[str]) -> list[str]:
    words: list[str] = []
    for each in fields.listed(value):
        members = fields.mapping(each)
        name = fields.text(members.get("name")) if fields.text(members.get("type")) == "named" else ""
        given = _value(members, said, name)
        if name:
            words += [name] if given is None and not _wanted(members) else [name, given or f"<{name.lstrip('-')}>"]
        elif given is not None:
            words.append(given)
        elif _wanted(members):
            hint = fields.text(_member(members, "valueHint")) or "value"
            said.append(f"an argument has to be filled in: <{hint[:80]}>")
            words.append(f"<{hint[:80]}>")
    return [word for word in words if word]


def _wanted(members: Mapping[str, object]) -> bool:
    return _member(members, "isRequired") is True


def _value(members: Mapping[str, object], said: list[str], name: str) -> str | None:
    """The value an argument has without asking anybody; None where it has none. A secret one is never taken over."""
    value = fields.word(members.get("value"))
    value = fields.word(members.get("default")) if value is None else value
    if _member(members, "isSecret") is True:
        said.append(
            f"the argument {name or 'of the command'} is a secret; give it as a setting of the environment"[:300]
        )
        return secrecy.LEFT_OUT
    if value is None:
        if name and _wanted(members):
            said.append(f"an argument has to be filled in: {name[:80]}")
        return None
    variables = fields.mapping(members.get("variables"))
    for variable in dict.fromkeys(_PLACEHOLDER.findall(value)):
        default = fields.word(fields.first(fields.mapping(variables.get(variable)), "value", "default"))
        if default is not None and _member(fields.mapping(variables.get(variable)), "isSecret") is not True:
            value = value.replace(f"{{{variable}}}", default)
        else:
            said.append(f"an argument has to be filled in: {{{variable}}}")
    return value


def _inputs(value: object, grammar: re.Pattern[str]) -> _Given:
    given = _Given()
    for each in fields.listed(value):
        members = fields.mapping(each)
        name = fields.text(members.get("name"))
        if not grammar.fullmatch(name):
            given.warnings.append("one setting has a name that cannot be used; it was left out")
            continue
        given.names[name] = None
        if _wanted(members):
            given.required.add(name)
        fixed = fields.word(members.get("value")) or ""
        if _member(members, "isSecret") is True or secrecy.secret_name(name):
            given.secret.add(name)
        if secrecy.looks_secret(name, fixed) and not _PLACEHOLDER.search(fixed):
            given.warnings.append(f"value of {name} was left out; keep it in the vault and name it there")
        elif fixed and not _PLACEHOLDER.search(fixed):
            given.warnings.append(f"the document gives {name} a value, which was left out; give it yourself")
    return given
