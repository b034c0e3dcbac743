"""What is known of a program or an address, as values with a JSON form; how two differ. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.canonical.values import JSON


@dataclass(frozen=True, slots=True)
class Files:
    """A digest over several things: `sha256` of what `covers` says, of `count` of them; "" where there is none."""

    sha256: str
    count: int
    covers: str

    def record(self) -> dict[str, JSON]:
        """Its JSON form."""
        return {"sha256": self.sha256, "count": self.count, "covers": self.covers}


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package: `files` are its own, `beside` all packages of its environment, `integrity` npm's own word.

    `differing` counts files that are not what was installed, by the package's own list.
    """

    ecosystem: str
    name: str
    version: str
    files: Files | None = None
    beside: Files | None = None
    integrity: str = ""
    differing: int = 0

    def record(self) -> dict[str, JSON]:
        """Its JSON form."""
        return {
            "ecosystem": self.ecosystem,
            "name": self.name,
            "version": self.version,
            "files": self.files.record() if self.files else None,
            "beside": self.beside.record() if self.beside else None,
            "integrity": self.integrity,
            "differing": self.differing,
        }


@dataclass(frozen=True, slots=True)
class Program:
    """What a command would run. `real` is where `program` leads by links; `script` what an interpreter is given.

    `sha256` is of the script where there is one, else of the program's file. `unknown` says in sentences what cannot
    be told before it runs.
    """

    program: str
    real: str = ""
    script: str = ""
    sha256: str = ""
    package: Package | None = None
    unknown: tuple[str, ...] = ()

    def record(self) -> dict[str, JSON]:
        """Its JSON form."""
        return {
            "kind": "program",
            "program": self.program,
            "real": self.real,
            "script": self.script,
            "sha256": self.sha256,
            "package": self.package.record() if self.package else None,
            "unknown": list(self.unknown),
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a web server is, and who answered there; `certificate` as `Certificate.record` gives it."""

    scheme: str
    host: str
    port: int
    peer: str = ""
    certificate: Mapping[str, JSON] | None = None

    def record(self) -> dict[str, JSON]:
        """Its JSON form."""
        return {
            "kind": "place",
            "scheme": self.scheme,
            "host": self.host,
            "port": self.port,
            "peer": self.peer,
            "certificate": dict(self.certificate) if self.certificate else None,
        }


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What of a program or address is not as it was, in sentences; "" where nothing is, or nothing was known before.

    A renewed certificate of the same issuer, and another address behind the same name, are no difference.
    """
    if not before or not after:
        return ""
    if before.get("kind") != after.get("kind"):
        return "It is reached in another way than before."
    told = _of_places(before, after) if after.get("kind") == "place" else _of_programs(before, after)
    return " ".join(told)


def _of_programs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    told = [
        f"The {what} is {after.get(key) or 'gone'}, it was {before[key]}."
        for key, what in (("real", "program"), ("script", "script"))
        if before.get(key) and before[key] != after.get(key)
    ]
    old, new = before.get("package") or {}, after.get("package") or {}
    if old and not new:
        return [*told, f"It was {_named(old)}; what it is now cannot be told."]
    if old and (old.get("name"), old.get("version")) != (new.get("name"), new.get("version")):
        return [*told, f"The package is {_named(new)}, it was {_named(old)}."]
    if _changed(old, new, "files"):
        told.append(f"Files of {_named(new)} changed, though its version did not.")
    elif not told and before.get("sha256") and before["sha256"] != after.get("sha256"):
        told.append("The file that is run changed.")
    if _changed(old, new, "beside"):
        told.append("Packages that it may load changed.")
    return told


def _changed(old: Mapping[str, Any], new: Mapping[str, Any], key: str) -> bool:
    earlier = (old.get(key) or {}).get("sha256")
    return bool(earlier) and earlier != (new.get(key) or {}).get("sha256")


def _named(package: Mapping[str, Any]) -> str:
    return f"{package.get('name')} {package.get('version')}"


def _of_places(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    told = []
    old, new = (f"{each.get('scheme')}://{each.get('host')}:{each.get('port')}" for each in (before, after))
    if old != new:
        told.append(f"The address is {new}, it was {old}.")
    issuer, earlier = ((each.get("certificate") or {}).get("issuer") for each in (after, before))
    if earlier and issuer and issuer != earlier:
        told.append(f"The certificate was issued by {issuer}, the one before by {earlier}.")
    return told
