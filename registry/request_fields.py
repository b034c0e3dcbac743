"""What a person may write into a request: every field read strictly, each refusal naming the field and the remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError

from governance.models import Agent, Team
from registry.configuration.servers import HEADER, OURS, VARIABLE, url_problem
from registry.models import DataClass, Environment, Server, ServerRequest, Transport
from registry.models.servers import SERVER_NAME
from registry.targets import judged
from registry.transports.sandbox import BadSandbox, read_sandbox

ADDRESS: Final = ("transport", "url", "command", "cwd", "env", "headers", "private_address", "sandbox")
"""Fields that say what looking at the server reaches; a change of one voids what was seen and accepted."""
JUSTIFICATION: Final = 20
MOST_DAYS: Final = 730
# What a server's record is told to permit, a request asks for.
_PERMIT: Final = "Set allow_private_address to permit it"
_ASK: Final = "Ask for a private address, which an administrator has to accept"
_WORD: Final = re.compile(r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,59}")


class BadRequest(ValueError):
    """What cannot be stored or submitted as asked: `field` names it, the message says why and what to write."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def read_fields(fields: Mapping[str, Any], *, known: Collection[str]) -> dict[str, Any]:
    """The fields as they are stored. Raises BadRequest for an unknown field or a value that cannot be kept."""
    for name in fields:
        if name not in known:
            raise BadRequest(str(name), f"There is no field {str(name)!r}; a request has {', '.join(sorted(known))}.")
    return {name: READERS[name](name, value) for name, value in fields.items()}


def require_complete(request: ServerRequest) -> None:
    """Return when the request can be submitted. Raises BadRequest naming the first thing that is missing."""
    if not request.name:
        raise BadRequest("name", "Give the server a name, such as tickets; agents will see it.")
    if Server.objects.filter(name=request.name).exists():
        raise BadRequest("name", f"A server named {request.name} exists already; choose another name.")
    require_address(request)
    if request.team is None:
        raise BadRequest("team", "Choose the team that will own the server.")
    if len(request.justification.strip()) < JUSTIFICATION:
        raise BadRequest("justification", f"Say in at least {JUSTIFICATION} characters what the server is needed for.")


def require_address(request: ServerRequest) -> None:
    """Return when the request says where its server is, in fields that go together. Raises BadRequest."""
    if request.transport == Transport.STDIO:
        if not request.command:
            raise BadRequest("command", "Write the command as a list, the program first; no shell reads it.")
        _refuse(request, "url", "headers", "private_address")
        return
    if not request.url:
        raise BadRequest("url", "Write the address of the server, such as https://tickets.example.com/mcp.")
    _refuse(request, "command", "cwd", "env", "sandbox")
    judgement = judged(request.url, allow_private=request.private_address)
    if not judgement.allowed:
        remedy = judgement.remedy.replace(_PERMIT, _ASK).replace(_PERMIT.lower(), _ASK.lower())
        raise BadRequest("url", f"{judgement.reason} {remedy}".strip())


def _refuse(request: ServerRequest, *foreign: str) -> None:
    for name in foreign:
        if getattr(request, name):
            raise BadRequest(name, f"{name} does not go with the transport {request.transport}; leave it empty.")


def _text(most: int) -> Callable[[str, Any], str]:
    def read(field: str, value: Any) -> str:
        if not isinstance(value, str):
            raise BadRequest(field, f"{field} is a text.")
        text = value.strip()
        if len(text) > most:
            raise BadRequest(field, f"{field} has at most {most} characters; these are {len(text)}.")
        return _storable(field, text)

    return read


def read_text(field: str, value: Any) -> str:
    """A comment or a reason. Raises BadRequest."""
    return _text(4000)(field, value)


def _storable(field: str, text: str) -> str:
    """Text that every database takes."""
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise BadRequest(field, f"{field} holds a character that cannot be stored; remove it.")
    return text


def _name(field: str, value: Any) -> str:
    name = _text(40)(field, value)
    try:
        if name:
            SERVER_NAME(name)
    except ValidationError as error:
        raise BadRequest(field, " ".join(error.messages)) from None
    return name


def _url(field: str, value: Any) -> str:
    url = _text(2000)(field, value)
    if "@" in url.partition("//")[2].partition("/")[0]:
        raise BadRequest(field, "The address holds credentials; leave them out and name the header that carries them.")
    if url and (problem := url_problem(url)):
        raise BadRequest(field, f"The address {problem.rstrip('.')}.")
    return url


def _command(field: str, value: Any) -> list[str]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) for part in value):
        raise BadRequest(field, "The command is a list of texts, the program first; no shell reads it.")
    command = [_storable(field, part) for part in value]
    if command and not command[0].strip():
        raise BadRequest(field, "The first part of the command is the program; it cannot be empty.")
    if len(command) > 200 or sum(map(len, command)) > 20_000:
        raise BadRequest(field, "A command has at most 200 parts and 20000 characters.")
    return command


