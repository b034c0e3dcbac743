"""Which URIs an RFC 6570 template stands for, as a linear pattern. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote

import re2

_EXPRESSION: Final = re.compile(r"\{([+#./;?&]?)([A-Za-z0-9_.,%*:]+)\}")
_PART: Final = r"[^/?#]+"
_FORMS: Final = {
    "": _PART,
    "+": r".+",
    "#": r"#.+",
    ".": r"\.[^/?#]+",
    "/": r"(?:/[^/?#]*)+",
    ";": r"(?:;[^/?#;]*)+",
    "?": r"(?:\?[^#]*)?",
    "&": r"(?:&[^#]*)?",
}
_DECODINGS: Final = 3


class UriTemplate:
    """One template. Raises ValueError for a text that is none."""

    __slots__ = ("_pattern", "text")

    def __init__(self, text: str) -> None:
        self.text: Final = text
        parts, end = [], 0
        for found in _EXPRESSION.finditer(text):
            parts += [_literal(text[end : found.start()]), _FORMS[found[1]]]
            end = found.end()
        parts.append(_literal(text[end:]))
        options = re2.Options()
        options.log_errors = False
        self._pattern: Any = re2.compile("".join(parts), options)

    def matches(self, uri: str) -> bool:
        """Whether the template stands for `uri`; never for one with dot segments, however they are written."""
        try:
            return self._pattern.fullmatch(uri) is not None and not climbs(uri)
        except UnicodeEncodeError:
            return False


def climbs(uri: str) -> bool:
    """Whether a part of the URI is `.` or `..`, written plainly, with backslashes or in percent sequences."""
    for _ in range(_DECODINGS):
        if any(part in (".", "..") for part in re.split(r"[/\\?#&=;:]", uri)):
            return True
        decoded = unquote(uri)
        if decoded == uri:
            return False
        uri = decoded
    return "%" in uri


def _literal(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError(f"not a URI template: {text!r}")
    return str(re2.escape(text))
