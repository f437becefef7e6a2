"""A village or a project that is passed on in a chat is seen as a picture of the shape that WeChat shows, 5:4."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from sqlalchemy import insert

from backend.core.db import db
from backend.regions.models import Region
from tests.world.bookkeeping import VILLAGE
from tests.world.giving import Giving, village

__all__ = ["village"]


def shown(village: Giving, place: str) -> bytes:
    """The picture as a phone gets it, looked at: five to four."""
    answer = village.phone().browser.get(f"/api/v1/{place}/message.jpg")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.data)).size == (1000, 800)
    return answer.data


def test_a_project_is_passed_on_with_a_picture_that_tells_what_it_has_received(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    before = shown(village, f"projects/{roof}")
    village.paid_gift(roof, 50_00)
    village.later(seconds=2)
    after = shown(village, f"projects/{roof}")
    assert before != after
    assert shown(village, f"projects/{roof}") == after


def test_a_village_is_passed_on_with_the_picture_of_its_fund(village: Giving) -> None:
    assert shown(village, f"villages/{VILLAGE}") == shown(village, f"projects/{village.fund}")


def test_a_village_without_a_fund_has_a_picture_too(village: Giving) -> None:
    row = {"code": "320904104210", "name": "龙窑村委会", "parent_code": "320904104"}
    village.writes(lambda: db.session.execute(insert(Region).values(row)))
    assert shown(village, "villages/320904104210") != shown(village, f"villages/{VILLAGE}")


@pytest.mark.parametrize("place", ["projects/nothing", "villages/999999999999", "villages/320904104"])
def test_what_is_not_there_has_no_picture(village: Giving, place: str) -> None:
    assert village.phone().browser.get(f"/api/v1/{place}/message.jpg").status_code == 404
