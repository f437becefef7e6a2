"""The shipped fonts inside a PDF: embedded as subsets, with every character readable and searchable, also rare ones."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from qr.fonts import DEFAULT, Face

_BEYOND = re.compile(r"(?<= <)[0-9A-F]{5,6}(?=>$)", re.MULTILINE)


class ReadableFont(TTFont):
    """A TrueType font whose characters beyond the basic plane can be copied out of the PDF.

    The library writes such a character as one number of five digits; readers expect the two halves of UTF-16.
    """

    def addObjects(self, doc: Any) -> None:  # noqa: N802 - the library's name
        """Embed the subsets, then write their maps to Unicode as readers expect them."""
        super().addObjects(doc)
        for name, found in doc.idToObject.items():
            if name.startswith("toUnicodeCMap:"):
                found.content = _BEYOND.sub(
                    lambda hit: chr(int(hit[0], 16)).encode("utf-16-be").hex().upper(), found.content
                )


@lru_cache(maxsize=8)
def embedded(path: Path) -> str:
    """Return the name under which a font can be drawn with; it is read once for each process."""
    name = f"Happy-{path.stem}"
    pdfmetrics.registerFont(ReadableFont(name, str(path), subfontIndex=0))
    return name


def width(text: str, size: int, *, face: Face = DEFAULT) -> float:
    """Return the width of one line in points."""
    runs = face.runs(text)
    return sum(pdfmetrics.stringWidth(run, embedded(path), size) for path, run in runs)


def draw(canvas: Any, at: tuple[float, float], text: str, *, size: int, face: Face = DEFAULT) -> None:
    """Draw one line whose baseline begins at `at`, as one stretch of text, so that it is read as one."""
    line = canvas.beginText(*at)
    for path, run in face.runs(text):
        line.setFont(embedded(path), size)
        line.textOut(run)
    canvas.drawText(line)
