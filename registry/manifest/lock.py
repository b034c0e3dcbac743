"""`gatehouse.lock`: which items of which servers are approved, by digest, as a file to review. Pure: no Django, no I/O.

A line holds one item, so that a version control system shows what moved. The digests of a server are those of the items
that stand there, so a file that was merged or edited wrongly is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias

from governance.inspection.finding import pointer
from governance.policy.reading import suggestion
from governance.text.visible import one_line
from registry.manifest.canonical import MAX_ITEMS, MAX_NAME, Key, Kind, Manifest, held_digest, whole_digest
from registry.manifest.diff import Difference, compare_digests

VERSION: Final = 1
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_SERVERS: Final = 10_000
NAME_SHOWN: Final = 80

_SERVER: Final = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII).fullmatch
_RESERVED: Final = "gatehouse"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII).fullmatch


class LockError(ValueError):
    """A lock that cannot be read. The text begins with `line:column` or the JSON pointer of what is wrong with it."""


@dataclass(frozen=True, slots=True)
class LockedItem:
    """One approved item."""

    kind: Kind
    name: str
    digest: str

    @property
    def key(self) -> Key:
        """Kind and name: unique within a server."""
        return self.kind, self.name


@dataclass(frozen=True, slots=True)
class LockedServer:
    """The approved items of one server, ordered by kind and name, and the digests over them (see `Manifest`)."""

    name: str
    manifest: str
    held: str
    items: tuple[LockedItem, ...]

    @property
    def digests(self) -> dict[Key, str]:
        """The items' digests by kind and name."""
        return {item.key: item.digest for item in self.items}

    def against(self, manifest: Manifest) -> Difference:
        """How what a server offers departs from what is locked."""
        return compare_digests(self.digests, {item.key: item.digest for item in manifest.items})


@dataclass(frozen=True, slots=True)
class Lock:
    """Servers by name, in order."""

    servers: tuple[LockedServer, ...]

    @property
    def by_name(self) -> dict[str, LockedServer]:
        """The servers by name."""
        return {server.name: server for server in self.servers}


def locked(name: str, digests: Mapping[Key, str]) -> LockedServer:
    """One server with the items that have these digests; for the whole of a manifest, both digests are its own."""
    items = tuple(LockedItem(kind, item, digests[kind, item]) for kind, item in sorted(digests))
    return LockedServer(name, whole_digest(digests), held_digest(digests), items)


def lock_of(manifests: Mapping[str, Manifest]) -> Lock:
    """The lock of servers that are approved as a whole."""
    return lock_servers(
        locked(name, {item.key: item.digest for item in manifest.items}) for name, manifest in manifests.items()
    )


def lock_servers(servers: Iterable[LockedServer]) -> Lock:
    """The lock of these servers."""
    return Lock(tuple(sorted(servers, key=lambda server: server.name)))


def write_lock(lock: Lock) -> bytes:
    """The one text of a lock: equal locks have equal bytes. All of it is ASCII, so that nothing in it is invisible."""
    servers = ",\n".join(_written_server(server) for server in lock.servers)
    body = f"{{\n{servers}\n  }}" if servers else "{}"
    return f'{{\n  "version": {VERSION},\n  "servers": {body}\n}}\n'.encode("ascii")


def _written_server(server: LockedServer) -> str:
    items = ",\n".join(
        f'        {{"kind": {json.dumps(item.kind.value)}, "name": {json.dumps(item.name)}, '
        f'"digest": {json.dumps(item.digest)}}}'
        for item in server.items
    )
    listed = f"[\n{items}\n      ]" if items else "[]"
    return (
        f"    {json.dumps(server.name)}: {{\n"
        f'      "manifest": {json.dumps(server.manifest)},\n'
        f'      "held": {json.dumps(server.held)},\n'
        f'      "items": {listed}\n'
        "    }"
    )


class _Pairs:
    """An object as it stands in the text: its members in order, a key that is there twice included."""

    __slots__ = ("members",)

    def __init__(self, members: list[tuple[str, _Parsed]]) -> None:
        self.members: Final = members


_Parsed: TypeAlias = "_Pairs | list[_Parsed] | str | int | float | bool | None"
_Steps: TypeAlias = "tuple[str | int, ...]"


