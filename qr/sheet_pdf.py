"""A sheet as a PDF: A4, as many pages as it needs, the same bytes for the same sheet.

Its language, title and text are told to whoever reads it aloud, and everything that is printed can be copied out.
"""

import io
from dataclasses import dataclass
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from qr import codes
from qr.painting import DEMO_MARK
from qr.pdf_fonts import draw, width
from qr.sheet import Column, Row, Sheet
from qr.text import wrap

WIDTH, HEIGHT = A4
MARGIN = 51
INNER = WIDTH - 2 * MARGIN
LABEL = 108
PAD = 6
BODY, LARGE, SMALL = 11, 15, 9
FOOT = MARGIN + 16
CODE_SIDE = 104
INK, QUIET, RULE, WARN = "#1c1c1c", "#595959", "#767676", "#8a1f11"
PALE = "#f6e4e0"


def pdf(sheet: Sheet) -> bytes:
    """Return the sheet as a PDF. It is laid out twice: only then each page knows how many there are."""
    pages = _laid_out(sheet, pages=0).pages
    drawing = _laid_out(sheet, pages=pages)
    return drawing.file.getvalue()


@dataclass
class Drawing:
    """A sheet that is being drawn: where the next line begins, and on which page."""

    sheet: Sheet
    of_pages: int
    canvas: Any
    file: io.BytesIO
    y: float = 0
    pages: int = 0

    def begin_page(self) -> None:
        """Begin a page, with the mark of demonstration data."""
        if self.pages:
            self.end_page()
            self.canvas.showPage()
        self.pages += 1
        self.y = HEIGHT - MARGIN
        if self.sheet.demo:
            self._watermark()
            self.box(self.sheet.demo)

    def end_page(self) -> None:
        """Write the foot, which is read last."""
        foot = f"{self.sheet.title}　{self.sheet.facts[0]}　第 {self.pages} 页，共 {self.of_pages} 页"
        self.text((MARGIN, MARGIN), foot, size=SMALL, colour=QUIET)

    def needs(self, height: float) -> bool:
        """Begin another page when less room than that is left on this one; say whether it was so."""
        is_full = self.y - height < FOOT
        if is_full:
            self.begin_page()
        return is_full

    def text(
        self, at: tuple[float, float], text: str, *, size: int = BODY, colour: str = INK, align: str = "left"
    ) -> None:
        """Draw one line at a baseline: from its left end, around its middle, or up to its right end."""
        x, y = at
        back = {"left": 0.0, "middle": width(text, size) / 2, "right": width(text, size)}[align]
        self.canvas.setFillColor(colour)
        draw(self.canvas, (x - back, y), text, size=size)

    def paragraph(self, text: str, *, room: float = INNER, size: int = BODY, colour: str = INK) -> None:
        """Draw lines below each other, as many as the text needs."""
        for line in wrapped(text, room, size):
            self.needs(leading(size))
            self.y -= leading(size)
            self.text((MARGIN, self.y + size * 0.3), line, size=size, colour=colour)

    def box(self, text: str) -> None:
        """Draw a warning in a frame."""
        lines = wrapped(text, INNER - 4 * PAD, BODY)
        height = len(lines) * leading(BODY) + 2 * PAD
        self.needs(height + PAD)
        self.frame(MARGIN, INNER, height, colour=WARN, thick=2)
        for number, line in enumerate(lines):
            below = self.y - PAD - (number + 0.75) * leading(BODY)
            self.text((WIDTH / 2, below), line, colour=WARN, align="middle")
        self.y -= height + PAD

    def frame(self, x: float, wide: float, height: float, *, colour: str = RULE, thick: float = 0.75) -> None:
        """Draw a frame that hangs from the present line."""
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(thick)
        self.canvas.rect(x, self.y - height, wide, height, stroke=1, fill=0)

    def _watermark(self) -> None:
        self.canvas.saveState()
        self.canvas.translate(WIDTH / 2, HEIGHT / 2)
        self.canvas.rotate(30)
        self.text((0, -40), DEMO_MARK, size=110, colour=PALE, align="middle")
        self.canvas.restoreState()


def leading(size: int) -> float:
    """Return how far the lines of a size stand apart."""
    return size * 1.55


def wrapped(text: str, room: float, size: int) -> list[str]:
    """Break a text into lines that fit into the room; an empty one is one empty line."""
    return wrap(text, width=room, measure=lambda line: width(line, size)) or [""]


