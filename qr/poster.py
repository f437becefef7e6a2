"""The A4 poster for the village's notice board: photograph, appeal, code, and how to be sure who is paid.

The page is painted at 254 dots to the inch, so that ten pixels are one millimetre.
"""

import io
import time

from PIL import Image

from qr import codes, scenery
from qr.appeal import Appeal
from qr.fonts import DEFAULT, Face
from qr.painting import GREEN, INK, LINE, ORANGE, PALE_ORANGE, PAPER, QUIET, WHITE, Page
from qr.text import fit, wrap

VERSION = 2
WIDTH, HEIGHT = 2100, 2970
DPI = 254
JPEG_QUALITY = 88
BRAND = "幸福家园 · 村社互助"
STEPS = ["打开微信，扫一扫左边的码", "看项目、看公示，选一个金额", "付款前核对收款方的名称"]

_MARGIN = 110
_INNER = 190
_COVER_HEIGHT = 1080
_PANEL = (_MARGIN, 830, WIDTH - _MARGIN, 1690)
_CODE_SIDE = 740
_CODE_AT = (_MARGIN + 24, 1772)
_FOOT = 2612


def jpeg(appeal: Appeal, *, face: Face = DEFAULT) -> bytes:
    """Return the poster as a JPEG that prints at A4."""
    file = io.BytesIO()
    # Without chroma subsampling coloured letters keep their edges.
    paint(appeal, face=face).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0, dpi=(DPI, DPI))
    return file.getvalue()


def pdf(appeal: Appeal, *, face: Face = DEFAULT) -> bytes:
    """Return the poster as a PDF of one A4 page; the same appeal gives the same bytes."""
    file = io.BytesIO()
    no_date = time.gmtime(0)
    page = paint(appeal, face=face)
    page.save(
        file, "PDF", resolution=DPI, quality=JPEG_QUALITY, title=appeal.title, creationDate=no_date, modDate=no_date
    )
    return file.getvalue()


def paint(appeal: Appeal, *, face: Face = DEFAULT) -> Image.Image:
    """Paint the poster. The code comes last, so that nothing can lie on it."""
    page = Page(Image.new("RGB", (WIDTH, HEIGHT), PAPER), face)
    _paint_cover(page, appeal)
    _paint_story(page, appeal)
    _paint_guide(page, appeal)
    _paint_foot(page, appeal)
    if appeal.demo:
        _mark_as_demo(page)
    _paint_code(page, appeal)
    return page.picture


def _paint_cover(page: Page, appeal: Appeal) -> None:
    size = (WIDTH, _COVER_HEIGHT)
    photo = scenery.cover(appeal.cover, size)
    view = photo or scenery.village(size)
    scenery.shade_top(view, 460, "#0b3d2a")
    page.paste(view, (0, 0))
    top = 190 if appeal.demo else 90
    page.line((_MARGIN, top), BRAND, size=84, fill=WHITE, bold=True)
    if photo is None:
        page.line((WIDTH - _MARGIN, top + 24), "图为示意画", size=44, fill=WHITE, align="right")


def _paint_story(page: Page, appeal: Appeal) -> None:
    """Paint the white panel: what it is for, where, and how much has come in."""
    right = WIDTH - _INNER
    width = right - _INNER
    page.panel(_PANEL, radius=44)
    page.chip((_INNER, 880), appeal.kind, size=46)
    title = fit(appeal.title, width=width, steps=((128, 2), (112, 2), (96, 2), (76, 3)), face=page.face)
    above = fit(appeal.above, width=width, steps=((48, 1), (42, 1), (36, 2)), face=page.face)
    village = fit(appeal.village, width=width, steps=((64, 1), (52, 1), (40, 2)), face=page.face)
    page.stack((_INNER, 965), 505, [(title, INK, True), (above, QUIET, False), (village, GREEN, True)])
    page.draw.line((_INNER, 1475, right, 1475), fill=LINE, width=4)
    if not appeal.raised:
        page.line((_INNER, 1548), "一笔一笔，村里公示，人人可查", size=72, fill=GREEN, bold=True)
        return
    page.line((_INNER, 1572), "已收善款", size=52, fill=QUIET)
    amount = fit(appeal.raised, width=840, steps=((128, 1), (104, 1), (80, 1), (52, 1)), face=page.face)
    page.line((_INNER + 240, 1634 - amount.size), amount.lines[0], size=amount.size, fill=ORANGE, bold=True)
    page.line((right, 1530), "每一笔收支都公示", size=46, fill=GREEN, bold=True, align="right")
    page.line((right, 1600), appeal.raised_note, size=40, fill=QUIET, align="right")


