"""Where a reader of a description stands, and what the words of grammar do to it. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from governance.policy.intents.grammar import (
    ADVISED,
    AGENT,
    AUDIENCE,
    BEING,
    DAMAGE,
    DASHES,
    ENDS,
    FRONTED,
    GRANTS,
    HARD,
    HOSTS,
    LETTING,
    LISTED,
    LOOSELY,
    MADE,
    MAY,
    NEGATORS,
    OPENERS,
    OUTSIDERS,
    PLACES,
    SOFT,
    TITLE_ENDS,
)
from governance.policy.intents.objects import CODE
from governance.policy.intents.words import KNOWN, Form, singular
from governance.policy.values import Intent


class Act(NamedTuple):
    """One thing that a description says its tool does.

    `main`: among the first things said. `firm`: the verb means that whatever its object is. `noun`: the word beside
    the verb that made it so. `sure`: the verb can be no noun where it stands. `hint`: it only says more of another act.
    """

    intent: Intent
    word: str
    base: str
    main: bool
    firm: bool = True
    noun: str = ""
    sure: bool = True
    hint: bool = False


class Clause(Enum):
    """What kind of clause a word stands in."""

    MAIN = "the sentence itself"
    RELATIVE = "what follows `that` and the like"
    DEPENDENT = "what follows `if`, `when` and the like"


class Place(NamedTuple):
    """Where a verb stands: its place, the two words before it in its sentence, and the word after it."""

    at: int
    previous: str
    before: str
    following: str


class State:
    """What the sentence and the clause have said so far, and the words of the whole text."""

    __slots__ = (
        "agentive", "aside", "begin", "clause", "found", "fronted", "grants", "last", "leading", "listing", "main",
        "manages", "negated", "open", "section", "sentence", "silent", "titled", "tokens",
    )  # fmt: skip

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.found: list[Act] = []
        self.main = -1
        self.sentence = -1
        self.section = self.silent = self.titled = False
        self.start(0)

    def start(self, at: int, *, listing: bool = False) -> None:
        """Begin a sentence at this token; `listing` where the acts of the tool are listed."""
        self.sentence += 1
        self.begin = at
        self.open = self.leading = True
        self.agentive = self.aside = self.grants = self.manages = self.negated = False
        self.clause = Clause.MAIN
        self.listing = listing
        self.last: Form | None = None
        self.fronted = -1

    @property
    def first(self) -> bool:
        """Whether this sentence says what the tool is for: the first one with an act, and near the beginning."""
        return self.main == self.sentence or (self.main < 0 and self.sentence < 4)

    def earlier(self, at: int) -> str:
        """The word at this place of the sentence, "" before its beginning."""
        return self.tokens[at] if at >= self.begin else ""

    def later(self, at: int) -> str:
        """The word at this place, a full stop behind the end of the text."""
        return self.tokens[at] if at < len(self.tokens) else "."

    def add(self, intent: Intent, word: str, base: str, *, hint: bool = False) -> None:
        """Note what a word says besides the acts, unless the sentence denies it or speaks to the reader."""
        if not (self.negated or self.aside):
            self.found.append(Act(intent, word, base, False, hint=hint))


Role = Callable[[State, int], None]


def end(state: State, at: int) -> None:
    """A sentence ends. A dash ends a title, and within a text it is no more than a comma."""
    token = state.tokens[at]
    if token in DASHES and state.sentence > 0:
        _comma(state, at)
    elif state.begin == at:
        state.begin = at + 1
    else:
        listed = state.manages or state.earlier(at - 1) in LISTED
        state.start(at + 1, listing=token in TITLE_ENDS and listed)


def _bracket(state: State, at: int) -> None:
    opening = state.tokens[at] == "("
    state.last = None
    state.clause = Clause.DEPENDENT if opening and not state.manages else Clause.MAIN
    state.open = state.listing = opening and state.manages


def _comma(state: State, at: int) -> None:
    if state.fronted < 0 and state.tokens[state.begin] in FRONTED:
        state.fronted = at
    state.negated = state.open = False
    state.clause = Clause.MAIN


def _relative(state: State, at: int) -> None:
    if state.tokens[at] != "that" or not state.open:
        if state.clause is Clause.MAIN:
            state.clause = Clause.RELATIVE
        state.open = False


def _phrase(state: State, at: int) -> None:
    """`older than`, `for a year`: what follows is no act, but the sentence goes on behind it.

    `such as` behind an act that says nothing by itself lists the acts: `performs an action such as delete`.
    """
    examples = state.tokens[at] == "as" and state.earlier(at - 1) == "such" and (state.silent or state.manages)
    if examples:
        state.listing = True
    elif state.clause is Clause.MAIN:
        state.clause = Clause.RELATIVE
    state.open = examples


def _dependent(state: State, at: int) -> None:
    state.clause = Clause.DEPENDENT
    state.open = False


def _negate(state: State, at: int) -> None:
    """What is denied within `that are not used` is no denial of the sentence around it."""
    state.negated = state.negated or state.clause is not Clause.RELATIVE
    state.open = False


def _advise(state: State, at: int) -> None:
    """`DO NOT USE IT to remove issues` begins a sentence of its own, wherever it stands."""
    if state.later(at + 1) == "not" and state.later(at + 2) in ADVISED and at > state.begin:
        state.start(at)
    state.open = False


def _but(state: State, at: int) -> None:
    """`does not notify anybody but removes them`."""
    state.negated = state.open = False
    state.clause = Clause.MAIN


def _opener(state: State, at: int) -> None:
    token = state.tokens[at]
    state.agentive = state.agentive or token in AGENT
    state.grants = state.grants or token in GRANTS


def _last_chance(state: State, at: int) -> None:
    """`cannot be undone`: the negation is what says it."""
    state.open = False
    if state.negated or state.earlier(at - 2) in NEGATORS:
        state.found.append(Act(Intent.DESTRUCTIVE, f"cannot be {state.tokens[at]}", "undo", False))


def _gone(state: State, at: int) -> None:
    state.open = False
    if state.earlier(at - 1) in BEING and not state.negated:
        state.found.append(Act(Intent.DESTRUCTIVE, "gone", "lose", False))


def _good(state: State, at: int) -> None:
    state.open = False
    if state.earlier(at - 1) == "for" and not state.negated:
        state.found.append(Act(Intent.DESTRUCTIVE, "for good", "lose", False, hint=True))


def _over(state: State, at: int) -> None:
    """`overwrite an existing file`: what was there is lost, also where another verb stands first."""
    if not state.negated and "existing" in state.tokens[at + 1 : at + 4]:
        state.found.append(Act(Intent.DESTRUCTIVE, state.tokens[at], "lose", False))


def _damage(state: State, at: int) -> None:
    state.open = state.open and state.tokens[at] in OPENERS
    if state.clause is Clause.MAIN:
        state.add(Intent.DESTRUCTIVE, state.tokens[at], "destroy", hint=True)


def _arbitrary(state: State, at: int) -> None:
    state.open = False
    if not state.negated and not CODE.isdisjoint(singular(token) for token in state.tokens[at + 1 : at + 4]):
        state.found.append(Act(Intent.DESTRUCTIVE, "arbitrary", "run", False))


def _audience(state: State, at: int) -> None:
    word = state.tokens[at]
    state.open = state.open and word == "publicly"
    if word == "publicly" or state.later(at + 1) in MAY or state.earlier(at - 1) in LETTING:
        state.add(Intent.EXFILTRATIVE, word, "publish", hint=True)


def _outside(state: State, at: int) -> None:
    """An audience outside: `to the public`, `a public link`, `to an external partner`."""
    state.open = False
    word, following = state.tokens[at], state.later(at + 1)
    if word == "public":
        outside = following in PLACES or (following in ENDS and state.earlier(at - 1) in MADE)
    else:
        outside = "to" in state.tokens[max(at - 3, state.begin) : at]
    if outside:
        state.add(Intent.EXFILTRATIVE, word, "publish", hint=True)


def _given(state: State, at: int) -> None:
    """An address that the caller names: `at the given address`, `to the host named`."""
    state.open = False
    if state.later(at + 1) in HOSTS or state.earlier(at - 1) in HOSTS:
        state.add(Intent.EXFILTRATIVE, state.tokens[at], "reach", hint=True)


def _local(state: State, at: int) -> None:
    """Something is brought to this computer: `to your local project`, `locally`."""
    state.open = False
    before = KNOWN.get(state.earlier(at - 1))
    if before is not None and before.form is Form.PAST:
        return
    kept = state.tokens[at] == "locally" or "to" in state.tokens[max(at - 3, state.begin) : at]
    computed = bool(state.found) and state.found[-1].base in ("render", "compute", "parse", "evaluate", "lint")
    if computed and state.tokens[at] == "locally":
        return
    if kept and state.clause is Clause.MAIN and not state.section:
        state.add(Intent.WRITE, state.tokens[at], "save")


def _roles() -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for words, role in (
        (AGENT | GRANTS, _opener),
        (SOFT, _relative),
        (HARD, _dependent),
        (LOOSELY, _phrase),
        (NEGATORS, _negate),
        (ENDS - {"(", ")"}, end),
        ({"(", ")"}, _bracket),
        ({","}, _comma),
        ({"but"}, _but),
        ({"do"}, _advise),
        ({"undone", "reversed", "recovered", "restored", "reopened", "reverted"}, _last_chance),
        ({"gone"}, _gone),
        ({"good"}, _good),
        ({"overwrite", "overwrites", "overwriting"}, _over),
        (DAMAGE, _damage),
        ({"arbitrary"}, _arbitrary),
        (AUDIENCE, _audience),
        (OUTSIDERS, _outside),
        ({"given", "named", "chosen"}, _given),
        ({"locally", "local", "disk"}, _local),
    ):
        for word in words:
            roles.setdefault(word, role)
    return roles


ROLES: Final = _roles()
