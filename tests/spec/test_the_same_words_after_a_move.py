"""An order and a refund are told to WeChat in the same words at every attempt, also when the house moved between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from miniapp_api.payments import notify_url
from sqlalchemy import select, update

from backend.core import clock
from backend.core.config import Settings
from backend.core.db import db
from backend.payments.models import PaymentOrder
from backend.payments.wechat.pay import wechat_pay
from tests.world.databases import dispose
from tests.world.giving import Phone
from tests.world.linked import Keyring, Linked, link, settle_in
from tests.world.refunding import Given

OLD, NEW = (f"https://{name}.test/api/v1/payments/notices/wechat" for name in ("home", "moved"))


@pytest.fixture
def village(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Linked]:
    app, sim = link(settings, Keyring(tmp_path / "keys"), seed=7)
    found = settle_in(app, sim)
    monkeypatch.setattr(clock, "now", lambda: found.clock)
    yield found
    dispose(app)


def moves(village: Linked) -> None:
    """The operator sets another PUBLIC_URL and starts everything anew."""
    village.app.config["SETTINGS"] = replace(village.settings, public_url="https://moved.test")
    village.app.extensions["payment_provider"] = wechat_pay(village.settings, wire=village.wire)
    village._steps = ()


def number_of(village: Linked) -> str:
    newest = select(PaymentOrder.out_trade_no).order_by(PaymentOrder.id.desc()).limit(1)
    return village.asks(lambda: db.session.scalars(newest).one())


def ordered(village: Linked) -> tuple[Phone, str]:
    """Somebody wants to give, and the answer to the announcement is lost; return phone and project."""
    phone, roof = village.comes_by_wechat("giver"), village.opens_project("屋顶")
    village.sim.knobs.set("api.timeout_after_commit@prepay", "x1")
    assert phone.orders(roof, 50_00, channel="mini").status_code == 503
    return phone, roof


def test_an_order_that_was_half_announced_is_announced_again_although_the_house_has_moved(village: Linked) -> None:
    phone, roof = ordered(village)
    moves(village)
    village.later(seconds=11)
    again = phone.order(roof, 50_00, channel="mini")
    trade = village.sim.books.trades[number_of(village)]
    assert (again["state"], trade.told["notify_url"]) == ("payable", OLD)
    assert village.pays(trade.out_trade_no)
    village.heals(hours=1)
    assert village.order_states() == ["paid"]


def test_a_new_order_is_told_where_the_house_stands_now(village: Linked) -> None:
    _, roof = ordered(village)
    moves(village)
    village.comes_by_wechat("other").order(roof, 20_00, channel="mini")
    assert village.sim.books.trades[number_of(village)].told["notify_url"] == NEW


def test_an_order_of_before_is_announced_with_the_address_of_the_settings(village: Linked) -> None:
    phone, roof = ordered(village)
    village.writes(lambda: db.session.execute(update(PaymentOrder).values(notify_url=None)))
    village.later(seconds=11)
    assert phone.order(roof, 50_00, channel="mini")["state"] == "payable"


def test_a_refund_whose_answer_was_lost_is_the_same_refund_after_the_move(village: Linked) -> None:
    phone, roof = village.comes_by_wechat("giver"), village.opens_project("屋顶")
    gift = phone.order(roof, 50_00, channel="mini")
    assert village.pays(number_of(village))
    village.heals(hours=1)
    refund = village.asked(Given(phone, gift["code"], roof, number_of(village)), 20_00)
    for name in ("first", "other"):
        answer = village.hires(name).does(f"/desk/refunds/{refund}/approvals")
        assert answer.status_code == 201, answer.text
    assert json.loads(village.row(refund).body)["notify_url"] == OLD
    village.sim.knobs.set("api.timeout_after_commit@refund", "x1")
    village.works("outbox:refund")
    moves(village)
    village.heals(hours=1)
    assert (village.row(refund).state, village.alerts()) == ("success", [])
    (known,) = village.sim.books.refunds.values()
    assert known.told["notify_url"] == OLD


def test_where_no_provider_is_set_up_there_is_no_address(village: Linked) -> None:
    village.app.extensions.pop("payment_provider")
    village.app.config["SETTINGS"] = replace(village.settings, payment_provider="none")
    with village.app.app_context():
        assert notify_url() is None
