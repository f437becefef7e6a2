"""A bill is read as the provider documents it, to the fen, or not at all."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from backend.core.clock import SHANGHAI
from backend.reconciliation.bills import (
    BillBroken,
    fee_by_rate,
    fen_of,
    rate_of,
    read_fund_bill,
    read_trade_bill,
)
from tests.world.billing import Flow, Line, fund_csv, trade_csv

DAY = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 12, tzinfo=SHANGHAI)
PAID = Line(at=NOON, order_no="D1", transaction_no="T1", fen=1_234_50, purse="abc")
BACK = Line(at=NOON, order_no="D1", transaction_no="T1", fen=4_50, refund_no="R1")
AMOUNTS = [
    ("1,234.50", 1_234_50, "commas between thousands"),
    ("0.06000", 6, "a fee with five decimals"),
    ("-0.06000", -6, "a fee given back"),
    ("7", 7_00, "no decimals"),
    ("0.5", 50, "one decimal"),
    ("19.99", 19_99, "what a float would make 1998 of"),
]
NO_AMOUNTS = [
    ("0.00600", "less than a fen"),
    ("1e3", "a power"),
    ("1,23.00", "commas in the wrong place"),
    ("", "nothing"),
    ("١", "a digit of another script"),
    ("NaN", "no number"),
    ("999999999999.99", "more than the ledger holds"),
]


@pytest.mark.parametrize(("text", "fen", "why"), AMOUNTS, ids=[row[2] for row in AMOUNTS])
def test_yuan_become_fen_without_any_rounding(text: str, fen: int, why: str) -> None:
    assert fen_of(text) == fen, why


@pytest.mark.parametrize(("text", "why"), NO_AMOUNTS, ids=[row[1] for row in NO_AMOUNTS])
def test_what_is_no_whole_fen_is_no_amount(text: str, why: str) -> None:
    with pytest.raises(BillBroken):
        fen_of(text)


def test_a_fee_by_its_rate_is_rounded_half_upwards() -> None:
    assert [fee_by_rate(fen, rate_of("0.60%")) for fen in (83, 84, 10_000, 250)] == [0, 1, 60, 2]
    assert (rate_of(""), rate_of("0"), rate_of("1%"), rate_of("0.38%")) == (0, 0, 10_000, 3_800)
    with pytest.raises(BillBroken):
        rate_of("0.6")


def test_a_trade_bill_is_read_with_bom_backticks_commas_and_refunds() -> None:
    bill = read_trade_bill(trade_csv([PAID, BACK]), day=DAY)
    assert (bill.paid_fen, bill.refunded_fen, bill.fee_fen) == (1_234_50, 4_50, 741 - 3)
    (paid,), (refund,) = bill.payments, bill.refunds
    assert (paid.at, paid.order_no, paid.transaction_no, paid.purse, paid.line) == (NOON, "D1", "T1", "abc", 2)
    assert (refund.refund_no, refund.refund_fen, refund.fee_fen) == ("R1", 4_50, -3)


def test_an_empty_day_has_a_bill_without_rows() -> None:
    assert read_trade_bill(trade_csv([]), day=DAY).payments == ()
    assert read_fund_bill(fund_csv([]), day=DAY).rows == ()


def test_a_revoked_payment_is_a_refund_under_the_number_of_its_order() -> None:
    content = trade_csv([Line(at=NOON, order_no="D1", transaction_no="T1", fen=5_00, refund_no="0", state="REVOKED")])
    assert read_trade_bill(content, day=DAY).refunds[0].refund_no == "D1"


def test_a_fund_bill_is_read_with_commas_in_its_notes() -> None:
    flows = [Flow(at=NOON, business_no="T1", fen=10_00), Flow(at=NOON, business_no="T1", fen=-6, kind="扣除交易手续费")]
    first, second = read_fund_bill(fund_csv(flows, held=1_00), day=DAY).rows
    assert (first.signed_fen, first.balance_fen, second.signed_fen, second.balance_fen) == (1000, 1100, -6, 1094)


def test_the_columns_are_found_by_their_names() -> None:
    heading, row, sums_heading, sums, _ = trade_csv([PAID]).decode("utf-8-sig").split("\r\n")
    turned = [",".join(reversed(heading.split(","))), "`" + ",`".join(reversed(row[1:].split(",`")))]
    content = "\n".join([*turned, sums_heading, sums]).encode()
    assert read_trade_bill(content, day=DAY) == read_trade_bill(trade_csv([PAID]), day=DAY)


GOOD = trade_csv([PAID]).decode("utf-8-sig")
WRONG = [
    (GOOD.encode("gbk"), "another encoding"),
    (b"", "an empty file"),
    (b"<html>busy</html>", "a page"),
    (GOOD.replace("手续费,", "", 1).encode(), "a column that is missing"),
    (GOOD.replace("交易时间,", "交易时间,交易时间,", 1).encode(), "a column twice"),
    (GOOD.replace("`CNY,", "", 1).encode(), "a field that is missing"),
    (GOOD.replace("`2026", "2026", 1).encode(), "a row without its backtick"),
    (GOOD.replace("`SUCCESS", "`WAITING", 1).encode(), "an unknown state"),
    (GOOD.replace("2026-06-01", "2026-06-02", 1).encode(), "a row of another day"),
    (GOOD.replace("2026-06-01 12", "01.06.2026 12", 1).encode(), "a time of another shape"),
    (GOOD.replace("`D1", "`D 1", 1).encode(), "a number with a blank"),
    (GOOD.replace("`7.41000", "`-7.41000", 1).encode(), "a payment's fee below zero"),
    (GOOD.replace("`1,234.50", "`0.00", 1).encode(), "a payment of nothing"),
    (GOOD.replace("\r\n`1,", "\r\n`2,", 1).encode(), "a count that is not that of the rows"),
    (GOOD.replace("\r\n`1,", "\r\n`x,", 1).encode(), "a count that is no number"),
    (GOOD.replace("`1234.50", "`1234.51", 1).encode(), "a sum that is not that of the rows"),
    (trade_csv([Line(at=NOON, order_no="D1", transaction_no="T1", fen=0, refund_no="R1")]), "a refund of nothing"),
]


@pytest.mark.parametrize(("content", "why"), WRONG, ids=[row[1] for row in WRONG])
def test_nothing_is_used_of_a_bill_that_is_not_as_documented(content: bytes, why: str) -> None:
    with pytest.raises(BillBroken):
        read_trade_bill(content, day=DAY)


def test_nothing_is_used_of_a_fund_bill_whose_direction_or_sums_are_wrong() -> None:
    good = fund_csv([Flow(at=NOON, business_no="T1", fen=10_00)]).decode("utf-8-sig")
    for wrong in (good.replace("`收入", "`转入", 1), good.replace("\r\n`1,`1", "\r\n`1,`0", 1)):
        with pytest.raises(BillBroken):
            read_fund_bill(wrong.encode(), day=DAY)


def test_the_fields_of_the_provider_are_all_there() -> None:
    """The heading of the provider's own page, kept here as it stands there."""
    page = Path(__file__).with_name("wechat_headings.txt").read_text(encoding="utf-8").splitlines()
    trade, trade_sums, fund, fund_sums = page
    assert trade_csv([]).decode("utf-8-sig").splitlines()[0] == trade
    assert trade_csv([]).decode("utf-8-sig").splitlines()[1] == trade_sums
    assert fund_csv([]).decode("utf-8-sig").splitlines()[:2] == [fund, fund_sums]
