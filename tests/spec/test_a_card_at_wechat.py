"""An abnormal refund at WeChat Pay: the card travels sealed by WeChat's key, and only WeChat opens it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from wechat_sim import books, refunds

from backend.core import clock
from backend.core.config import Settings
from backend.core.db import db
from backend.donations.models import Gift
from backend.ledger.accounts import refunds_account
from backend.ledger.queries import balance_fen
from backend.payments.models import PaymentOrder
from backend.refunds import repairs
from backend.refunds.repair_records import RepairRecord, newest_cards
from tests.world.databases import dispose
from tests.world.linked import Keyring, Linked, link, settle_in
from tests.world.refunding import Given

CARD = {"bank_type": "CMB_DEBIT", "bank_account": "6225880137654321", "real_name": "王小明"}


@pytest.fixture
def village(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Linked]:
    app, sim = link(settings, Keyring(tmp_path / "keys"), seed=7)
    found = settle_in(app, sim)
    monkeypatch.setattr(clock, "now", lambda: found.clock)
    yield found
    dispose(app)


@pytest.fixture
def refund(village: Linked) -> str:
    """A refund whose money found the giver's account closed."""
    phone = village.comes_by_wechat("giver")
    project = village.opens_project("屋顶")
    ordered = phone.order(project, 50_00, channel="mini")
    of_gift = select(PaymentOrder.out_trade_no).join(Gift, Gift.order_id == PaymentOrder.id)
    number = village.asks(lambda: db.session.scalars(of_gift.where(Gift.code == ordered["code"])).one())
    assert village.pays(number)
    village.heals(hours=1)
    gift = Given(phone, ordered["code"], project, number)
    village.sim.knobs.set("refund.abnormal", "1")
    found = village.approved(gift, 20_00)
    village.heals(hours=1)
    assert village.row(found).state == "abnormal"
    return found


def enters(village: Linked, refund: str, **changed: str) -> str:
    """One person writes the card down, another confirms it; return its code."""
    seal = village.app.extensions["payment_provider"].seal_card
    told: dict[str, Any] = {"refund": refund, "now": village.clock}
    village.writes(lambda: repairs.enter_card(**told, **(CARD | changed), seal=seal, staff=village.desk))
    card = card_of(village, refund).code
    village.writes(lambda: repairs.confirm_card(**told, card=card, staff=village.second))
    village.later(hours=24)
    return card


def card_of(village: Linked, refund: str) -> RepairRecord:
    return village.asks(lambda: newest_cards([refund])[refund])


def at_wechat(village: Linked, refund: str) -> books.Refund:
    return village.sim.books.refunds[village.no(refund)]


def test_wechat_opens_the_card_and_gives_back_to_it(village: Linked, refund: str) -> None:
    enters(village, refund)
    village.works("outbox:refund_repair")
    assert (card_of(village, refund).state, at_wechat(village, refund).to_card) == ("taken", "尾号4321")
    village.heals(hours=1)
    assert (village.row(refund).state, card_of(village, refund).state) == ("success", "done")
    assert at_wechat(village, refund).status == "SUCCESS"
    assert village.verify() == []


def test_an_answer_that_is_lost_sends_the_card_once(village: Linked, refund: str) -> None:
    enters(village, refund)
    village.sim.knobs.set("api.reset_mid_body@abnormal_refund", "x1")
    village.works("outbox:refund_repair")
    assert (card_of(village, refund).state, at_wechat(village, refund).status) == ("confirmed", "PROCESSING")
    village.later(seconds=2)
    village.works("outbox:refund_repair")
    assert card_of(village, refund).state == "done", "the second attempt heard what became of the first one"
    assert village.verify() == []


def test_a_card_sealed_by_a_key_that_wechat_changed_comes_back_and_is_entered_anew(
    village: Linked, refund: str
) -> None:
    card = enters(village, refund)
    village.writes(lambda: db.session.execute(text("UPDATE refund_repairs SET key_serial = 'PUB_KEY_ID_OLD'")))
    village.works("outbox:refund_repair")
    found = card_of(village, refund)
    assert (found.code, found.state, found.provider_code) == (card, "refused", "KEY_REPLACED")
    enters(village, refund)
    village.heals(hours=1)
    assert village.row(refund).state == "success"
    assert village.verify() == []


def test_wechat_s_own_words_of_refusal_reach_the_desk(village: Linked, refund: str) -> None:
    enters(village, refund)
    village.writes(lambda: db.session.execute(text("UPDATE refund_repairs SET sealed_name = 'bm90IHNlYWxlZA=='")))
    village.works("outbox:refund_repair")
    found = card_of(village, refund)
    assert (found.state, found.provider_code) == ("refused", "PARAM_ERROR")
    assert "敏感字段解密失败" in str(found.provider_words)
    assert village.row(refund).state == "abnormal"
    assert village.verify() == []


def test_money_that_went_back_to_us_is_not_told_as_returned(village: Linked, refund: str) -> None:
    row = at_wechat(village, refund)
    told = {"out_refund_no": row.out_refund_no, "type": "MERCHANT_BANK_CARD"}
    refunds.apply_abnormal(village.sim, told, row.refund_id, by_public_key=True)
    village.heals(hours=2)
    assert (row.status, village.row(refund).state) == ("SUCCESS", "abnormal"), "its giver has nothing of it"
    assert village.alerts() == ["REFUND_ABNORMAL", "REFUND_MISMATCH"]
    promised = village.row(refund).account
    assert village.asks(lambda: balance_fen(refunds_account(promised))) == 20_00, "we hold it for him still"
    assert village.verify() == []
