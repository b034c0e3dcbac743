"""The text of a configuration file as values: JSON as editors write it, or TOML. Pure: no Django, no I/O."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Final

from governance.text.visible import one_line
from registry.imports.draft import CannotRead

MAX_CHARACTERS: Final = 16 * 1024 * 1024
MAX_TABLE_LINE: Final = 400
MAX_GAP: Final = 40

# What is not closed runs to the end, so that reading stays linear whatever the text holds.
_STRING: Final = r'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)'
_COMMENTS: Final = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_LAST_COMMAS: Final = re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.DOTALL)
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")
_BEGIN: Final = re.compile(r"(?:\s|//[^\n]*\n|/\*.*?\*/)*(\S?)", re.DOTALL)


class Literal(str):
    """A number, as it is written in the file."""

    __slots__ = ()


def parsed(text: str, *, filename: str = "") -> object:
    """The value that a text is. TOML where the file's ending or the text's beginning says so, else JSON.

    Comments and commas before a closing bracket are allowed in JSON, because editors allow them in these files.
    Raises CannotRead with the line and column. No message repeats anything of the text.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise CannotRead(f"{_named(filename)} is longer than {MAX_CHARACTERS} characters; give the part with servers")
    if not text.strip():
        raise CannotRead(f"{_named(filename)} is empty; give a configuration with servers in it")
    value = _toml(text, filename) if _is_toml(text, filename) else _json(text, filename)
    try:
        if _HALF.search(text):
            json.dumps(value, ensure_ascii=False, default=str).encode()
        text.encode()
    except UnicodeEncodeError:
        raise CannotRead(f"{_named(filename)} holds half a character (a lone surrogate); write it anew") from None
    return value


def line_of(text: str, key: str) -> int:
    """The line where a key first stands in a text of JSON or TOML, from 1; 0 where it is not found."""
    quoted = json.dumps(key, ensure_ascii=False)
    at = text.find(quoted)
    while at >= 0 and not text[at + len(quoted) : at + len(quoted) + MAX_GAP].lstrip().startswith(":"):
        at = text.find(quoted, at + 1)
    if at >= 0:
        return text.count("\n", 0, at) + 1
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if line.lstrip().startswith("[") and key in line), 0)


def _named(filename: str) -> str:
    return one_line(filename, 120) or "The text"


def _is_toml(text: str, filename: str) -> bool:
    if filename.lower().endswith((".json", ".jsonc", ".json5")):
        return False
    if filename.lower().endswith(".toml"):
        return True
    begin = _BEGIN.match(text)
    first = begin[1] if begin else ""
    if first == "[":
        return _toml_table(text)
    return first not in ("{", '"')


def _toml_table(text: str) -> bool:
    """Whether a text that begins with a bracket begins with a table of TOML rather than a list of JSON."""
    line = text.lstrip().partition("\n")[0].partition("#")[0].strip()[:MAX_TABLE_LINE]
    return re.fullmatch(r"\[\[?[A-Za-z0-9_.\"' -]+\]\]?", line) is not None


def _json(text: str, filename: str) -> object:
    try:
        try:
            return _loaded(text)
        except json.JSONDecodeError:
            return _loaded(_LAST_COMMAS.sub(_blank, _COMMENTS.sub(_blank, text)))
    except json.JSONDecodeError as wrong:
        raise CannotRead(
            f"{_named(filename)}, line {wrong.lineno}, column {wrong.colno}: this is no JSON ({wrong.msg.lower()}); "
            "correct it there",
            line=wrong.lineno,
            column=wrong.colno,
        ) from None
    except RecursionError:
        raise CannotRead(f"{_named(filename)} is nested too deep; give the part with servers") from None


def _loaded(text: str) -> object:
    value: object = json.loads(text, parse_int=Literal, parse_float=Literal, parse_constant=Literal)
    return value


def _blank(match: re.Match[str]) -> str:
    found = match[0]
    return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)


def _toml(text: str, filename: str) -> object:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError:
        raise CannotRead(f"{_named(filename)} is nested too deep; give the part with servers") from None
    except ValueError as wrong:
        place = _PLACE.search(str(wrong))
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        where = f"{_named(filename)}, line {line}, column {column}" if place else _named(filename)
        what = "this is no TOML" if filename.lower().endswith(".toml") else "this is neither JSON nor TOML"
        raise CannotRead(f"{where}: {what}; correct it there", line=line, column=column) from None
