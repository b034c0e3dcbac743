"""What `gatehouse.yaml` says, as values. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from registry.conditions import Condition
from registry.transports.sandbox import NO_SANDBOX, Sandbox

DAY = 86_400


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with the file: where, what, and how to put it right."""

    source: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}: {self.message}"


class BadConfiguration(ValueError):
    """A file that cannot be applied; `problems` holds every one found, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SecretName:
    """Stands where a value would stand: the vault holds it under this name."""

    name: str


@dataclass(frozen=True, slots=True)
class SecretEntry:
    """Where `apply` finds a secret's value: an environment variable or a file, exactly one of them."""

    name: str
    env: str = ""
    value_file: str = ""


@dataclass(frozen=True, slots=True)
class TeamEntry:
    """A team, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """A person. `api_token`: None for no token, () for all scopes the roles allow, else these scopes."""

    email: str
    roles: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    api_token: tuple[str, ...] | None = None


class Approve(StrEnum):
    """Which of a server's items without a baseline are approved; LISTED are those that `items` names."""

    ALL = "all"
    NONE = "none"
    LISTED = "listed"
    PINNED = "pinned"


@dataclass(frozen=True, slots=True)
class Approval:
    """What `approve:` or `manifest:` of a server says; `findings` are rule globs whose findings are accepted."""

    which: Approve = Approve.NONE
    items: tuple[str, ...] = ()
    manifest: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionEntry:
    """What the approval of one tool or prompt demands beside the policy."""

    kind: str
    name: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """One server. `env` and `headers` are pairs of a name with a plain string or a SecretName.

    `conditions` None leaves those alone that stand; else exactly these stand afterwards.
    """

    name: str
    transport: str
    url: str = ""
    command: tuple[str, ...] = ()
    cwd: str = ""
    env: tuple[tuple[str, str | SecretName], ...] = ()
    headers: tuple[tuple[str, str | SecretName], ...] = ()
    team: str = ""
    tags: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    approval: Approval = Approval()
    client_requests: tuple[tuple[str, str], ...] = ()
    sessions: str = "auto"
    allow_private_address: bool = False
    sandbox: Sandbox = NO_SANDBOX
    description: str = ""
    environment: str = ""
    owner: str = ""
    conditions: tuple[ConditionEntry, ...] | None = None

    def secret_names(self) -> tuple[str, ...]:
        """The secrets that its environment and headers use."""
        return tuple(value.name for _, value in (*self.env, *self.headers) if isinstance(value, SecretName))


@dataclass(frozen=True, slots=True)
class RoleEntry:
    """A data-plane role: patterns per kind, and servers of which everything is included."""

    name: str
    tools: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in so many seconds."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """An agent; exactly one of `owner` (an e-mail address) and `team` is set. `expires_in` is in seconds."""

    name: str
    owner: str = ""
    team: str = ""
    roles: tuple[str, ...] = ()
    expires_in: int = 30 * DAY
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class PolicyText:
    """The text of the policy and where it stands: `line` and `column` of its first character in `source`.

    `places` leads from (line, column) in the text to those in `source` where a text was laid out anew.
    """

    text: str
    source: str
    line: int = 1
    column: int = 1
    places: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    def problem(self, line: int, column: int, message: str) -> Problem:
        """A problem at a place in the text, told by its place in the file."""
        there = self.places.get((line, column), (line + self.line - 1, column + self.column - 1))
        return Problem(self.source, *there, message)


@dataclass(frozen=True, slots=True)
class Names:
    """What exists already, so that a file may refer to it without repeating it."""

    teams: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole file, checked. `notes` are lines for the reader: what was converted, what looks doubtful."""

    teams: tuple[TeamEntry, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    servers: tuple[ServerEntry, ...] = ()
    roles: tuple[RoleEntry, ...] = ()
    agents: tuple[AgentEntry, ...] = ()
    secrets: tuple[SecretEntry, ...] = ()
    policy: PolicyText | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)
