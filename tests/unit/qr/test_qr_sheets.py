"""A printed sheet can be read by people, by programs and aloud, and is the same to the byte each time."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
import zxingcpp
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops
from pypdf import PdfReader

from qr.sheet import Column, Row, Sheet
from qr.sheet_pdf import pdf
from qr.sheet_png import WIDTH, png

HOUSE = Path(__file__).parents[3]
ADDRESS = "https://example.org/verify/500000000-2026-00000001/ABCDE-FGH12"
NAME = "欧阳𬭎·㛃𫍽"
SHEET = Sheet(
    title="捐赠收据",
    author="某省慈善总会",
    facts=("编号：500000000-2026-00000001", "开具日期：2026-06-01"),
    rows=(
        Row(label="捐赠人", text=NAME),
        Row(label="金额（大写）", text="人民币壹仟零伍拾元叁角整", is_large=True),
        Row(label="捐赠项目（用途）", text="修屋顶（江苏省盐城市大丰区）\n已全部转入“众心村互助基金”。"),
        Row(label="无", text=""),
    ),
    notes=("依据《中华人民共和国慈善法》第三十八条。",),
    demo="演示数据：没有真实资金",
    state="本收据已作废。",
    code=ADDRESS,
    code_hint="扫码核验真伪",
)
PLAIN = Sheet(title="捐赠收据", author="某省慈善总会", facts=("编号：1",))


def read(body: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(body))


def test_all_that_is_printed_can_be_copied_out_in_reading_order() -> None:
    text = read(pdf(SHEET)).pages[0].extract_text()
    told = [
        "演示数据：没有真实资金",
        "捐赠收据",
        "本收据已作废。",
        SHEET.facts[0],
        "捐赠人",
        NAME,
        "壹仟零伍拾元叁角整",
    ]
    told += ["众心村互助基金", "第三十八条", "第 1 页，共 1 页"]
    places = [text.find(fact) for fact in told]
    assert -1 not in places
    assert places == sorted(places)


def test_a_reader_is_told_language_and_title() -> None:
    found = read(pdf(SHEET))
    assert found.metadata is not None
    assert (found.metadata.title, found.metadata.author) == (f"捐赠收据 {SHEET.facts[0]}", "某省慈善总会")
    assert found.trailer["/Root"]["/Lang"] == "zh-CN"
    assert found.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]


def test_each_rare_character_has_an_outline_in_the_file_and_is_copied_as_itself() -> None:
    fonts = [one.get_object() for one in read(pdf(SHEET)).pages[0]["/Resources"]["/Font"].values()]
    (gaps,) = [one for one in fonts if "HappyHomeGaps" in one["/BaseFont"]]
    mapped = gaps["/ToUnicode"].get_data().decode()
    for letter in "𬭎㛃𫍽":
        assert f"<{letter.encode('utf-16-be').hex().upper()}>" in mapped
    outlines = TTFont(io.BytesIO(gaps["/FontDescriptor"]["/FontFile2"].get_data()))["glyf"]
    assert sum(outlines[name].numberOfContours > 0 for name in outlines.keys()) >= 3  # noqa: SIM118 - no mapping


def test_the_same_sheet_is_the_same_file_also_in_another_process() -> None:
    told = "import hashlib, sys; from tests.unit.qr.test_qr_sheets import SHEET; from qr.sheet_pdf import pdf;"
    told += "from qr.sheet_png import png; sys.stdout.buffer.write(pdf(SHEET) + png(SHEET))"
    other = subprocess.run([sys.executable, "-c", told], cwd=HOUSE, capture_output=True, check=True).stdout
    assert other == pdf(SHEET) + png(SHEET)


def test_a_long_table_repeats_its_heading_on_each_page_and_ends_with_its_sum() -> None:
    columns = (Column(heading="日期", share=20), Column(heading="项目", share=60))
    columns += (Column(heading="金额", share=20, is_number=True),)
    rows = tuple((f"2026-06-{day:02d}", "修屋顶" * 20, "1.00") for day in range(1, 60))
    sheet = Sheet(
        title="清单",
        author="某",
        facts=("捐赠人：某",),
        columns=columns,
        table=(*rows, ("合计", "", "59.00")),
        has_sum=True,
        notes=("说明" * 400,) * 4,
    )
    pages = [page.extract_text() for page in read(pdf(sheet)).pages]
    assert len(pages) > 3
    with_rows = [text for text in pages if "修屋顶" in text]
    assert all("日期" in text for text in with_rows)
    assert sum(text.count("59.00") for text in pages) == 1
    assert all(f"第 {number} 页，共 {len(pages)} 页" in text for number, text in enumerate(pages, 1))


def test_a_sheet_without_code_and_without_warning_is_drawn_too() -> None:
    assert "编号：1" in read(pdf(PLAIN)).pages[0].extract_text()
    with Image.open(io.BytesIO(png(PLAIN))) as picture:
        assert picture.width == WIDTH


def test_the_picture_shows_the_name_and_a_code_that_can_be_scanned() -> None:
    with Image.open(io.BytesIO(png(SHEET))) as picture:
        shown = picture.convert("RGB")
    assert [found.text for found in zxingcpp.read_barcodes(shown)] == [ADDRESS]
    other = Sheet(**{**vars(SHEET), "rows": (Row(label="捐赠人", text="欧阳"), *SHEET.rows[1:])})
    with Image.open(io.BytesIO(png(other))) as picture:
        assert ImageChops.difference(shown, picture.convert("RGB")).getbbox() is not None


@pytest.mark.parametrize("draw", [pdf, png])
def test_what_no_font_has_does_not_stop_the_sheet(draw: object) -> None:
    strange = Sheet(**{**vars(PLAIN), "rows": (Row(label="捐赠人", text="\ue170\u202e😀ཀ\0"),)})
    assert callable(draw)
    assert len(draw(strange)) > 1000
