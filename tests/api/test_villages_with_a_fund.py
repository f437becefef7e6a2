"""The search says which villages have a fund, so that a relative sees at once where money can be given."""

from __future__ import annotations

from tests.world.desk import NEIGHBOUR, Desk
from tests.world.regions import ZHONGXIN


def has_fund(desk: Desk) -> dict[str, bool]:
    items = desk.page("/regions/search?q=众心")["items"] + desk.page("/regions/search?q=龙窑")["items"]
    return {place["code"]: place["has_fund"] for place in items}


def test_a_village_shows_its_fund_from_the_moment_it_is_opened(desk: Desk) -> None:
    assert has_fund(desk) == {ZHONGXIN: False, NEIGHBOUR: False}
    desk.opens_fund()
    assert has_fund(desk) == {ZHONGXIN: True, NEIGHBOUR: False}
