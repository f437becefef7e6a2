"""Every village can read its own name on its poster."""

import lzma
from functools import lru_cache
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw

from qr import fonts
from qr.fonts import DEFAULT, GAPS, MAIN, MISSING, Face

REGIONS = Path(__file__).parents[3] / "backend/regions/data/regions.csv.xz"
# Two village names use characters without an agreed shape.
SHAPELESS = {"\ue170", "\ue08b"}


@lru_cache
def letters_of_region_names() -> frozenset[str]:
    with lzma.open(REGIONS, "rt", encoding="utf-8") as lines:
        return frozenset(letter for line in lines for letter in line.rstrip("\n").partition(",")[2])


def ink(text: str, face: Face = DEFAULT) -> bytes:
    page = Image.new("L", (80, 80), 0)
    face.draw(ImageDraw.Draw(page), (8, 60), text, size=48, fill="white")
    return page.tobytes()


def test_every_character_of_every_region_name_is_in_a_shipped_font() -> None:
    known = set(TTFont(MAIN, fontNumber=0).getBestCmap()) | set(TTFont(GAPS).getBestCmap())

    assert {letter for letter in letters_of_region_names() if ord(letter) not in known} == SHAPELESS
    assert {
        letter for letter in letters_of_region_names() if not letter.isspace() and not DEFAULT.has(letter)
    } == SHAPELESS


def test_every_character_of_every_region_name_leaves_ink_on_the_page() -> None:
    blank = ink(" ")
    box = ink(MISSING)
    drawn = {letter: ink(letter) for letter in letters_of_region_names() if not letter.isspace()}

    assert [letter for letter, picture in drawn.items() if picture == blank] == []
    assert {letter for letter, picture in drawn.items() if picture == box} == SHAPELESS


def test_every_character_that_gb_18030_asks_of_every_program_is_in_a_shipped_font() -> None:
    known = set(TTFont(MAIN, fontNumber=0).getBestCmap()) | set(TTFont(GAPS).getBestCmap())
    first_level = {*range(0x4E00, 0x9FF0), *range(0x3400, 0x4DB6)}
    assert first_level - known == set()


@pytest.mark.parametrize("letter", "㛃㑇䶮䲟㙍𬭎𫍽𬘡𬱖𫖯𪟝𤧛𬀪𬬭𫟼𠅤𣗋𨟠𦈡𥔲𩽾")
def test_a_rare_character_of_a_name_leaves_ink_of_its_own(letter: str) -> None:
    assert DEFAULT.has(letter)
    assert ink(letter) not in (ink(" "), ink(MISSING))


def test_the_gap_font_holds_nothing_the_main_font_has() -> None:
    assert not set(TTFont(GAPS).getBestCmap()) & set(TTFont(MAIN, fontNumber=0).getBestCmap())


@pytest.mark.parametrize("unknown", ["\ue170", "\ue08b", "\u0378", "ཀ"])
def test_a_character_without_a_shape_is_shown_as_a_square(unknown: str) -> None:
    assert ink(unknown) == ink(MISSING)
    assert DEFAULT.width(unknown, 48) == DEFAULT.width(MISSING, 48)


@pytest.mark.parametrize("unseen", ["\u200b", "\u202e", "\ud800", "\0", "\U0001f33b", "\ufe0f", "\U0001f3fd"])
def test_what_cannot_be_seen_takes_no_room(unseen: str) -> None:
    assert DEFAULT.width(f"小{unseen}杨", 48) == DEFAULT.width("小杨", 48)
    assert ink(unseen) == ink("")


def test_spaces_of_any_kind_are_drawn_as_spaces() -> None:
    assert DEFAULT.width("\t", 48) == DEFAULT.width("\u00a0", 48) == DEFAULT.width(" ", 48)
    assert DEFAULT.width("\u3000", 48) == 48


def test_a_name_of_two_fonts_is_as_wide_as_its_parts() -> None:
    assert DEFAULT.width("㙍村", 40) == DEFAULT.width("㙍", 40) + DEFAULT.width("村", 40) == 80


def test_bold_leaves_more_ink() -> None:
    pages = [Image.new("L", (80, 80), 0) for _ in range(2)]
    for page, bold in zip(pages, (False, True), strict=True):
        DEFAULT.draw(ImageDraw.Draw(page), (8, 60), "村", size=48, fill="white", bold=bold)

    plain, heavy = (sum(page.tobytes()) for page in pages)
    assert heavy > plain * 1.1


def test_an_operator_may_name_another_font() -> None:
    swapped = Face(main=GAPS, gaps=MAIN)

    assert ink("㙍", swapped) == ink("㙍")
    assert ink("村", swapped) == ink("村")


def test_the_licences_stand_beside_the_fonts() -> None:
    texts = {path.name for path in fonts.DATA.glob("*.txt")}

    assert texts == {"wqy-microhei.LICENSE-Apache-2.0.txt", "gaps.LICENSE-OFL-1.1.txt"}