def _laid_out(sheet: Sheet, *, pages: int) -> Drawing:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1, lang="zh-CN", pageCompression=1)
    canvas.setTitle(f"{sheet.title} {sheet.facts[0]}")
    canvas.setAuthor(sheet.author)
    canvas.setSubject(sheet.title)
    canvas.setCreator("幸福家园")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    drawing = Drawing(sheet, pages, canvas, file)
    drawing.begin_page()
    _head(drawing)
    for row in sheet.rows:
        _row(drawing, row)
    if sheet.columns:
        _table(drawing)
    drawing.y -= PAD
    for note in sheet.notes:
        drawing.paragraph(note, size=SMALL, colour=QUIET)
        drawing.y -= PAD / 2
    drawing.end_page()
    canvas.save()
    return drawing


def _head(drawing: Drawing) -> None:
    sheet = drawing.sheet
    drawing.y -= 26
    drawing.text((WIDTH / 2, drawing.y), sheet.title, size=22, align="middle")
    drawing.y -= 16
    if sheet.state:
        drawing.box(sheet.state)
    top = drawing.y
    room = INNER - CODE_SIDE - 12 if sheet.code else INNER
    for fact in sheet.facts:
        drawing.paragraph(fact, room=room)
    if sheet.code:
        _code(drawing, top)
        drawing.y = min(drawing.y, top - CODE_SIDE - 14)
    drawing.y -= PAD


def _code(drawing: Drawing, top: float) -> None:
    """Draw the QR code module by module: sharp at every size, and no picture that a reader would have to describe."""
    modules = codes.matrix(drawing.sheet.code)
    side = CODE_SIDE / len(modules)
    x0 = WIDTH - MARGIN - CODE_SIDE
    path = drawing.canvas.beginPath()
    for row, dark in enumerate(modules):
        for column, is_dark in enumerate(dark):
            if is_dark:
                path.rect(x0 + column * side, top - (row + 1) * side, side, side)
    drawing.canvas.setFillColor("#000000")
    drawing.canvas.drawPath(path, stroke=0, fill=1)
    hint = drawing.sheet.code_hint
    drawing.text((x0 + CODE_SIDE / 2, top - CODE_SIDE - 6), hint, size=SMALL, colour=QUIET, align="middle")


def _row(drawing: Drawing, row: Row) -> None:
    size = LARGE if row.is_large else BODY
    labels = wrapped(row.label, LABEL - 2 * PAD, BODY)
    lines = wrapped(row.text, INNER - LABEL - 2 * PAD, size)
    height = max(len(labels) * leading(BODY), len(lines) * leading(size)) + PAD
    drawing.needs(height)
    drawing.frame(MARGIN, LABEL, height)
    drawing.frame(MARGIN + LABEL, INNER - LABEL, height)
    for number, line in enumerate(labels):
        at = (MARGIN + PAD, drawing.y - PAD / 2 - (number + 0.72) * leading(BODY))
        drawing.text(at, line, colour=QUIET)
    for number, line in enumerate(lines):
        at = (MARGIN + LABEL + PAD, drawing.y - PAD / 2 - (number + 0.72) * leading(size))
        drawing.text(at, line, size=size)
    drawing.y -= height


def _table(drawing: Drawing) -> None:
    sheet = drawing.sheet
    drawing.y -= PAD
    headings = tuple(column.heading for column in sheet.columns)
    for number, cells in enumerate((headings, *sheet.table)):
        is_strong = number == 0 or (sheet.has_sum and number == len(sheet.table))
        if drawing.needs(_height(drawing, cells)) and number:
            _cells(drawing, headings, is_strong=True)
        _cells(drawing, cells, is_strong=is_strong)


def _height(drawing: Drawing, cells: tuple[str, ...]) -> float:
    pairs = zip(cells, drawing.sheet.columns, strict=True)
    lines = max(len(wrapped(cell, _room(column) - 2 * PAD, SMALL)) for cell, column in pairs)
    return lines * leading(SMALL) + PAD


def _room(column: Column) -> float:
    return INNER * column.share / 100


def _cells(drawing: Drawing, cells: tuple[str, ...], *, is_strong: bool) -> None:
    """Draw one row of a table; the heading and the sum are framed more strongly."""
    height = _height(drawing, cells)
    x = float(MARGIN)
    for cell, column in zip(cells, drawing.sheet.columns, strict=True):
        room = _room(column)
        lines = wrapped(cell, room - 2 * PAD, SMALL)
        drawing.frame(x, room, height, thick=1.25 if is_strong else 0.5)
        for number, line in enumerate(lines):
            y = drawing.y - PAD / 2 - (number + 0.72) * leading(SMALL)
            edge = (x + room - PAD, "right") if column.is_number else (x + PAD, "left")
            drawing.text((edge[0], y), line, size=SMALL, align=edge[1])
        x += room
    drawing.y -= height
