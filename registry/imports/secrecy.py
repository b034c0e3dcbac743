"""What of a configuration looks like a secret, and the address or command without it. Pure: no Django, no I/O.

An import is read by people and kept; a client's file often holds keys in plain text. So values of settings are never
taken over at all, and what stands in an address or on a command line is taken over without what may be a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from governance.inspection.scan import Detectors, compile_detectors
from registry.imports.packages import program_of

LEFT_OUT: Final = "<left-out>"

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS: Final = frozenset(
    (
        "token", "secret", "password", "passwd", "passphrase", "pwd", "pass", "credential", "credentials", "apikey",
        "accesskey", "key", "auth", "authorization", "bearer", "cookie", "pat", "dsn", "jwt", "sas", "sig", "signature",
        "connstring",
    )
)  # fmt: skip
_REFERENCE: Final = re.compile(
    r"(?:[A-Za-z]+ )?\$\{(?:(?:env|input|config|command):)?[A-Za-z_][A-Za-z0-9_.-]*\}", re.ASCII
)
_OPAQUE: Final = re.compile(r"[A-Za-z0-9_=+.~-]{20,}", re.ASCII)
# A run inside a word. Behind a slash stands a part of a path, behind @ or a hash's name what pins a version.
_RUN: Final = re.compile(r"(?<![A-Za-z0-9/@])(?<!sha256:)(?<!sha512-)[A-Za-z0-9]{20,}", re.ASCII)
_BEARER: Final = re.compile(r"\s*(?:bearer|basic|token)\s+\S.*", re.IGNORECASE | re.DOTALL)
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_USERINFO: Final = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_PAIR: Final = re.compile(r"(?<![A-Za-z0-9_-])([A-Za-z0-9_-]++)=([^;&\s]+)")
_MEMBER: Final = re.compile(r'(\\?"([A-Za-z0-9_-]+)\\?"\s*:\s*\\?")([^"\\]+)')
_HEADER: Final = re.compile(
    r"((?:--?headers?=|-H=?)?(?:proxy-)?(?:authorization|cookie|x-[a-z0-9-]+))\s*:(.*)", re.I | re.S
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_HEADER_FLAGS: Final = frozenset({"-H", "--header", "--headers"})
_SETTING_FLAGS: Final = frozenset({"-e", "--env"})


def secret_name(name: str) -> bool:
    """Whether what goes by this name is usually a secret."""
    words = [word.lower() for word in _WORDS.findall(name)]
    pairs = {first + second for first, second in pairwise(words)}
    return not _SECRET_WORDS.isdisjoint(words) or bool(pairs & {"apikey", "accesskey", "connectionstring"})


def is_reference(value: str) -> bool:
    """Whether a value only names where the client takes it from, like `${input:key}`."""
    return _REFERENCE.fullmatch(value) is not None


def looks_secret(name: str, value: str) -> bool:
    """Whether the value of a setting looks like a secret, by its name or by itself."""
    if not value or is_reference(value):
        return False
    return secret_name(name) or opaque(value) or bool(_detectors().inspect_text(value))


def opaque(value: str) -> bool:
    """Whether a value is a long run of letters and digits that is no word: a key, an id, a hash."""
    if _UUID.fullmatch(value):
        return True
    parts = re.split(r"[-_.]", value) if _OPAQUE.fullmatch(value) else []
    return any(len(part) >= 20 and _is_mixed(part) for part in parts)


def _is_mixed(run: str) -> bool:
    return re.search("[0-9]", run) is not None and re.search("[A-Za-z]", run) is not None


@cache
def _detectors() -> Detectors:
    # Fingerprints are thrown away here, so that their key needs no secrecy.
    return compile_detectors(key=b"registry.imports")


@dataclass(slots=True)
class Cleaned:
    """What is taken over of a command: its words, settings that stood on it, and sentences about what was left out.

    The settings still have their values, to be judged and dropped.
    """

    words: list[str] = field(default_factory=list)
    settings: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def clean_url(url: str, *, public: bool = False) -> tuple[str, tuple[str, ...]]:
    """An address without credentials, query and fragment, and what to say about it.

    The query of an address that is `public`, from a registry, stays where nothing in it looks like a secret.
    Raises ValueError where it is no address.
    """
    parts = urlsplit(url)
    said: list[str] = []
    if "@" in parts.netloc:
        said.append("credentials in the address were left out; give them as a header")
    path = "/".join(_clean_segment(segment) for segment in parts.path.split("/"))
    if path != parts.path:
        said.append(f"a part of the address looks like a secret and was left out ({LEFT_OUT}); give it as a header")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = parts.query
    if query and not (public and not any(looks_secret(name, value) for name, value in pairs)):
        query = ""
        said_names = {name for name, sign, _ in (part.partition("=") for part in parts.query.split("&")) if sign}
        names = sorted(name for name in said_names if _NAME.fullmatch(name) and not opaque(name))
        named = f" ({', '.join(names)})" if names else ""
        said.append(
            f"the query of the address was left out{named}; add what the server needs of it, secrets as headers"
        )
    if parts.fragment:
        said.append("the fragment of the address was left out; servers never see it")
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, path, query, "")), tuple(said)


def _clean_segment(segment: str) -> str:
    return LEFT_OUT if opaque(segment) or _detectors().inspect_text(segment) else segment


def clean_command(words: list[str]) -> Cleaned:
    """A command without values that look like secrets; each is replaced by a mark, so that the places stay."""
    cleaned = Cleaned()
    words = _without_leading_settings(words, cleaned)
    container = program_of(words) in ("docker", "podman", "nerdctl")
    before = ""
    for number, word in enumerate(words):
        if number and container and (taken := _container_setting(before, word, cleaned)):
            cleaned.words.append(taken)
        else:
            plain = _clean_word(before, word) if number else word
            if plain != word:
                cleaned.warnings.append(
                    f"argument {number} of the command looks like a secret and was left out ({LEFT_OUT}); "
                    "give it as a setting of the environment"
                )
            cleaned.words.append(plain)
        before = word
    return cleaned


def _without_leading_settings(words: list[str], cleaned: Cleaned) -> list[str]:
    """The command behind `env NAME=VALUE …`, whose values are settings like any other."""
    if program_of(words) != "env":
        return words
    rest = words[1:]
    while rest and (name := _VARIABLE.match(rest[0])) and rest[0][name.end() : name.end() + 1] == "=":
        cleaned.settings.append((name[0], rest[0][name.end() + 1 :]))
        rest = rest[1:]
    if not rest or rest[0].startswith("-") or not cleaned.settings:
        cleaned.settings.clear()
        return words
    return rest


def _container_setting(before: str, word: str, cleaned: Cleaned) -> str:
    """`-e NAME` for the `-e NAME=VALUE` of a container: the value then comes from the environment."""
    flag, given = (before, word) if before in _SETTING_FLAGS else ("", "")
    if word.startswith("--env="):
        flag, given = "--env", word.removeprefix("--env=")
    name = _VARIABLE.match(given) if flag else None
    if name is None:
        return ""
    cleaned.settings.append((name[0], given[name.end() + 1 :]))
    return name[0] if before in _SETTING_FLAGS else f"--env={name[0]}"


def _clean_word(before: str, word: str) -> str:
    if is_reference(word):
        return word
    if before in _HEADER_FLAGS and ":" in word:
        name, _, value = word.partition(":")
        return word if is_reference(value.strip()) else f"{name}: {LEFT_OUT}"
    if header := _HEADER.fullmatch(word):
        return word if is_reference(header[2].strip()) else f"{header[1]}: {LEFT_OUT}"
    if before.startswith("-") and "=" not in before and secret_name(before) and not word.startswith("-"):
        return LEFT_OUT
    name, sign, value = word.partition("=")
    if sign and value and _NAME.fullmatch(name.lstrip("-/")) and looks_secret(name, value):
        return f"{name}={LEFT_OUT}"
    return LEFT_OUT if opaque(word) or _BEARER.fullmatch(word) else _clean_text(word)


def _clean_text(word: str) -> str:
    """A word without the secrets in the middle of it."""
    plain = _USERINFO.sub(LEFT_OUT, word)
    if "://" in plain:
        head, sign, query = plain.partition("?")
        plain = "/".join(LEFT_OUT if opaque(part) else part for part in head.split("/")) + sign + query
    plain = _PAIR.sub(lambda found: f"{found[1]}={LEFT_OUT}" if looks_secret(found[1], found[2]) else found[0], plain)
    plain = _MEMBER.sub(lambda found: f"{found[1]}{LEFT_OUT}" if looks_secret(found[2], found[3]) else found[0], plain)
    for hit in reversed(_detectors().inspect_text(plain)):
        plain = plain[: hit.start] + LEFT_OUT + plain[hit.end :]
    return _RUN.sub(lambda found: LEFT_OUT if _is_mixed(found[0]) else found[0], plain)
