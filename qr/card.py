"""Pictures for the phone: the share card with a code, and the 5:4 picture of a mini-program message without one.

Both are painted at twice their size and reduced, which makes every edge smooth.
"""

import io

from PIL import Image

from qr import codes, scenery
from qr.appeal import Appeal
from qr.fonts import DEFAULT, Face
from qr.painting import GREEN, INK, LINE, ORANGE, PAPER, QUIET, WHITE, Page
from qr.text import Setting, fit

VERSION = 1
WIDTH, HEIGHT = 750, 1200
MESSAGE_WIDTH, MESSAGE_HEIGHT = 1000, 800
JPEG_QUALITY = 88
BRAND = "幸福家园 · 村社互助"

_SCALE = 2
_W, _H = WIDTH * _SCALE, HEIGHT * _SCALE
_MARGIN = 60
_INNER = 120
_COVER_HEIGHT = 820
_BAND = 110
_PANEL = (_MARGIN, 630, _W - _MARGIN, 2300)
_CODE_SIDE = 640
# The quiet zone reaches into the margin, so that the code itself stands flush with the text above it.
_CODE_AT = (_INNER - 56, 1550)


def jpeg(appeal: Appeal, *, face: Face = DEFAULT) -> bytes:
    """Return the share card, 750 by 1200 pixels, as a JPEG."""
    return _encode(paint(appeal, face=face))


def message_jpeg(appeal: Appeal, *, face: Face = DEFAULT) -> bytes:
    """Return the picture of a mini-program message, 1000 by 800 pixels; WeChat adds title and name itself."""
    return _encode(paint_message(appeal, face=face))


def paint(appeal: Appeal, *, face: Face = DEFAULT) -> Image.Image:
    """Paint the share card. The code comes last, so that nothing can lie on it."""
    page = Page(Image.new("RGB", (_W, _H), PAPER), face)
    _paint_cover(page, appeal, (_W, _COVER_HEIGHT))
    page.panel(_PANEL, radius=56)
    _paint_story(page, appeal)
    _paint_guide(page, appeal)
    page.line((_W // 2, 2330), "捐赠自愿，量力而行", size=38, fill=QUIET, align="middle")
    if appeal.demo:
        page.watermark((0, 160, _W, 660), size=240, strength=150)
        page.watermark((_MARGIN, 660, _W - _MARGIN, 1540), size=240, strength=60)
        page.demo_band(0, height=_BAND)
        page.demo_band(_H - _BAND, height=_BAND)
    _paint_code(page, appeal)
    return page.picture.reduce(_SCALE)


def paint_message(appeal: Appeal, *, face: Face = DEFAULT) -> Image.Image:
    """Paint cover, village and amount in the shape 5:4."""
    size = (MESSAGE_WIDTH * _SCALE, MESSAGE_HEIGHT * _SCALE)
    page = Page(Image.new("RGB", size, WHITE), face)
    _paint_cover(page, appeal, (size[0], 1180))
    village = fit(appeal.village, width=size[0] - 200, steps=((120, 1), (100, 1), (84, 2)), face=face)
    page.lines((100, 1215), village.lines, size=village.size, bold=True, leading=125)
    if appeal.raised:
        page.line((100, 1450), "已收善款", size=72, fill=QUIET)
        page.line((430, 1432), appeal.raised, size=100, fill=ORANGE, bold=True)
    if appeal.demo:
        page.watermark((0, 200, size[0], 1180), size=380, strength=170)
        page.demo_band(0, height=_BAND)
    return page.picture.reduce(_SCALE)


def _encode(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    # Without chroma subsampling coloured letters keep their edges.
    picture.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return file.getvalue()


def _paint_cover(page: Page, appeal: Appeal, size: tuple[int, int]) -> None:
    photo = scenery.cover(appeal.cover, size)
    view = photo or scenery.village(size)
    scenery.shade_top(view, 360, "#0b3d2a")
    page.paste(view, (0, 0))
    top = 150 if appeal.demo else 60
    page.line((_MARGIN, top), BRAND, size=68, fill=WHITE, bold=True)
    if photo is None:
        page.line((size[0] - _MARGIN, top + 22), "图为示意画", size=40, fill=WHITE, align="right")


def _paint_story(page: Page, appeal: Appeal) -> None:
    """Paint who asks, what for, where, and how much has come in."""
    right = _W - _INNER
    width = right - _INNER
    page.chip((_INNER, 674), appeal.kind, size=48)
    title = fit(appeal.title, width=width, steps=((112, 2), (96, 2), (76, 3)), face=page.face)
    above = fit(appeal.above, width=width, steps=((46, 1), (42, 1), (36, 2)), face=page.face)
    village = fit(appeal.village, width=width, steps=((60, 1), (48, 1), (42, 2)), face=page.face)
    page.stack((_INNER, 768), 486, [(title, INK, True), (above, QUIET, False), (village, GREEN, True)])
    page.draw.line((_INNER, 1262, right, 1262), fill=LINE, width=4)
    if not appeal.raised:
        page.line((_INNER, 1352), "一笔一笔，村里公示，人人可查", size=64, fill=GREEN, bold=True)
        return
    page.line((_INNER, 1358), "已收善款", size=52, fill=QUIET)
    amount = fit(appeal.raised, width=right - _INNER - 240, steps=((120, 1), (96, 1), (64, 1), (44, 1)), face=page.face)
    page.line((_INNER + 240, 1416 - amount.size), amount.lines[0], size=amount.size, fill=ORANGE, bold=True)
    page.line((_INNER, 1440), f"每一笔收支都公示　{appeal.raised_note}", size=42, fill=QUIET)


def _paint_guide(page: Page, appeal: Appeal) -> None:
    """Paint the invitation beside the code and the papers of the organisation below it."""
    left = _CODE_AT[0] + _CODE_SIDE + 20
    width = _W - _INNER - left
    page.draw.line((_INNER, 1530, _W - _INNER, 1530), fill=LINE, width=4)
    who = fit(appeal.sharer, width=width, steps=((72, 1), (60, 1), (52, 1)), face=page.face)
    call = Setting(["邀您一起帮家乡" if appeal.sharer else "一起帮家乡"], 76)
    hint = Setting(["长按识别左边的码"], 50)
    advice = Setting(["付款主体必须显示"], 46)
    steps = ((58, 1), (48, 1), (50, 2), (44, 3), (34, 4))
    name = fit(f"〈{appeal.organisation}〉", width=width, steps=steps, face=page.face)
    column = [(who, GREEN, True), (call, INK, True), (hint, QUIET, False), (advice, INK, False), (name, ORANGE, True)]
    page.stack((left, 1560), 600, column)
    # The organisation's name already stands above.
    for row, fact in enumerate(appeal.papers[1:]):
        line = fit(fact, width=_W - 2 * _INNER, steps=((36, 1), (28, 1), (22, 1)), face=page.face)
        page.lines((_INNER, 2182 + row * 52), line.lines, size=line.size, fill=QUIET)


def _paint_code(page: Page, appeal: Appeal) -> None:
    """Paint the code so that, reduced, every module is a whole number of pixels."""
    x, y = _CODE_AT
    code = codes.picture_within(appeal.url, pixels=_CODE_SIDE // _SCALE)
    large = code.resize((code.width * _SCALE, code.height * _SCALE), Image.Resampling.NEAREST)
    inset = (_CODE_SIDE - large.width) // 4 * _SCALE
    page.paste(large.convert("RGB"), (x + inset, y + inset))
