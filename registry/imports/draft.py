"""A server as some file describes it, before anybody has asked for it: what a server request is filled with. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Transport(StrEnum):
    """How a server is reached; the words of `gatehouse.yaml`."""

    STDIO = "stdio"
    HTTP = "http"
    SSE = "sse"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a server comes from, as far as the file says. Nothing of it has been verified.

    `source` names the form that was read, `file` the file, `entry` the name in it. `registry` is `npm`, `pypi`, `oci`,
    `nuget`, `mcpb` or another word of the file; `version` is empty where none is pinned. `digest` is `sha256:<hex>`.
    """

    source: str
    file: str = ""
    entry: str = ""
    registry: str = ""
    package: str = ""
    version: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """One server to ask for. It holds names of settings and never a value of one.

    `name` fits the grammar of server names and is unique among the drafts of one file. `url` belongs to http and sse,
    `command` and `cwd` to stdio; where the file says no absolute folder, `cwd` is empty. `env` and `headers` name what
    has to be given; `required` and `secret` say of which of these the file tells so. `warnings` are sentences for the
    person who reads the draft.
    """

    name: str
    transport: Transport
    url: str = ""
    command: tuple[str, ...] = ()
    cwd: str = ""
    env: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    description: str = ""
    provenance: Provenance = Provenance(source="")
    warnings: tuple[str, ...] = ()


class CannotRead(ValueError):
    """A text that is no description of servers. The message says what is wrong, where, and what to do.

    `line` and `column` count from 1 and are 0 where the place is not one in the text.
    """

    def __init__(self, message: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
