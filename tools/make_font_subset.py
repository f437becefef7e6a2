"""Make `qr/data/gaps.ttf`: the characters of region names and of people's names that WenQuanYi Micro Hei lacks.

Run on Debian with `fonts-noto-cjk` and `fonts-hanazono` installed, after new region data has come:

    python tools/make_font_subset.py

A receipt bears the name of a person, so whatever GB 18030-2022 asks of every program must be drawn: extension A and the
end of the basic block, and the characters of the further planes that the table of standard characters holds (they
are all in Noto Sans CJK, which decides what of those planes is taken).

The first source that has a character gives its shape. Cubic outlines become quadratic ones, because some programs
that print a PDF embed TrueType only. Characters of the private use area have no agreed shape and are left out:
`qr.fonts` draws a hollow square for them. Both sources are under the SIL Open Font License, so the subset is too,
and it bears a name of its own as that licence asks.
"""

import lzma
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

ROOT = Path(__file__).parents[1]
REGIONS = ROOT / "backend/regions/data/regions.csv.xz"
MAIN = ROOT / "qr/data/wqy-microhei.ttc"
TARGET = ROOT / "qr/data/gaps.ttf"
SOURCES = [
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),  # face 2 holds the mainland shapes
    ("/usr/share/fonts/truetype/hanazono/HanaMinA.ttf", 0),
    ("/usr/share/fonts/truetype/hanazono/HanaMinB.ttf", 0),
]
UNITS = 1000
OF_NAMES = ((0x3400, 0x4DBF), (0x9FA6, 0x9FFF), (0x20000, 0x3FFFF))
NAMES = {
    "familyName": "Happy Home Gaps",
    "styleName": "Regular",
    "psName": "HappyHomeGaps-Regular",
    "copyright": "Outlines (c) 2014-2021 Adobe (Noto Sans CJK) and (c) 2011 GlyphWiki Project (Hanazono).",
    "licenseDescription": "SIL Open Font License, Version 1.1",
}


def missing_characters() -> list[str]:
    """Return what names of regions and of people use and the main font lacks, private use aside."""
    with lzma.open(REGIONS, "rt", encoding="utf-8") as lines:
        used = {letter for line in lines for letter in line.rstrip("\n").partition(",")[2]}
    path, face = SOURCES[0]
    used |= {chr(code) for code in TTFont(path, fontNumber=face).getBestCmap() if is_of_names(code)}
    known = TTFont(MAIN, fontNumber=0).getBestCmap()
    return sorted(letter for letter in used if ord(letter) not in known and not "\ue000" <= letter <= "\uf8ff")


def is_of_names(code: int) -> bool:
    """Say whether a character is one that the name of a person may have and that old fonts lack."""
    return any(first <= code <= last for first, last in OF_NAMES)


def glyph_from(font: TTFont, letter: str) -> tuple[Any, int]:
    """Return one outline as TrueType curves, with its advance, both at UNITS per em."""
    name = font.getBestCmap()[ord(letter)]
    glyphs = font.getGlyphSet()
    scale = UNITS / font["head"].unitsPerEm
    pen = TTGlyphPen(None)
    smooth = Cu2QuPen(pen, max_err=1.0, reverse_direction="CFF " in font)
    glyphs[name].draw(TransformPen(smooth, (scale, 0, 0, scale, 0, 0)))
    return pen.glyph(), round(glyphs[name].width * scale)


def build(letters: list[str]) -> FontBuilder:
    """Return a font of exactly these characters; a character that no source has stops the run."""
    fonts = [TTFont(path, fontNumber=face) for path, face in SOURCES]
    outlines = {".notdef": (TTGlyphPen(None).glyph(), UNITS)}
    for letter in letters:
        source = next(font for font in fonts if ord(letter) in font.getBestCmap())
        outlines[f"u{ord(letter):X}"] = glyph_from(source, letter)
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder(list(outlines))
    builder.setupCharacterMap({ord(letter): f"u{ord(letter):X}" for letter in letters})
    builder.setupGlyf({name: glyph for name, (glyph, _) in outlines.items()})
    shapes = builder.font["glyf"]
    builder.setupHorizontalMetrics(
        {name: (advance, getattr(shapes[name], "xMin", 0)) for name, (_, advance) in outlines.items()}
    )
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable(NAMES)
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120)
    builder.setupPost()
    return builder


if __name__ == "__main__":
    found = missing_characters()
    build(found).save(TARGET)
    print(f"{TARGET.relative_to(ROOT)}: {len(found)} characters, {TARGET.stat().st_size} bytes")
