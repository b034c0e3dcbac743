"""Globs, item patterns and regular expressions of rules. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import re2

from governance.policy.tree import ItemPattern

Test = Callable[[str], bool]

_SERVER: Final = re.compile(r"[a-z*?][a-z0-9*?-]{0,79}", re.ASCII).fullmatch
_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.never_capture = True  # Only whether the whole text matches is asked, which is quicker to tell without groups.


class NotRe2(ValueError):
    """A regular expression that RE2 does not take."""


def is_glob(pattern: str) -> bool:
    """Whether a pattern has a wildcard."""
    return "*" in pattern or "?" in pattern


def is_server_pattern(text: str) -> bool:
    """Whether a text can be a server name or a glob over server names (contract 4.2)."""
    return _SERVER(text) is not None


def item_pattern(text: str) -> ItemPattern:
    """`server/item` split at the first `/` where the left side is a server name or glob (contract 4.2)."""
    left, slash, right = text.partition("/")
    return ItemPattern(left, right) if slash and is_server_pattern(left) else ItemPattern(None, text)


@lru_cache(maxsize=8192)
def glob_test(pattern: str) -> Test:
    """A test for one glob: `*` any run, `?` one character, nothing else special, the whole text, case counts.

    The test may raise UnicodeEncodeError for a text with half of a surrogate pair.
    """
    if not is_glob(pattern):
        return lambda text: text == pattern
    if set(pattern) == {"*"}:
        return lambda text: True
    head, _, tail = pattern.partition("*")
    if not is_glob(head + tail):
        least = len(head) + len(tail)
        return lambda text: text.startswith(head) and text.endswith(tail) and len(text) >= least
    parts = (".*" if part[0] == "*" else "." if part == "?" else re2.escape(part) for part in _runs(pattern))
    return regex_test("(?s:" + "".join(parts) + ")")


@lru_cache(maxsize=8192)
def regex_test(pattern: str) -> Test:
    """A test for one RE2 expression over the whole text. Raises NotRe2."""
    try:
        fullmatch = re2.compile(pattern, _OPTIONS).fullmatch
    except (re2.error, UnicodeEncodeError) as error:
        what = error.args[0] if error.args else "unreadable"
        raise NotRe2(what.decode("utf-8", "replace") if isinstance(what, bytes) else str(what)) from None
    # Bytes spare the library the way back from byte offsets to characters.
    return lambda text: fullmatch(text.encode("utf-8")) is not None


def pattern_matches(pattern: str, server: str, item: str) -> bool:
    """Whether an item pattern as written names an item; for the record of forwarded calls (HistoryQuery.pattern)."""
    parts = item_pattern(pattern)
    return (parts.server is None or glob_test(parts.server)(server)) and glob_test(parts.item)(item)


def _runs(pattern: str) -> list[str]:
    return re.findall(r"\*+|\?|[^*?]+", pattern)
