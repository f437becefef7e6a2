"""What the tests of pictures share: an appeal, and a decoder that is not the encoder's kin."""

import io
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image

from qr.appeal import Appeal

URL = "https://xingfujiayuan.example.cn/s/1Ab3dEfGhIjK-_mNoPqRsTu"


@pytest.fixture
def appeal() -> Appeal:
    """An ordinary project of an ordinary village."""
    return Appeal(
        title="给石桥村装 40 盏太阳能路灯",
        village="石桥村村民委员会",
        parents=("贵州省", "黔东南苗族侗族自治州", "雷山县", "望丰乡"),
        url=URL,
        organisation="贵州省幸福家园慈善总会",
        certificate="535200005000012345",
        filing_number="53520000500001234A24001",
        contact="石桥村委会 0855-333****",
        raised="¥26,947.00",
        raised_note="截至 2026-11-21 18:00",
        serial="SQ-0007",
        sharer="在贵阳的小杨",
    )


@pytest.fixture
def scan() -> Callable[[bytes | Image.Image], list[str]]:
    """Read every code in a picture, as a phone would."""

    def read(picture: bytes | Image.Image) -> list[str]:
        opened = Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture
        return [found.text for found in zxingcpp.read_barcodes(opened.convert("L"))]

    return read
