"""Link one entry to the one before it. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from governance.audit.entry import Plain
from governance.canonical.strict_json import jcs_unchecked

NO_ENTRY_BEFORE: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Linked:
    """A finished entry: `text` is its canonical JSON, `digest` its RFC 6962 leaf hash (32 bytes)."""

    text: str
    digest: bytes


def link(body: Mapping[str, Plain], *, stream: str, seq: int, prev: str) -> Linked:
    """Give `body` (see `entry.body_of`) its place in a stream; its type promises that it has a canonical form.

    `prev` is the hex digest of the entry before; empty for the first, which is written as 64 zeros.
    """
    whole = {**body, "stream": stream, "seq": seq, "prev": prev or NO_ENTRY_BEFORE}
    raw = jcs_unchecked(whole)
    return Linked(raw.decode(), sha256(b"\x00" + raw).digest())
