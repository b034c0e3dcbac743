"""One linear pass over a text, a call's arguments or an upstream's result. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import re2

from governance.canonical.strict_json import Malformed, parse
from governance.canonical.values import JSON
from governance.inspection.detector import (
    Detector,
    Layer,
    UnusableDetector,
    keyword_trigger,
    options,
    require_unanchored,
)
from governance.inspection.finding import Finding, Hit, Step, TooManyFindings, pointer, value_fingerprint
from governance.inspection.locator import Locator, NearMisses
from governance.inspection.own_names import OWN_PREFIX, strip_own_names
from governance.inspection.pack import LAYERS, PACK, PACK_VERSION
from governance.inspection.reading import UnreadableResult, all_text, digits_of, require_utf8, text_of
from governance.inspection.redaction import redacted_text

MAX_FINDINGS_IN_ARGUMENTS: Final = 1_000
MAX_FINDINGS_IN_RESULT: Final = 10_000
MAX_RESULT_DEPTH: Final = 200
# A number of twelve digits or more written with an exponent may be a card number though it does not look like one.
EXPONENT_TRIGGER: Final = r"[0-9.]{10,}[eE][+-]?[0-9]"
RUN: Final = 64
DEEPEST_SKIP: Final = 6
_OWN_PREFIX_BYTES: Final = OWN_PREFIX.encode()


_Step = TypeVar("_Step", str, int)


@dataclass(frozen=True, slots=True)
class Screened:
    """What screening a result gave. When `untouched`, the very same bytes may go on; else `value` is the result.

    `value` is strictly parsed and free of our own names; findings are not yet redacted in it.
    """

    findings: tuple[Finding, ...] = ()
    value: JSON = None
    stripped: int = 0

    @property
    def untouched(self) -> bool:
        return not self.findings and not self.stripped


CLEAN: Final = Screened()


def compile_detectors(
    pack: Iterable[Detector] = PACK,
    *,
    key: bytes,
    layers: Sequence[Layer] = LAYERS,
    version: str = PACK_VERSION,
) -> Detectors:
    """The pack as one set and one locator per detector; `key` is that of the value fingerprints.

    Raises UnusableDetector naming the detector that cannot be used. Costs milliseconds: compile once, keep it.
    """
    return Detectors(pack, layers, key, version)


class Detectors:
    """A compiled rule pack. Immutable, and shared by all calls of a process. See `compile_detectors`."""

    __slots__ = ("_key", "_layers", "_locators", "_set", "version")

    def __init__(self, pack: Iterable[Detector], layers: Sequence[Layer], key: bytes, version: str) -> None:
        self.version = version
        self._key = key
        self._layers = tuple(layers)
        self._locators: list[Locator | None] = []
        self._set: Any = re2.Set.SearchSet(options())
        seen: set[str] = set()
        for detector in pack:
            if detector.id in seen:
                raise UnusableDetector(f"detector {detector.id}: there are two with this id; rename one")
            seen.add(detector.id)
            self._add_detector(detector)
        self._add(EXPONENT_TRIGGER, None, "(numbers)")
        for layer in self._layers:
            self._add(layer.trigger, None, f"layer {layer.name}")
        try:
            self._set.Compile()
        except re2.error as error:
            raise UnusableDetector(f"rule pack {version}: {error}; use fewer or shorter patterns") from None

    def inspect_text(self, text: str) -> tuple[Hit, ...]:
        """Every secret in `text`, in order. Raises TooManyFindings past 10,000."""
        return tuple(self._hits(text, "", (), NearMisses()))

    def inspect_json(self, value: JSON, *, limit: int = MAX_FINDINGS_IN_RESULT) -> tuple[Finding, ...]:
        """Every secret in all strings, names and numbers of `value`, in order. Raises TooManyFindings past `limit`."""
        walk = _Walk(self, limit)
        walk.take(value, _Place())
        return tuple(walk.findings)

    def scan_arguments(self, arguments: dict[str, JSON], canonical: bytes | None = None) -> tuple[Finding, ...]:
        """Every secret in a call's strictly parsed arguments; near free when there is none.

        `canonical` is their form A, where it is at hand. Raises TooManyFindings past 1,000: the caller refuses the
        call.
        """
        # Without escapes the document itself holds every string, name and number as it is.
        bare = canonical is not None and b"\\" not in canonical
        text = canonical if bare else _bytes(text_of(arguments))
        if self._set.Match(text) is None:
            return ()
        return self.inspect_json(arguments, limit=MAX_FINDINGS_IN_ARGUMENTS)

    def scan_result(self, raw: bytes) -> Screened:
        """Screen one JSON value as an upstream sent it; `raw` was accepted as JSON by the reader of the message.

        Raises UnreadableResult for bytes that are not UTF-8 or JSON, and where something was found in a value that
        repeats a name in one object; raises TooManyFindings past 10,000.
        """
        if self._nothing_in(raw):
            return CLEAN
        try:
            value = parse(raw, max_depth=MAX_RESULT_DEPTH, max_members=len(raw))
        except Malformed as refusal:
            raise UnreadableResult(f"the result cannot be screened: {refusal.message}") from None
        value, stripped = strip_own_names(value)
        findings = self.inspect_json(value)
        return Screened(findings, value, stripped) if findings or stripped else CLEAN

    def _add_detector(self, detector: Detector) -> None:
        locator = Locator(detector)
        if detector.keywords:
            for keyword in detector.keywords:
                self._add(keyword_trigger(keyword), locator, detector.id)
        else:
            self._add(detector.trigger if detector.trigger is not None else detector.pattern, locator, detector.id)

    def _add(self, trigger: str, locator: Locator | None, owner: str) -> None:
        require_unanchored(owner, trigger)
        try:
            index = self._set.Add(trigger.encode())
        except re2.error as error:
            raise UnusableDetector(f"detector {owner}: the pattern is not RE2: {error}") from None
        assert index == len(self._locators)
        self._locators.append(locator)

    def _nothing_in(self, raw: bytes) -> bool:
        """Whether no trigger and no own name occurs in any string, name or number of `raw`."""
        if b"\\" not in raw:
            # Without escapes the document itself holds every string, name and number as it is.
            if not raw.isascii():
                require_utf8(raw)
            return _OWN_PREFIX_BYTES not in raw and self._set.Match(raw) is None
        text = all_text(raw)
        return OWN_PREFIX not in text and self._set.Match(_bytes(text)) is None

    def _triggered(self, raw: bytes) -> tuple[Locator, ...] | None:
        """The locators worth running on `raw`; None when no trigger at all occurs in it."""
        found = self._set.Match(raw)
        if found is None:
            return None
        locators = (self._locators[index] for index in sorted(found))
        return tuple(dict.fromkeys(locator for locator in locators if locator is not None))

    def _hits(self, text: str, name: str, named: tuple[Locator, ...], misses: NearMisses) -> list[Hit]:
        """The hits in `text`, which stands under `name`; `named` are the locators that the name alone triggers."""
        raw = _bytes(text)
        triggered = self._triggered(raw)
        if triggered is None and not named:
            return []
        hits = self._located(text, raw, name, dict.fromkeys((*(triggered or ()), *named)), misses)
        if triggered is not None:
            for layer in self._layers:
                for part in layer.decode(text):
                    raw = _bytes(part.text)
                    locators = dict.fromkeys((*(self._triggered(raw) or ()), *named))
                    hits += (
                        Hit(hit.rule, hit.cls, hit.severity, part.start, part.end, hit.fingerprint)
                        for hit in self._located(part.text, raw, name, locators, misses)
                    )
        return _distinct(hits) if len(hits) > 1 else hits

    def _located(self, text: str, raw: bytes, name: str, locators: Iterable[Locator], misses: NearMisses) -> list[Hit]:
        hits = []
        for locator in locators:
            detector = locator.detector
            position = _CodePoints(raw, len(text) == len(raw))
            for match in locator.matches(raw, name, misses):
                start, end = position.at(match.start), position.at(match.end)
                fingerprint = value_fingerprint(text[start:end], self._key)
                hits.append(Hit(detector.id, detector.cls, match.severity, start, end, fingerprint))
                if len(hits) > MAX_FINDINGS_IN_RESULT:
                    raise TooManyFindings(f"more than {MAX_FINDINGS_IN_RESULT} findings in one text")
        return hits


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk stands. `names` are the steps with secrets in them redacted; `named` what the last name triggers."""

    steps: tuple[Step, ...] = ()
    names: tuple[Step, ...] = ()
    name: str = ""
    named: tuple[Locator, ...] = ()


