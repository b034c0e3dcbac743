"""The conditions of rules, ready to judge a call (contract 4.5 to 4.17). Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from governance.policy.evaluation import ERROR, NO, YES, Evaluation, Outcome
from governance.policy.grammar_conditions import DAY_MINUTES, DAYS, Severity
from governance.policy.tree import Content, History, TimeWindow, Who
from governance.policy.values import Caller, ContentFinding, HistoryQuery

TAINTED: Final = "tainted"
_SEVERITIES: Final = {str(severity): rank for rank, severity in enumerate(Severity)}


class Condition(Protocol):
    """One condition bound to an item. `saw` tells what it looked at; `fails` is why it kept an allow from holding."""

    @property
    def name(self) -> str: ...

    @property
    def judge(self) -> Callable[[Evaluation], Outcome]: ...

    def ahead(self, caller: Caller) -> Outcome | None:
        """What is already sure before arguments and facts are known; None when that is open."""

    def saw(self, call: Evaluation) -> str: ...

    def fails(self, call: Evaluation) -> str: ...


def who_matches(who: Who, caller: Caller) -> bool:
    """Keys by AND, values by OR, empty keys say nothing (contract 4.12)."""
    return (
        (not who.roles or not who.roles.isdisjoint(caller.roles))
        and (not who.teams or not who.teams.isdisjoint(caller.teams))
        and (not who.people or caller.person in who.people)
        and (not who.agents or caller.agent in who.agents)
    )


class _Open:
    """What conditions have in common that depend on arguments or facts."""

    name = ""

    def ahead(self, caller: Caller) -> Outcome | None:
        return None


class WhoCondition:
    """`who` inside `unless`."""

    name = "who"

    def __init__(self, who: Who) -> None:
        self._who = who

    def judge(self, call: Evaluation) -> Outcome:
        return YES if who_matches(self._who, call.caller) else NO

    def ahead(self, caller: Caller) -> Outcome | None:
        return YES if who_matches(self._who, caller) else NO

    def saw(self, call: Evaluation) -> str:
        return f"agent {call.caller.agent} of {call.caller.person or 'a team'}"

    def fails(self, call: Evaluation) -> str:
        return f"agent {call.caller.agent} is not one it holds for"


class Fixed:
    """A condition that item and policy alone decide: category and intent inside `unless`."""

    def __init__(self, name: str, outcome: Outcome, saw: str) -> None:
        self.name = name
        self._outcome = outcome
        self._saw = saw

    def judge(self, call: Evaluation) -> Outcome:
        return self._outcome

    def ahead(self, caller: Caller) -> Outcome | None:
        return self._outcome

    def saw(self, call: Evaluation) -> str:
        return self._saw

    def fails(self, call: Evaluation) -> str:
        return f"{self.name} is {self._saw}"


class TimeCondition(_Open):
    """A weekly window in one zone; a span that passes midnight belongs to the day it starts on."""

    name = "time"

    def __init__(self, window: TimeWindow) -> None:
        self._window = window
        self._zone = ZoneInfo(window.zone)

    def judge(self, call: Evaluation) -> Outcome:
        if call.facts.at.tzinfo is None:
            return ERROR
        day, minute = call.minute(self._zone)
        days = self._window.days
        for start, end in self._window.spans:
            if start < end:
                if day in days and start <= minute < end:
                    return YES
            elif (day in days and minute >= start) or ((day - 1) % 7 in days and minute < end):
                return YES
        return NO

    def saw(self, call: Evaluation) -> str:
        if call.facts.at.tzinfo is None:
            return "a time without a zone"
        day, minute = call.minute(self._zone)
        return f"{DAYS[day]} {minute // 60:02}:{minute % 60:02} {self._window.zone}"

    def fails(self, call: Evaluation) -> str:
        return f"{self.saw(call)} is outside {self._words()}"

    def _words(self) -> str:
        window = self._window
        days = "" if len(window.days) == len(DAYS) else " ".join(DAYS[day] for day in sorted(window.days)) + " "
        whole = window.spans == ((0, DAY_MINUTES),)
        hours = ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in window.spans)
        return (days + ("" if whole else hours)).strip() or "every day"


class HistoryCondition(_Open):
    """A count of forwarded calls against a bound; a count that nobody looked up is an error."""

    name = "history"

    def __init__(self, history: History) -> None:
        self._history = history
        self.query = HistoryQuery(history.pattern, history.within, history.by, history.in_session)

    def judge(self, call: Evaluation) -> Outcome:
        count = call.facts.history.get(self.query)
        if count is None:
            return ERROR
        if self._history.pattern is None:
            return YES if (count == 0) is self._history.wanted else NO
        return YES if count > self._history.more_than else NO

    def saw(self, call: Evaluation) -> str:
        count = call.facts.history.get(self.query)
        what = self._history.pattern or "this very item"
        return f"no count of {what}" if count is None else f"{count} earlier calls of {what}"

    def fails(self, call: Evaluation) -> str:
        return f"there are {self.saw(call)}"


class ContentCondition(_Open):
    """Findings of inspection on one side, by class and least severity."""

    name = "content"

    def __init__(self, content: Content) -> None:
        self._content = content
        self._rank = _SEVERITIES[content.severity] if content.severity is not None else 0

    def met_by(self, finding: ContentFinding) -> bool:
        """Whether one finding is of the kind that is asked for."""
        return (
            finding.side == self._content.side
            and (not self._content.classes or finding.cls in self._content.classes)
            # A severity that nobody knows counts as the worst.
            and _SEVERITIES.get(finding.severity, len(_SEVERITIES)) >= self._rank
        )

    def judge(self, call: Evaluation) -> Outcome:
        return YES if any(self.met_by(finding) for finding in call.facts.findings) else NO

    def saw(self, call: Evaluation) -> str:
        side = self._content.side
        seen = sorted({finding.cls for finding in call.facts.findings if finding.side == side})
        return f"{', '.join(seen) or 'nothing'} found in the {side}"

    def fails(self, call: Evaluation) -> str:
        return self.saw(call)


class SessionCondition(_Open):
    """Whether the session is tainted."""

    name = "session"

    def __init__(self, tainted: bool) -> None:
        self._tainted = tainted

    def judge(self, call: Evaluation) -> Outcome:
        return YES if (TAINTED in call.facts.marks) is self._tainted else NO

    def saw(self, call: Evaluation) -> str:
        return "the session is tainted" if TAINTED in call.facts.marks else "the session is not tainted"

    def fails(self, call: Evaluation) -> str:
        return self.saw(call)


class Unless:
    """NOT (AND of its conditions); an error stays an error (contract 4.6)."""

    name = "unless"

    def __init__(self, conditions: tuple[Condition, ...]) -> None:
        self.conditions: Final = conditions

    def judge(self, call: Evaluation) -> Outcome:
        outcome = NO
        for condition in self.conditions:
            said = condition.judge(call)
            if said is NO:
                return YES
            if said is ERROR:
                outcome = ERROR
        return outcome

    def ahead(self, caller: Caller) -> Outcome | None:
        known = [condition.ahead(caller) for condition in self.conditions]
        if NO in known:
            return YES
        return NO if all(outcome is YES for outcome in known) else None

    def saw(self, call: Evaluation) -> str:
        return "; ".join(f"{inner.name}: {inner.judge(call)}, {inner.saw(call)}" for inner in self.conditions)

    def fails(self, call: Evaluation) -> str:
        return f"an exception holds: {'; '.join(inner.saw(call) for inner in self.conditions)}"


def findings_met(conditions: tuple[Condition, ...], call: Evaluation) -> list[ContentFinding]:
    """The findings that content conditions among these are about."""
    asked = [condition for condition in conditions if isinstance(condition, ContentCondition)]
    return [finding for finding in call.facts.findings if any(one.met_by(finding) for one in asked)]
