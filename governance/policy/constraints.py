"""Constraints on arguments, bound to an item and its schema (contract 4.6 to 4.11). Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from governance.canonical.values import JSON
from governance.policy.addresses import MISSING, Found, Missing, Steps, WrongShape
from governance.policy.evaluation import ERROR, NO, UNSET, YES, Evaluation, Outcome, all_of, any_of
from governance.policy.kinds import ValueTest, judge_of, make_tests
from governance.policy.reasons import in_order, shown
from governance.policy.schemas import Declared
from governance.policy.short_forms import SORT_OF, Seen, collect, declares_any
from governance.policy.tree import Check, Constraint, ShortForm
from governance.policy.values import Caller

_FORM_CHECKS: Final = {"allowedPaths": "under", "allowedDomains": "domains", "maxAmount": "max"}


class ArgumentCondition:
    """What one argument must meet. `strict`: every element must meet it, since yes leads towards allowing."""

    __slots__ = ("_absent", "_argument", "_judge_value", "_key", "_steps", "_strict", "_tests", "judge", "name")

    def __init__(self, constraint: Constraint, *, declared: bool, strict: bool) -> None:
        self.name = constraint.argument
        self._argument = constraint.argument.removeprefix("/")
        self._steps = constraint.steps
        self._key = str(constraint.steps[0])
        self._tests = make_tests(constraint.checks, strict=strict)
        missing = ERROR if declared else NO
        self._absent = all_of(test.absent(missing) for test in self._tests)
        self._strict = strict
        self._judge_value = judge_of(self._tests)
        self.judge: Callable[[Evaluation], Outcome] = self._short() if len(self._steps) == 1 else self._long

    def ahead(self, caller: Caller) -> Outcome | None:
        return None

    def _short(self) -> Callable[[Evaluation], Outcome]:
        """The judgement of a top-level argument, the one that is asked most."""
        key, absent, judge_value = self._key, self._absent, self._judge_value

        def judge(call: Evaluation) -> Outcome:
            if call.colliding and key in call.colliding:
                return ERROR
            value = call.arguments.get(key, MISSING)
            return absent if value is MISSING else judge_value(value, call)

        return judge

    def _long(self, call: Evaluation) -> Outcome:
        collides, values = call.found(self._steps)
        if collides or (call.colliding and self._key in call.colliding):
            return ERROR
        if len(values) == 1:
            value = values[0]
            return self._judge_value(value, call) if type(value) is str else self._one(value, call)
        outcomes = (self._one(value, call) for value in values)
        return all_of(outcomes) if self._strict else any_of(outcomes)

    def _one(self, value: Found, call: Evaluation) -> Outcome:
        if isinstance(value, Missing):
            return self._absent
        if isinstance(value, WrongShape):
            return ERROR
        return self._judge_value(value, call)

    def saw(self, call: Evaluation) -> str:
        if call.collides(self._steps):
            return f"a second key that reads like {self._argument}"
        values = call.found(self._steps)[1]
        return ", ".join("(hidden)" if call.quiet else _shown_found(value) for value in values[:5])

    def fails(self, call: Evaluation) -> str:
        if call.collides(self._steps):
            return f"a second key reads like {self._argument}"
        for value in call.found(self._steps)[1]:
            if self._one(value, call) is not YES:
                return self._sentence(value, call)
        return f"{self._argument} does not meet its constraint"

    def holds(self, call: Evaluation) -> str:
        """Why a rule that is not an allow rule took hold."""
        if call.collides(self._steps):
            return f"a second key reads like {self._argument}"
        for value in call.found(self._steps)[1]:
            outcome = self._one(value, call)
            if outcome is YES:
                if isinstance(value, (Missing, WrongShape)):
                    return f"{self._argument} is missing"
                words = " and ".join(test.holds for test in self._tests)
                return f"{self._argument} {_quoted(value, call)}{words}"
        for value in call.found(self._steps)[1]:
            if self._one(value, call) is ERROR:
                return self._sentence(value, call)
        return f"{self._argument} meets the rule"

    def _sentence(self, value: Found, call: Evaluation) -> str:
        if isinstance(value, Missing):
            return f"{self._argument} is missing"
        if isinstance(value, WrongShape):
            return f"{self._argument} cannot be judged: something on the way to it has the wrong type"
        return f"{self._argument} {_quoted(value, call)}{_why(self._tests, value, call)}"


def _quoted(value: JSON, call: Evaluation) -> str:
    return "" if call.quiet else f"{shown(value)} "


def _shown_found(value: Found) -> str:
    return repr(value) if isinstance(value, (Missing, WrongShape)) else shown(value)


def _why(tests: Iterable[ValueTest], value: JSON, call: Evaluation) -> str:
    failing = [(test, test.judge(value, call)) for test in tests]
    for test, outcome in failing:
        if outcome is NO:
            return test.why_not(value, call)
    for test, outcome in failing:
        if outcome is ERROR:
            return f"cannot be judged: {test.trouble(value, call)}"
    return "meets the rule"


class NoExtra:
    """Refuses arguments that the approved schema does not declare; for allow rules with constraints (contract 4.8).

    Objects on the way to a constrained argument are held to it too, where the schema says what they hold.
    """

    name = "extra"

    def __init__(self, below: tuple[tuple[Steps, frozenset[str]], ...] = ()) -> None:
        self._below = below

    def judge(self, call: Evaluation) -> Outcome:
        # What stands at the top is the same for every rule on the item.
        extra = call.extra
        if extra is UNSET:
            extra = call.extra = self._extra_on_top(call)
        if extra is not None:
            return NO
        return YES if not self._below or self._extra_below(call) is None else NO

    def ahead(self, caller: Caller) -> Outcome | None:
        return None

    def saw(self, call: Evaluation) -> str:
        extra = self._extra(call)
        return "declared arguments alone" if extra is None else shown(extra)

    def fails(self, call: Evaluation) -> str:
        return f"argument {shown(self._extra(call))} is not declared by the approved schema"

    def _extra(self, call: Evaluation) -> str | None:
        extra = self._extra_on_top(call)
        return self._extra_below(call) if extra is None else extra

    def _extra_on_top(self, call: Evaluation) -> str | None:
        top = call.declared.top
        if call.arguments.keys() <= top:
            return None
        return min(key for key in call.arguments if key not in top)

    def _extra_below(self, call: Evaluation) -> str | None:
        for steps, names in self._below:
            for value in call.found(steps)[1]:
                if isinstance(value, dict) and not value.keys() <= names:
                    return min(key for key in value if key not in names)
        return None


class ShortFormCondition:
    """`allowedPaths`, `allowedDomains` or `maxAmount`, on every argument of its sort (contract 4.11)."""

    def __init__(self, form: ShortForm, *, strict: bool) -> None:
        self.name = form.name
        self._sort = SORT_OF[form.name]
        self._strict = strict
        checks = [Check(_FORM_CHECKS[form.name], form.value)]
        checks += [Check("schemes", ["https"])] if form.name == "allowedDomains" and strict else []
        self._tests = make_tests(tuple(checks), strict=strict)
        self._judge_value = judge_of(self._tests)

    def judge(self, call: Evaluation) -> Outcome:
        seen = self._seen(call)
        if not seen:
            return NO if self._strict or not declares_any(call.declared, self._sort) else ERROR
        outcomes = (self._one(one, call) for one in seen)
        return all_of(outcomes) if self._strict else any_of(outcomes)

    def ahead(self, caller: Caller) -> Outcome | None:
        return None

    def saw(self, call: Evaluation) -> str:
        seen = self._in_order(call)
        return ", ".join(one.label if call.quiet else f"{one.label} {_shown_found(one.value)}" for one in seen[:5])

    def fails(self, call: Evaluation) -> str:
        return self._telling(call, (NO, ERROR))

    def holds(self, call: Evaluation) -> str:
        """Why a rule that is not an allow rule took hold."""
        return self._telling(call, (YES, ERROR))

    def _telling(self, call: Evaluation, wanted: tuple[Outcome, ...]) -> str:
        seen = self._in_order(call)
        for outcome in wanted:
            for one in seen:
                if self._one(one, call) is outcome:
                    return self._sentence(one, call, outcome)
        return f"no argument is one of the {self._sort} that {self.name} is about"

    def _sentence(self, one: Seen, call: Evaluation, outcome: Outcome) -> str:
        if isinstance(one.value, WrongShape):
            return f"{one.label} cannot be judged: it has the wrong type"
        if outcome is YES:
            return f"{one.label} {_quoted(one.value, call)}{self._tests[0].holds}"
        return f"{one.label} {_quoted(one.value, call)}{_why(self._tests, one.value, call)}"

    def _one(self, one: Seen, call: Evaluation) -> Outcome:
        return ERROR if isinstance(one.value, WrongShape) else self._judge_value(one.value, call)

    def _in_order(self, call: Evaluation) -> list[Seen]:
        return collect(in_order(call.arguments), call.declared, self._sort)

    def _seen(self, call: Evaluation) -> list[Seen]:
        seen = call.looked.get(self._sort)
        if seen is None:
            seen = call.looked[self._sort] = collect(call.arguments, call.declared, self._sort)
        return seen


def declared_below(constraints: Iterable[Constraint], declared: Declared) -> tuple[tuple[Steps, frozenset[str]], ...]:
    """The objects on the way to constrained arguments whose members the schema declares, with their names."""
    below: dict[Steps, frozenset[str]] = {}
    for constraint in constraints:
        nodes = declared.roots() if len(constraint.steps) > 1 else []
        for length, step in enumerate(constraint.steps[:-1], start=1):
            nodes = declared.below(nodes, step)
            names = declared.names(nodes)
            if names:
                below[constraint.steps[:length]] = names
    return tuple(below.items())
