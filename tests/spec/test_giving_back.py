"""A giver asks for his gift back: two people decide, and what is free goes back the way it came."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from backend.core.db import db
from backend.disbursements.refusals import NothingLeft
from backend.disbursements.service import reallocate
from backend.ledger.accounts import UNALLOCATED
from backend.ledger.models import Transfer
from backend.outbox.models import OutboxItem
from backend.receipts.models import Receipt
from backend.refunds import service
from backend.refunds.refusals import FourEyes, NotUnderWay, RefundDecided, RefundUnderWay
from tests.world.refunding import Refunding, village

__all__ = ["village"]


def test_a_gift_goes_back_the_way_it_came_once_two_people_have_said_so(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    gift = village.gives(roof, 50_00)

    refund = village.asked(gift, 20_00)
    assert village.holds(roof) == 50_00, "nothing moves before it is approved"
    village.approves(refund, village.desk)
    assert (village.row(refund).state, village.holds(roof)) == ("checked", 50_00)
    village.approves(refund, village.second)
    assert (village.holds(roof), village.figures(roof)["refunding_fen"]) == (30_00, 20_00)

    village.works()
    assert gift.state() == "processing"
    village.later(seconds=5)
    village.works()
    village.works()
    assert gift.state() == "success"
    figures = village.figures(roof)
    assert (figures["received_fen"], figures["with_nation_fen"]) == (30_00, 30_00)
    assert (figures["refunding_fen"], figures["refunded_fen"]) == (0, 20_00)
    assert village.told(gift) == ["refund.approved", "refund.success"]
    assert village.verify() == []


def test_the_giver_sees_what_can_be_asked_back_and_where_the_rest_is(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    first, second = village.gives(roof, 60_00), village.gives(roof, 40_00)
    village.is_paid(roof, 70_00)

    seen = first.sees()
    assert (seen["free_fen"], seen["to_village_fen"], seen["refusal"]["code"]) == (0, 60_00, "REFUND_TOO_LARGE")
    seen = second.sees()
    assert (seen["free_fen"], seen["to_village_fen"], seen["refusal"]) == (30_00, 10_00, None)
    answer = second.asks_back(30_01)
    assert (answer.status_code, answer.json["code"], answer.json["free_fen"]) == (409, "REFUND_TOO_LARGE", 30_00)
    assert village.transfers() == 3, "the ledger is as it was"


def test_a_leftover_that_went_to_the_fund_stays_there(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    gift = village.gives(roof, 50_00)
    village.ends(roof)
    village.closes(roof)
    seen = gift.sees()
    assert (seen["free_fen"], seen["to_fund_fen"], seen["to_village_fen"]) == (0, 50_00, 0)
    assert gift.asks_back(1).json["code"] == "REFUND_TOO_LARGE"


def test_who_asked_does_not_decide_and_nobody_decides_twice(village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    told = {"gift": gift.code, "amount_fen": 10_00, "reason": "电话里说写错了"}
    refund = village.writes(lambda: service.ask_for_giver(**told, staff=village.desk, now=village.clock))
    with pytest.raises(FourEyes):
        village.approves(refund, village.desk)
    village.approves(refund, village.second)
    with pytest.raises(FourEyes):
        village.approves(refund, village.second)
    with pytest.raises(FourEyes):
        village.writes(lambda: service.refuse_refund(refund=refund, reason="不", staff=village.desk, now=village.clock))
    village.approves(refund, village.third)
    assert village.row(refund).state == "approved"
    fourth = village.writes(lambda: village._staff("fourth", "national", "00"))
    with pytest.raises(RefundDecided):
        village.approves(refund, fourth)
    assert village.verify() == []


def test_a_request_can_be_withdrawn_until_it_is_approved(village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    refund = village.asked(gift, 10_00)
    waits = gift.asks_back(5_00)
    assert (waits.status_code, waits.json["code"]) == (409, "REFUND_WAITS")
    assert gift.sees()["refusal"]["code"] == "REFUND_WAITS"
    village.approves(refund, village.desk)
    assert gift.withdraws(refund).json["items"][0]["state"] == "withdrawn"
    assert gift.withdraws(refund).status_code == 201, "again changes nothing"
    with pytest.raises(RefundDecided):
        village.approves(refund, village.second)

    later = village.approved(gift, 10_00)
    late = gift.withdraws(later)
    assert (late.status_code, late.json["code"], late.json["state"]) == (409, "REFUND_DECIDED", "approved")
    assert village.verify() == []


def test_a_refusal_tells_its_reason(village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    refund = village.asked(gift, 10_00)
    village.writes(
        lambda: service.refuse_refund(refund=refund, reason="钱已用于采购", staff=village.desk, now=village.clock)
    )
    told = gift.sees()["items"][0]
    assert (told["state"], told["refuse_reason"]) == ("refused", "钱已用于采购")
    assert village.told(gift) == ["refund.refused"]
    assert village.verify() == []


def test_nobody_asks_for_the_gift_of_another(village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    refund = village.asked(gift, 10_00)
    gift.phone = village.phone()
    for answer in (
        gift.asks_back(10_00),
        gift.withdraws(refund),
        gift.phone.browser.get(f"/api/v1/gifts/{gift.code}/refunds"),
        gift.phone.browser.get("/api/v1/gifts/none/refunds"),
    ):
        assert answer.status_code == 404, answer.text


def test_only_money_that_has_arrived_is_given_back(village: Refunding) -> None:
    phone = village.phone()
    gift = phone.order(village.opens_project("屋顶"), 50_00)
    seen = phone.asks(f"/gifts/{gift['code']}/refunds")
    assert (seen["refusal"]["code"], seen["paid_fen"], seen["free_fen"]) == ("GIFT_NOT_PAID", 0, 0)


def test_money_that_came_too_late_can_go_back_whole(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    phone = village.phone()
    gift = phone.order(roof, 9_00)
    village.ends(roof)
    village.pays_unseen(gift)
    village.waits(hours=1)
    assert village.unallocated() == 9_00
    late = village.gives(village.fund, 1_00)
    late.phone, late.code, late.no = phone, gift["code"], village.trade_no(gift)
    part = village.approved(late, 4_00)
    with pytest.raises(RefundUnderWay):
        village.writes(
            lambda: reallocate(reference=late.no, project=village.fund, staff=village.desk, now=village.clock)
        )
    village.works()
    village.later(seconds=70)
    village.works()
    assert village.row(part).state == "success"
    village.writes(lambda: reallocate(reference=late.no, project=village.fund, staff=village.desk, now=village.clock))
    assert (village.unallocated(), village.holds(village.fund)) == (0, 6_00)
    village.works()
    village.refunded(late, 5_00)
    assert (village.holds(village.fund), phone.sees(gift)["refunded_fen"]) == (1_00, 9_00)
    assert village.verify() == []


def test_what_went_back_whole_is_given_to_no_project(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    phone = village.phone()
    gift = phone.order(roof, 9_00)
    village.ends(roof)
    village.pays_unseen(gift)
    village.waits(hours=1)
    late = village.gives(village.fund, 1_00)
    late.phone, late.code, late.no = phone, gift["code"], village.trade_no(gift)
    village.refunded(late, 9_00)
    with pytest.raises(NothingLeft):
        village.writes(
            lambda: reallocate(reference=late.no, project=village.fund, staff=village.desk, now=village.clock)
        )
    hand = village.hires("clerk")
    assert hand.sees("/desk/unallocated").json["items"] == []
    assert village.asks(lambda: db.session.scalar(select(func.count()).where(Transfer.source_account == UNALLOCATED)))
    assert village.verify() == []


def test_a_project_that_closes_meanwhile_passes_on_what_comes_back(village: Refunding) -> None:
    roof = village.opens_project("屋顶")
    gift = village.gives(roof, 50_00)
    refund = village.approved(gift, 20_00)
    village.ends(roof)
    village.closes(roof)
    assert village.verify() == [], "what is promised back may stay until it is done"
    village.works()
    village.plays(refund, "CLOSED")
    village.later(seconds=70)
    village.works("ask_refunds")
    village.works()
    assert (village.holds(roof), village.holds(village.fund)) == (0, 50_00)
    assert gift.sees()["to_fund_fen"] == 50_00
    assert village.verify() == []


def test_the_receipt_is_cancelled_by_a_new_one(village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    village.refunded(gift, 20_00)
    village.works()

    def papers() -> list[tuple[str, int]]:
        rows = db.session.execute(select(Receipt.kind, Receipt.amount_fen).order_by(Receipt.id))
        return [(row.kind, row.amount_fen) for row in rows]

    assert village.asks(papers) == [("gift", 50_00), ("cancels", -50_00), ("rest", 30_00)]
    assert village.verify() == []


def test_a_request_is_sent_under_one_number_with_one_body(village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    refund = village.approved(gift, 20_00)
    bodies = select(OutboxItem.body).where(OutboxItem.subject == village.no(refund))
    assert village.asks(lambda: db.session.scalars(bodies).all()) == [village.row(refund).body]


def test_only_what_is_under_way_is_asked_about_again(village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    done = village.refunded(gift, 1_00)
    with pytest.raises(NotUnderWay):
        village.writes(lambda: service.ask_again(refund=done, staff=village.desk, now=village.clock))
