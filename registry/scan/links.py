"""Where addresses in a manifest lead: icons, links, resources, addresses in prose. Pure: no Django, no I/O."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote, urlsplit

from governance.canonical.ip import address_of, special_range
from governance.canonical.values import NotCanonical
from registry.scan.finding import Hit, Hits
from registry.scan.lookalikes import LOOKALIKES
from registry.scan.plain import name_words
from registry.scan.texts import Role, Text
from registry.scan.words.hosts import COLLECTORS, METADATA, REPORTING_PATHS

MAX_URLS: Final = 200
_URL: Final = re.compile(r"\b(?:https?|ftp|file|wss?)://[^\s\"'<>`\\)\]}]{1,2000}", re.IGNORECASE)
_SCHEME: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]{0,30}):", re.ASCII)
_ACTIVE: Final = re.compile(
    r"<\s*(?:script|foreignObject|iframe|animate|set|handler|embed|object)\b|\son\w+\s*=|javascript:|<!ENTITY"
    r"|xlink:href\s*=\s*[\"'](?!#)|href\s*=\s*[\"']https?:|<text\b|url\(",
    re.IGNORECASE,
)
_PLACEHOLDER: Final = re.compile(r"\{[^}]*\}|\$\w|%7B|<\w+>|\[[a-z_]+\]", re.IGNORECASE)
_TRACKING: Final = re.compile(
    r"[?&](?:u|uid|user|user_?id|id|track\w*|session\w*|sid|token|email|client\w*|t|q|d|data|c|conv\w*|host"
    r"|install\w*|machine\w*|visitor\w*|beacon|pixel|open|ref|cb|utm_\w+)=",
    re.IGNORECASE,
)
_PIXEL: Final = re.compile(
    r"(?:pixel|beacon|track(?:er|ing)?|collect|telemetry|analytics|/t\.gif|/p\.gif|1x1|spy|/open\b)", re.IGNORECASE
)
_LOOKS_LIKE_HOST: Final = re.compile(r"[a-z0-9-]+\.[a-z]{2,}", re.IGNORECASE)
_REFUSED: Final = re.compile(
    r"\b(?:refus|block|den[iy]|reject|prevent|forbid|disallow|not allowed|ssrf)", re.IGNORECASE
)
_RUNNING: Final = frozenset(
    "shell exec execute run command commands terminal bash script cron job process docker ssh kubectl history".split()
)
_COMMAND: Final = re.compile(
    r"\$\([a-z][^()]{2,}\(?|;\s*(?:curl|wget|nc|bash|sh|rm|python\d?|perl|powershell)\s|\|\s*(?:ba|z)?sh\b"
    r"|(?:&&|\|\|)\s*(?:curl|wget|nc|rm|powershell|bash|sh|python\d?)\s|\bcopy\s*\([^()]{1,200}\)\s*to\s+program\b"
    r"|`(?:curl|wget|nc|bash|rm|cat|id|whoami|python\d?)\b[^`]*`|/dev/tcp/",
    re.IGNORECASE,
)
_REPORTING: Final = re.compile(REPORTING_PATHS)
_DOWNLOAD: Final = re.compile(
    r"\.(?:exe|msi|dmg|pkg|scr|bat|cmd|ps1|vbs|jar|apk|iso|lnk|hta|deb|rpm|appimage)(?:$|[?#])", re.IGNORECASE
)
_SAFE_SCHEMES: Final = frozenset(
    ("http", "https", "mailto", "data", "file", "ws", "wss", "ftp", "urn", "git", "ssh", "tel")
)
_DANGEROUS: Final = frozenset(
    ("javascript", "vbscript", "data", "file", "blob", "about", "jar", "ms-msdt", "search-ms", "ms-officecmd", "shell")
)
_IMAGES: Final = (
    "data:image/png",
    "data:image/jpeg",
    "data:image/jpg",
    "data:image/gif",
    "data:image/webp",
    "data:image/x-icon",
    "data:image/vnd.microsoft.icon",
    "data:image/avif",
    "data:image/bmp",
)


def worth_a_look(text: str) -> bool:
    """Whether texts that together are `text` hold an address of any kind, or a command."""
    return ":" in text or any(host in text for host in METADATA) or _COMMAND.search(text) is not None


def links(texts: list[Text], name: str) -> Hits:
    """What the addresses of one item give, and commands in the values it offers; `name` is what it is called."""
    running = not _RUNNING.isdisjoint(name_words(name))
    for text in texts:
        if text.role is Role.KEY:
            continue
        if text.role is Role.VALUE and not running and _COMMAND.search(text.text[:4000]):
            yield Hit("command-in-a-value", text.steps, text.text[:400])
        if _is_icon(text):
            yield from _icon(text)
        elif text.key in ("websiteUrl", "href", "url", "externalDocs", "uri") and text.role is Role.LINK:
            yield from _link(text)
        yield from _mentioned(text)


def _is_icon(text: Text) -> bool:
    return "icons" in text.steps and text.key == "src"


def _icon(text: Text) -> Hits:
    source = text.text.strip()
    lower = unquote(source[:4000]).lower()
    scheme = _SCHEME.match(source)
    if lower.startswith("data:"):
        if lower.startswith("data:image/svg"):
            if _ACTIVE.search(_svg(source)):
                yield Hit("dangerous-icon", text.steps, source[:400], "the picture holds active content or text")
        elif not lower.startswith(_IMAGES):
            yield Hit("dangerous-icon", text.steps, source[:400], "it is no picture")
    elif scheme is None or scheme[1].lower() not in ("https", "http"):
        yield Hit("dangerous-icon", text.steps, source[:400], "neither https nor a picture of its own")
    elif scheme[1].lower() == "http" or _odd_host(source) or _PLACEHOLDER.search(source):
        yield Hit(
            "dangerous-icon",
            text.steps,
            source[:400],
            _odd_host(source) or "it can be read or changed on its way, or is filled in",
        )
    elif (_TRACKING.search(source) and "?" in source) or _PIXEL.search(urlsplit_path(source)):
        yield Hit("tracking-icon", text.steps, source[:400])


def urlsplit_path(address: str) -> str:
    """Host and path of an address, or nothing when it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.netloc}{parts.path}"


