"""Making a picture harmless: opened by its real format, turned upright, re-encoded without what it hid (ASVS 5.2)."""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

from backend.core.errors import InvalidInput

FORMATS = ("JPEG", "PNG", "WEBP")
SIZE_BYTES_MAX = 10 * 1024 * 1024
PIXELS_MAX = 50_000_000
SIDE_MAX = 2000
QUALITY = 82
# Two pictures at once at most: each may take 150 MB while it is open.
_places = threading.BoundedSemaphore(2)

Image.MAX_IMAGE_PIXELS = PIXELS_MAX


class FileTypeInvalid(InvalidInput):
    """The file is not a JPEG, PNG or WebP picture, whatever its name says."""

    code = "FILE_TYPE"
    detail = "请上传 JPG、PNG 或 WebP 格式的图片。"


class PictureTooLarge(InvalidInput):
    """The picture has more than 50 million pixels or the file more than 10 MB."""

    code = "IMAGE_TOO_LARGE"
    detail = "图片太大，请换一张 10 MB 以内、5000 万像素以内的图片。"


@dataclass(frozen=True, kw_only=True)
class EncodedPicture:
    """A picture as it is kept: JPEG, at most 2000 pixels a side, without EXIF, place or thumbnail."""

    jpeg: bytes
    width: int
    height: int


def encode(data: bytes) -> EncodedPicture:
    """Return the picture re-encoded. Refuses `FileTypeInvalid` and `PictureTooLarge` (bad input 39)."""
    if len(data) > SIZE_BYTES_MAX:
        raise PictureTooLarge()
    with _places, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _encoded(data)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise PictureTooLarge() from error
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise FileTypeInvalid() from error


def _encoded(data: bytes) -> EncodedPicture:
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        opened.draft("RGB", (SIDE_MAX, SIDE_MAX))  # A large JPEG is decoded at half or a quarter of its size.
        upright = ImageOps.exif_transpose(opened)
        picture = _on_white(upright)
    picture.thumbnail((SIDE_MAX, SIDE_MAX))
    kept = io.BytesIO()
    # A fresh picture of the pixels alone: neither EXIF nor profile nor comment can come along.
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    bare.save(kept, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return EncodedPicture(jpeg=kept.getvalue(), width=bare.width, height=bare.height)


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    ground = Image.new("RGB", layer.size, "white")
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground
