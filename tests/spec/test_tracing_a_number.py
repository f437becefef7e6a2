"""An operator with one number sees everything that stands under it: words, places in the ledger, what waits."""

from __future__ import annotations

import pytest

from backend.core.clock import local_day
from backend.payments.alerts import raise_alert
from tests.world.billing import Line, Reconciling, accounts
from tests.world.giving import Giving, ordered
from tests.world.giving import village as giving
from tests.world.refunding import Given, Refunding, gift, village

__all__ = ["accounts", "gift", "giving", "village"]


def traced(village: Giving, number: str) -> str:
    """What the command says, and that it ends well."""
    answer = village.app.test_cli_runner().invoke(args=["trace", number])
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_a_gift_is_followed_from_its_order_to_its_refund_by_any_of_its_numbers(village: Refunding, gift: Given) -> None:
    refund_no = village.no(village.refunded(gift, 20_00))
    said = traced(village, gift.code)
    for told in (
        "paid，应付 50.00 元，实付 50.00 元",
        f"退款 {refund_no}：success，20.00 元",
        "#refunds → world 20.00 元",
    ):
        assert told in said
    assert f"渠道的话 {refund_no} success" in said
    assert f"要发出去的 refund {refund_no}：delivered，试过 1 次" in said
    order = said.split("订单 ")[1].split("：")[0]
    assert {traced(village, number) for number in (order, refund_no)} == {said}


def test_a_second_payment_stands_with_the_order_that_it_was_made_for(giving: Giving) -> None:
    _, given = ordered(giving)
    giving.pays_unseen(given)
    giving.hears(giving.notice(given, transaction_id=giving.collected(given)))
    giving.hears(giving.notice(given, transaction_id="SECOND"))
    giving.works()
    said = traced(giving, "SECOND")
    assert "world → 00/unallocated 50.00 元（gift_unallocated again-SECOND）" in said
    assert "提醒 PAID_AGAIN again-SECOND" in said
    assert "没有处理" in said
    assert "notice）：redirected" in said
    assert {traced(giving, "again-SECOND"), traced(giving, given["code"])} == {said}


def test_a_number_that_only_the_provider_knows_shows_what_was_said_of_it(giving: Giving) -> None:
    giving.writes(lambda: raise_alert(kind="REFUND_UNKNOWN", subject="R404", now=giving.clock, order="X"))
    assert traced(giving, "R404").startswith("提醒 REFUND_UNKNOWN R404：")


@pytest.mark.parametrize("number", ["nobody", "%", "' OR 1=1 --"])
def test_a_number_that_nobody_knows_is_told_as_such(giving: Giving, number: str) -> None:
    answer = giving.app.test_cli_runner().invoke(args=["trace", number])
    assert (answer.exit_code, answer.output[:20]) == (1, "Error: 没有找到这个编号：它不是本")


def test_an_order_that_nobody_paid_says_so(giving: Giving) -> None:
    _, given = ordered(giving)
    assert "没有付款，渠道 sandbox，渠道单号 没有" in traced(giving, given["code"])


def test_what_the_bill_tells_otherwise_stands_with_its_number(accounts: Reconciling) -> None:
    purse = accounts.opens_project("屋顶")
    accounts.phone().order(purse, 1_00)
    stranger = Line(at=accounts.clock, order_no="D-stranger", transaction_no="T-stranger", fen=5_00, purse="x")
    accounts.bills.tells(local_day(accounts.clock), [stranger])
    accounts.the_day_after()
    accounts.reconciles()
    said = traced(accounts, "T-stranger")
    assert "missing：open，账本 没有，账单 5.00 元" in said
    assert "提醒 ORDER_UNKNOWN" in traced(accounts, "D-stranger")
