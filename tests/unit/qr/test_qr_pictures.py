"""Posters and share cards: the code is read from each, the words stay in their places, a demonstration says so."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw

from qr import card, codes, poster, scenery
from qr.appeal import Appeal
from qr.painting import ORANGE, Page

Scan = Callable[[bytes | Image.Image], list[str]]
LONG_TITLE = "为村里三十二位独居老人改造卫生间、安装扶手和夜灯，并请两位护理员每周上门看望（第二期“暖冬行动”）" * 2
LONG_VILLAGE = "内蒙古自治区鄂尔多斯市伊金霍洛旗阿勒腾席热镇水岸花园社区居民委员会"
LONG_ORGANISATION = "内蒙古自治区鄂尔多斯市伊金霍洛旗阿勒腾席热镇慈善总会乡村振兴互助基金管理委员会"
PAINTERS = [pytest.param(poster, id="poster"), pytest.param(card, id="card")]


def ordinary(appeal: Appeal) -> Appeal:
    """The same appeal as it is."""
    return appeal


def crowded(appeal: Appeal) -> Appeal:
    """The same appeal with every text as long as it may become."""
    return replace(
        appeal,
        title=LONG_TITLE,
        village=LONG_VILLAGE,
        parents=("内蒙古自治区", "鄂尔多斯市", "伊金霍洛旗阿勒腾席热镇", LONG_VILLAGE),
        organisation=LONG_ORGANISATION,
        certificate="5" * 60,
        filing_number="A" * 60,
        contact="电话" * 40,
        raised="¥98,765,432,109,876,543.21",
        sharer="一位名字很长很长很长很长的好心人",
    )


def bare(appeal: Appeal) -> Appeal:
    """The same appeal with only what no poster can do without."""
    return Appeal(title=appeal.title, village=appeal.village, url=appeal.url, organisation=appeal.organisation)


def photograph(size: tuple[int, int], *, upright: int = 1) -> bytes:
    """A photograph, blue above and brown below, as a camera held at that angle stores it."""
    picture = Image.new("RGB", size, "#2060ff")
    ImageDraw.Draw(picture).rectangle((0, size[1] // 2, size[0], size[1]), fill="#704010")
    exif = Image.Exif()
    exif[0x0112] = upright
    file = io.BytesIO()
    turned = picture.rotate(90, expand=True) if upright == 6 else picture
    turned.save(file, "JPEG", exif=exif)
    return file.getvalue()


def where_the_code_is(module: Any, appeal: Appeal) -> Image.Image:
    """The pixels of the painted code, found where the plain code says they must be."""
    painted = module.paint(appeal).convert("L")
    x, y, pixels = {poster: (134, 1772, 740), card: (32, 775, 320)}[module]
    side = codes.picture_within(appeal.url, pixels=pixels).width
    start = (pixels - side) // 2
    found: Image.Image = painted.crop((x + start, y + start, x + start + side, y + start + side))
    return found


@pytest.mark.parametrize("variant", [ordinary, crowded, bare])
@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("module", PAINTERS)
def test_nothing_ever_covers_the_code(
    appeal: Appeal, module: Any, demo: bool, variant: Callable[[Appeal], Appeal]
) -> None:
    pixels = {poster: 740, card: 320}[module]
    plain = codes.picture_within(appeal.url, pixels=pixels).convert("L")

    assert (
        ImageChops.difference(where_the_code_is(module, replace(variant(appeal), demo=demo)), plain).getbbox() is None
    )


@pytest.mark.parametrize("demo", [False, True])
def test_the_code_is_read_from_the_poster_and_from_its_pdf(appeal: Appeal, scan: Scan, demo: bool) -> None:
    told = replace(appeal, demo=demo)
    document = poster.pdf(told)
    page = document[document.index(b"\xff\xd8\xff") : document.rindex(b"\xff\xd9") + 2]

    assert scan(poster.jpeg(told)) == [appeal.url]
    assert scan(page) == [appeal.url]


@pytest.mark.parametrize("demo", [False, True])
def test_the_code_is_read_from_the_share_card(appeal: Appeal, scan: Scan, demo: bool) -> None:
    picture = card.jpeg(replace(appeal, demo=demo))

    assert Image.open(io.BytesIO(picture)).size == (750, 1200)
    assert scan(picture) == [appeal.url]


def test_a_poster_printed_so_small_that_its_code_is_two_centimetres_is_read(appeal: Appeal, scan: Scan) -> None:
    share = (2 / 2.54 * 150) / codes.picture_within(appeal.url, pixels=740).width
    size = (round(poster.WIDTH * share), round(poster.HEIGHT * share))

    assert scan(poster.paint(appeal).resize(size, Image.Resampling.LANCZOS)) == [appeal.url]


@pytest.mark.parametrize("degrees", [5, 90, 172])
def test_a_poster_hung_askew_is_read(appeal: Appeal, scan: Scan, degrees: int) -> None:
    hung = poster.paint(appeal).resize((1050, 1485)).rotate(degrees, Image.Resampling.BICUBIC, expand=True)

    assert scan(hung) == [appeal.url]


@pytest.mark.parametrize(("left", "top"), [(0.3, 0.3), (0.5, 0.5), (0.65, 0.35), (0.35, 0.0), (0.0, 0.35)])
def test_a_poster_with_a_tenth_of_its_code_smudged_is_read(appeal: Appeal, scan: Scan, left: float, top: float) -> None:
    page = poster.paint(appeal).resize((1050, 1485), Image.Resampling.LANCZOS)
    x, y, side = 67 + 32, 886 + 32, 306
    blot = round(side * 0.1**0.5)
    at = (x + round(side * left), y + round(side * top))
    ImageDraw.Draw(page).rectangle((*at, at[0] + blot, at[1] + blot), fill="#6b4a2b")

    assert scan(page) == [appeal.url]


def test_the_pdf_is_one_a4_page_and_the_same_each_time(appeal: Appeal) -> None:
    document = poster.pdf(appeal)
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", document)

    assert box is not None
    assert [float(side) for side in box.groups()] == pytest.approx([595.3, 841.9], abs=1)
    assert document.count(b"/Type /Page\n") == 1
    assert document == poster.pdf(appeal)


def test_the_poster_prints_at_a4(appeal: Appeal) -> None:
    picture = Image.open(io.BytesIO(poster.jpeg(appeal)))

    assert picture.info["dpi"] == (254, 254)
    assert [round(side / 254 * 25.4) for side in picture.size] == [210, 297]


@pytest.mark.parametrize("module", PAINTERS)
def test_a_demonstration_is_marked_from_edge_to_edge(appeal: Appeal, module: Any) -> None:
    marked, real = (module.paint(replace(appeal, demo=demo)) for demo in (True, False))
    orange = Image.new("RGB", (1, 1), ORANGE).getpixel((0, 0))
    last = marked.width - 1

    assert [marked.getpixel(at) for at in ((0, 5), (last, 5), (0, marked.height - 5), (last, marked.height - 5))] == [
        orange
    ] * 4
    assert real.getpixel((0, 5)) != orange
    changed = ImageChops.difference(marked, real).convert("L").point([0] * 8 + [255] * 248)
    assert changed.histogram()[255] > 0.08 * marked.width * marked.height


@pytest.mark.parametrize("paint", [poster.paint, card.paint, card.paint_message])
def test_every_word_an_operator_gives_changes_the_picture(
    appeal: Appeal, paint: Callable[[Appeal], Image.Image]
) -> None:
    told = paint(appeal)

    assert ImageChops.difference(told, paint(replace(appeal, village="另一个村"))).getbbox() is not None
    assert ImageChops.difference(told, paint(replace(appeal, raised=""))).getbbox() is not None
    assert ImageChops.difference(told, paint(replace(appeal, demo=True))).getbbox() is not None


@pytest.mark.parametrize(
    ("field", "module"),
    [
        ("title", poster),
        ("organisation", poster),
        ("certificate", poster),
        ("filing_number", poster),
        ("contact", poster),
        ("serial", poster),
        ("raised_note", poster),
        ("title", card),
        ("organisation", card),
        ("certificate", card),
        ("filing_number", card),
        ("sharer", card),
    ],
)
def test_what_the_law_and_the_giver_ask_for_is_on_the_picture(appeal: Appeal, field: str, module: Any) -> None:
    changes: dict[str, Any] = {field: "另外一个"}
    other = replace(appeal, **changes)
    first, second = (module.paint(told) for told in (appeal, other))

    assert ImageChops.difference(first, second).getbbox() is not None


@pytest.mark.parametrize("module", PAINTERS)
def test_an_amount_is_set_small_before_it_is_cut(appeal: Appeal, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def note(_page: Page, _at: tuple[int, int], text: str, **_style: Any) -> int:
        drawn.append(text)
        return 0

    monkeypatch.setattr(Page, "line", note)

    module.paint(replace(appeal, raised="¥98,765,432,109,876,543.21"))

    assert "¥98,765,432,109,876,543.21" in drawn


def test_the_picture_of_a_message_is_five_to_four(appeal: Appeal) -> None:
    assert Image.open(io.BytesIO(card.message_jpeg(appeal))).size == (1000, 800)


def test_a_cover_fills_the_top_and_a_drawn_village_stands_in_for_a_missing_one(appeal: Appeal) -> None:
    covered = poster.paint(replace(appeal, cover=photograph((1600, 900))))
    drawn = poster.paint(appeal)
    carded = card.paint(replace(appeal, cover=photograph((1600, 900))))

    assert covered.getpixel((20, 1000)) == pytest.approx((112, 64, 16), abs=12)
    assert carded.getpixel((10, 400)) == pytest.approx((112, 64, 16), abs=12)
    assert drawn.getpixel((20, 1000)) != covered.getpixel((20, 1000))


@pytest.mark.parametrize("upright", [1, 6])
def test_a_photograph_stands_upright_however_the_camera_was_held(upright: int) -> None:
    view = scenery.cover(photograph((1200, 900), upright=upright), (400, 300))

    assert view is not None
    assert view.size == (400, 300)
    assert view.getpixel((200, 20)) == pytest.approx((32, 96, 255), abs=12)
    assert view.getpixel((200, 280)) == pytest.approx((112, 64, 16), abs=12)


def huge() -> bytes:
    file = io.BytesIO()
    Image.new("1", (10_000, 6_000)).save(file, "PNG")
    return file.getvalue()


def bomb() -> bytes:
    """A PNG whose header claims 60,000 by 60,000 pixels."""
    file = io.BytesIO()
    Image.new("1", (1, 1)).save(file, "PNG")
    content = bytearray(file.getvalue())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    return bytes(content)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(None, id="no cover"),
        pytest.param(b"", id="an empty file"),
        pytest.param(b"not a picture", id="no picture"),
        pytest.param(photograph((400, 300))[:300], id="a picture that breaks off"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", id="a format that runs programs"),
        pytest.param(huge(), id="more pixels than our store makes"),
        pytest.param(bomb(), id="a bomb"),
    ],
)
def test_a_cover_that_cannot_be_read_does_not_stop_the_poster(data: bytes | None) -> None:
    assert scenery.cover(data, (400, 300)) is None


@pytest.mark.parametrize("data", [b"", b"not a picture", photograph((400, 400))[:300]])
def test_a_round_code_that_cannot_be_read_leaves_the_qr_code(appeal: Appeal, scan: Scan, data: bytes) -> None:
    assert scan(poster.paint(replace(appeal, round_code=data))) == [appeal.url]


def test_a_grey_or_transparent_cover_is_shown_too() -> None:
    for mode in ("L", "RGBA", "P"):
        file = io.BytesIO()
        Image.new(mode, (300, 200)).save(file, "PNG")
        view = scenery.cover(file.getvalue(), (120, 100))

        assert view is not None
        assert (view.mode, view.size) == ("RGB", (120, 100))


def test_a_poster_of_an_odd_name_is_painted(appeal: Appeal) -> None:
    odd = replace(appeal, title="\ue170高村㙍𡌶🌻\u202e", village="\ud800", sharer=" ", raised_note="\n")

    assert poster.paint(odd).size == (2100, 2970)
    assert card.paint(odd).size == (750, 1200)
