"""Names that pass for other names: within a server, across servers, of vendors everybody trusts. Pure: no Django."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from registry.manifest.canonical import Item, Kind, Manifest
from registry.scan.finding import Hit, Hits
from registry.scan.lookalikes import LOOKALIKES, STYLED, skeleton
from registry.scan.plain import name_words, plain
from registry.scan.words.hosts import VENDORS

_TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_SEPARATOR: Final = "__"
_SERVER_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9-]{0,39}__")
_LEAST_ALIKE: Final = 6
LEAST_COPIED: Final = 15
# What is put before or behind a name to pass for a better one of the same.
_TRIMMINGS: Final = frozenset(
    "secure safe safer official verified trusted fast faster better best new v2 v3 pro plus enhanced improved "
    "original real updated "
    "latest fixed patched wrapper proxy compliant internal admin default main premium the my true correct "
    "hardened".split()
)
_CLAIMS: Final = frozenset(("official", "verified", "authentic", "genuine", "certified"))


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A tool of another server that the same people use."""

    server: str
    name: str
    description: str = ""


@dataclass(slots=True)
class Neighbourhood:
    """The tools of other servers, ready to be compared with. Make it once for a manifest."""

    server: str = ""
    tools: tuple[Neighbour, ...] = ()
    by_name: dict[str, Neighbour] = field(default_factory=dict)
    by_skeleton: dict[str, Neighbour] = field(default_factory=dict)
    by_core: dict[tuple[str, ...], Neighbour] = field(default_factory=dict)
    by_shortened: dict[str, list[Neighbour]] = field(default_factory=dict)

    @classmethod
    def of(cls, server: str, tools: Iterable[Neighbour]) -> Neighbourhood:
        """The neighbourhood of the server `server`."""
        made = cls(server, tuple(tools))
        for tool in made.tools:
            made.by_name.setdefault(tool.name, tool)
            made.by_skeleton.setdefault(skeleton(tool.name), tool)
            made.by_core.setdefault(_core(tool.name), tool)
            for short in _shortened(tool.name.lower()):
                made.by_shortened.setdefault(short, []).append(tool)
        return made

    def distinctive(self, own: frozenset[str]) -> tuple[str, ...]:
        """Names by which a text can only mean a tool of another server; longest first."""
        names = {tool.name for tool in self.tools if tool.name not in own and _is_distinctive(tool.name)}
        return tuple(sorted(names, key=lambda name: (-len(name), name)))


def _is_distinctive(name: str) -> bool:
    return len(name) >= _LEAST_ALIKE and (len(name_words(name)) > 1 or any(sign in name for sign in "_-."))


def names_of(item: Item) -> Hits:
    """What the name of one item gives by itself."""
    if item.kind is Kind.TOOL:
        if _SEPARATOR in item.name:
            # Only what could be a server's own name before it can be taken for one.
            rule = "separator-in-name" if _SERVER_NAME.match(item.name) else "separator-within-name"
            yield Hit(rule, ("name",), item.name)
        if not _TOOL_NAME.fullmatch(item.name):
            plainly = len(item.name) <= 128 and len(item.name.split()) < 6 and not _disguised(item.name)
            yield Hit("unusual-name" if plainly else "impossible-name", ("name",), item.name)
    elif item.kind is Kind.PROMPT and any(char in LOOKALIKES or char in STYLED for char in item.name):
        letters = [char for char in item.name if char.isalpha()]
        if any(char.isascii() for char in letters):
            yield Hit("impossible-name", ("name",), item.name)


_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5")
"""Letters that are shown as nothing."""


def _disguised(name: str) -> bool:
    """Whether characters of a name cannot be seen, or can be taken for others."""
    if not name.isprintable() or not _BLANK.isdisjoint(name) or any(char in STYLED for char in name):
        return True
    return any(char in LOOKALIKES for char in name) and any(char.isascii() and char.isalpha() for char in name)


def within(manifest: Manifest) -> Iterator[tuple[Item, Hit]]:
    """Tools of one server that a reader takes for one another."""
    seen: dict[str, Item] = {}
    for item in sorted(manifest.of(Kind.TOOL), key=lambda tool: tool.name):
        same = seen.setdefault(skeleton(item.name), item)
        if same is not item:
            words = name_words(item.name) == name_words(same.name)
            rule = (
                "name-spelled-twice" if words and item.name.lower() != same.name.lower() else "look-alike-of-own-tool"
            )
            yield item, Hit(rule, ("name",), item.name, f"the other one is {same.name!r}")


