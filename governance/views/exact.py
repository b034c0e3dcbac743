"""The exact arguments of a held call as people look at them: complete, unseen characters labelled, secrets masked."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from django.utils.safestring import SafeString

from governance.canonical.strict_json import Malformed, parse
from governance.canonical.values import JSON
from governance.escalations import exact_arguments
from governance.models import Escalation
from governance.policy.addresses import Steps
from governance.vault.envelope import NotSealed, VaultLocked
from governance.views.marked import chips, json_lines
from governance.views.masks import NOTHING, Masks, masks_of

FITS_A_ROW: Final = 2_000


@dataclass(frozen=True, slots=True)
class Exact:
    """`lines` is the whole value, never cut. `problem` says why nothing can be shown; then nothing is decidable."""

    lines: SafeString
    size: int
    sha256: str
    masks: Masks = NOTHING
    problem: str = ""

    @property
    def fits_a_row(self) -> bool:
        """Whether a list may show it whole; a list never shows a part."""
        return self.size <= FITS_A_ROW


def arguments_of(escalation: Escalation, *, looked_at: tuple[Steps, ...] = (), revealed: bool = False) -> Exact:
    """Open and render the arguments; private keys, vendor keys and cards are masked unless `revealed`."""
    try:
        raw = exact_arguments(escalation)
    except (VaultLocked, NotSealed) as locked:
        return Exact(SafeString(""), 0, "", problem=f"The arguments cannot be opened: {locked}")
    digest = sha256(raw).hexdigest()
    try:
        value: JSON = parse(raw, max_depth=128, max_members=1_000_000)
    except Malformed:
        # Stored arguments were judged as JSON; should they ever not be, they are shown as they are.
        return Exact(chips(raw.decode("utf-8", "backslashreplace")), len(raw), digest)
    masks = masks_of(value)
    lines = json_lines(value, looked_at=looked_at, masks=NOTHING if revealed else masks)
    return Exact(lines, len(raw), digest, masks)
