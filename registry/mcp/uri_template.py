"""Which URIs an RFC 6570 template stands for, as a linear pattern. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

import re2

from governance.canonical.paths import canonical_path
from governance.canonical.values import NotCanonical

_EXPRESSION: Final = re.compile(r"\{([+#./;?&]?)([A-Za-z0-9_.,%*:]+)\}")
_PART: Final = r"[^/?#]+"
_PARTS: Final = re.compile(r"[/?#&=;:,]")
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
# What RFC 3986 calls unreserved has one spelling, hex digits are capitals, and an encoded slash or percent sign is read
# once by some servers and twice by others.
_OTHER_SPELLING: Final = re.compile(
    r"%(?:2[DEF]|25[0-9A-Fa-f]{2}|3[0-9]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AE])|%(?![0-9A-F]{2})", re.ASCII
)
# What RFC 3986 lets no URI have: it stands there encoded, and some servers decode it.
_UNENCODED: Final = re.compile(r"[^!#-;=?-\[\]_a-z~]")
_RESERVED: Final = "!#$%&'()*+,/:;=?@[]"
_EMPTY_SEGMENT: Final = re.compile(r"(?<![:/])//|:////", re.ASCII)


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
        """Whether the template stands for `uri`; never for one that could be spelt otherwise (see `ambiguous`)."""
        return not ambiguous(uri) and self._pattern.fullmatch(uri) is not None


def ambiguous(uri: str) -> bool:
    """Whether a server could take the URI for another one than the patterns of roles and rules that it was judged by.

    So are dot segments, encoded slashes and letters, empty segments, and characters that have to be encoded and are
    not. Other reserved characters are left as they come: some expressions encode them, and some do not.
    """
    if _OTHER_SPELLING.search(uri) or _UNENCODED.search(uri) or _EMPTY_SEGMENT.search(uri):
        return True
    try:
        for part in _PARTS.split(uri):
            canonical_path("/" + part.replace("%20", " "), cwd=None)
    except NotCanonical:
        return True
    return False


def _literal(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError(f"not a URI template: {text!r}")
    return str(re2.escape(quote(text, safe=_RESERVED)))