def across(item: Item, beside: Neighbourhood) -> Hits:
    """What the name of a tool gives beside those of other servers."""
    if item.kind is not Kind.TOOL or not beside.tools:
        return
    if same := beside.by_name.get(item.name):
        copied = len(same.description) > LEAST_COPIED and plain(same.description) == plain(
            str(item.document.get("description", ""))
        )
        rule = "copied-tool" if copied else "same-name-elsewhere"
        yield Hit(rule, ("name",), item.name, f"of the server {same.server!r}")
        return
    if other := beside.by_skeleton.get(skeleton(item.name)):
        rule = (
            "name-spelled-otherwise" if name_words(item.name) == name_words(other.name) else "look-alike-of-other-tool"
        )
        yield Hit(rule, ("name",), item.name, f"of {other.name!r} of the server {other.server!r}")
    elif other := _misspelled(item.name, beside):
        yield Hit("look-alike-of-other-tool", ("name",), item.name, f"of {other.name!r} of the server {other.server!r}")
    elif (other := beside.by_core.get(_core(item.name))) and _core(item.name) != tuple(name_words(item.name)):
        yield Hit("trimmed-name", ("name",), item.name, f"of {other.name!r} of the server {other.server!r}")


def _core(name: str) -> tuple[str, ...]:
    words = tuple(word for word in name_words(name) if word not in _TRIMMINGS)
    return words or name_words(name)


def _misspelled(name: str, beside: Neighbourhood) -> Neighbour | None:
    if len(name) < _LEAST_ALIKE:
        return None
    lower = name.lower()
    for short in _shortened(lower):
        for other in beside.by_shortened.get(short, ()):
            if one_slip(lower, other.name.lower()) and not _plural(lower, other.name.lower()):
                return other
    return None


def _shortened(name: str) -> set[str]:
    """`name`, and it with each one character left out: two names one slip apart share one of these."""
    if not _LEAST_ALIKE <= len(name) <= 64:
        return set()
    return {name} | {name[:place] + name[place + 1 :] for place in range(len(name))}


def _plural(one: str, two: str) -> bool:
    short, long = sorted((one, two), key=len)
    return long in (f"{short}s", f"{short}_") or any(
        f"{a}s" == b or a == f"{b}s" for a, b in zip(name_words(one), name_words(two), strict=False) if a != b
    )


def one_slip(one: str, two: str) -> bool:
    """Whether one letter was added, left out, changed or two were exchanged between two different names."""
    if one == two or abs(len(one) - len(two)) > 1:
        return False
    if len(one) == len(two):
        wrong = [place for place in range(len(one)) if one[place] != two[place]]
        if any(one[place].isdigit() or two[place].isdigit() for place in wrong) and not any(
            one[place].isalpha() or two[place].isalpha() for place in wrong
        ):
            return False
        swapped = (
            len(wrong) == 2
            and wrong[1] == wrong[0] + 1
            and one[wrong[0]] == two[wrong[1]]
            and one[wrong[1]] == two[wrong[0]]
        )
        return len(wrong) == 1 or swapped
    short, long = sorted((one, two), key=len)
    place = next((at for at in range(len(short)) if short[at] != long[at]), len(short))
    return short[place:] == long[place + 1 :] and not long[place].isdigit()


def servers(item: Item, server: str, beside: Neighbourhood) -> Hits:
    """What the server calls itself."""
    called = [(("name",), item.document.get("name")), (("title",), item.document.get("title"))]
    for steps, name in called:
        if isinstance(name, str) and (why := posing(name)):
            yield Hit("posing-server", steps, name, why)
    name = item.document.get("name")
    others = {tool.server for tool in beside.tools} - {server}
    if isinstance(name, str):
        for other in sorted(others):
            if (name != server and skeleton(name) == skeleton(other) and skeleton(name) != skeleton(server)) or (
                name != other
                and one_slip(name.lower(), other.lower())
                and not _plural(name.lower(), other.lower())
                and len(other) > 4
            ):
                yield Hit("posing-server", ("name",), name, f"another server here is called {other!r}")


def posing(name: str) -> str:
    """Which trusted name a name passes for without being it, or nothing."""
    if any(char in LOOKALIKES for char in name) and any(char.isascii() and char.isalpha() for char in name):
        return "letters of different scripts in one name"
    for word in name_words(name):
        if word in VENDORS or len(word) < _LEAST_ALIKE - 1:
            continue
        for vendor in VENDOR_SLIPS.get(skeleton(word), ()):
            if word != vendor:
                return f"it looks like {vendor!r}"
    return ""


def _slips() -> Mapping[str, tuple[str, ...]]:
    """Skeletons of what the trusted names are mistyped as: a letter left out, doubled or exchanged with the next."""
    found: dict[str, tuple[str, ...]] = {}
    for vendor in sorted(VENDORS):
        if len(vendor) < _LEAST_ALIKE:
            found.setdefault(skeleton(vendor), (vendor,))
            continue
        forms = {vendor}
        for at in range(1, len(vendor)):
            forms |= {vendor[:at] + vendor[at + 1 :], vendor[:at] + vendor[at] + vendor[at:]}
            forms.add(vendor[: at - 1] + vendor[at] + vendor[at - 1] + vendor[at + 1 :])
        for form in sorted(forms):
            if form not in VENDORS:
                found[skeleton(form)] = (*found.get(skeleton(form), ()), vendor)
        found.setdefault(skeleton(vendor), (vendor,))
    return found


VENDOR_SLIPS: Final = _slips()