def _paint_guide(page: Page, appeal: Appeal) -> None:
    """Paint what to do, and the one thing to check before paying."""
    left = _CODE_AT[0] + _CODE_SIDE + 100
    width = WIDTH - _MARGIN - left
    page.line((left, 1752), "扫一扫，帮家乡一把", size=92, fill=GREEN, bold=True)
    for number, step in enumerate(STEPS, start=1):
        y = 1892 + (number - 1) * 88
        page.draw.ellipse((left, y, left + 62, y + 62), fill=GREEN)
        page.line((left + 31, y + 11), str(number), size=42, fill=WHITE, bold=True, align="middle")
        page.line((left + 88, y + 5), step, size=52)
    page.panel((left, 2170, left + width, 2550), radius=36, fill=PALE_ORANGE, outline=ORANGE, width=5)
    page.line((left + 44, 2202), "付款主体必须显示", size=52)
    # The full name is what the giver compares, so it grows small before it is cut.
    steps = ((72, 1), (64, 2), (56, 2), (46, 3), (34, 4))
    name = fit(f"〈{appeal.organisation}〉", width=width - 88, steps=steps, face=page.face)
    y = 2274 + (190 - len(name.lines) * name.size * 13 // 10) // 2
    page.lines((left + 44, y), name.lines, size=name.size, fill=ORANGE, bold=True, leading=130)
    page.line((left + 44, 2476), "名称不符，请不要付款。", size=46)


def _paint_foot(page: Page, appeal: Appeal) -> None:
    page.draw.rectangle((0, _FOOT, WIDTH, HEIGHT), fill=GREEN)
    top = _FOOT + 36
    facts = [*appeal.papers, *([f"联系方式：{appeal.contact}"] if appeal.contact else [])]
    y = top
    for fact in facts:
        setting = fit(fact, width=1300, steps=((38, 1), (32, 1), (26, 1)), face=page.face)
        page.lines((_MARGIN, y), setting.lines, size=setting.size, fill=WHITE)
        y += 56
    right = WIDTH - _MARGIN
    if appeal.serial:
        page.line((right, top), f"海报编号 {appeal.serial}", size=42, fill=WHITE, bold=True, align="right")
    if appeal.filing_number:
        page.line((right, top + 70), "备案编号可在“慈善中国”网站查询", size=34, fill=WHITE, align="right")
    page.line((right, top + 124), "捐赠自愿，量力而行", size=34, fill=WHITE, align="right")


def _mark_as_demo(page: Page) -> None:
    page.watermark((0, 230, WIDTH, 830), size=310, strength=150)
    page.watermark(_PANEL, size=300, strength=60)
    page.watermark((_CODE_AT[0] + _CODE_SIDE + 60, 1740, WIDTH, 2580), size=200, strength=60)
    page.demo_band(0, height=140)
    page.demo_band(HEIGHT - 84, height=84)


def _paint_code(page: Page, appeal: Appeal) -> None:
    """Paint the code on white with a frame outside its quiet zone."""
    x, y = _CODE_AT
    side = _CODE_SIDE
    page.panel((x - 20, y - 20, x + side + 20, y + side + 20), radius=36, outline=GREEN, width=8)
    code = _round_code(appeal, side) or codes.picture_within(appeal.url, pixels=side).convert("RGB")
    page.paste(code, (x + (side - code.width) // 2, y + (side - code.height) // 2))
    for line in wrap(appeal.url, width=side, measure=lambda text: page.face.width(text, 26), max_lines=1):
        page.line((x + side // 2, y + side + 32), line, size=26, fill=INK, align="middle")


def _round_code(appeal: Appeal, side: int) -> Image.Image | None:
    """Return the mini-program's round code, or None where there is none that can be read: then the QR code stands.

    Its dots are round and have no whole-pixel grid, so it is scaled smoothly; transparency falls on white.
    """
    if appeal.round_code is None:
        return None
    try:
        with Image.open(io.BytesIO(appeal.round_code), formats=("PNG", "JPEG")) as opened:
            layer = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError):
        return None
    ground = Image.new("RGB", layer.size, WHITE)
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground.resize((side, side), Image.Resampling.LANCZOS)
