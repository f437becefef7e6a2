"""Requests that a provider would refuse are refused before; the sandbox is as strict; nonsense moves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.core.db import db
from backend.payments.models import PaymentOrder
from backend.payments.sandbox_refunds import RefundRefused, open_refund
from backend.payments.worker import provider_of
from backend.refunds import service
from tests.world.refunding import Given, Refunding, gift, village

__all__ = ["gift", "village"]


def test_what_the_provider_would_refuse_is_refused_before(village: Refunding, gift: Given) -> None:
    """Bad input 23: 409 with what is left or when, and the ledger untouched."""
    first = village.approved(gift, 1)
    answer = gift.asks_back(1)
    assert (answer.status_code, answer.json["code"], answer.json["retryable"]) == (409, "REFUND_TOO_SOON", True)
    assert answer.json["not_before"] == "2026-06-01T10:01:00+08:00"
    village.works()
    village.later(minutes=1)
    for _ in range(49):
        village.approved(gift, 1)
        village.works("outbox:refund")
        village.later(minutes=1)
        village.works()
    assert (gift.sees()["refunded_fen"], village.row(first).state) == (50, "success")
    often = gift.asks_back(1)
    assert (often.status_code, often.json["code"], often.json["limit"]) == (409, "REFUND_TOO_OFTEN", 50)
    assert village.verify() == []


def test_a_year_later_nothing_is_given_back(village: Refunding, gift: Given) -> None:
    refund = village.asked(gift, 10_00)
    village.approves(refund, village.desk)
    village.clock += timedelta(days=365, minutes=5)
    answer = gift.asks_back(10_00)
    assert (answer.status_code, answer.json["code"]) == (409, "REFUND_TOO_LATE")
    assert answer.json["until"].startswith("2027-06-01T10:")
    with pytest.raises(service.RefundTooLate):
        village.approves(refund, village.second)
    assert village.row(refund).state == "checked"


NOTHING = [0, -1, 0.5, "1", True, 10**30, None]


@pytest.mark.parametrize("fen", NOTHING)
def test_an_amount_is_a_whole_number_of_fen(village: Refunding, gift: Given, fen: object) -> None:
    answer = gift.asks_back(fen)
    assert (answer.status_code, answer.json["code"]) == (422, "AMOUNT_INVALID")


def test_the_same_request_twice_is_one(village: Refunding, gift: Given) -> None:
    first, again = gift.asks_back(10_00, key="one-key-0001"), gift.asks_back(10_00, key="one-key-0001")
    assert (first.status_code, first.data) == (201, again.data)
    assert len(gift.sees()["items"]) == 1


SANDBOX_SAYS_NO = [
    ({"refund_fen": 50_01}, "more than was paid"),
    ({"total_fen": 1}, "of another total"),
    ({"out_trade_no": "D404"}, "of a payment that it does not know"),
]


@pytest.mark.parametrize(("changed", "why"), SANDBOX_SAYS_NO, ids=[row[1] for row in SANDBOX_SAYS_NO])
def test_the_sandbox_is_as_strict_as_a_real_provider(
    village: Refunding, gift: Given, changed: dict[str, object], why: str
) -> None:
    order = service.RefundToMake(refund_no="R1", out_trade_no=gift.no, refund_fen=1, total_fen=50_00, reason="捐赠退款")
    provider = sandbox(village)
    with village.app.app_context():
        assert provider.refund(replace(order, **changed), now=village.clock).state == "refused", why  # type: ignore[arg-type]  # as told above.
        assert provider.query_refund("R1", now=village.clock).state == "absent"
        assert provider.refund(order, now=village.clock).state == "processing"
        assert provider.refund(order, now=village.clock).state == "processing", "again is the same"
        assert provider.refund(replace(order, refund_fen=2), now=village.clock).state == "refused", "another story"
        assert provider.refund(replace(order, refund_no="R2"), now=village.clock).state == "refused", "a minute apart"
    with pytest.raises(RefundRefused):
        late = village.clock + timedelta(days=366)
        village.writes(lambda: open_refund(replace(order, refund_no="R3"), now=late))


def sandbox(village: Refunding):  # type: ignore[no-untyped-def]  # the sandbox provider, over the test's wire
    return provider_of(village.settings, wire=village.wire)


BROKEN = [
    ('"REFUND.SUCCESS"', '"REFUND.CLOSED"', "event and state disagree"),
    ('"refund_status":"SUCCESS"', '"refund_status":["SUCCESS"]', "a state in a list"),
    ('SUCCESS"', 'GONE"', "a state that is none"),
    ('"REFUND.SUCCESS"', '["REFUND.SUCCESS"]', "an event in a list"),
    ('"refund":2000', '"refund":"2000"', "an amount in letters"),
    ('"refund":{', '"refond":{', "no refund in it"),
    ("+08:00", "", "an instant without a zone"),
    ('"amount":{', '"amount":5,"amounts":{', "no amount"),
    ('"out_refund_no":"', '"out_refund_no":"。', "a number with other letters"),
    ('"success_time":"2026', '"success_time":"x026', "no instant"),
]


@pytest.mark.parametrize(("old", "new", "why"), BROKEN, ids=[row[2] for row in BROKEN])
def test_a_signed_notice_that_makes_no_sense_is_kept_and_moves_nothing(
    village: Refunding, gift: Given, old: str, new: str, why: str
) -> None:
    refund = village.approved(gift, 20_00)
    village.works("outbox:refund")
    village.later(seconds=5)
    notice = village.notice_of_refund(refund)
    assert old in notice
    assert village.hears(notice.replace(old, new)).status_code == 204
    assert village.row(refund).state == "processing", why
    assert village.heard()[-1] == "ignored"
    assert village.hears("[]").status_code == 204
    orders = select(PaymentOrder.state)
    assert village.asks(lambda: db.session.scalars(orders).all()) == ["paid"]
