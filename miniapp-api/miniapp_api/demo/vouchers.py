"""The photo behind a spending line of the story: a drawn slip that says what it is, never a real invoice."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from qr.fonts import DEFAULT

PAPER, INK, MARK = "#fbf7ec", "#1d2b25", "#b42318"


def slip(*, village: str, title: str, yuan: str, day: str) -> bytes:
    """Return a JPEG of a slip with the words 演示凭证 across it."""
    picture = Image.new("RGB", (900, 640), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((30, 30, 870, 610), outline=INK, width=3)
    rows = (
        (110, 46, "演示凭证（不是真实发票）", MARK),
        (210, 34, f"单位：{village}", INK),
        (280, 34, f"事项：{title}", INK),
        (350, 34, f"金额：{yuan} 元", INK),
        (420, 34, f"日期：{day}", INK),
        (560, 26, "演示数据 · DEMO", MARK),
    )
    for top, size, text, colour in rows:
        DEFAULT.draw(pen, (70, top), text, size=size, fill=colour)
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=80)
    return kept.getvalue()
