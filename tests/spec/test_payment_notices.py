"""A provider tells that money came: once, often, late, wrongly, or not at all; the ledger knows it exactly once."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from backend.core.db import db
from backend.disbursements import service as payouts
from backend.ledger.posting import ReferenceReused
from backend.payments import settle_care as settling
from backend.payments.models import HeardPayment
from backend.payments.providers import PayWay
from backend.payments.worker import provider_of
from tests.world.giving import Giving, ordered, project_of, village

__all__ = ["village"]


def test_a_notice_heard_a_hundred_times_posts_once(village: Giving) -> None:
    _, gift = ordered(village)
    told = village.notice(gift)
    assert {village.hears(told).status_code for _ in range(100)} == {204}
    assert (village.holds(project_of(gift)), village.transfers(), village.heard()) == (50_00, 1, ["settled"])


def test_a_notice_heard_by_twenty_ears_at_once_posts_once(village: Giving) -> None:
    _, gift = ordered(village)
    told = village.notice(gift)
    answers: list[int] = []
    ears = [threading.Thread(target=lambda: answers.append(village.hears(told).status_code)) for _ in range(20)]
    for ear in ears:
        ear.start()
    for ear in ears:
        ear.join()
    assert answers == [204] * 20
    assert (village.holds(project_of(gift)), village.transfers()) == (50_00, 1)


def test_two_notices_about_one_payment_post_once(village: Giving) -> None:
    _, gift = ordered(village)
    same = {"transaction_id": "SB00000001"}
    assert village.hears(village.notice(gift, **same)).status_code == 204
    village.later(minutes=10)
    assert village.hears(village.notice(gift, **same)).status_code == 204
    assert (village.heard(), village.transfers(), village.alerts()) == (["settled", "repeated"], 1, [])


def test_a_notice_that_comes_before_our_own_answer_is_posted(village: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    real = provider_of(village.settings).__class__.prepay

    def hears_first(self: Any, order: Any, *, now: datetime) -> PayWay:
        way = real(self, order, now=now)
        gift = {"pay_url": way.pay_url, "amount_fen": order.amount_fen, "project": {"code": roof}}
        assert village.hears(village.notice(gift)).status_code == 204
        return way

    monkeypatch.setattr("backend.payments.sandbox.SandboxProvider.prepay", hears_first)
    gift = phone.order(roof)
    assert (gift["state"], gift["pay_url"], village.holds(roof)) == ("paid", None, 10_00)


@pytest.mark.parametrize(
    ("changed", "alert"),
    [
        ({"amount": {"total": 49_99, "currency": "CNY"}}, "AMOUNT_MISMATCH"),
        ({"amount": {"total": 50_00, "currency": "USD"}}, "CURRENCY_MISMATCH"),
        ({"mchid": "1900000000"}, "MERCHANT_MISMATCH"),
        ({"appid": "wx0000"}, "APP_MISMATCH"),
        ({"attach": "anotherone"}, "PROJECT_MISMATCH"),
    ],
)
def test_a_notice_that_contradicts_its_order_posts_nothing_and_calls_a_person(
    village: Giving, changed: dict[str, Any], alert: str
) -> None:
    phone, gift = ordered(village)
    for _ in range(3):
        assert village.hears(village.notice(gift, **changed)).status_code == 204
    assert (village.transfers(), village.alerts()) == (0, [alert])
    assert phone.sees(gift)["state"] == "quarantined"
    assert village.hears(village.notice(gift)).status_code == 204
    assert (village.transfers(), phone.sees(gift)["state"]) == (0, "quarantined")


def test_a_notice_under_the_name_of_another_is_heard_by_what_it_says_and_calls_a_person(village: Giving) -> None:
    phone, first = ordered(village)
    second = phone.order(project_of(first), 70_00)
    told = json.loads(village.notice(first))
    assert village.hears(json.dumps(told)).status_code == 204
    same_name = json.loads(village.notice(second)) | {"id": told["id"]}
    for _ in range(3):
        assert village.hears(json.dumps(same_name)).status_code == 204
    assert (village.transfers(), village.alerts(), len(village.heard())) == (2, ["NOTICE_ID_REUSED"], 2)
    assert village.holds(project_of(first)) == 120_00


def test_a_notice_repeated_with_another_story_is_kept_and_calls_a_person(village: Giving) -> None:
    _, gift = ordered(village)
    told = json.loads(village.notice(gift))
    assert village.hears(json.dumps(told)).status_code == 204
    another = json.loads(village.notice(gift, amount={"total": 99_00, "currency": "CNY"})) | {"id": told["id"]}
    for _ in range(2):
        assert village.hears(json.dumps(another)).status_code == 204
    assert (village.transfers(), village.alerts()) == (1, ["PAID_AGAIN_IN_DOUBT"])
    assert village.heard() == ["settled", "quarantined"]


def test_a_payment_for_an_unknown_order_is_kept_and_calls_a_person(village: Giving) -> None:
    _, gift = ordered(village)
    for _ in range(2):
        assert village.hears(village.notice(gift, out_trade_no="D404", transaction_id="T1")).status_code == 204
    assert (village.heard(), village.transfers()) == (["unknown", "unknown"], 0)
    assert village.alerts() == ["ORDER_UNKNOWN"]


def test_a_payment_made_after_its_order_expired_is_kept_for_a_new_purpose(village: Giving) -> None:
    phone, gift = ordered(village)
    village.waits(minutes=45)
    assert phone.sees(gift)["state"] == "expired"
    told = village.notice(gift)
    for _ in range(3):
        assert village.hears(told).status_code == 204
    assert (village.holds(project_of(gift)), village.unallocated()) == (0, 50_00)
    assert phone.sees(gift)["state"] == "redirected"
    village.hears(village.notice(gift, transaction_id=json.loads(told)["resource"]["transaction"]["transaction_id"]))
    assert village.unallocated() == 50_00


def test_a_redirected_gift_tells_which_project_it_was_given_to(village: Giving) -> None:
    roof, road, phone = village.opens_project("屋顶"), village.opens_project("道路"), village.phone()
    gift = phone.order(roof, 30_00)
    village.ends(roof)
    phone.presses(gift)
    village.works()
    village.works()
    assert (phone.sees(gift)["redirected_to"], phone.asks("/me/gifts")["items"][0]["redirected_to"]) == (None, None)
    told = {"reference": village.trade_no(gift), "project": road}
    village.writes(lambda: payouts.reallocate(**told, staff=village.desk, now=village.clock))
    seen, mine = phone.sees(gift), phone.asks("/me/gifts")["items"][0]
    given_to = {"code": road, "title": phone.asks(f"/projects/{road}")["title"]}
    assert [(one["state"], one["redirected_to"]) for one in (seen, mine)] == [("redirected", given_to)] * 2
    receipt = phone.browser.get(seen["receipt"]["url"]).text
    assert f"已全部转入“{given_to['title']}”" in receipt
    assert "单独保管" not in receipt


def test_a_gift_that_found_its_project_later_stands_among_those_of_the_project(village: Giving) -> None:
    roof, road, phone = village.opens_project("屋顶"), village.opens_project("道路"), village.phone()
    late = phone.order(roof, 30_00)
    village.ends(roof)
    phone.presses(late)
    village.works()
    others = [village.paid_gift(road, fen) for fen in (10_00, 20_00, 40_00)]
    told = {"reference": village.trade_no(late), "project": road}
    village.writes(lambda: payouts.reallocate(**told, staff=village.desk, now=village.clock))
    whole = phone.asks(f"/projects/{road}/gifts")["items"]
    assert sorted(line["code"] for line in whole) == sorted(gift["code"] for gift in [late, *others])
    read, cursor = [], ""
    for _ in whole:
        page = phone.asks(f"/projects/{road}/gifts?limit=1{cursor}")
        read += page["items"]
        cursor = f"&cursor={page['next_cursor']}"
    assert (read, page["next_cursor"]) == (whole, None)
    assert phone.asks(f"/projects/{road}")["gift_count"] == len(whole)
    assert phone.asks(f"/projects/{roof}/gifts")["items"] == []


def test_of_a_gift_that_found_its_project_later_a_hidden_amount_is_told_beside_no_name(village: Giving) -> None:
    roof, road, phone = village.opens_project("屋顶"), village.opens_project("道路"), village.phone()
    named = {"display": "nickname", "name": "老王", "message": "加油"}
    late = phone.order(roof, 30_00, hide_amount=True, **named)
    village.ends(roof)
    phone.presses(late)
    village.works()
    told = {"reference": village.trade_no(late), "project": road}
    village.writes(lambda: payouts.reallocate(**told, staff=village.desk, now=village.clock))
    (line,) = phone.asks(f"/projects/{road}/gifts")["items"]
    assert (line["name"], line["amount_fen"], line["message"]) == ("爱心人士", None, None)


def test_a_payment_made_in_time_counts_although_we_hear_of_it_late(village: Giving) -> None:
    phone, gift = ordered(village)
    told = village.notice(gift)
    village.later(hours=5)
    assert village.hears(told).status_code == 204
    assert (village.holds(project_of(gift)), phone.sees(gift)["state"]) == (50_00, "paid")


def test_a_verified_notice_that_cannot_be_posted_now_is_kept_and_posted_later(
    village: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, gift = ordered(village)

    def refuses(**_: object) -> None:
        raise ReferenceReused(reference="somebody wrote there by hand")

    with monkeypatch.context() as patch:
        patch.setattr(settling, "post", refuses)
        assert village.hears(village.notice(gift)).status_code == 204
        assert (village.heard(), phone.sees(gift)["state"]) == (["waiting"], "confirming")
        assert village.works("settle_waiting") == 0
    assert village.alerts() == ["NOT_POSTED_YET"]
    assert village.works("settle_waiting") == 1
    assert (village.heard(), village.holds(project_of(gift))) == (["settled"], 50_00)


def test_a_waiting_word_that_cannot_be_read_any_more_holds_nobody_up(
    village: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, broken), (_, gift) = ordered(village), ordered(village)

    def refuses(**_: object) -> None:
        raise ReferenceReused(reference="somebody wrote there by hand")

    with monkeypatch.context() as patch:
        patch.setattr(settling, "post", refuses)
        for one in (broken, gift):
            assert village.hears(village.notice(one)).status_code == 204
    first = select(func.min(HeardPayment.id)).scalar_subquery()
    village.writes(
        lambda: db.session.execute(update(HeardPayment).where(HeardPayment.id == first).values(body='{"resource": {}}'))
    )
    assert village.works("settle_waiting") == 1
    assert (village.heard(), "NOTICE_UNREADABLE" in village.alerts()) == (["ignored", "settled"], True)
    assert village.holds(project_of(gift)) == 50_00
