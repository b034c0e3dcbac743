"""Rules of an organisation's own, read from JSON and added to the pack (docs/findings.md). Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import re2

from governance.canonical.strict_json import Malformed, parse
from governance.canonical.values import JSON
from governance.inspection.finding import Severity
from registry.scan.finding import Rule
from registry.scan.lexicon import UnusablePack
from registry.scan.meanings import Meaning
from registry.scan.pack import PACK, Pack
from registry.scan.signs import Sign

_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_FIELDS: Final = frozenset(("id", "severity", "why", "action", "pattern", "forms", "about"))
_WHOLE: Final = frozenset(("version", "rules", "words"))
LONGEST: Final = 500


def read_rules(body: bytes, pack: Pack = PACK) -> Pack:
    """`pack` with the rules of a file added. Raises UnusablePack: one sentence, which rule, what is wrong."""
    try:
        document = parse(body)
    except Malformed as wrong:
        raise UnusablePack(f"the rules are refused: {wrong.message}") from None
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
        raise UnusablePack('the rules are refused: write {"version": …, "rules": […]}')
    _only(document, _WHOLE, "the rules")
    version = document.get("version")
    if not isinstance(version, str) or not version or len(version) > 40:
        raise UnusablePack('the rules need a "version" of at most 40 characters')
    rules: list[Rule] = []
    signs: list[Sign] = []
    meanings: list[Meaning] = []
    known = {rule.id for rule in pack.rules}
    listed = document["rules"]
    assert isinstance(listed, list)
    for number, row in enumerate(listed, 1):
        rule, sign, meaning = _row(row, f"rule {number}")
        if rule.id in known:
            raise UnusablePack(f"rule {number}: there is a rule {rule.id!r} already; choose another id")
        known.add(rule.id)
        rules.append(rule)
        signs += [sign] if sign else []
        meanings += [meaning] if meaning else []
    return pack.extended(
        f"{pack.version}+{version}",
        rules=tuple(rules),
        signs=tuple(signs),
        meanings=tuple(meanings),
        english=_words(document.get("words")),
    )


def _row(row: JSON, where: str) -> tuple[Rule, Sign | None, Meaning | None]:
    if not isinstance(row, dict):
        raise UnusablePack(f"{where} is no object")
    _only(row, _FIELDS, where)
    name, why, about = _text(row, "id", where), _text(row, "why", where), row.get("about", "")
    if not _ID.fullmatch(name):
        raise UnusablePack(f"{where}: the id {name[:60]!r} is not made of small letters, digits and single hyphens")
    where = f"rule {name}"
    severity = row.get("severity")
    if severity not in tuple(Severity):
        raise UnusablePack(f"{where}: write one of {', '.join(Severity)} for the severity")
    action = _text(row, "action", where) if "action" in row else "Ask who wrote the rule."
    if not isinstance(about, str):
        raise UnusablePack(f"{where}: about is no text")
    rule = Rule(name, Severity(str(severity)), why, action)
    if ("pattern" in row) == ("forms" in row):
        raise UnusablePack(f'{where}: give either a "pattern" or "forms"')
    if "pattern" in row:
        return rule, Sign(name, _pattern(_text(row, "pattern", where), where), about), None
    forms = row["forms"]
    if not isinstance(forms, list) or not forms or not all(isinstance(form, str) and form for form in forms):
        raise UnusablePack(f"{where}: forms is a list of texts such as 'dont tell ~6 theuser'")
    return rule, None, Meaning(name, tuple(map(str, forms)), about=about, sure=True)


def _pattern(text: str, where: str) -> str:
    options: Any = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error as wrong:
        raise UnusablePack(f"{where}: the pattern is not RE2: {wrong}") from None
    return text


def _words(words: JSON) -> dict[str, str]:
    if words is None:
        return {}
    if not isinstance(words, dict) or not all(isinstance(entries, str) for entries in words.values()):
        raise UnusablePack('words is an object such as {"creds": "badge number, door code"}')
    return {concept: str(entries) for concept, entries in words.items()}


def _text(row: Mapping[str, JSON], field: str, where: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise UnusablePack(f"{where}: {field} is a text of 1 to {LONGEST} characters")
    return value


def _only(row: Mapping[str, JSON], fields: frozenset[str], where: str) -> None:
    if unknown := sorted(row.keys() - fields):
        raise UnusablePack(f"{where}: there is no field {unknown[0][:60]!r}; known are {', '.join(sorted(fields))}")
