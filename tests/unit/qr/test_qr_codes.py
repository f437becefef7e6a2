"""Whatever happens to a printed code in a village, a phone still reads the link."""

import io
import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from qr import codes

URL = "https://xingfujiayuan.example.cn/s/1Ab3dEfGhIjK-_mNoPqRsTu"
Scan = Callable[[bytes | Image.Image], list[str]]


def smudged(code: Image.Image, *, blots: int, seed: int, colour: str) -> Image.Image:
    """Cover a tenth of the code (quiet zone aside) with blots that spare the three corner squares."""
    chance = random.Random(seed)
    dirty = code.convert("RGB")
    module = code.width // len(codes.matrix(URL))
    start, end, corner = codes.QUIET_ZONE * module, code.width - codes.QUIET_ZONE * module, 8 * module
    side = round((end - start) * (0.1 / blots) ** 0.5)
    free = [
        (x, y)
        for x in range(start, end - side, module)
        for y in range(start, end - side, module)
        if not ((x < start + corner or x + side > end - corner) and y < start + corner)
        and not (x < start + corner and y + side > end - corner)
    ]
    for x, y in chance.sample(free, blots):
        ImageDraw.Draw(dirty).rectangle((x, y, x + side, y + side), fill=colour)
    return dirty


def test_a_png_is_read_as_the_text_it_was_made_from(scan: Scan) -> None:
    assert scan(codes.png(URL)) == [URL]


@given(text=st.text(min_size=1, max_size=60))
@settings(max_examples=30, deadline=None)
def test_any_text_comes_back_from_its_matrix(text: str) -> None:
    rows = codes.matrix(text)

    assert all(len(row) == len(rows) for row in rows)
    assert not any(rows[0] + rows[3] + rows[-1] + rows[-4]), "four light modules on every side"


def test_chinese_text_is_read_too(scan: Scan) -> None:
    assert scan(codes.png("石桥村 40 盏路灯")) == ["石桥村 40 盏路灯"]


def test_an_svg_draws_the_same_modules_as_the_png(scan: Scan) -> None:
    drawing = codes.svg(URL).decode("ascii")
    runs = [tuple(map(int, run)) for run in re.findall(r"M(\d+),(\d+)h(\d+)v1h-", drawing)]
    side = len(codes.matrix(URL))
    page = Image.new("L", (side * 8, side * 8), 255)
    for x, y, length in runs:
        ImageDraw.Draw(page).rectangle((x * 8, y * 8, (x + length) * 8 - 1, y * 8 + 7), fill=0)

    assert f'viewBox="0 0 {side} {side}"' in drawing
    assert page.tobytes() == codes.picture(URL, box=8).convert("L").tobytes()
    assert scan(page) == [URL]


@pytest.mark.parametrize("degrees", [7, 33, 90, 135, 180, 301])
def test_a_poster_photographed_at_a_slant_is_read(scan: Scan, degrees: int) -> None:
    turned = (
        codes.picture(URL, box=8).convert("L").rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    )

    assert scan(turned) == [URL]


@pytest.mark.parametrize("colour", ["black", "white", "#7a5a3c"])
@pytest.mark.parametrize("blots", [1, 2, 4])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_code_with_a_tenth_of_it_smudged_is_read(scan: Scan, blots: int, seed: int, colour: str) -> None:
    assert scan(smudged(codes.picture(URL), blots=blots, seed=seed, colour=colour)) == [URL]


def test_a_code_printed_two_centimetres_wide_at_150_dpi_is_read(scan: Scan) -> None:
    pixels = round(2 / 2.54 * 150)
    small = codes.picture(URL).convert("L").resize((pixels, pixels), Image.Resampling.LANCZOS)

    assert scan(small) == [URL]


def test_a_green_code_is_read(scan: Scan) -> None:
    green = codes.picture(URL, dark="#0b6b43")

    assert green.getcolors() is not None
    assert {colour for _, colour in green.getcolors() or []} == {(255, 255, 255), (11, 107, 67)}
    assert scan(green) == [URL]


@pytest.mark.parametrize(("pixels", "box"), [(740, 15), (49, 1), (10, 1)])
def test_a_code_grows_by_whole_pixels_only(pixels: int, box: int) -> None:
    assert codes.picture_within(URL, pixels=pixels).width == box * len(codes.matrix(URL))


def test_a_png_is_small_because_it_has_one_bit_per_pixel() -> None:
    picture = codes.png(URL, box=10)

    assert Image.open(io.BytesIO(picture)).mode == "1"
    assert len(picture) < 4_000


@pytest.mark.parametrize("text", ["", "x" * 513, "村" * 171])
def test_a_text_that_cannot_be_scanned_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="512 bytes"):
        codes.png(text)


def test_a_module_smaller_than_a_pixel_is_refused() -> None:
    with pytest.raises(ValueError, match="one pixel"):
        codes.png(URL, box=0)
