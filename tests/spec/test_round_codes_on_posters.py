"""A printed poster bears the mini-program's round code, fetched once; without WeChat it bears the QR code."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from miniapp_api.link_codes import address_of, code_of
from PIL import Image, ImageDraw
from sqlalchemy import select

from backend.core import clock
from backend.core.db import db
from backend.core.errors import StorageUnavailable
from backend.sharing import round_codes
from backend.sharing.models import RoundCode
from backend.sharing.service import make_poster
from qr import codes
from tests.world.bookkeeping import local
from tests.world.giving import Giving
from tests.world.weixin import Asked, Weixin, says, weixin, with_wechat

CODE = "/wxa/getwxacodeunlimit"


def drawn(text: str, *, side: int = 1280) -> bytes:
    """A round code of the tests: the scene as a QR code, so that it can be read, with a ring where WeChat has one."""
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((4, 4, side - 4, side - 4), outline="black", width=8)
    code = codes.picture_within(text, pixels=side * 6 // 10).convert("RGBA")
    picture.paste(code, ((side - code.width) // 2, (side - code.height) // 2))
    kept = io.BytesIO()
    picture.save(kept, "PNG")
    return kept.getvalue()


def scene(asked: Asked) -> bytes:
    return drawn(asked.body["scene"])


@pytest.fixture
def world() -> Iterator[Weixin]:
    """A WeChat that draws what it is asked."""
    with weixin() as world:
        world.lays(CODE, scene)
        yield world


@pytest.fixture
def village(app: Flask, world: Weixin, monkeypatch: pytest.MonkeyPatch) -> Giving:
    """The village on the first of June, its mini-program set up."""
    app.config["SETTINGS"] = with_wechat(app.config["SETTINGS"], world.url)
    village = Giving(app, clock=local("2026-06-01 10:00"))
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    return village


def poster_of(village: Giving) -> tuple[str, str]:
    """The code and the address of a new poster."""

    def make() -> tuple[str, str]:
        link = make_poster(project_code=village.fund, place="村口", actor="cadre", now=village.clock)
        return code_of(link), address_of(link)

    return village.writes(make)


def reads(village: Giving, code: str, kind: str = "poster.jpg") -> str:
    """Draw a picture of a link and read the code on it."""
    answer = village.app.test_client().get(f"/api/v1/links/{code}/{kind}")
    assert answer.status_code == 200, answer.text
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.data)).convert("RGB"))
    return str(found.text)


def test_a_poster_bears_the_round_code_with_the_link_as_its_scene(village: Giving, world: Weixin) -> None:
    code, _address = poster_of(village)
    assert (reads(village, code), len(code)) == (code, 23)
    asked = world.last(CODE).body
    assert (asked["scene"], asked["page"], asked["env_version"]) == (code, "pages/scan/index", "release")


def test_the_round_code_is_fetched_once_for_picture_and_print(village: Giving, world: Weixin) -> None:
    code, _address = poster_of(village)
    for kind in ("poster.jpg", "poster.pdf", "poster.jpg"):
        assert village.app.test_client().get(f"/api/v1/links/{code}/{kind}").status_code == 200
    assert world.count(CODE) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(41030, "invalid page"), "the page is not published yet"),
        (says(45009, "reach max api daily quota limit"), "the quota is spent"),
        (502, "WeChat is down"),
        (b"not a picture", "bytes that are no picture"),
        (drawn("x", side=200), "too small to print"),
    ],
    ids=["page", "quota", "down", "broken", "small"],
)
def test_without_it_the_poster_bears_the_qr_code(village: Giving, world: Weixin, answer: Any, reason: str) -> None:
    world.lays(CODE, answer)
    code, address = poster_of(village)
    assert reads(village, code) == address, reason
    assert reads(village, code) == address
    assert world.count(CODE) == 1
    world.lays(CODE, scene)
    village.later(minutes=1)
    assert reads(village, code) == code


def test_failures_are_tried_again_ever_later(village: Giving, world: Weixin) -> None:
    world.lays(CODE, says(41030))
    code, _address = poster_of(village)
    pauses = []
    for _ in range(9):
        reads(village, code)
        row = select(RoundCode.next_try_at, RoundCode.failures)
        next_try_at, _failures = village.asks(lambda row=row: db.session.execute(row).one())
        pauses.append(round((next_try_at - village.clock).total_seconds() / 60))
        village.clock = next_try_at
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_of_many_who_draw_one_poster_one_asks(village: Giving, world: Weixin) -> None:
    code, address = poster_of(village)
    world.slow_seconds = 0.3
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: reads(village, code), range(4))) <= {code, address}
    assert world.count(CODE) == 1
    assert reads(village, code) == code


def test_a_full_disk_breaks_no_poster(village: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_act: object) -> None:
        raise StorageUnavailable()

    code, address = poster_of(village)
    monkeypatch.setattr(round_codes, "write_with_retries", full)
    assert reads(village, code) == address


def test_what_a_person_passes_on_keeps_the_qr_code(village: Giving, world: Weixin) -> None:
    link = village.phone().shares("project", village.fund)
    assert reads(village, link["code"]) == link["url"]
    assert world.count(CODE) == 0


def test_where_no_mini_program_is_set_up_all_is_as_ever(village: Giving, world: Weixin) -> None:
    village.app.config["SETTINGS"] = with_wechat(village.settings, world.url, mini=None)
    code, address = poster_of(village)
    assert (reads(village, code), world.count(CODE)) == (address, 0)


def test_another_version_of_the_mini_program_has_codes_of_its_own(village: Giving, world: Weixin) -> None:
    code, _address = poster_of(village)
    reads(village, code)
    village.app.extensions.pop("wechat")
    village.app.config["SETTINGS"] = with_wechat(village.settings, world.url, mini_version="trial")
    reads(village, code)
    assert [call.body["env_version"] for call in world.calls if call.path == CODE] == ["release", "trial"]


@pytest.mark.parametrize("size", [(400, 300), (4000, 4000)])
def test_a_picture_that_is_no_code_is_not_kept(size: tuple[int, int]) -> None:
    kept = io.BytesIO()
    Image.new("1", size).save(kept, "PNG")
    assert round_codes.is_code(kept.getvalue()) is False
