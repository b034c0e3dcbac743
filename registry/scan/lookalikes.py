"""Letters that look like Latin ones, and letters that are Latin ones in costume. Data and folding. Pure: no Django."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

_PAIRS: Final = (
    # Cyrillic
    "аa еe оo рp сc уy хx іi јj ѕs ԁd ԛq ԝw һh ӏl ѵv ԍg ґr кk мm тt вb нh гr пn иu ьb ґr яr зe "
    "АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ІI ЈJ ЅS ԌG Ԛq ԜW ЗE ҺH ӀI ЬB Ґr ԀD "
    # Greek
    "οo νv ρp ιi κk υu τt χx ϲc ϳj ωw αa γy ηn ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ϹC Ϳj εe σo βb "
    # Armenian, Cherokee, Coptic, Latin extensions and others
    "օo ոn սu հh ցg աw ՏS ՕO ԼL զq յj ᎪA ᏴB ᏟC ᎠD ᎬE ᎻH ᎫJ ᏦK ᏞL ᎷM ᏢP ᎡR ᏚS ᎢT ᏙV ᎳW ᏃZ ⲟo ⲣp ⲥc ⲁa ⲓi "
    "ǀl ⅼl ⅰi ⅽc ⅾd ⅿm ⅴv ⅹx ꓐB ꓑP ꓒD ꓓD ꓔT ꓖG ꓗK ꓙJ ꓚC ꓜZ ꓝF ꓟM ꓠN ꓡL ꓢS ꓣR ꓥV ꓦV ꓧH ꓪW ꓫX ꓬY ꓮA ꓰE ꓲI ꓳO"
)
LOOKALIKES: Final[Mapping[str, str]] = {pair[0]: pair[1] for pair in _PAIRS.split()}
"""Letters of other scripts, by the Latin letter that a reader takes them for."""

_COSTUMES: Final = (
    "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz "
    "ɐa ɔc ǝe ɟf ƃg ᵷg ɥh ᴉi ɾj ʞk ɯm ɹr ʇt ʌv ʍw ʎy ⱥa ƀb ȼc đd ɇe ǥg ħh ɨi ɉj ꝁk łl øo ᵽp ꝗq ɍr ŧt ʉu ɏy ƶz"
)


def _styled() -> dict[str, str]:
    found = {pair[0]: pair[1] for pair in _COSTUMES.split() if pair[0] not in "đħłøŧ"}
    for first, count in ((0x1F130, 26), (0x1F150, 26), (0x1F170, 26), (0x1F1E6, 26), (0xE0041, 26), (0xE0061, 26)):
        found |= {chr(first + place): chr(0x61 + place) for place in range(count)}
    # Mathematical, circled, parenthesised, full-width and raised letters, for which Unicode knows the plain one.
    ranges = (
        (0x1D400, 0x1D800),
        (0x2460, 0x2500),
        (0xFF21, 0xFF5B),
        (0x2070, 0x20A0),
        (0x1D2C, 0x1DBF),
        (0x2100, 0x2150),
    )
    for start, end in ranges:
        for code in range(start, end):
            letters = [char for char in unicodedata.normalize("NFKC", chr(code)) if char.isascii() and char.isalpha()]
            if len(letters) == 1:
                found[chr(code)] = letters[0].lower()
    return found


STYLED: Final[Mapping[str, str]] = _styled()
"""Latin letters in costume, by the letter in lower case."""

# Latin letters of other languages: in a word of its own language each is itself, in a name it passes for another one.
_VARIANTS: Final = "ıi ȷj ɑa ɡg ɩi ʋv ƽs ẚa ƍg ƙk ƴy ɗd ɓb ɠg ɦh ɱm ɲn ʂs ʐz łl øo đd ħh ŧt".split()
_FOLDED: Final = str.maketrans({**STYLED, **LOOKALIKES})
_NAMED: Final = str.maketrans({**STYLED, **LOOKALIKES, **{pair[0]: pair[1] for pair in _VARIANTS}})


def unmasked(text: str) -> str:
    """`text` with look-alikes and costumes replaced by the Latin letters that they stand for."""
    return text.translate(_FOLDED)


def skeleton(name: str) -> str:
    """A form that two names share when a hurried reader takes one for the other: no case, separators, look-alikes."""
    folded = unicodedata.normalize("NFKD", name.translate(_NAMED)).casefold()
    kept = "".join(char for char in folded if char.isalnum())
    return kept.replace("rn", "m").replace("vv", "w").translate(_ALIKE)


_ALIKE: Final = str.maketrans("01l5|", "oiis" + "i")