def _svg(source: str) -> str:
    head, _, body = source.partition(",")
    if head.lower().endswith(";base64"):
        try:
            return base64.b64decode(unquote(body) + "==").decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
    return unquote(body)


def _link(text: Text) -> Hits:
    scheme = _SCHEME.match(text.text)
    name = scheme[1].lower() if scheme else ""
    if (
        name in _DANGEROUS
        and not (name == "file" and text.key == "uri")
        and not (name == "data" and text.text.lower().startswith(_IMAGES))
    ) or (name and name not in _SAFE_SCHEMES and text.key != "uri"):
        yield Hit("dangerous-link", text.steps, text.text[:400], f"the scheme is {name}")
    if text.key in ("websiteUrl", "href") and re.search(r"[\s`$;|<>\"']|\$\(", text.text.strip()):
        yield Hit("dangerous-link", text.steps, text.text[:400], "it holds characters of a command line")


def _mentioned(text: Text) -> Hits:
    value = text.text
    if "://" not in value and not any(host in value for host in METADATA):
        return
    lower = value.lower()
    if any(host in lower for host in METADATA) and not _REFUSED.search(_near(value, lower, METADATA)):
        yield Hit("metadata-address", text.steps, _near(value, lower, METADATA))
    for count, match in enumerate(_URL.finditer(value)):
        if count >= MAX_URLS:
            return
        yield from _address(text, match[0].rstrip(".,;:!?"))


def _near(value: str, lower: str, hosts: tuple[str, ...]) -> str:
    at = min(place for host in hosts if (place := lower.find(host)) >= 0)
    return value[max(0, at - 60) : at + 100]


def _address(text: Text, address: str) -> Hits:
    why = _odd_host(address)
    if why:
        rule = "disguised-address" if "disguise" in why else "odd-origin"
        yield Hit(rule, text.steps, address[:400], why)
    elif _REPORTING.search(address):
        yield Hit("odd-origin", text.steps, address[:400], "whoever knows it can send messages there")
    if text.key == "websiteUrl" and _DOWNLOAD.search(address):
        yield Hit("dangerous-link", text.steps, address[:400], "it is a program")


def _odd_host(address: str) -> str:
    """Why the host of an address is odd, or nothing."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return "a disguise: programs read it differently"
    if parts.username and _LOOKS_LIKE_HOST.search(unquote(parts.username)):
        return "a disguise: what looks like the host is a user name"
    if host.startswith("xn--") or ".xn--" in host or any(char in LOOKALIKES for char in host):
        return "a disguise: letters of other scripts in the host"
    if host in METADATA:
        return "it hands out the credentials of a cloud machine"
    labels = host.split(".")
    if any(".".join(labels[place:]) in COLLECTORS for place in range(len(labels) - 1)):
        return "a place where strangers collect, hide or pass on data"
    return _odd_number(host)


def _odd_number(host: str) -> str:
    try:
        literal = address_of(host)
    except NotCanonical:
        return "a disguise: a number for a host"
    if literal is None:
        return "a disguise: a number for a host" if re.fullmatch(r"(?:0x[0-9a-f]+|\d{8,10})", host) else ""
    if str(literal) != host and ":" not in host:
        return "a disguise: an address in an unusual spelling"
    return "" if special_range(literal) else "a bare address without a name"
