"""The picture at the top: the project's own photograph, or, where there is none, a drawn village.

The drawn village is decoration and shows no real place; the pages that use it say so beside it.
"""

import io
import logging

from PIL import Image, ImageDraw, ImageOps

log = logging.getLogger(__name__)

Size = tuple[int, int]

# A cover comes from our own media store, already re-encoded; larger ones were not made by it.
COVER_PIXELS_MAX = 50_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")


def cover(data: bytes | None, size: Size) -> Image.Image | None:
    """Return a photograph cut to `size`, or None when there is none or it cannot be read."""
    if not data:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as photo:
            if photo.width * photo.height > COVER_PIXELS_MAX:
                return None
            # A JPEG is decoded at the nearest size above the wanted one, three times as fast; upright comes after.
            photo.draft("RGB", (max(size), max(size)))
            upright = ImageOps.exif_transpose(photo).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        log.warning("cover_unreadable", extra={"reason": str(error)})
        return None
    return ImageOps.fit(upright, size, Image.Resampling.BICUBIC, centering=(0.5, 0.4))


def village(size: Size) -> Image.Image:
    """Draw hills, houses and fields in the morning."""
    picture = _gradient(size, "#bfe0d3", "#fdebcb")
    draw = ImageDraw.Draw(picture)
    width, height = size
    radius = height // 7
    for grow, colour in ((1.45, "#fce3b4"), (1.0, "#f7bd6b")):
        _disc(draw, (int(width * 0.72), int(height * 0.40)), int(radius * grow), colour)
    _ridge(draw, size, "#a9cbbd", [0.52, 0.34, 0.46, 0.26, 0.44, 0.33, 0.50])
    _ridge(draw, size, "#7fb39d", [0.58, 0.50, 0.42, 0.54, 0.47, 0.40, 0.52])
    _hill(draw, size, "#4f9a78", (-0.25, 0.55, 0.75, 1.5))
    _hill(draw, size, "#3c8a66", (0.35, 0.58, 1.35, 1.6))
    _road(draw, size)
    for x, y, scale in ((0.10, 0.66, 0.9), (0.24, 0.72, 1.1), (0.66, 0.69, 0.8), (0.80, 0.74, 1.15)):
        _house(draw, (int(width * x), int(height * y)), int(height * 0.13 * scale))
    for x, y, scale in ((0.05, 0.70, 0.8), (0.37, 0.74, 1.0), (0.60, 0.72, 0.7), (0.95, 0.78, 1.2)):
        _tree(draw, (int(width * x), int(height * y)), int(height * 0.12 * scale))
    return picture


def shade_top(picture: Image.Image, height: int, colour: str) -> None:
    """Darken the upper edge gently, so that white letters can be read on any photograph."""
    mask = (
        Image.linear_gradient("L").rotate(180).resize((picture.width, height)).point([v * 3 // 4 for v in range(256)])
    )
    picture.paste(Image.new("RGB", (picture.width, height), colour), (0, 0), mask)


def _gradient(size: Size, top: str, bottom: str) -> Image.Image:
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def _disc(draw: ImageDraw.ImageDraw, centre: tuple[int, int], radius: int, colour: str) -> None:
    x, y = centre
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _ridge(draw: ImageDraw.ImageDraw, size: Size, colour: str, heights: list[float]) -> None:
    width, height = size
    step = width / (len(heights) - 1)
    top = [(index * step, height * share) for index, share in enumerate(heights)]
    draw.polygon([(0, height), *top, (width, height)], fill=colour)


def _hill(draw: ImageDraw.ImageDraw, size: Size, colour: str, box: tuple[float, float, float, float]) -> None:
    width, height = size
    left, top, right, bottom = box
    draw.ellipse((width * left, height * top, width * right, height * bottom), fill=colour)


def _road(draw: ImageDraw.ImageDraw, size: Size) -> None:
    width, height = size
    course = [(0.40, 1.0), (0.47, 0.84), (0.50, 0.74), (0.515, 0.74), (0.535, 0.84), (0.60, 1.0)]
    draw.polygon([(width * x, height * y) for x, y in course], fill="#f0d9a8")


def _house(draw: ImageDraw.ImageDraw, foot: tuple[int, int], size: int) -> None:
    """A white house with a tiled roof; `foot` is the middle of its ground line."""
    x, y = foot
    wall = size * 3 // 4
    draw.rectangle((x - size, y - wall, x + size, y), fill="#fff8ec")
    eaves, ridge = y - wall, y - wall - size // 2
    roof = [(x - size * 1.2, eaves), (x - size * 0.85, ridge), (x + size * 0.85, ridge), (x + size * 1.2, eaves)]
    draw.polygon(roof, fill="#b4532f")
    pane = size // 3
    for left in (x - size * 0.7, x + size * 0.7 - pane):
        draw.rectangle((left, y - wall * 0.75, left + pane, y - wall * 0.75 + pane), fill="#f3c77a")
    draw.rectangle((x - pane // 2, y - wall * 0.62, x + pane // 2, y), fill="#8a5a3b")


def _tree(draw: ImageDraw.ImageDraw, foot: tuple[int, int], size: int) -> None:
    x, y = foot
    draw.rectangle((x - size // 12, y - size, x + size // 12, y), fill="#7a5a3c")
    _disc(draw, (x, y - size), size // 2, "#2f7d57")
    _disc(draw, (x - size // 4, y - size * 5 // 4), size // 3, "#0b6b43")
