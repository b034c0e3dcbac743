"""What a run of `apply` did, found and could not do. Values alone: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

PLURALS: Final = {"team": "teams", "person": "people", "server": "servers", "role": "roles", "agent": "agents"}


class CannotApply(Exception):
    """Nothing was written; each line of the message names what is wrong and the remedy."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Held:
    """Something that agents do not get although the file or an earlier approval says so, and why."""

    server: str
    kind: str
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.server}: {self.kind} {self.name}: {self.why}"


@dataclass(slots=True)
class Outcome:
    """Filled while a run goes on. `agents` and `people` hold the credentials that this run issued, and nothing else.

    `credentials_file` says in words what became of the file they were written to.
    """

    changes: list[str] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    unreachable: dict[str, str] = field(default_factory=dict)
    unmet: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    agents: dict[str, str] = field(default_factory=dict, repr=False)
    people: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    credentials_file: str = ""
    dry_run: bool = False

    @property
    def exit_code(self) -> int:
        """0 where everything stands as the file says, else 1."""
        return 1 if self.held or self.unreachable or self.unmet else 0

    def credentials(self) -> dict[str, Any]:
        """What `--credentials-out` writes."""
        return {"agents": self.agents, "people": self.people}

    def report(self) -> dict[str, Any]:
        """What `--json` prints; no credential is in it."""
        return {
            "dry_run": self.dry_run,
            "changes": self.changes,
            "held": [
                {"server": held.server, "kind": held.kind, "name": held.name, "why": held.why} for held in self.held
            ],
            "unreachable": self.unreachable,
            "unmet": self.unmet,
            "left_alone": self.left_alone,
            "notes": self.notes,
            "issued": {"agents": sorted(self.agents), "people": sorted(self.people)},
            "credentials_file": self.credentials_file,
        }

    def lines(self) -> Iterator[str]:
        """What is printed for a person, one line each."""
        yield from (f"note: {note}" for note in self.notes)
        verb = "would change" if self.dry_run else "changed"
        yield from (f"{verb}: {change}" for change in self.changes)
        if not self.changes:
            yield "nothing to change" if self.dry_run else "nothing changed"
        yield from self._left_alone()
        yield from (f"unreachable: {name}: {cause}" for name, cause in self.unreachable.items())
        yield from (f"held: {held}" for held in self.held)
        yield from (f"not as the file says: {what}" for what in self.unmet)
        if self.credentials_file:
            yield f"credentials: {self.credentials_file}"

    def _left_alone(self) -> Iterator[str]:
        """One line a kind, so that an installation of many files stays readable."""
        by_kind: dict[str, list[str]] = {}
        for what in self.left_alone:
            kind, _, name = what.partition(" ")
            by_kind.setdefault(kind, []).append(name)
        for kind, names in by_kind.items():
            if len(names) == 1:
                yield f"left alone: {kind} {names[0]} is not in the file; nothing was done to it"
            else:
                yield f"left alone: {len(names)} {PLURALS[kind]} are not in the file: {', '.join(names)}"
