"""One server of a client's configuration, whichever client wrote it, as a draft. Pure: no Django, no I/O."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from governance.text.visible import one_line
from registry.imports import fields, naming, packages, secrecy
from registry.imports.draft import CannotRead, Draft, Provenance, Transport

MAX_DESCRIPTION: Final = 2000
MAX_WORDS: Final = 1000
MAX_WORD: Final = 8192
MAX_URL: Final = 2000
MAX_PLACE: Final = 400
SHOWN: Final = 120

_WAYS: Final[Mapping[str, Transport]] = {
    "stdio": Transport.STDIO,
    "local": Transport.STDIO,
    "http": Transport.HTTP,
    "streamable-http": Transport.HTTP,
    "streamablehttp": Transport.HTTP,
    "http-stream": Transport.HTTP,
    "remote": Transport.HTTP,
    "sse": Transport.SSE,
}
_URLS: Final = ("url", "serverUrl", "httpUrl", "uri")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)
_FILLED_IN: Final = re.compile(r"\$\{[^{}]{0,200}\}")


@dataclass(slots=True)
class _Settings:
    """Names of settings, and what to say about their values."""

    names: dict[str, None] = field(default_factory=dict)
    secret: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    def add(self, name: str, value: object, grammar: re.Pattern[str], what: str) -> None:
        """Keep the name, and say so where a value that looks like a secret stays behind."""
        if not grammar.fullmatch(name):
            self.warnings.append(f"one {what} has a name that cannot be used; it was left out")
            return
        self.names[name] = None
        given = fields.word(value) or ""
        if secrecy.looks_secret(name, given):
            self.secret.add(name)
            self.warnings.append(f"value of {name} was left out; keep it in the vault and name it there")
        elif secrecy.secret_name(name):
            self.secret.add(name)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands: the form of the file, its name, and the words before the entry's own."""

    source: str
    file: str = ""
    within: str = ""

    def entry(self, name: str) -> str:
        """The entry as a person finds it in the file."""
        return (f"{self.within}.{name}" if self.within else name)[:MAX_PLACE]

    def said(self, name: str) -> str:
        """File and entry on one line, for an error."""
        place = one_line(self.entry(name), SHOWN)
        return f"{one_line(self.file, SHOWN)}: {place}" if self.file else place


def draft_of_entry(name: str, entry: object, place: Place) -> Draft:
    """The draft of one entry, under a suggested name that may be taken. Raises CannotRead naming the entry."""
    members = fields.mapping(entry)
    where = place.said(name)
    if not isinstance(entry, dict):
        raise CannotRead(f"{where} is no description of a server; write an object with a command or a url")
    transport, url, words = _way(members, where)
    settings, headers = _environment(members), _headers(members)
    command, said = secrecy.Cleaned(), []
    if transport is Transport.STDIO:
        command = secrecy.clean_command(words)
        for setting, value in command.settings:
            settings.add(setting, value, _VARIABLE, "environment variable")
    else:
        url, left = _address(url, where)
        said += left
    package = packages.package_of(command.words)
    said += [*command.warnings, *settings.warnings, *headers.warnings]
    said += package.warnings if package else ()
    said += _remarks(members, command.words, url)
    cwd, remark = _folder(members) if transport is Transport.STDIO else ("", ())
    return Draft(
        name=naming.suggested(name, package.name.rpartition("/")[2] if package else ""),
        transport=transport,
        url=url,
        command=tuple(command.words),
        cwd=cwd,
        env=tuple(settings.names) if transport is Transport.STDIO else (),
        headers=tuple(headers.names) if transport is not Transport.STDIO else (),
        secret=frozenset((settings if transport is Transport.STDIO else headers).secret),
        description=fields.text(members.get("description"))[:MAX_DESCRIPTION],
        provenance=_provenance(place, name, package),
        warnings=tuple(dict.fromkeys([*said, *remark])),
    )


def _way(members: dict[str, object], where: str) -> tuple[Transport, str, list[str]]:
    """How the server is reached: the transport, and the address or the words of the command."""
    said = fields.text(fields.first(members, "type", "transport", "transportType"))
    words = _words(members, where)
    url = next((found for key in _URLS if (found := fields.text(members.get(key)))), "")
    named = _WAYS.get(said.lower().replace("_", "-"))
    if words and named not in (Transport.HTTP, Transport.SSE):
        return Transport.STDIO, "", words
    if not url:
        lacks = "no url" if named in (Transport.HTTP, Transport.SSE) else "neither a command nor a url"
        raise CannotRead(f"{where} has {lacks}; add it, or take the entry out")
    if named in (Transport.HTTP, Transport.SSE):
        return named, url, []
    return (Transport.SSE if _ends_in_sse(url) else Transport.HTTP), url, []


