"""What the policy oracle knows about single values: numbers, JSON types, paths, URLs, addresses (contract 4.10).

Pure: no Django, no I/O. Written from the contract alone; shares no logic with the product.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import idna

from governance.canonical.values import Number

YES, NO, ERROR = "yes", "no", "error"
SEPARATORS_AND_DOTS = set("/\\.")
CONFUSABLE_WITH_THEM = set("᜵⁁⁄∕╱⟋⧸∖⟍⧵⧹․܁܂𝅭")  # Letters and digits apart: names are written with those.
DEFAULT_PORTS = {"https": 443, "http": 80, "wss": 443, "ws": 80, "ftp": 21}
INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")


def both(answers: Iterable[str]) -> str:
    given = list(answers)
    return NO if NO in given else ERROR if ERROR in given else YES


def either(answers: Iterable[str]) -> str:
    given = list(answers)
    return YES if YES in given else ERROR if ERROR in given else NO


def negated(answer: str) -> str:
    return {YES: NO, NO: YES, ERROR: ERROR}[answer]


def said(truth: bool) -> str:
    return YES if truth else NO


def glob(pattern: str, text: str) -> bool:
    plain = {"*": "(?s:.*)", "?": "(?s:.)"}
    return re.fullmatch("".join(plain.get(letter, re.escape(letter)) for letter in pattern), text) is not None


def between(want: dict[str, Any], size: int) -> str:
    return said(want.get("min", 0) <= size <= want.get("max", size))


def number(value: Any) -> Decimal | None:
    if isinstance(value, Number):
        return value.value
    return Decimal(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else None


def json_types(value: Any) -> set[str]:
    amount = number(value)
    if amount is not None:
        return {"number", "integer"} if amount == amount.to_integral_value() else {"number"}
    names = {bool: "boolean", str: "string", list: "array", dict: "object", type(None): "null"}
    return {names[type(value)]}


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: by type, without coercion; numbers by value."""
    if json_types(one) != json_types(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(same(left, right) for left, right in zip(one, other, strict=True))
    return bool(one == other) if number(one) is None else number(one) == number(other)


def among(choices: list[Any], value: Any, negate: bool) -> str:
    """`in`, `not_in`, `equals`: a value whose JSON type no choice has is of the wrong type."""
    if not any(json_types(value) & json_types(choice) for choice in choices):
        return ERROR
    return said(any(same(choice, value) for choice in choices) != negate)


def components(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def is_inside(path: str, folder: str) -> bool:
    top = components(folder)
    return components(path)[: len(top)] == top


def canonical_path(text: str, cwd: str | None) -> str | None:
    if not text or text.startswith("~") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) or not harmless(text):
        return None
    if not text.startswith("/"):
        if cwd is None:
            return None
        text = f"{cwd}/{text}"
    if any(part in (".", "..") for part in text.split("/")) or percent_hides_something(text):
        return None
    return "/" + "/".join(components(text))


def looks_like_separator_or_dot(letter: str) -> bool:
    if letter in SEPARATORS_AND_DOTS or letter in CONFUSABLE_WITH_THEM:
        return True
    return bool(set(unicodedata.normalize("NFKC", letter)) & SEPARATORS_AND_DOTS)


def harmless(text: str) -> bool:
    """No control, format or lone surrogate character, and nothing that only looks like a separator or a dot."""
    return not any(
        unicodedata.category(letter) in INVISIBLE or (letter not in "/." and looks_like_separator_or_dot(letter))
        for letter in text
    )


def percent_hides_something(text: str) -> bool:
    """True when one of three rounds of sloppy decoding gives a separator, a dot or a control that was not there."""
    written = sum(map(looks_like_separator_or_dot, text))
    for _ in range(3):
        text = decoded(text)
        if sum(map(looks_like_separator_or_dot, text)) != written or not harmless(text):
            return True
    return False


def decoded(text: str) -> str:
    text = re.sub(r"%[uU]([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "surrogatepass"))
    return sloppy_utf8(raw)


def sloppy_utf8(raw: bytes) -> str:
    """UTF-8 that accepts overlong forms, as the decoders do that attackers hope for."""
    letters, at = [], 0
    while at < len(raw):
        more = (
            0
            if raw[at] < 0xC0
            else 1
            if raw[at] < 0xE0
            else 2
            if raw[at] < 0xF0
            else 3
            if raw[at] < 0xF8
            else 4
            if raw[at] < 0xFC
            else 5
        )
        point = raw[at] & (0xFF if more == 0 else 0x3F >> more)
        tail = raw[at + 1 : at + 1 + more]
        if len(tail) < more or any(byte & 0xC0 != 0x80 for byte in tail):
            more, tail, point = 0, b"", 0xFFFD
        for byte in tail:
            point = point << 6 | byte & 0x3F
        letters.append(chr(point if point <= 0x10FFFF and (more or point < 0x80) else 0xFFFD))
        at += 1 + more
    return "".join(letters)


def url_parts(value: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of an absolute URL that every parser reads alike; None for any other text."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^/]*)", value)
    if not found or "@" in found[2] + found[3] or "\\" in value:
        return None
    if any(letter.isspace() or unicodedata.category(letter) in INVISIBLE for letter in value):
        return None
    scheme = found[1].lower()
    split = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(0|[1-9][0-9]{0,4}))?", found[2])
    host = canonical_host(split[1]) if split else None
    if split is None or host is None:
        return None
    port = int(split[2]) if split[2] else DEFAULT_PORTS.get(scheme)
    return None if port is not None and port > 65535 else (scheme, host, port)


def url(kind: str, want: list[Any], value: str, any_scheme: bool) -> str:
    parts = url_parts(value)
    if parts is None:
        return ERROR
    scheme, host, port = parts
    if kind == "schemes":
        return said(scheme in want)
    if kind == "ports":
        return ERROR if port is None else said(port in want)
    return said(any(host_matches(domain, host) for domain in want) and (any_scheme or scheme == "https"))


def host_matches(domain: str, host: str) -> bool:
    wildcard = domain.startswith("*.")
    name = canonical_host(domain.removeprefix("*."))
    return name is not None and (host.endswith("." + name) if wildcard else host == name)


def canonical_host(text: str) -> str | None:
    """One spelling per host: lower-case ASCII, IDNA 2008, addresses however they are written; None when it has none."""
    try:
        if text.startswith("["):
            address = ipaddress.IPv6Address(text[1:-1])
            return str(address.ipv4_mapped or address)
        host = text.lower() if text.isascii() else idna.encode(text.lower()).decode()
        labels = host.split(".")
        if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
            return socket.inet_ntoa(socket.inet_aton(host))
    except (ValueError, OSError):
        return None
    good = all(re.fullmatch(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", label) for label in labels)
    return host if good else None


def email(domains: list[str], value: str) -> str:
    atom = r"[A-Za-z0-9#$&'*+/=?^_`{|}~-]+"  # Without % and !, which route mail elsewhere.
    label = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
    found = re.fullmatch(rf"{atom}(\.{atom})*@({label}(\.{label})*)", value)
    return ERROR if not found else said(found[2].lower() in [domain.lower() for domain in domains])
