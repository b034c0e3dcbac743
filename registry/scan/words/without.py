"""How languages other than English say that something is done without something. Data alone. Pure: no Django."""

from __future__ import annotations

import re
from typing import Final

_SPACED: Final = """
    ohne zonder uten utan uden ilman sans senza sin sem fără fara bez без nélkül nelkul tanpa χωρις χωρίς बिना बगैर
    بدون دون ללא בלי
"""
_ANYWHERE: Final = """
    なしに, なしで, なく, せずに, 없이, 不经, 未经, 未經,
    โดยไม่, olmadan, almadan, sormadan, etmeden, vermeden, mà không, khi chưa
"""

WITHOUT: Final = re.compile(
    "|".join((rf"(?<!\w)(?:{'|'.join(_SPACED.split())})(?!\w)", *(word.strip() for word in _ANYWHERE.split(","))))
)
"""The word, in text made plain."""