def _ends_in_sse(url: str) -> bool:
    return url.partition("?")[0].rstrip("/").endswith("/sse")


def _words(members: dict[str, object], where: str) -> list[str]:
    command = members.get("command")
    given = fields.mapping(command)  # Zed once wrote {path, args, env} here.
    program = given.get("path") if given else command
    head = fields.listed(program) if isinstance(program, list) else [program] if fields.text(program) else []
    arguments = fields.first(given, "args") if given else members.get("args")
    words = [fields.word(each) for each in (*head, *fields.listed(arguments))]
    if None in words:
        raise CannotRead(f"{where}: a word of its command is no text; write every argument as a text")
    if len(words) > MAX_WORDS:
        raise CannotRead(f"{where}: its command has more than {MAX_WORDS} words; shorten it")
    if any(word is not None and len(word) > MAX_WORD for word in words):
        raise CannotRead(f"{where}: a word of its command is longer than {MAX_WORD} characters; shorten it")
    return _apart([word for word in words if word is not None])


def _apart(words: list[str]) -> list[str]:
    """The words of a command that somebody wrote as one text."""
    if len(words) != 1 or not re.search(r"\s", words[0]) or "\\" in words[0]:
        return words
    try:
        return shlex.split(words[0]) or words
    except ValueError:
        return words


def _address(url: str, where: str) -> tuple[str, list[str]]:
    if len(url) > MAX_URL:
        raise CannotRead(f"{where}: its url is longer than {MAX_URL} characters; shorten it")
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        clean, left = secrecy.clean_url(url)
    except ValueError:
        fits, clean, left = False, "", ()
    if not fits and not _FILLED_IN.match(url):
        raise CannotRead(f"{where}: its url must begin with http:// or https:// and name a host; correct it")
    return clean, list(left)


def _environment(members: dict[str, object]) -> _Settings:
    """The environment in every spelling: `env`, `environment`, Zed's inner `env`, Codex's list of names."""
    settings = _Settings()
    inner = fields.mapping(members.get("command")).get("env")
    for found in (members.get("env"), members.get("environment"), inner):
        for name, value in fields.mapping(found).items():
            settings.add(name, value, _VARIABLE, "environment variable")
    for each in fields.listed(members.get("env_vars")):
        name = fields.text(each) or fields.text(fields.mapping(each).get("name"))
        settings.add(name, "", _VARIABLE, "environment variable")
    return settings


def _headers(members: dict[str, object]) -> _Settings:
    settings = _Settings()
    sources: Iterable[object] = (members.get(key) for key in ("headers", "http_headers", "requestHeaders"))
    for found in sources:
        for name, value in fields.mapping(found).items():
            settings.add(name, value, _HEADER, "header")
    for name in fields.mapping(members.get("env_http_headers")):
        settings.add(name, "", _HEADER, "header")
    if fields.text(members.get("bearer_token_env_var")) or members.get("bearer_token") is not None:
        settings.add("Authorization", fields.word(members.get("bearer_token")) or "", _HEADER, "header")
    return settings


def _folder(members: dict[str, object]) -> tuple[str, tuple[str, ...]]:
    folder = fields.text(members.get("cwd"))
    if not folder or (folder.startswith("/") and ".." not in folder.split("/") and not _FILLED_IN.search(folder)):
        return folder, ()
    return "", ("its folder is no absolute path and was left out; give one if the server needs it",)


def _remarks(members: dict[str, object], words: list[str], url: str) -> list[str]:
    said = []
    if packages.runs_a_shell(words):
        said.append("it runs a shell, so that the command does not show what is started; name the program itself")
    if any(_FILLED_IN.search(word) for word in words) or _FILLED_IN.search(url):
        said.append("it holds ${…}, which only the client fills in; write the value, or leave it out")
    if fields.first(members, "envFile", "env_file") is not None:
        said.append("the client reads further settings from a file; name those that the server needs")
    if members.get("headersHelper") is not None:
        said.append("the client makes its headers with a program; name those that the server needs")
    if members.get("disabled") is True or members.get("enabled") is False:
        said.append("it is switched off in the client")
    if members.get("command") is not None and any(members.get(key) is not None for key in _URLS):
        said.append("the file gives both a command and a url; one of them is not used")
    return said


def is_off(entry: object) -> bool:
    """Whether the client has this entry and does not use it."""
    members = fields.mapping(entry)
    return members.get("disabled") is True or members.get("enabled") is False


def _provenance(place: Place, name: str, package: packages.Package | None) -> Provenance:
    return Provenance(
        source=place.source,
        file=place.file,
        entry=place.entry(name),
        registry=package.registry if package else "",
        package=package.name if package else "",
        version=package.version if package else "",
        digest=package.digest if package else "",
    )
