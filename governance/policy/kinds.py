"""The constraint kinds, ready to judge one value (contract 4.10). Pure: no Django, no I/O.

Every kind is a closure over its value: a decision asks hundreds of them, so each does only what it must.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from governance.canonical.emails import email_domain
from governance.canonical.paths import canonical_path
from governance.canonical.strict_json import jcs_document
from governance.canonical.urls import canonical_url
from governance.canonical.values import JSON, NotCanonical, Number
from governance.policy.evaluation import ERROR, NO, YES, Evaluation, Outcome, all_of, any_of
from governance.policy.patterns import Test, glob_test, regex_test
from governance.policy.reasons import json_type, listed, shown
from governance.policy.tree import Check

_TEXT: Final = ("string",)
_NUMBER: Final = ("number",)
_LIST: Final = ("array",)
Judge = Callable[[JSON, Evaluation], Outcome]
Telling = Callable[[JSON, Evaluation], str]


def _same(missing: Outcome) -> Outcome:
    return missing


@dataclass(frozen=True, slots=True)
class ValueTest:
    """One kind with its value. `holds` and `fails` complete the sentence `amount 7 …`.

    `absent` says what a value that is not there means, given what missing means for this argument.
    """

    judge: Judge
    holds: str
    fails: str
    absent: Callable[[Outcome], Outcome] = _same
    tell: Telling | None = None
    wants: tuple[str, ...] = ()
    read: Callable[[str, Evaluation], object] | None = None

    def why_not(self, value: JSON, call: Evaluation) -> str:
        """`fails`, or more where the value has more to tell."""
        return self.fails if self.tell is None else self.tell(value, call)

    def trouble(self, value: JSON, call: Evaluation) -> str:
        """Why the value cannot be judged: its JSON type is none of `wants`, or `read` finds no one meaning in it."""
        if self.wants and json_type(value) not in self.wants:
            return f"it is of type {json_type(value)}, not {' or '.join(self.wants)}"
        if isinstance(value, str) and self.read is not None:
            try:
                self.read(value, call)
            except NotCanonical as error:
                return error.reason
            return "its real path is not known"
        return "it has no single meaning"


def judge_of(tests: tuple[ValueTest, ...]) -> Judge:
    """AND over the kinds of one argument, for a value that is there."""
    judges = tuple(test.judge for test in tests)
    if len(judges) == 1:
        return judges[0]

    def judge(value: JSON, call: Evaluation) -> Outcome:
        outcome = YES
        for judge_kind in judges:
            said = judge_kind(value, call)
            if said is NO:
                return NO
            if said is ERROR:
                outcome = ERROR
        return outcome

    return judge


def make_tests(checks: tuple[Check, ...], *, strict: bool) -> tuple[ValueTest, ...]:
    """The tests of one argument. `strict`: a yes leads towards allowing the call, so doubt must not become one."""
    return tuple(_make(check, strict) for check in checks)


def _make(check: Check, strict: bool) -> ValueTest:
    if check.kind == "any_of":
        return _any_of(tuple(make_tests(tests, strict=strict) for tests in check.alternatives))
    if check.kind == "under":
        return _under(_texts(check.value), strict)
    return _MAKERS[check.kind](check.kind, check.value)


def _under(folders: list[str], strict: bool) -> ValueTest:
    """A path in one of the folders; on a disk that the gateway sees, the real path must agree."""
    prefixes = _prefixes(folders)

    def judge(value: JSON, call: Evaluation) -> Outcome:
        if type(value) is not str:
            return ERROR
        path = call.folder(value)
        if path is None:
            return ERROR
        inside = path.startswith(prefixes)
        if not call.on_disk or inside is not strict:
            return YES if inside else NO
        # What the path itself says is not enough here: a link may lead elsewhere, or in from elsewhere.
        known = call.facts.real_paths
        real = known.get(path.rstrip("/") or "/")
        if real is None:
            return ERROR
        return YES if (real + "/").startswith(_prefixes([known.get(one, one) for one in folders])) else NO

    def tell(value: JSON, call: Evaluation) -> str:
        path = call.folder(value) if isinstance(value, str) and call.on_disk else None
        plain = (path.rstrip("/") or "/") if path is not None else ""
        real = call.facts.real_paths.get(plain)
        return f"leads to {shown(real)}, which {fails}" if real is not None and real != plain else fails

    fails = f"is outside {listed(folders)}"

    def read(value: str, call: Evaluation) -> object:
        return canonical_path(value, cwd=call.item.cwd)

    return ValueTest(judge, f"is under {listed(folders)}", fails, tell=tell, wants=_TEXT, read=read)


def _prefixes(folders: list[str]) -> tuple[str, ...]:
    return tuple(folder.rstrip("/") + "/" for folder in folders)


def _domains(kind: str, value: JSON) -> ValueTest:
    domains = _texts(value)
    exact = frozenset(domain for domain in domains if not domain.startswith("*."))
    below = tuple(domain[1:] for domain in domains if domain.startswith("*."))

    def judge(value: JSON, call: Evaluation) -> Outcome:
        if type(value) is not str:
            return ERROR
        url = call.url(value)
        if url is None:
            return ERROR
        # A host has no empty label, so that one which ends in .x lies below x; an address has no labels at all.
        return YES if url.host in exact or (url.host.endswith(below) and not url.is_address) else NO

    return ValueTest(
        judge, f"goes to {listed(domains)}", f"does not go to {listed(domains)}", wants=_TEXT, read=_read_url
    )


def _url_part(part: str, value: JSON) -> ValueTest:
    allowed = frozenset(one for one in _items(value) if isinstance(one, (str, int)))
    of_scheme = part == "schemes"

    def judge(value: JSON, call: Evaluation) -> Outcome:
        if type(value) is not str:
            return ERROR
        url = call.url(value)
        if url is None:
            return ERROR
        part = url.scheme if of_scheme else url.port
        if part is None:
            return ERROR
        return YES if part in allowed else NO

    names = f"the {'scheme' if of_scheme else 'port'} {listed(str(one) for one in _items(value))}"
    read = _read_url if of_scheme else _read_port
    return ValueTest(judge, f"has {names}", f"does not have {names}", wants=_TEXT, read=read)


def _read_url(value: str, call: Evaluation) -> object:
    return canonical_url(value)


def _read_port(value: str, call: Evaluation) -> object:
    port = canonical_url(value).port
    if port is None:
        raise NotCanonical("no port, and a scheme that has none of its own")
    return port


def _email_domains(kind: str, value: JSON) -> ValueTest:
    domains = frozenset(_texts(value))

    def judge(value: JSON, call: Evaluation) -> Outcome:
        if type(value) is not str:
            return ERROR
        domain = call.mail_domain(value)
        if domain is None:
            return ERROR
        return YES if domain in domains else NO

    names = listed(_texts(value))

    def read(value: str, call: Evaluation) -> object:
        return email_domain(value)

    return ValueTest(judge, f"is an address at {names}", f"is not an address at {names}", wants=_TEXT, read=read)


def _bound(kind: str, value: JSON) -> ValueTest:
    """`min` or `max` of a number, compared exactly."""
    assert isinstance(value, Number)
    exact = value.value
    # Whole numbers compare several times faster with each other than with a Decimal.
    quick: int | Decimal = int(exact) if exact == exact.to_integral_value() else exact
    is_min = kind == "min"

    def judge(value: JSON, call: Evaluation) -> Outcome:
        if type(value) is int:
            return YES if (value >= quick if is_min else value <= quick) else NO
        if isinstance(value, Number):
            return YES if (value.value >= exact if is_min else value.value <= exact) else NO
        return ERROR

    bound = value.literal
    if is_min:
        return ValueTest(judge, f"is at least {bound}", f"is below {bound}", wants=_NUMBER)
    return ValueTest(judge, f"is at most {bound}", f"is above {bound}", wants=_NUMBER)


def _one_of(kind: str, value: JSON) -> ValueTest:
    """`in`, `not_in` and `equals`: compared by JSON type and value; another JSON type is an error."""
    values = [value] if kind == "equals" else _items(value)
    types = frozenset(json_type(one) for one in values)
    texts = frozenset(one for one in values if isinstance(one, str))
    # A boolean is equal to a number in Python, so the type is part of the key.
    scalars = frozenset((json_type(one), one) for one in values if not isinstance(one, (dict, list)))
    others = frozenset(jcs_document(one) for one in values if isinstance(one, (dict, list)))
    found, not_found = (NO, YES) if kind == "not_in" else (YES, NO)

    def judge(value: JSON, call: Evaluation) -> Outcome:
        if type(value) is str and texts:
            return found if value in texts else not_found
        sort = json_type(value)
        if sort not in types:
            return ERROR
        if isinstance(value, (dict, list)):
            return found if jcs_document(value) in others else not_found
        return found if (sort, value) in scalars else not_found

    names = listed(shown(one) for one in values)
    positive = f"is {names}" if kind == "equals" else f"is one of {names}"
    negative = f"is not {names}" if kind == "equals" else f"is none of {names}"
    holds, fails = (negative, positive) if kind == "not_in" else (positive, negative)
    return ValueTest(judge, holds, fails, wants=tuple(sorted(types)))


def _type(kind: str, value: JSON) -> ValueTest:
    types = frozenset(_texts(value))

    def judge(value: JSON, call: Evaluation) -> Outcome:
        if json_type(value) in types:
            return YES
        return YES if "integer" in types and _is_whole(value) else NO

    return ValueTest(judge, f"is of type {listed(_texts(value))}", f"is not of type {listed(_texts(value))}")


def _is_whole(value: JSON) -> bool:
    if isinstance(value, Number):
        return value.value == value.value.to_integral_value()
    return type(value) is int


def _text(kind: str, value: JSON) -> ValueTest:
    """`glob` and `matches`: any of the patterns takes the whole text."""
    make: Callable[[str], Test] = glob_test if kind == "glob" else regex_test
    tests = tuple(make(pattern) for pattern in _texts(value))

    def judge(value: JSON, call: Evaluation) -> Outcome:
        if type(value) is not str:
            return ERROR
        try:
            for test in tests:
                if test(value):
                    return YES
        except UnicodeEncodeError:
            return ERROR
        return NO

    return ValueTest(judge, f"matches {listed(_texts(value))}", f"does not match {listed(_texts(value))}", wants=_TEXT)


def _size(kind: str, value: JSON) -> ValueTest:
    """`length` of a string in code points, or `items` of a list."""
    assert isinstance(value, dict)
    low, high = value.get("min"), value.get("max")
    least = low if isinstance(low, int) else 0
    most = high if isinstance(high, int) else None
    sort = str if kind == "length" else list

    def judge(value: JSON, call: Evaluation) -> Outcome:
        if not isinstance(value, sort):
            return ERROR
        size = len(value)
        return YES if size >= least and (most is None or size <= most) else NO

    words = [f"at least {low}"] if low is not None else []
    words += [f"at most {high}"] if high is not None else []
    wanted = f"{' and '.join(words)} {'characters' if kind == 'length' else 'items'}"
    return ValueTest(judge, f"has {wanted}", f"does not have {wanted}", wants=_TEXT if kind == "length" else _LIST)


def _present(kind: str, value: JSON) -> ValueTest:
    wanted = value is True
    there, gone = (YES, NO) if wanted else (NO, YES)
    words = ("is given", "is missing") if wanted else ("is missing", "is given")
    return ValueTest(lambda value, call: there, *words, absent=lambda missing: gone)


def _any_of(alternatives: tuple[tuple[ValueTest, ...], ...]) -> ValueTest:
    judges = tuple(judge_of(tests) for tests in alternatives)

    def judge(value: JSON, call: Evaluation) -> Outcome:
        return any_of(judge_one(value, call) for judge_one in judges)

    def absent(missing: Outcome) -> Outcome:
        return any_of(all_of(test.absent(missing) for test in tests) for tests in alternatives)

    def tell(value: JSON, call: Evaluation) -> str:
        parts = []
        for tests in alternatives:
            failing = next((test for test in tests if test.judge(value, call) is not YES), None)
            parts += [failing.why_not(value, call)] if failing is not None else []
        return " and ".join(dict.fromkeys(parts))

    return ValueTest(judge, "meets one of the alternatives", "meets none of the alternatives", absent, tell)


def _texts(value: JSON) -> list[str]:
    return [text for text in _items(value) if isinstance(text, str)]


def _items(value: JSON) -> list[JSON]:
    assert isinstance(value, list)
    return value


_MAKERS: Final[dict[str, Callable[[str, JSON], ValueTest]]] = {
    "domains": _domains,
    "schemes": _url_part,
    "ports": _url_part,
    "email_domains": _email_domains,
    "min": _bound,
    "max": _bound,
    "in": _one_of,
    "not_in": _one_of,
    "equals": _one_of,
    "type": _type,
    "glob": _text,
    "matches": _text,
    "length": _size,
    "items": _size,
    "present": _present,
}
