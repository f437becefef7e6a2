"""A sheet as a picture for a phone: as high as it needs to be, to be kept in an album or shown in a chat."""

import io

from PIL import Image

from qr import codes
from qr.fonts import DEFAULT
from qr.painting import INK, LINE, ORANGE, QUIET, WHITE, Page
from qr.sheet import Row, Sheet
from qr.text import wrap

WIDTH = 1080
MARGIN = 60
INNER = WIDTH - 2 * MARGIN
PAD = 20
TITLE, BODY, LARGE, SMALL = 60, 38, 52, 30
CODE_SIDE = 300
HEIGHT_MAX = 6000
COLOURS = 64


def png(sheet: Sheet) -> bytes:
    """Return the sheet as a PNG, 1080 pixels wide; its table, if it has one, belongs on paper and is left out."""
    page = Page(Image.new("RGB", (WIDTH, HEIGHT_MAX), WHITE))
    height = min(_paint(page, sheet) + MARGIN, HEIGHT_MAX)
    cut = Page(page.picture.crop((0, 0, WIDTH, height)))
    if sheet.demo:
        for top in range(0, height, 900):
            cut.watermark((0, top, WIDTH, min(top + 900, height)), size=200, strength=40)
    if sheet.code:  # Last, so that no mark lies on it.
        code = codes.picture_within(sheet.code, pixels=CODE_SIDE).convert("RGB")
        cut.paste(code, (MARGIN, height - MARGIN - CODE_SIDE))
    file = io.BytesIO()
    cut.picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE).save(file, "PNG")
    return file.getvalue()


def _paint(page: Page, sheet: Sheet) -> int:
    """Paint from the top down; return where it ends."""
    y = MARGIN
    if sheet.demo:
        y = _banner(page, y, sheet.demo)
    page.line((WIDTH // 2, y), sheet.title, size=TITLE, bold=True, align="middle")
    y += TITLE * 2
    if sheet.state:
        y = _banner(page, y, sheet.state)
    for fact in sheet.facts:
        y = page.lines((MARGIN, y), _wrapped(fact, INNER, BODY), size=BODY)
    for row in sheet.rows:
        y = _row(page, y + PAD, row)
    for note in sheet.notes:
        y = page.lines((MARGIN, y + PAD), _wrapped(note, INNER, SMALL), size=SMALL, fill=QUIET)
    if not sheet.code:
        return y
    y += PAD * 2
    middle = y + CODE_SIDE // 2 - BODY // 2
    hint = _wrapped(sheet.code_hint, INNER - CODE_SIDE - 2 * PAD, BODY)
    page.lines((MARGIN + CODE_SIDE + 2 * PAD, middle), hint, size=BODY, fill=QUIET)
    return y + CODE_SIDE


def _row(page: Page, y: int, row: Row) -> int:
    page.draw.line((MARGIN, y, WIDTH - MARGIN, y), fill=LINE, width=3)
    y = page.lines((MARGIN, y + PAD), [row.label], size=SMALL, fill=QUIET)
    size = LARGE if row.is_large else BODY
    return page.lines((MARGIN, y + 4), _wrapped(row.text, INNER, size), size=size, fill=INK, bold=row.is_large)


def _banner(page: Page, y: int, text: str) -> int:
    lines = _wrapped(text, INNER - 2 * PAD, BODY)
    height = len(lines) * BODY * 140 // 100 + 2 * PAD
    page.panel((MARGIN, y, WIDTH - MARGIN, y + height), radius=12, outline=ORANGE, width=5)
    page.lines((MARGIN + PAD, y + PAD + 4), lines, size=BODY, fill=ORANGE, bold=True)
    return y + height + PAD * 2


def _wrapped(text: str, room: int, size: int) -> list[str]:
    return wrap(text, width=room, measure=lambda line: DEFAULT.width(line, size)) or [""]
