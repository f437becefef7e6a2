"""Other rooms ask for the newest notice of a place, and for the one that tells a certain transfer."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.notices import checks, service
from backend.notices.figures import FiguresOutOfJoint
from backend.notices.models import PROJECT, VILLAGE
from backend.notices.queries import NoticeUnknown, get_notice, latest_notice, notice_telling
from backend.notices.service import Draft
from tests.world.bookkeeping import VILLAGE as PLACE
from tests.world.bookkeeping import Bookkeeping


@pytest.fixture
def village(app: Flask) -> Bookkeeping:
    """A village with two months of notices."""
    village = Bookkeeping(app)
    village.opens_fund()
    village.at("2026-03-01 00:00")
    village.publishes()
    return village


def test_the_newest_notice_of_a_village_is_that_of_its_fund(village: Bookkeeping) -> None:
    fund = village.notices()[0].figures["purses"][0]["code"]
    newest = village.asks(lambda: latest_notice(VILLAGE, PLACE))
    assert newest is not None
    assert newest.period == "2026-02"
    assert village.asks(lambda: latest_notice(PROJECT, fund)) == newest
    assert village.asks(lambda: latest_notice(PROJECT, "none")) is None


def test_a_transfer_is_told_by_the_notice_of_its_month(village: Bookkeeping) -> None:
    road = village.opens_project("修路")
    village.receives(road, 100)
    assert village.asks(lambda: notice_telling(project=road, position=1)) is None
    village.at("2026-04-01 00:00")
    village.publishes()
    telling = village.asks(lambda: notice_telling(project=road, position=1))
    assert telling == village.notice(scope="project").code
    assert village.asks(lambda: notice_telling(project=road, position=2)) is None


def test_an_unknown_notice_is_refused(village: Bookkeeping) -> None:
    with pytest.raises(NoticeUnknown):
        village.asks(lambda: get_notice("none"))


def test_the_same_notice_is_not_written_twice(village: Bookkeeping) -> None:
    old = village.notices()[0]
    told = {name: getattr(old, name) for name in Draft.__dataclass_fields__ if name not in ("code", "figures")}
    again = Draft(**told, code="another", figures="{}")
    assert village.writes(lambda: service.publish(again)) is False
    assert len(village.notices()) == 2


def test_the_check_says_when_a_notice_cannot_be_computed_again_and_stops_at_its_limit(
    village: Bookkeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_purses: object, **_positions: int) -> dict[str, object]:
        raise FiguresOutOfJoint("lines are missing")

    monkeypatch.setattr(checks, "figures_of", broken)
    assert [finding for finding in village.findings() if "无法由账本重算" in finding] == village.findings()
    monkeypatch.setattr(checks, "SHOWN", 1)
    assert len(village.findings()) == 1
