"""The classes in the order of badness, and one thing that says a class. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from governance.policy.values import Intent

RANK: Final[Mapping[Intent, int]] = {Intent.READ: 0, Intent.WRITE: 1, Intent.EXFILTRATIVE: 2, Intent.DESTRUCTIVE: 3}
WORST: Final = frozenset({Intent.DESTRUCTIVE, Intent.EXFILTRATIVE})


class Finding(NamedTuple):
    """A class and the one thing that says so. `base` is the verb, `firm` where no description can make it less."""

    intent: Intent
    why: str
    base: str = ""
    firm: bool = True

    @property
    def reads(self) -> bool:
        """Whether it is a reading by name, that only plain words make worse."""
        return self.firm and self.intent is Intent.READ


def worse(main: Finding | None, found: Finding) -> Finding:
    """The worse of two. A tool that carries content out or destroys is told by what said so first."""
    if main is None:
        return found
    if main.intent is Intent.EXFILTRATIVE and found.intent is Intent.DESTRUCTIVE:
        described = main.why.startswith("the description") and found.why.startswith("the description")
        if described or found.why.startswith("the parameter"):
            return found
    if main.intent in WORST or RANK[found.intent] <= RANK[main.intent]:
        return main
    return found
