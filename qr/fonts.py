"""Letters that can be drawn: which shipped font has a character, how wide a line is, and drawing it.

WenQuanYi Micro Hei has nearly every character of China's village names; `gaps.ttf` has the rest, and the rare ones of
people's names (GB 18030-2022, extension A and the standard characters of the further planes). Two village names use
characters of the private use area, which have no agreed shape: a hollow square stands for them, as for any other
character that neither font has. Emoji that cannot be drawn are left out, so a nickname does not turn into squares.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

DATA = Path(__file__).parent / "data"
MAIN = DATA / "wqy-microhei.ttc"
GAPS = DATA / "gaps.ttf"
MISSING = "□"

# What has no picture of its own: controls, lone surrogates, joiners, direction marks.
_INVISIBLE = {"Cc", "Cf", "Cs"}
# What may silently go when no font has it: emoji, skin tones, variation selectors.
_DISPENSABLE = {"So", "Sk", "Mn", "Me"}


@lru_cache(maxsize=256)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout gives the same picture on every machine, with or without libraqm.
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=32_768)
def _covers(path: Path, letter: str) -> bool:
    """Say whether a font has this character: a font draws what it lacks like the noncharacter U+FFFF."""
    font = _font(path, 32)
    drawn, unknown = font.getmask(letter), font.getmask("\uffff")
    return drawn.size != unknown.size or bytes(drawn) != bytes(unknown)


@dataclass(frozen=True)
class Face:
    """The fonts to draw with, asked in this order; an operator may name others."""

    main: Path = MAIN
    gaps: Path = GAPS

    def has(self, letter: str) -> bool:
        """Say whether one of the two fonts has this character."""
        return _covers(self.main, letter) or _covers(self.gaps, letter)

    def width(self, text: str, size: int) -> float:
        """Return the width of one line in pixels."""
        return sum(_font(path, size).getlength(run) for path, run in self.runs(text))

    def draw(
        self, draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, *, size: int, fill: str, bold: bool = False
    ) -> None:
        """Draw one line whose baseline begins at `at`. Bold is a stroke, because the font has one weight only."""
        x, y = at
        stroke = size / 48 if bold else 0
        for path, run in self.runs(text):
            font = _font(path, size)
            draw.text((x, y), run, font=font, fill=fill, anchor="ls", stroke_width=stroke, stroke_fill=fill)
            x += font.getlength(run)

    def runs(self, text: str) -> list[tuple[Path, str]]:
        """Split a line into stretches of one font each, with what cannot be drawn replaced or left out."""
        chosen = [pair for letter in text if (pair := self._choose(letter))]
        return [(path, "".join(letter for _, letter in run)) for path, run in groupby(chosen, key=lambda pair: pair[0])]

    def _choose(self, letter: str) -> tuple[Path, str] | None:
        if letter.isspace():
            return self.main, "\u3000" if letter == "\u3000" else " "
        category = unicodedata.category(letter)
        if category in _INVISIBLE:
            return None
        if _covers(self.main, letter):
            return self.main, letter
        if _covers(self.gaps, letter):
            return self.gaps, letter
        return None if category in _DISPENSABLE else (self.main, MISSING)


DEFAULT = Face()
