"""What WeChat Pay wants of a refund: its sums, its rhythm, its year; and the ways in which one can end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wechat_sim.conftest import Play, said

FROM = [{"account": "AVAILABLE", "amount": 60}, {"account": "UNAVAILABLE", "amount": 40}]
GOODS = {"merchant_goods_id": "1", "unit_price": 1, "refund_amount": 1, "refund_quantity": 1}
TAKEN: list[tuple[dict[str, Any], str]] = [
    ({"no": "R_-|*@" + "a" * 58}, "64 characters of every kind"),
    ({"reason": "字" * 80}, "a reason of 80"),
    ({"funds_account": "AVAILABLE"}, "an account"),
    ({"amount": {"refund": 100, "total": 1000, "currency": "CNY", "from": FROM}}, "two sources with the right sum"),
    ({"goods_detail": [GOODS]}, "goods"),
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"no": "a" * 65}, "a number of 65"),
    ({"no": "退款"}, "a number in Chinese"),
    ({"reason": "字" * 81}, "a reason of 81"),
    ({"notify_url": "http://example.org/"}, "plain http to another machine"),
    ({"funds_account": "ELSEWHERE"}, "an account that is not"),
    ({"amount": {"refund": 0, "total": 1000, "currency": "CNY"}}, "nothing"),
    ({"amount": {"refund": 1, "total": 1000}}, "no currency"),
    ({"amount": {"refund": 99, "total": 1000, "currency": "CNY", "from": FROM}}, "sources with another sum"),
]


@pytest.mark.parametrize(("told", "reason"), TAKEN, ids=[row[1] for row in TAKEN])
def test_what_the_documents_allow_is_taken(play: Play, told: dict[str, Any], reason: str) -> None:
    assert play.refunds(play.pays(1000), 100, **told)[0] == 200, reason


@pytest.mark.parametrize(("told", "reason"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_they_do_not_is_refused(play: Play, told: dict[str, Any], reason: str) -> None:
    status, answer = play.refunds(play.pays(1000), 100, **told)
    assert (status, answer["code"]) == (400, "PARAM_ERROR"), reason
    assert play.world.books.refunds == {}


def test_a_refund_names_the_trade_once(play: Play) -> None:
    trade = play.pays(1000)
    assert play.refunds(trade, 100, out_trade_no=None, transaction_id=trade.transaction_id)[0] == 200
    assert play.refunds(trade, 100, "R2", out_trade_no=None, transaction_id="4200")[1]["code"] == "RESOURCE_NOT_EXISTS"
    both: dict[str, Any] = {"out_refund_no": "R3", "amount": {"refund": 1, "total": 1000, "currency": "CNY"}}
    both |= {"transaction_id": trade.transaction_id, "out_trade_no": trade.out_trade_no}
    asked = play.merchant._core.request("/v3/refund/domestic/refunds", _post(), both)
    assert said(asked)[1]["detail"]["field"] == "/transaction_id"


def _post() -> Any:
    from wechatpayv3.type import RequestType

    return RequestType.POST


def test_parts_never_exceed_the_whole(play: Play) -> None:
    play.turns(refund__gap_seconds=0)
    trade = play.pays(1000)
    assert play.refunds(trade, 400, "R1")[0] == 200
    assert "600" in play.refunds(trade, 601, "R2")[1]["message"]
    assert play.refunds(trade, 600, "R3")[0] == 200
    assert play.refunds(trade, 1, "R4")[1]["code"] == "INVALID_REQUEST"


def test_the_total_is_the_orders(play: Play) -> None:
    trade = play.pays(1000)
    amount = {"refund": 100, "total": 999, "currency": "CNY"}
    assert "不一致" in play.refunds(trade, 100, amount=amount)[1]["message"]


def test_the_same_number_again_is_the_same_refund(play: Play) -> None:
    trade = play.pays(1000)
    first, second = (play.refunds(trade, 400, "R1")[1] for _ in range(2))
    assert first == second
    assert play.refunds(trade, 401, "R1")[1]["code"] == "INVALID_REQUEST"
    assert len(play.world.books.refunds) == 1


def test_parts_are_a_minute_apart(play: Play) -> None:
    trade = play.pays(1000)
    play.refunds(trade, 100, "R1")
    status, told = play.refunds(trade, 100, "R2")
    assert (status, told["code"]) == (429, "FREQUENCY_LIMITED")
    play.later(seconds=61)
    assert play.refunds(trade, 100, "R2")[0] == 200


def test_there_are_fifty_parts_and_no_more(play: Play) -> None:
    play.turns(refund__gap_seconds=0)
    trade = play.pays(1000)
    answers = [play.refunds(trade, 1, f"R{part}") for part in range(51)]
    assert [status for status, _ in answers] == [200] * 50 + [403]
    assert answers[-1][1]["code"] == "RULELIMIT"


def test_after_a_year_nothing_is_given_back(play: Play) -> None:
    trade = play.pays(1000)
    play.later(days=366)
    assert "一年" in play.refunds(trade, 100)[1]["message"]


def test_what_was_not_paid_is_not_given_back(play: Play) -> None:
    play.orders(1000, "D000001")
    assert "未支付" in play.refunds(play.world.books.trades["D000001"], 100)[1]["message"]


def test_a_merchant_without_money_gives_nothing_back(play: Play) -> None:
    trade = play.pays(1000)
    play.turns(refund__not_enough="x1")
    assert play.refunds(trade, 100)[1]["code"] == "NOT_ENOUGH"
    assert play.refunds(trade, 100)[0] == 200


def test_a_closed_refund_took_nothing(play: Play) -> None:
    trade = play.pays(1000)
    play.turns(refund__closed=1, refund__gap_seconds=0)
    play.refunds(trade, 1000, "R1")
    play.later(seconds=3)
    assert play.refund_status("R1") == "CLOSED"
    assert play.asks(out_trade_no=trade.out_trade_no)[1]["trade_state"] == "SUCCESS"
    play.turns(refund__closed=0)
    assert play.refunds(trade, 1000, "R2")[0] == 200
    kinds = [play.merchant.callback(one.headers, one.body)["event_type"] for one in play.tells()]
    assert sorted(kinds) == ["REFUND.CLOSED", "TRANSACTION.SUCCESS"]


def test_an_abnormal_refund_still_holds_the_money(play: Play) -> None:
    trade = play.pays(1000)
    play.turns(refund__abnormal=1, refund__gap_seconds=0)
    play.refunds(trade, 1000, "R1")
    play.later(seconds=3)
    assert play.refund_status("R1") == "ABNORMAL"
    assert play.refunds(trade, 1, "R2")[1]["code"] == "INVALID_REQUEST"
    kinds = [play.merchant.callback(one.headers, one.body)["event_type"] for one in play.tells()]
    assert "REFUND.ABNORMAL" in kinds


def test_a_refund_that_nobody_made_does_not_exist(play: Play) -> None:
    assert said(play.merchant.query_refund("R9"))[1]["code"] == "RESOURCE_NOT_EXISTS"
    named = {"refund_id": "5030", "out_refund_no": "R9", "type": "MERCHANT_BANK_CARD"}
    assert said(play.merchant.abnormal_refund(**named))[1]["code"] == "RESOURCE_NOT_EXISTS"


def test_another_card_needs_its_number_and_name_sealed_for_wechat(play: Play) -> None:
    play.turns(refund__abnormal=1)
    told = play.refunds(play.pays(1000), 1000, "R1")[1]
    named = {"refund_id": told["refund_id"], "out_refund_no": "R1"}
    assert said(play.merchant.abnormal_refund(**named, type="MERCHANT_BANK_CARD"))[1]["message"] == "退款单不是异常状态"
    play.later(seconds=3)
    assert play.refund_status("R1") == "ABNORMAL"
    missing = said(play.merchant.abnormal_refund(**named, type="USER_BANK_CARD", bank_type="CMB_DEBIT"))
    assert missing[1]["detail"]["field"] == "/bank_account"
    plain = named | {"type": "USER_BANK_CARD", "bank_type": "CMB", "bank_account": "6225", "real_name": "bm8="}
    path = f"/v3/refund/domestic/refunds/{plain.pop('refund_id')}/apply-abnormal-refund"
    assert "解密失败" in said(play.merchant._core.request(path, _post(), plain))[1]["message"]
    assert said(play.merchant.abnormal_refund(**named, type="MERCHANT_BANK_CARD"))[1]["status"] == "PROCESSING"


def test_a_refund_without_an_address_is_told_to_nobody(play: Play) -> None:
    trade = play.pays(1000)
    play.tells()
    play.merchant._notify_url = None
    play.refunds(trade, 100)
    play.later(seconds=3)
    assert [row["status"] for row in play.reads("refunds")["refunds"]] == ["SUCCESS"]
    assert play.tells() == []


@pytest.mark.parametrize("parts", [[1000], [333, 333, 334], [1] * 10])
def test_the_fee_comes_back_in_proportion_and_never_more(play: Play, parts: list[int]) -> None:
    play.turns(refund__gap_seconds=0)
    trade = play.pays(1000)
    for number, fen in enumerate(parts):
        play.refunds(trade, fen, f"R{number}")
    returned = sum(row.fee_fen for row in play.world.books.refunds.values())
    assert trade.fee_fen == 6
    assert returned == 6 * sum(parts) // 1000
