"""Between WeChat's success and our commit anything may be lost; no human is needed to find the money (P6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from backend.core import clock
from tests.world.bookkeeping import local
from tests.world.figures import dice, figure
from tests.world.shaken import Shaken

TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where WeChat's keys and the merchant's lie; made once."""
    return tmp_path_factory.mktemp("wechat-keys")


@pytest.fixture
def village(app: Flask, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Shaken:
    """The village on the first of June, with an account at WeChat of which no notice ever comes."""
    village = Shaken(app, clock=local("2026-06-01 10:00"))
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    village.meets_wechat(keys, seed=6)
    village.turns(callback__drop_all=1)
    return village


@pytest.mark.promise(name="P6")
@pytest.mark.timeout(0)
def test_every_paid_order_is_posted_within_ten_minutes_without_any_notice(village: Shaken) -> None:
    chance, roof = dice("no notice"), village.opens_project("屋顶")
    paid: dict[str, datetime] = {}
    for number in range(figure("P6", slice=6, full=300)):
        giver = village.comes(f"g{number}")
        assert village.wants(giver, roof, chance.randint(1, 99_999))
        village.later(seconds=chance.randint(0, 1799))
        assert village.pays(giver.gift)
        no, at = village.trade_no(giver.gift), village.clock
        while no not in village.in_the_ledger():
            village.later(seconds=1 if village.clock < at + timedelta(seconds=5) else 20)
            village.works()
            assert village.clock - at <= TEN_MINUTES + timedelta(seconds=20), f"{no} is still not posted"
        paid[no] = at
    assert village.in_the_ledger() == village.at_wechat()
    assert set(paid) == set(village.at_wechat())
    assert village.verify() == []


@pytest.mark.promise(name="P6")
def test_when_no_question_is_answered_either_the_bill_of_the_next_day_posts_it(village: Shaken) -> None:
    chance, roof = dice("nor any answer"), village.opens_project("屋顶")
    village.world.knobs.set("api.timeout_before@query", 1)
    for number in range(figure("P6", slice=4, full=100)):
        giver = village.comes(f"g{number}")
        assert village.wants(giver, roof, chance.randint(1, 99_999))
        assert village.pays(giver.gift)
    village.passes(every=600, hours=2)
    assert village.in_the_ledger() == {}
    village.clock = local("2026-06-02 10:00")
    village.passes(every=60, minutes=60)
    assert village.in_the_ledger() == village.at_wechat()
    assert len(village.at_wechat()) >= 4
    assert village.verify() == []
