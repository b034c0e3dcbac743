"""POSIX paths with exactly one meaning, compared component by component. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from typing import Final

from governance.canonical.characters import hidden_separator, unseen
from governance.canonical.values import NotCanonical

MAX_LENGTH: Final = 32_768
_PERCENT_ROUNDS: Final = 3

# Components that begin with a letter, digit or underscore, in characters without any second meaning.
_PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9_](?:[A-Za-z0-9_.,+=@#-]| (?=[^ /]))*)+", re.ASCII).fullmatch
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII).match
_PERCENT_RUN: Final = re.compile(r"(?:%(?:[0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4}))+", re.ASCII)
_PERCENT_PART: Final = re.compile(r"%(?:([0-9A-Fa-f]{2})|[uU]([0-9A-Fa-f]{4}))", re.ASCII).finditer
# `..;x` is a parent folder to servers that cut path parameters off; white space around dots is cut off by others.
_DOT_COMPONENT: Final = re.compile(r"(?:\A|/)\s*\.{1,2}\s*(?:;[^/]*)?(?:/|\Z)").search
_SLASHES: Final = re.compile(r"/{2,}").sub
_MULTIBYTE: Final = re.compile(rb"[\xc0-\xff][\x80-\xbf]*").finditer


def canonical_path(value: str, *, cwd: str | None) -> str:
    """The absolute path that `value` names, relative ones joined to `cwd`; contract section 4, point 10, `under`.

    Raises NotCanonical for whatever two programs could read differently.
    """
    if len(value) > MAX_LENGTH:
        raise NotCanonical(f"a path of more than {MAX_LENGTH} characters")
    if _PLAIN(value):
        return value
    if not value:
        raise NotCanonical("an empty path")
    if value[0] != "/":
        value = _joined(value, cwd)
    _refuse_ambiguous(value)
    if "%" in value:
        _refuse_percent(value)
    path = _SLASHES("/", value)
    return path.rstrip("/") or "/"


def is_under(path: str, folder: str) -> bool:
    """Whether the canonical `path` is `folder` or lies below it, by whole components."""
    folder = folder.rstrip("/")
    return path == folder or path.startswith(folder + "/")


def _joined(value: str, cwd: str | None) -> str:
    trimmed = value.lstrip()
    if trimmed[:1] == "~":
        raise NotCanonical("a path that begins with ~ depends on who opens it")
    if _SCHEME(trimmed):
        raise NotCanonical("a scheme or drive in front of the path")
    if trimmed[:1] in ("/", ""):
        raise NotCanonical("white space in front of the path")
    if cwd is None:
        raise NotCanonical("a relative path and no working folder to join it to")
    if cwd[:1] != "/":
        raise NotCanonical("the working folder is not absolute")
    return f"{cwd}/{value}"


def _refuse_ambiguous(value: str) -> None:
    if "\\" in value:
        raise NotCanonical("a backslash")
    if _DOT_COMPONENT(value):
        raise NotCanonical("a . or .. component")
    _refuse_characters(value)


def _refuse_characters(text: str, where: str = "") -> None:
    if (char := unseen(text)) is not None:
        raise NotCanonical(f"the control or format character U+{ord(char):04X}{where}")
    if (char := hidden_separator(text)) is not None:
        raise NotCanonical(f"U+{ord(char):04X}, which stands for a separator or a dot{where}")


def _refuse_percent(value: str) -> None:
    for _ in range(_PERCENT_ROUNDS):
        decoded = _PERCENT_RUN.sub(_decoded_run, value)
        if decoded == value:
            return
        value = decoded


def _decoded_run(match: re.Match[str]) -> str:
    raw = bytearray()
    for part in _PERCENT_PART(match[0]):
        raw += bytes((int(part[1], 16),)) if part[1] else chr(int(part[2], 16)).encode("utf-8", "surrogatepass")
    if not raw.isascii():
        _refuse_overlong(bytes(raw))
    text = raw.decode("utf-8", "replace")
    if not {"/", "\\", "."}.isdisjoint(text):
        raise NotCanonical("a percent sequence that hides a separator or a dot")
    _refuse_characters(text, " in a percent sequence")
    return text


def _refuse_overlong(raw: bytes) -> None:
    for match in _MULTIBYTE(raw):
        sequence = match[0]
        length = 8 - (sequence[0] ^ 0xFF).bit_length()  # Leading one bits: how many bytes the lead byte announces.
        point = sequence[0] & (0x7F >> min(length, 7))
        for byte in sequence[1:length]:
            point = point << 6 | byte & 0x3F
        if len(sequence) >= length and (point < 0x20 or chr(min(point, 0x7F)) in "/\\."):
            raise NotCanonical("a percent sequence that hides a separator, a dot or a control character")
