"""What happens seldom when money comes: a busy database, a number used twice, an order nobody told the provider of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from miniapp_api.app import create_app
from sqlalchemy import select

from backend.core.db import db
from backend.core.errors import DatabaseBusy, InvalidInput
from backend.donations import service
from backend.payments import settle_care as settling
from backend.payments.inbox import hear
from backend.payments.models import HeardPayment
from backend.payments.providers import NOTICE, OrderToPrepay, Paid, RefundTold
from backend.payments.sandbox_book import TradeReused, open_trade
from backend.payments.settle import keep_for_later, settle_waiting
from backend.payments.settle_care import REPEATED
from backend.payments.transactions import read_notice
from tests.world.databases import dispose
from tests.world.giving import OURS, Giving, ordered, project_of, village

__all__ = ["village"]


def told_of(village: Giving, gift: dict[str, Any]) -> Paid:
    """What the provider's notice about a gift tells."""
    told = read_notice(village.notice(gift).encode(), provider="sandbox")
    assert isinstance(told, Paid)
    return told


def test_a_word_about_a_refund_is_kept_and_calls_nobody(village: Giving) -> None:
    told = RefundTold(state="success", refund_no="R1", provider="wechat", told_by=NOTICE, notice_id="N1", body="{}")
    with village.app.app_context():
        assert [hear(told, now=village.clock) for _ in range(2)] == ["ignored", "ignored"]
    assert (village.heard(), village.alerts()) == (["ignored"], [])


def test_when_the_database_is_busy_the_provider_is_not_answered_and_tells_it_again(
    village: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, gift = ordered(village)
    told = village.notice(gift)

    def is_busy(**_: object) -> None:
        raise DatabaseBusy()

    with monkeypatch.context() as patch:
        patch.setattr(settling, "post", is_busy)
        assert village.hears(told).status_code == 503
    assert village.heard() == []
    assert village.hears(told).status_code == 204
    assert village.holds(project_of(gift)) == 50_00


def test_a_word_kept_twice_waits_once_and_is_settled_once(village: Giving) -> None:
    _, gift = ordered(village)
    told = told_of(village, gift)
    for _ in range(2):
        village.writes(lambda: keep_for_later(told, reason="test", now=village.clock))
    (heard_id,) = village.asks(lambda: list(db.session.scalars(select(HeardPayment.id))))
    outcomes = [village.writes(lambda: settle_waiting(told, heard_id=heard_id, now=village.clock)) for _ in range(2)]
    assert outcomes == ["settled", REPEATED]
    assert village.transfers() == 1


def test_the_sandbox_takes_a_number_for_one_order_only(village: Giving) -> None:
    order = OrderToPrepay(
        out_trade_no="D1",
        description="捐赠",
        attach="roof",
        amount_fen=100,
        expires_at=village.clock + timedelta(minutes=30),
        return_url="/",
    )
    for _ in range(2):
        village.writes(lambda: open_trade(order, merchant="M", app_id="A"))
    with pytest.raises(TradeReused):
        village.writes(lambda: open_trade(replace(order, amount_fen=200), merchant="M", app_id="A"))


def test_an_order_that_the_provider_never_heard_of_expires(village: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()

    def dies(*_: object, **__: object) -> str:
        raise ConnectionError

    monkeypatch.setattr("backend.payments.sandbox.SandboxProvider.prepay", dies)
    assert phone.orders(roof).status_code == 500
    village.waits(minutes=45)
    assert village.order_states() == ["expired"]


def test_where_money_is_real_the_sandbox_has_no_door(village: Giving) -> None:
    settings = replace(village.settings, payment_provider="none")
    app = create_app(settings)
    client = app.test_client()
    for path in ("/sandbox/pay/D1", "/sandbox/v1/trades/D1"):
        assert client.get(path).status_code == 404
    assert client.post("/sandbox/pay/D1/pay", data={"seal": "x"}).status_code == 404
    client.post("/api/v1/session", headers=OURS)
    key = {"Idempotency-Key": "no-provider"}
    refused = client.post("/api/v1/projects/x/gifts", json={"amount_fen": 1}, headers=OURS | key)
    assert (refused.status_code, refused.json["code"]) == (503, "PAYMENT_UNAVAILABLE")
    dispose(app)


def test_a_receipt_link_opens_nothing_before_the_receipt_is_issued(village: Giving) -> None:
    phone, gift = ordered(village)
    paid = village.paid_gift(project_of(gift))
    secret = paid["receipt"]["url"]
    village.hears(village.notice(gift))
    assert phone.sees(gift)["receipt"] is None
    assert phone.browser.get(secret.replace(paid["code"], gift["code"])).status_code == 404


@pytest.mark.parametrize("amount", [0, True, 1.0, "1", 500_000_001])
def test_the_domain_itself_takes_whole_fen_only(village: Giving, amount: Any) -> None:
    shown = service.showing(display="nickname", name=None, hide_amount=False, message=None)
    told = {"person_id": 1, "project_code": "x", "shown": shown, "link_id": None, "now": village.clock}
    with pytest.raises(service.AmountInvalid):
        village.writes(lambda: service.order_gift(**told, amount_fen=amount, provider=None, channel="h5"))  # type: ignore[arg-type]  # refused before


def test_the_domain_itself_knows_three_ways_to_be_shown() -> None:
    with pytest.raises(InvalidInput):
        service.showing(display="boss", name=None, hide_amount=False, message=None)


def test_nobodys_gift_cannot_be_changed(village: Giving) -> None:
    answer = village.phone().browser.patch("/api/v1/gifts/0000000000", json={}, headers=OURS)
    assert answer.json["code"] == "GIFT_UNKNOWN"


@pytest.mark.parametrize(("data", "kind"), [(b"", "application/json"), (b"amount_fen=1", "text/plain")])
def test_a_gift_without_a_body_names_what_is_missing(village: Giving, data: bytes, kind: str) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    headers = {**OURS, "Idempotency-Key": "no-body-01", "Content-Type": kind}
    answer = phone.browser.post(f"/api/v1/projects/{roof}/gifts", data=data, headers=headers)
    assert answer.status_code in (415, 422)
    assert village.order_states() == []
