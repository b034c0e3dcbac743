"""What the texts of one item give: said, hidden, marked, or made of characters that nobody sees. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

import re2

from registry.manifest.canonical import Item, Kind
from registry.scan import demands, links, unseen
from registry.scan.decoding import Revealed, may_hide, reveal
from registry.scan.finding import Hit, Hits
from registry.scan.pack import Pack
from registry.scan.plain import humps_split, name_words, plain
from registry.scan.speech import Speech
from registry.scan.texts import Role, Text, texts
from registry.scan.tone import stem

QUOTED: Final = 1_000
READABLE: Final = 4
"""Words that make an encoded text a text."""
LONG_TITLE: Final = 60
LONGEST_JOINED: Final = 20_000
LISTENED: Final = 160_000
"""Characters of one item that are listened to; no honest item comes near, and one that does is held."""
_OPEN_WAYS: Final = ("a comment", "mark-up that is not shown", "an attribute")
_WHOLE_WAYS: Final = (
    "letters in disguise", "digits for letters", "letters spaced out", "letters upside down", *_OPEN_WAYS,
)  # fmt: skip
_FRAGMENT: Final = re.compile(
    r"^\s{0,20}(?:\.\.\.|\u2026|[(\[]?(?:part|step|section|piece|line)?\s?\d{1,2}(?:\s?(?:/|of)\s?\d{1,2})?[)\].:]"
    r"|[a-z]\))"
    r"|(?:\.\.\.|\u2026|[,:-])\s{0,20}$",
    re.IGNORECASE,
)
_PART: Final = re.compile(r"[\w-]+")
_IDENTIFIERS: Final = frozenset(("$id", "$ref", "$schema", "pattern"))
SHORT: Final = 20
SPEAKING_NAME: Final = 5
"""Words of a name, or of a part of an address, that make a sentence of it."""
_TAG: Final = re.compile(r"</[A-Za-z][\w-]{0,40}>")
_LEAST_WORDS: Final = {Role.KEY: 5, Role.WORD: 4, Role.TITLE: 5}
_SPEAKING_NAME: Final = 40


class Listener:
    """The words and forms of a pack, compiled. Shared by all scans of a process."""

    __slots__ = ("_ear", "_signs", "_signs_set", "_speech")

    def __init__(self, pack: Pack) -> None:
        self._speech = Speech(
            english=pack.english,
            languages=pack.languages,
            markers=pack.markers,
            meanings=pack.meanings,
            purposes=pack.purposes,
            kinds=pack.kinds,
            tone=pack.tone,
        )
        self._ear = self._speech.ear
        self._signs_set: Any = re2.Set.SearchSet(_options())
        self._signs: list[tuple[str, Any, int]] = []
        for sign in pack.signs:
            self._signs_set.Add(sign.pattern.encode())
            about = self._speech.purpose_named(sign.about)
            self._signs.append((sign.rule, re2.compile(sign.pattern, _options()), about))
        self._signs_set.Compile()

    def hits(
        self, item: Item, whole: str, words: set[str], others: tuple[str, ...], known: frozenset[str] | None
    ) -> Hits:
        """All that the texts of an item give. `whole` are they in one, `words` its plain words.

        `others` are names of tools of other servers, `known` the texts of the item when it was last looked at.
        """
        found = texts(item.document)
        told = tuple(name for name in others if name in whole)
        heard = _within(found)
        if len(heard) < len(found) or heard[-1:] != found[-1:]:
            yield Hit("too-much-text", (), item.name, f"more than {LISTENED} characters")
        yield from demands.demands(heard, self._speech, tool=item.kind is not Kind.RESOURCE)
        if links.worth_a_look(whole):
            yield from links.links(found, item.name)
        padded = unseen.padded(whole)
        if padded or not whole.isascii() or not unseen.ordinary(whole):
            yield from _sights(found, padded=padded)
        if self._signs_set.Match(_bytes(whole)) is not None:
            yield from self._marked(item, found)
        if told:
            yield from _told(found, told)
        foreign = self._speech.foreign(whole, words)
        yield from self._said(item, heard, foreign, told)
        yield from self._sounding(item, heard, foreign, known, told)
        if may_hide(whole, words):
            yield from self._concealed(item, heard)
        if padded:
            yield from self._behind_padding(heard)

    def _marked(self, item: Item, found: list[Text]) -> Hits:
        purpose = self._purpose(item)
        for text in found:
            for index in self._signs_set.Match(_bytes(text.text)) or ():
                rule, pattern, about = self._signs[index]
                if not about & purpose and (match := pattern.search(text.text)):
                    yield Hit(rule, text.steps, unseen.around(text.text, *match.span()))

    def _purpose(self, item: Item) -> int:
        title = item.document.get("title")
        return self._speech.purpose(item.name, title if isinstance(title, str) else "")

    def _said(self, item: Item, found: list[Text], foreign: bool, others: tuple[str, ...]) -> Hits:
        purpose = self._purpose(item)
        known: set[str] = set()
        for text in filter(_speaks, found):
            opening = text.steps[-1:] == ("description",) and text.role is Role.PROSE
            heard = self._speech.hear(
                _spoken_form(text), purpose=purpose, opening=opening, others=others, foreign=foreign
            )
            for said in heard:
                known.add(said.rule)
                # Whoever puts words into a tag gives them a weight that they have not by themselves.
                if said.weight < self._ear.least and not _TAG.search(text.text):
                    yield Hit("alarming-words", text.steps, said.sentence[:QUOTED], said.rule)
                else:
                    yield Hit(said.rule, text.steps, said.sentence[:QUOTED])
        yield from self._joined(found, purpose, foreign, known)

    def _joined(self, found: list[Text], purpose: int, foreign: bool, known: set[str]) -> Hits:
        """What lists of words, and texts that are marked as fragments, say together."""
        for group in _groups(found):
            for glue in (" ", ""):
                together = glue.join(_FRAGMENT.sub("", text.text) for text in group[:500])[:LONGEST_JOINED]
                heard = self._speech.hear(together, purpose=purpose, foreign=foreign)
                fresh = next((said for said in heard if said.rule not in known), None)
                if fresh is not None:
                    yield Hit("split-text", group[0].steps, fresh.sentence[:QUOTED], fresh.rule)
                    break

    def _sounding(
        self, item: Item, found: list[Text], foreign: bool, known: frozenset[str] | None, told: tuple[str, ...]
    ) -> Hits:
        """Sentences that sound like orders, by the weights of their words."""
        for text in found:
            said, own = weighed(item, text)
            if said:
                opening = text.steps == ("description",)
                least = self._enough(item, text, known, told)
                sounding = self._speech.sounding(said, own, opening=opening, foreign=foreign, least=least)
                if sounding is not None:
                    note = ", ".join(f"\u201c{each}\u201d" for each in sounding.telling)
                    quote = sounding.text if said is text.text else text.text
                    yield Hit("sounds-like-an-order", text.steps, quote[:QUOTED], note and f"by the words {note}")

    def _enough(self, item: Item, text: Text, known: frozenset[str] | None, told: tuple[str, ...]) -> int:
        """What a sentence has to weigh in its place to be a finding."""
        if text.role not in (Role.PROSE, Role.VALUE) or any(name in text.text for name in told):
            return self._ear.less
        if known is not None and text.text not in known:
            return self._ear.less
        return self._ear.enough if item.kind is Kind.TOOL else self._ear.some

    def _concealed(self, item: Item, found: list[Text]) -> Hits:
        purpose = self._purpose(item)
        for text in filter(_speaks, found):
            if not may_hide(text.text, set(plain(text.text).split())):
                continue
            shown = list(reveal(text.text, lambda part: set(plain(part).split())))
            open_rules = {said.rule for said in self._speech.hear(text.text, purpose=purpose)} if shown else set()
            for each in shown:
                yield from self._shown(text, each, purpose, open_rules)

    def _behind_padding(self, found: list[Text]) -> Hits:
        for text in found:
            for sight in unseen.padding(text.text):
                tail = text.text[sight.start : sight.end]
                if self._speech.leanings(tail[:4000]) >= 2:
                    yield Hit("concealed-instruction", text.steps, tail[:QUOTED], "it stands behind padding")

    def _shown(self, text: Text, shown: Revealed, purpose: int, open_rules: set[str]) -> Hits:
        whole, opened = shown.way.endswith(_WHOLE_WAYS), shown.way.endswith(_OPEN_WAYS)
        foreign = self._speech.foreign(shown.text, set(plain(shown.text).split()))
        rules = {said.rule for said in self._speech.hear(shown.text, purpose=purpose, foreign=foreign)}
        demand = self._speech.leanings(shown.text[:2000])
        least = self._ear.less if opened else self._ear.some
        loud = self._speech.sounding(shown.text, frozenset(), foreign=foreign, least=least) is not None
        note = f"{shown.way}: {shown.text[:200]}"
        if rules - (set() if opened else open_rules) or loud or demand >= (3 if opened else 5 if whole else 2):
            yield Hit("concealed-instruction", text.steps, shown.quote[:QUOTED], note)
        elif not whole and text.role is not Role.VALUE and len(plain(shown.text).split()) >= READABLE:
            yield Hit("concealed-text", text.steps, shown.quote[:QUOTED], note)


def _within(found: list[Text]) -> list[Text]:
    """The texts up to LISTENED characters in all; the last of them may be cut."""
    left = LISTENED
    for place, text in enumerate(found):
        if len(text.text) > left:
            return [*found[:place], Text(text.steps, text.text[:left], text.role)]
        left -= len(text.text)
    return found


def weighed(item: Item, text: Text) -> tuple[str, frozenset[str]]:
    """What a text says, to be weighed, and the stems that weigh nothing in it; nothing for a word or an address.

    A name of many words is a sentence without spaces. It may not speak of what it calls itself.
    """
    said = unquote(text.text) if text.role is Role.LINK else text.text
    if " " in said.strip():
        return (said, own_stems(item, text)) if len(said) > SHORT else ("", frozenset())
    if len(said) <= SHORT or text.key in _IDENTIFIERS or said.startswith("data:"):
        return "", frozenset()
    parts = (" ".join(name_words(part)) for part in _PART.findall(said[:2_000]))
    return " ".join(part for part in parts if part.count(" ") + 1 >= SPEAKING_NAME), frozenset()


def own_stems(item: Item, text: Text) -> frozenset[str]:
    """The stems of what an item, and the parameter that a text describes, are called: they may be spoken of there."""
    names = [item.name] if item.kind in (Kind.TOOL, Kind.PROMPT) else []
    title = item.document.get("title")
    if isinstance(title, str):
        names.append(title)
    places = [place for place, step in enumerate(text.steps) if step == "properties"]
    if places and places[-1] + 1 < len(text.steps):
        names.append(str(text.steps[places[-1] + 1]))
    return frozenset(stem(word) for name in names if len(name) < LONG_TITLE for word in name_words(name))


def _speaks(text: Text) -> bool:
    """Whether a text is long enough for its place to say anything."""
    if text.role in (Role.NAME, Role.LINK):
        return " " in text.text.strip() and len(text.text) > _SPEAKING_NAME
    least = _LEAST_WORDS.get(text.role, 1)
    return least == 1 or len(name_words(text.text)) >= least


def _spoken_form(text: Text) -> str:
    """A text as it is listened to: identifiers taken apart where a name stands."""
    if (text.role in (Role.KEY, Role.WORD, Role.NAME) or " " not in text.text) and "://" not in text.text:
        return humps_split(text.text.replace("_", " ").replace("-", " "))
    return text.text


def _groups(found: list[Text]) -> Iterator[list[Text]]:
    """Members of one list, in order, and all texts that are marked as fragments."""
    lists: dict[object, list[tuple[int, Text]]] = {}
    for text in found:
        if text.steps and isinstance(place := text.steps[-1], int):
            lists.setdefault(text.steps[:-1], []).append((place, text))
    yield from (
        [text for _, text in sorted(group, key=lambda each: each[0])] for group in lists.values() if len(group) > 1
    )
    fragments = [text for text in found if text.role in (Role.PROSE, Role.OTHER) and _FRAGMENT.search(text.text)]
    if len(fragments) > 1:
        yield fragments


def _sights(found: list[Text], *, padded: bool) -> Hits:
    for text in found:
        for sight in (*unseen.sights(text.text), *(unseen.padding(text.text) if padded else ())):
            yield Hit(sight.rule, text.steps, unseen.around(text.text, sight.start, sight.end), sight.note)


def _told(found: list[Text], told: tuple[str, ...]) -> Hits:
    for text in found:
        for name in told:
            if text.role is not Role.NAME and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text.text):
                at = text.text.index(name)
                yield Hit(
                    "names-other-tool", text.steps, unseen.around(text.text, at, at + len(name)), f"it is {name!r}"
                )
                break


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 64 << 20
    return options


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