def read_lock(data: bytes) -> Lock:
    """The lock that a file holds, in whatever layout. Raises LockError.

    Refused are unknown, missing and repeated keys, other versions, and digests that are not those of the items.
    """
    top = _members(_parsed(data), (), {"version", "servers"})
    version = top["version"]
    if isinstance(version, bool) or version != VERSION:
        _refuse(("version",), f"is not {VERSION}, the one version that is read here")
    servers = _object(top["servers"], ("servers",))
    if len(servers) > MAX_SERVERS:
        _refuse(("servers",), f"has more than {MAX_SERVERS} servers")
    return lock_servers(_read_server(name, value) for name, value in servers.items())


def _parsed(data: bytes) -> _Parsed:
    if len(data) > MAX_BYTES:
        raise LockError(f"1:1: the file is larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise LockError(f"{line}:{column}: not UTF-8") from None
    try:
        value: _Parsed = json.loads(
            text, object_pairs_hook=_Pairs, parse_int=_number, parse_float=_number, parse_constant=_number
        )
    except json.JSONDecodeError as error:
        raise LockError(f"{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise LockError("1:1: objects and arrays are nested too deeply") from None
    return value


def _number(literal: str) -> int | float:
    # The version is the only number of a lock: what is not plainly an integer is no version.
    return int(literal) if literal.isdecimal() and len(literal) < 10 else float("nan")


def _read_server(name: str, value: _Parsed) -> LockedServer:
    at: _Steps = ("servers", name)
    if not _SERVER(name) or name == _RESERVED:
        _refuse(at, "is no server name: up to 40 lower-case letters, digits and dashes, a letter first")
    fields = _members(value, at, {"manifest", "held", "items"})
    listed = fields["items"]
    if not isinstance(listed, list):
        _refuse((*at, "items"), "is not a list")
    if len(listed) > MAX_ITEMS:
        _refuse((*at, "items"), f"has more than {MAX_ITEMS} items")
    digests: dict[Key, str] = {}
    for place, member in enumerate(listed):
        item = _read_item(member, (*at, "items", place))
        if item.key in digests:
            _refuse((*at, "items", place), f"is the second {item.kind} of the name {_shown(item.name)}")
        digests[item.key] = item.digest
    server = locked(name, digests)
    for key, computed in (("manifest", server.manifest), ("held", server.held)):
        if _digest(fields[key], (*at, key)) != computed:
            _refuse((*at, key), f"is not the digest of the items that stand here, which is {computed}")
    return server


def _read_item(value: _Parsed, at: _Steps) -> LockedItem:
    fields = _members(value, at, {"kind", "name", "digest"})
    kind, name = fields["kind"], fields["name"]
    kinds = [each.value for each in Kind]
    if not isinstance(kind, str) or kind not in kinds:
        _refuse((*at, "kind"), f"is none of {', '.join(kinds)}")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        _refuse((*at, "name"), f"is no text of 1 to {MAX_NAME} characters")
    if any("\ud800" <= character <= "\udfff" for character in name):
        _refuse((*at, "name"), "holds half of a surrogate pair")
    return LockedItem(Kind(kind), name, _digest(fields["digest"], (*at, "digest")))


def _digest(value: _Parsed, at: _Steps) -> str:
    if not isinstance(value, str) or not _DIGEST(value):
        _refuse(at, "is no digest: sha256: and 64 hexadecimal digits")
    return value


def _object(value: _Parsed, at: _Steps) -> dict[str, _Parsed]:
    if not isinstance(value, _Pairs):
        _refuse(at, "is not an object")
    found: dict[str, _Parsed] = {}
    for key, member in value.members:
        if key in found:
            _refuse((*at, key), "stands there twice")
        found[key] = member
    return found


def _members(value: _Parsed, at: _Steps, known: set[str]) -> dict[str, _Parsed]:
    found = _object(value, at)
    for key in found:
        if key not in known:
            _refuse((*at, key), f"is not known here{suggestion(key[:NAME_SHOWN], known)}")
    for key in sorted(known - found.keys()):
        _refuse(at, f"has no {key}")
    return found


def _refuse(at: _Steps, what: str) -> NoReturn:
    raise LockError(f"{one_line(pointer(at), 4 * NAME_SHOWN) or 'the file'}: {what}")


def _shown(name: str) -> str:
    return json.dumps(name[:NAME_SHOWN])
