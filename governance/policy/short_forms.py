"""The guides' short forms: which arguments are paths, URLs or amounts (contract 4.11). Pure: no Django, no I/O."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from governance.canonical.values import JSON
from governance.policy.addresses import EACH, WRONG_SHAPE, WrongShape
from governance.policy.patterns import Test, regex_test
from governance.policy.schemas import Declared

PATHS: Final = "paths"
URLS: Final = "urls"
AMOUNTS: Final = "amounts"
SORT_OF: Final = {"allowedPaths": PATHS, "allowedDomains": URLS, "maxAmount": AMOUNTS}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The last word of a name decides: `repo_path`, `outputDir` and `FILE` are paths.
LAST_WORDS: Final[Mapping[str, frozenset[str]]] = {
    PATHS: _words(
        "path paths file files filename filenames filepath filepaths pathname dir dirs directory directories dirname "
        "folder folders cwd workdir basedir rootdir destination dest dst src source root"
    ),
    URLS: _words("url urls uri uris href hrefs link links endpoint endpoints webhook webhooks callback website origin"),
    AMOUNTS: _words("amount amounts amt price prices total totals subtotal sum cost costs fee fees payment payout"),
}
# `source` alone names a file in move and copy tools; as the end of a longer name it names anything.
ONLY_ALONE: Final = _words("source src root origin callback sum")
FORMATS: Final[Mapping[str, frozenset[str]]] = {
    PATHS: _words("path file-path filepath directory-path file directory"),
    URLS: _words("uri url iri uri-reference iri-reference"),
    AMOUNTS: _words("amount money currency"),
}
# A name in one case shows no words: `maxamount` and `OUTPUTDIR` are known by such words in front of a last word.
FIRST_WORDS: Final = _words(
    "abs absolute account actual api archive ask auth avatar backup balance base bid bill billing bin bonus budget "
    "build cache callback cert certificate charge child client config credit csv current daily data database "
    "debit default deposit discount download due end error export feed file final from full git gross home hook http "
    "https icon image img import in index init initial input invoice item json key lib limit line local lock log login "
    "logo logout max maximum media min minimum module monthly name net new next notebook notification notify offer old "
    "order origin original out output package page paid parent partial pay payment pdf photo picture prev previous "
    "private project proxy public quote redirect refund relative remote repo repository request requested response "
    "return root sale sales save script secret server service settlement shipping site source spend src start state "
    "static sub subscription success tax template temp test thumbnail tip tmp to token total transaction transfer unit "
    "upload usd user video web webhook withdrawal work working workspace xml yearly zip"
)
MAX_NAME: Final = 128
"""Longer names are never looked up, so that no caller fills the memory with them; no list has such a word."""
_PATH_FORM: Final = re.compile(r"/|~|\./|\.\./|[A-Za-z]:|file:", re.ASCII | re.IGNORECASE).match
_URL_FORM: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|file:", re.ASCII | re.IGNORECASE).match
_SPLIT: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", re.ASCII).findall


@dataclass(frozen=True, slots=True)
class Seen:
    """One argument of the sort looked for. `value` is WRONG_SHAPE where it holds nothing that can be judged."""

    label: str
    value: JSON | WrongShape


def named(name: str, sort: str) -> bool:
    """Whether an argument is a path, a URL or an amount by its name."""
    return _named(name, sort) if len(name) <= MAX_NAME else False


@lru_cache(maxsize=16_384)
def _named(name: str, sort: str) -> bool:
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    known = LAST_WORDS[sort]
    if plain.lower() in known:
        return True
    words = [word.lower() for word in _SPLIT(plain)]
    if words and words[-1] in known and (len(words) == 1 or words[-1] not in ONLY_ALONE):
        return True
    return _run_together(sort)(plain.replace("_", "").replace("-", "").lower())


@lru_cache
def _run_together(sort: str) -> Test:
    first = FIRST_WORDS.union(*LAST_WORDS.values())
    return regex_test(f"(?:{'|'.join(sorted(first))})+(?:{'|'.join(sorted(LAST_WORDS[sort] - ONLY_ALONE))})")


def declares_any(declared: Declared, sort: str) -> bool:
    """Whether a schema declares an argument of this sort, by name or format."""
    roots = declared.roots()
    return any(
        named(name, sort) or declared.formats(declared.below(roots, name)) & FORMATS[sort] for name in declared.top
    )


def collect(arguments: dict[str, JSON], declared: Declared, sort: str) -> list[Seen]:
    """Every argument of a sort, at any depth."""
    search = _Search(declared, sort)
    search.members(arguments, declared.roots(), "")
    return search.found


class _Search:
    def __init__(self, declared: Declared, sort: str) -> None:
        self._declared = declared
        self._sort = sort
        self.found: list[Seen] = []

    def members(self, value: dict[str, JSON], schemas: list[Mapping[str, JSON]], label: str) -> None:
        for key, member in value.items():
            below = self._declared.below(schemas, key) if schemas else []
            self.visit(member, below, f"{label}.{key}" if label else key, named(key, self._sort))

    def visit(self, value: JSON, schemas: list[Mapping[str, JSON]], label: str, expected: bool) -> None:
        expected = expected or bool(schemas and self._declared.formats(schemas) & FORMATS[self._sort])
        if isinstance(value, (dict, list)):
            before = len(self.found)
            if isinstance(value, dict):
                self.members(value, schemas, label)
            else:
                below = self._declared.below(schemas, EACH) if schemas else []
                for member in value:
                    self.visit(member, below, f"{label}[]", expected)
            if expected and value and len(self.found) == before:
                self.found.append(Seen(label, WRONG_SHAPE))
        elif expected or (isinstance(value, str) and self._by_form(value)):
            self.found.append(Seen(label, value))

    def _by_form(self, value: str) -> bool:
        if self._sort == PATHS:
            return _PATH_FORM(value) is not None
        return self._sort == URLS and _URL_FORM(value) is not None
