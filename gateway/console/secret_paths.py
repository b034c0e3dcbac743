"""Keeps sign-in links out of the log: the secret part of their path is masked. Changes log records, nothing else."""

from __future__ import annotations

import logging
import re
from typing import Final

LINK: Final = re.compile(r"(/link/)[0-9A-Za-z_-]{8,}")
MASK: Final = r"\1…"


class MaskLinks(logging.Filter):
    """A filter for handlers, so that it sees the records of every logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the message as it will be written; every record passes."""
        said = record.getMessage()
        masked = LINK.sub(MASK, said)
        if masked != said:
            record.msg, record.args = masked, ()
        return True
