"""The round code of a mini-program: drawn as a sun around a square code that any reader can read."""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import qrcode
from PIL import Image, ImageDraw
from qrcode.constants import ERROR_CORRECT_L

from wechat_sim.books import World
from wechat_sim.clock import rfc3339
from wechat_sim.errors import ServerError
from wechat_sim.keys import App
from wechat_sim.shapes import Flag, Group, Text, Whole, fits

SCENE_CHARS_MAX = 32
SCENE = r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]+"
PAGE = r"[0-9A-Za-z][0-9A-Za-z_/-]*"
VERSIONS = Text(longest=16, words=("release", "trial", "develop"))
_BYTE = Whole(least=0, most=255)
ROUND = Group(
    {"scene": Text(longest=1024)},
    {
        "page": Text(longest=128, shortest=0),
        "check_path": Flag(),
        "env_version": VERSIONS,
        "width": Whole(least=280, most=1280),
        "auto_color": Flag(),
        "line_color": Group({"r": _BYTE, "g": _BYTE, "b": _BYTE}),
        "is_hyaline": Flag(),
    },
)
RAYS = 72


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Bytes of a picture."""

    data: bytes
    media_type: str


def draw(world: World, app: App, told: dict[str, Any]) -> Picture:
    """Draw the code of a scene. Raises `ServerError`."""
    scene, page = told["scene"], told.get("page", "")
    if len(scene) > SCENE_CHARS_MAX or not fits(SCENE, scene):
        raise ServerError(40169, "invalid length for scene, or the data is not json string")
    if page and not fits(PAGE, page):
        raise ServerError(41030, "invalid page hint: [no leading slash, no query]")
    if told.get("check_path", True) and world.knobs.hits("server.unpublished"):
        raise ServerError(41030, "invalid page")
    address = f"{world.base_url}/code?" + urlencode({"appid": app.app_id, "page": page, "scene": scene})
    kept = {"kind": "round_code", "scene": scene, "page": page, "env_version": told.get("env_version", "release")}
    world.books.made.append(kept | {"at": rfc3339(world.now())})
    color = tuple((told.get("line_color") or {"r": 0, "g": 0, "b": 0}).values())
    picture = sun(address, width=told.get("width", 430), color=color)
    return _encoded(picture, is_clear=told.get("is_hyaline", False))


def sun(text: str, *, width: int, color: tuple[int, ...]) -> Image.Image:
    """Draw a ring of rays that a text's hash makes long and short, and its square code inside."""
    picture = Image.new("RGBA", (width, width), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    half, ink = width / 2, (*color, 255)
    pen.ellipse((0, 0, width - 1, width - 1), fill=(255, 255, 255, 255))
    bits = hashlib.sha256(text.encode()).digest()
    for ray in range(RAYS):
        turn = 2 * math.pi * ray / RAYS
        long = 0.955 if bits[ray % len(bits)] >> (ray // len(bits)) & 1 else 0.925
        ends = [(half + half * part * math.cos(turn), half + half * part * math.sin(turn)) for part in (0.90, long)]
        pen.line([*ends[0], *ends[1]], fill=ink, width=max(width // 100, 2))
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, border=1)
    code.add_data(text)
    code.make(fit=True)
    matrix = code.get_matrix()
    cell = int(width * 0.62) // len(matrix)
    start = (width - cell * len(matrix)) // 2
    for row, cells in enumerate(matrix):
        for column, is_dark in enumerate(cells):
            if is_dark:
                x, y = start + column * cell, start + row * cell
                pen.rectangle((x, y, x + cell - 1, y + cell - 1), fill=ink)
    return picture


def _encoded(picture: Image.Image, *, is_clear: bool) -> Picture:
    """Return a JPEG, or a PNG with a clear ground where that was asked."""
    out = io.BytesIO()
    if is_clear:
        picture.save(out, "PNG")
        return Picture(data=out.getvalue(), media_type="image/png")
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    ground.save(out, "JPEG", quality=92)
    return Picture(data=out.getvalue(), media_type="image/jpeg")