def _folder(field: str, value: Any) -> str:
    folder = _text(1000)(field, value)
    if folder and (not folder.startswith("/") or ".." in folder.split("/")):
        raise BadRequest(field, "The folder is an absolute path without `..`.")
    return folder


def _names(fits: re.Pattern[str], *, headers: bool) -> Callable[[str, Any], dict[str, None]]:
    def read(field: str, value: Any) -> dict[str, None]:
        if isinstance(value, Mapping):
            if any(given is not None for given in value.values()):
                raise BadRequest(
                    field,
                    f"Write only the names of {field}; an administrator who accepts the request binds secrets to them.",
                )
        elif isinstance(value, str) or not isinstance(value, Collection):
            raise BadRequest(field, f"{field} is a list of names.")
        names = list(value)
        for name in names:
            if not isinstance(name, str) or not fits.fullmatch(name):
                raise BadRequest(field, f"{str(name)[:60]!r} is no name that can be used under {field}.")
            if headers and (name.lower() in OURS or name.lower().startswith("mcp-")):
                raise BadRequest(field, f"{name} is set by the gateway; leave it out.")
        compared = [name.lower() for name in names] if headers else names
        if len(set(compared)) != len(names) or len(names) > 50:
            raise BadRequest(field, f"{field} names each thing once, and at most 50 of them.")
        return dict.fromkeys(names)

    return read


def _flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(field, f"{field} is true or false.")
    return value


def _object(field: str, value: Any) -> dict[str, Any]:
    try:
        if isinstance(value, Mapping) and len(json.dumps(value, allow_nan=False)) <= 4000:
            return dict(value)
    except (TypeError, ValueError):
        pass
    raise BadRequest(field, f"{field} is an object of at most 4000 characters.")


def _sandbox(field: str, value: Any) -> dict[str, Any]:
    try:
        return dict(read_sandbox(_object(field, value)).record())
    except BadSandbox as error:
        raise BadRequest(field, f"The sandbox cannot be kept: {error}.") from None


def _words(field: str, value: Any) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Collection) or len(value) > 50:
        raise BadRequest(field, f"{field} is a list of at most 50 words.")
    words = [word.strip() if isinstance(word, str) else word for word in value]
    for word in words:
        if not isinstance(word, str) or not _WORD.fullmatch(word):
            raise BadRequest(field, f"Each of {field} is a word of at most 60 characters.")
        _storable(field, word)
    return list(dict.fromkeys(words))


def _team(field: str, value: Any) -> Team | None:
    if value is None or value == "":
        return None
    if isinstance(value, Team):
        return value
    team = Team.objects.filter(name=_text(80)(field, value)).first()
    if team is None:
        raise BadRequest(field, f"There is no team {value!r}; choose one that exists.")
    return team


def _agents(field: str, value: Any) -> list[str]:
    """Names of agents that exist: whose they are decides who may not approve."""
    names = sorted(_words_as_names(field, value))
    known = set(Agent.objects.filter(name__in=names).values_list("name", flat=True))
    if unknown := [name for name in names if name not in known]:
        raise BadRequest(field, f"There is no agent {unknown[0]!r}; name agents that exist.")
    return names


def _words_as_names(field: str, value: Any) -> set[str]:
    if isinstance(value, str) or not isinstance(value, Collection) or len(value) > 50:
        raise BadRequest(field, "agents is a list of at most 50 names.")
    if not all(isinstance(name, str) and len(name) <= 80 for name in value):
        raise BadRequest(field, "Each of agents is the name of an agent.")
    return {_storable(field, name.strip()) for name in value if name.strip()}


def _member(choices: Collection[str], *, empty: bool) -> Callable[[str, Any], str]:
    def read(field: str, value: Any) -> str:
        if value in choices or (empty and value == ""):
            return str(value)
        raise BadRequest(field, f"{field} is one of {', '.join(choices)}.")

    return read


def read_days(field: str, value: Any) -> int | None:
    """A number of days, or None for an approval without an end."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_DAYS:
        raise BadRequest(field, f"{field} is a whole number from 1 to {MOST_DAYS}.")
    return value


READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "name": _name,
    "transport": _member(Transport.values, empty=False),
    "url": _url,
    "command": _command,
    "cwd": _folder,
    "env": _names(VARIABLE, headers=False),
    "headers": _names(HEADER, headers=True),
    "private_address": _flag,
    "sandbox": _sandbox,
    "description": _text(2000),
    "team": _team,
    "tags": _words,
    "category": _words,
    "environment": _member(Environment.values, empty=True),
    "justification": _text(4000),
    "data_class": _member(DataClass.values, empty=False),
    "agents": _agents,
    "days": read_days,
    "imported": _object,
}
EDITABLE_FIELDS: Final = frozenset(READERS) - {"imported"}
"""What the requester may write; where an imported draft came from is said once, when it is made."""