class _Walk:
    """Collects the findings of one JSON value in document order."""

    __slots__ = ("_detectors", "_limit", "_misses", "findings")

    def __init__(self, detectors: Detectors, limit: int) -> None:
        self._detectors = detectors
        self._limit = limit
        self._misses = NearMisses()
        self.findings: list[Finding] = []

    def take(self, value: JSON, place: _Place) -> None:
        if isinstance(value, str):
            for hit in self._detectors._hits(value, place.name, place.named, self._misses):
                self._add(hit, place)
        elif isinstance(value, dict):
            for members in self._worth_a_look(list(value.items()), place):
                for name, member in members:
                    self.take(member, self._under(name, place))
        elif isinstance(value, list):
            for items in self._worth_a_look(list(enumerate(value)), place):
                for index, item in items:
                    here = _Place((*place.steps, index), (*place.names, index), place.name, place.named)
                    self.take(item, here)
        elif value is not None and not isinstance(value, bool):
            for hit in self._hits_in_digits(digits_of(value), place):
                self._add(Hit(hit.rule, hit.cls, hit.severity, 0, 0, hit.fingerprint), place)

    def _worth_a_look(self, children: list[tuple[_Step, JSON]], place: _Place) -> Iterator[list[tuple[_Step, JSON]]]:
        """The children in order, but for those runs in all of whose text no trigger occurs.

        Only near the root, so that no text is read more than a few times, and not under a name that is a trigger
        itself.
        """
        if place.named or len(place.steps) >= DEEPEST_SKIP:
            yield children
            return
        for start in range(0, len(children), RUN):
            run = children[start : start + RUN]
            if self._detectors._set.Match(_bytes(text_of([part for child in run for part in child]))) is not None:
                yield run

    def _hits_in_digits(self, digits: str, place: _Place) -> list[Hit]:
        return self._detectors._hits(digits, place.name, place.named, self._misses) if digits else []

    def _under(self, name: str, place: _Place) -> _Place:
        """The place of the member `name`; findings in the name itself are added on the way."""
        steps = (*place.steps, name)
        triggered = self._detectors._triggered(_bytes(name))
        if triggered is None:
            return _Place(steps, (*place.names, name), name)
        hits = self._detectors._hits(name, "", (), self._misses)
        here = _Place(steps, (*place.names, redacted_text(name, hits)), name, _keyworded(triggered))
        for hit in hits:
            self._add(hit, here, in_key=True)
        return here

    def _add(self, hit: Hit, place: _Place, *, in_key: bool = False) -> None:
        if len(self.findings) >= self._limit:
            raise TooManyFindings(f"more than {self._limit} findings in one value")
        self.findings.append(
            Finding(
                hit.rule,
                hit.cls,
                hit.severity,
                hit.start,
                hit.end,
                hit.fingerprint,
                pointer(place.names),
                in_key,
                place.steps,
            )
        )


class _CodePoints:
    """Turns rising byte offsets of UTF-8 text into code points in one pass."""

    __slots__ = ("_byte", "_point", "_raw", "_same")

    def __init__(self, raw: bytes, same: bool) -> None:
        self._raw = raw
        self._same = same
        self._byte = self._point = 0

    def at(self, offset: int) -> int:
        if self._same:
            return offset
        self._point += len(self._raw[self._byte : offset].decode("utf-8", "surrogatepass"))
        self._byte = offset
        return self._point


def _keyworded(locators: Iterable[Locator]) -> tuple[Locator, ...]:
    return tuple(locator for locator in locators if locator.detector.keywords)


def _distinct(hits: list[Hit]) -> list[Hit]:
    """In order, without those that lie inside another of the same class."""
    hits.sort(key=lambda hit: (hit.start, -hit.end))
    reach: dict[str, int] = {}
    kept = []
    for hit in hits:
        if hit.end > reach.get(hit.cls, -1):
            reach[hit.cls] = hit.end
            kept.append(hit)
    return kept


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
