"""Setting Chinese text: where a line may break, and how large a text can be set in a given space.

The rules are those of GB/T 15834 and of every Chinese book: no line begins with a closing mark, none ends with an
opening one, and a Latin word or a number is not torn apart.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qr.fonts import Face

Measure = Callable[[str], float]

NEVER_FIRST = frozenset("，。、；：！？）》〉」』】〕〗”’…—·～％‰℃,.;:!?)]}%")
NEVER_LAST = frozenset("（《〈「『【〔〖“‘([{")
ELLIPSIS = "…"

# A letter or digit that is not Chinese, Japanese or Korean: those may break anywhere, these stay together.
_NARROW = r"[^\W\u1100-\u11ff\u2e80-\U0010ffff]"
_WORD = rf"[¥￥$€£#@&+\-]*{_NARROW}(?:[-.,:/'’@&+=?#~%]*{_NARROW})*"
_TOKEN = re.compile(rf"\s+|{_WORD}|.", re.DOTALL)


def wrap(text: str, *, width: float, measure: Measure, max_lines: int | None = None) -> list[str]:
    """Break a text into lines of at most `width`, in the unit of `measure`; newlines stay breaks.

    A piece that may not break and is still too wide (a long address) is broken between characters. What does not fit
    into `max_lines` is cut, and an ellipsis says so.
    """
    lines = [line for paragraph in text.splitlines() for line in _set_paragraph(paragraph, width, measure)]
    if max_lines is None or len(lines) <= max_lines:
        return lines
    kept = lines[:max_lines]
    kept[-1] = _cut(kept[-1], width, measure)
    return kept


@dataclass(frozen=True)
class Setting:
    """A text set in lines at one size."""

    lines: list[str]
    size: int


def fit(text: str, *, width: int, steps: Sequence[tuple[int, int]], face: Face) -> Setting:
    """Set a text by the first of `steps`, each a size and the lines allowed at it, in which it fits whole.

    In the last step it is cut, if it must be. Lines are evened out, so that a heading does not leave a single
    character on its last line.
    """
    for size, max_lines in steps:
        lines = wrap(text, width=width, measure=_measure(face, size))
        if len(lines) <= max_lines:
            return Setting(_even_out(text, lines, width, _measure(face, size)), size)
    size, max_lines = steps[-1]
    return Setting(wrap(text, width=width, measure=_measure(face, size), max_lines=max_lines), size)


def _measure(face: Face, size: int) -> Measure:
    return lambda line: face.width(line, size)


def _even_out(text: str, lines: list[str], width: int, measure: Measure) -> list[str]:
    """Return the lines at the narrowest width that needs no more lines than the full width, and tears no piece."""
    widest = max((measure(piece) for line in lines for piece in _pieces(line)), default=0)
    low, high = min(width, max(width // 2, int(widest))), width
    while high - low > max(1, width // 50):
        middle = (low + high) // 2
        narrower = wrap(text, width=middle, measure=measure)
        if len(narrower) > len(lines):
            low = middle
        else:
            high, lines = middle, narrower
    return lines


def _pieces(paragraph: str) -> list[str]:
    """Split a paragraph into pieces between which a line may break; a space is a piece of its own.

    A space inside what belongs together stays inside its piece, so that no line breaks there.
    """
    pieces: list[str] = []
    for found in _TOKEN.findall(paragraph.strip()):
        token = " " if found.isspace() else found
        gap = pieces.pop() if pieces and pieces[-1] == " " else ""
        before = pieces[-1] if pieces else ""
        if before and (before.rstrip()[-1] in NEVER_LAST or _clings(token, before)):
            pieces[-1] += gap + token
        else:
            pieces += [gap, token] if gap else [token]
    return pieces


def _clings(token: str, before: str) -> bool:
    """Say whether a token may not be parted from the one before: closing marks, accents, and 盏 after 40."""
    counted = before[-1].isdigit() and token[0].isalpha() and token[0] >= "\u2e80"
    return token[0] in NEVER_FIRST or counted or unicodedata.category(token[0]).startswith("M")


def _set_paragraph(paragraph: str, width: float, measure: Measure) -> list[str]:
    lines: list[str] = []
    line = gap = ""
    for piece in _pieces(paragraph):
        if piece == " ":
            gap = " "
        elif measure(line + gap + piece) <= width:
            line, gap = line + gap + piece, ""
        else:
            *full, line = ([line] if line else []) + _tear(piece, width, measure)
            lines += full
            gap = ""
    return [*lines, line] if line else lines


def _tear(piece: str, width: float, measure: Measure) -> list[str]:
    """Break one piece between characters where it is too wide for a line of its own."""
    parts = [""]
    for letter in piece:
        if parts[-1] and measure(parts[-1] + letter) > width:
            parts.append(letter)
        else:
            parts[-1] += letter
    return parts


def _cut(line: str, width: float, measure: Measure) -> str:
    """Return the line with an ellipsis at its end, without the words and marks that leave no room for it."""
    pieces = _pieces(line)
    while len(pieces) > 1 and (pieces[-1] == " " or measure("".join(pieces) + ELLIPSIS) > width):
        pieces.pop()
    kept = "".join(pieces)
    while kept and (kept[-1] in NEVER_FIRST | NEVER_LAST | {" "} or measure(kept + ELLIPSIS) > width):
        kept = kept[:-1]
    return kept + ELLIPSIS
