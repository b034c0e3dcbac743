"""A reader that also knows which names a file defines and which it refers to. Pure: no Django, no I/O."""

from __future__ import annotations

from governance.policy.nodes import Node
from governance.policy.reading import Reader, suggestion
from governance.policy.tree import Position
from registry.configuration.values import Names

WORDS = {
    "team": "teams",
    "person": "people",
    "server": "servers",
    "role": "roles",
    "secret": "secrets",
    "agent": "agents",
}


class FileReader(Reader):
    """Collects definitions and references while sections are read; `check_references` compares them at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self._defined: dict[tuple[str, str], Position] = {}
        self._referred: list[tuple[str, str, Position, str]] = []

    def define(self, kind: str, name: str, node: Node) -> None:
        """Note that the file defines `name`; a second definition is a problem."""
        first = self._defined.setdefault((kind, name), node.at)
        if first != node.at:
            self.problem(node, f"the {kind} {name} stands twice, first at {first.line}:{first.column}")

    def refer(self, kind: str, name: str, node: Node, what: str) -> None:
        """Note that `what` names something that must exist in the file or already."""
        if name:
            self._referred.append((kind, name, node.at, what))

    def defined(self, kind: str) -> frozenset[str]:
        """The names of one kind that the file defines."""
        return frozenset(name for of, name in self._defined if of == kind)

    def check_references(self, known: Names) -> None:
        """Every name that neither the file nor the installation has is a problem."""
        for kind, name, at, what in self._referred:
            there = self.defined(kind) | getattr(known, WORDS[kind], frozenset())
            if name not in there:
                self.problem(
                    at, f"{what} names the {kind} {name!r}, which is not under {WORDS[kind]}{_near(name, there)}"
                )


def _near(name: str, there: frozenset[str]) -> str:
    return suggestion(name, there) if there else "; add it there"
