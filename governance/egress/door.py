"""The one door through which the gateway goes out to a server: address in, verdict out. Pure: no Django, no I/O.

Whatever names a place that a person or a server chose is judged here as it is written, then as it is resolved, then as
it is connected. Nothing follows a redirect, so that there is no fourth time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from governance.canonical.urls import Url, canonical_url
from governance.canonical.values import NotCanonical
from governance.egress.addresses import PERMIT_PRIVATE, Refused, is_public, judge_address, judge_name
from governance.egress.ports import USUAL, Ports

SCHEMES: Final = ("http", "https")
PERMIT_PORT: Final = "the operator permits it by GATEHOUSE_EGRESS_PORTS"


@dataclass(frozen=True, slots=True)
class Door:
    """What the record of one server and the operator's settings leave open. Every method raises Refused, or permits."""

    allow_private: bool = False
    ports: Ports = USUAL

    def url(self, text: str) -> Url:
        """The parts of a URL that may be opened as far as its text tells; a name is judged again when it is resolved.

        Plain http needs `allow_private`. What no two parsers read alike is refused.
        """
        try:
            parts = canonical_url(text)
        except NotCanonical as error:
            raise Refused(f"the URL cannot be used: {error.reason}") from None
        if parts.scheme not in SCHEMES:
            raise Refused(f"the scheme {parts.scheme} is not one of {', '.join(SCHEMES)}")
        if parts.fragment is not None:
            raise Refused("the URL has a fragment")
        if parts.is_address:
            self.address(parts.host, plain=parts.scheme == "http")
        else:
            judge_name(parts.host, allow_private=self.allow_private)
        if parts.scheme == "http" and not self.allow_private:
            raise Refused("plain http is only for private addresses", f"use https, or {PERMIT_PRIVATE}")
        assert parts.port is not None  # Both schemes have one of their own.
        if refusal := self.ports.refusal(parts.port):
            raise Refused(refusal, PERMIT_PORT)
        return parts

    def address(self, ip_literal: str, *, plain: bool = False) -> None:
        """Permit an address that a name stands for, or that is connected; `plain` where nothing encrypts the way."""
        judge_address(ip_literal, allow_private=self.allow_private)
        if plain and self.allow_private and is_public(ip_literal):
            raise Refused(f"plain http is only for private addresses, and {ip_literal} is a public one", "use https")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a form says of an address: `reason` is one sentence without the remedy, both "" where it is allowed."""

    allowed: bool
    reason: str = ""
    remedy: str = ""

    @property
    def sentence(self) -> str:
        """Reason and remedy for a person, "" where it is allowed."""
        return " ".join(part for part in (self.reason, self.remedy) if part)


def judge_url(url: str, *, allow_private: bool, ports: Ports = USUAL) -> Judgement:
    """What can be said of an address before anything is resolved or connected."""
    try:
        Door(allow_private=allow_private, ports=ports).url(url)
    except Refused as refusal:
        return Judgement(False, _sentence(refusal.why), _sentence(refusal.remedy))
    return Judgement(True)


def _sentence(clause: str) -> str:
    if not clause:
        return ""
    words = clause.partition(" ")[0]
    return f"{clause[0].upper() if words.isalpha() else clause[0]}{clause[1:]}."
