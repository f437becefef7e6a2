"""Comparing a day's fund-flow bill with its trade bill and with the day before: pure rules, no database (I2).

Of each transaction at most one difference is told: what the trade bill and the ledger already disagree about is not
told a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.core.clock import start_of_local_day
from backend.reconciliation.bill_rows import FundBill, FundRow, TradeBill
from backend.reconciliation.matching import Found, Ours
from backend.reconciliation.models import AMOUNT, FEE, FUND, REFUND

PAYMENT, FEE_TAKEN = "交易", "扣除交易手续费"
REFUND_KINDS = ("退款", "退还交易手续费")
BOOKED_WITHIN = timedelta(minutes=10)
"""What is paid in the last minutes of a day may be booked on the next: such a row is looked for in neither bill."""


@dataclass(frozen=True, kw_only=True)
class FundSums:
    """By how much the account grew, and what it held at the end; None when nothing moved."""

    flow_fen: int = 0
    closing_fen: int | None = None


def sums_of(fund: FundBill) -> FundSums:
    """Return the sums of a fund-flow bill."""
    rows = _in_time(fund)
    return FundSums(flow_fen=sum(row.signed_fen for row in rows), closing_fen=rows[-1].balance_fen if rows else None)


def compare_funds(
    fund: FundBill, bill: TradeBill, ours: Ours, *, before_fen: int | None, told: Sequence[Found]
) -> list[Found]:
    """Return what the account's movements tell otherwise than the trade bill, beside what was `told` already.

    `before_fen` is what the account held at the end of the day before, None when that is not known.
    """
    known = {one.order_no for one in told} | {one.transaction_no for one in told}
    found = list(_balances(fund, before_fen=before_fen))
    found += _payments(fund, bill, ours, known=known)
    found += _fees(fund, bill, known=known)
    if not any(one.kind == REFUND or one.refund_no for one in told):
        found += _refunds(fund, bill)
    return found


def _in_time(fund: FundBill) -> tuple[FundRow, ...]:
    rows = fund.rows
    return rows[::-1] if len(rows) > 1 and rows[0].at > rows[-1].at else rows


def _balances(fund: FundBill, *, before_fen: int | None) -> Iterator[Found]:
    """The account's balance runs on from row to row and from day to day; the first break is told."""
    held = before_fen
    for row in _in_time(fund):
        if held is not None and held + row.signed_fen != row.balance_fen:
            told: dict[str, Any] = {"ours_fen": held + row.signed_fen, "theirs_fen": row.balance_fen}
            yield Found(kind=FUND, order_no=row.voucher[:64] or None, **told, note=f"第 {row.line} 行账户结余不连续")
            return
        held = row.balance_fen


def _payments(fund: FundBill, bill: TradeBill, ours: Ours, *, known: AbstractSet[str | None]) -> Iterator[Found]:
    booked = {row.business_no: row for row in fund.rows if row.kind == PAYMENT}
    late = start_of_local_day(ours.day + timedelta(days=1)) - BOOKED_WITHIN
    early = start_of_local_day(ours.day) + BOOKED_WITHIN
    for paid in bill.payments:
        row = booked.pop(paid.transaction_no, None)
        if {paid.order_no, paid.transaction_no} & known:
            continue
        names: dict[str, Any] = {"order_no": paid.order_no, "transaction_no": paid.transaction_no}
        if row is None and paid.at < late:
            yield Found(kind=FUND, **names, ours_fen=paid.settled_fen, note="资金账单没有这笔交易")
        elif row is not None and row.signed_fen != paid.settled_fen:
            told: dict[str, Any] = {"ours_fen": paid.settled_fen, "theirs_fen": row.signed_fen}
            yield Found(kind=AMOUNT, **names, **told, note="资金账单的金额不同")
    for row in booked.values():
        if {row.voucher, row.business_no} & known or _is_of_the_day_before(row.at, early=early):
            continue
        names = {"order_no": row.voucher[:64] or None, "transaction_no": row.business_no[:64] or None}
        yield Found(kind=FUND, **names, theirs_fen=row.signed_fen, note="交易账单没有这笔交易")


def _is_of_the_day_before(at: datetime, *, early: datetime) -> bool:
    return at < early


def _fees(fund: FundBill, bill: TradeBill, *, known: AbstractSet[str | None]) -> Iterator[Found]:
    """Each payment's fee was taken as the trade bill tells it; a payment whose row is missing is told already."""
    taken = {row.business_no: -row.signed_fen for row in fund.rows if row.kind == FEE_TAKEN}
    booked = {row.business_no for row in fund.rows if row.kind == PAYMENT}
    for paid in bill.payments:
        took = taken.get(paid.transaction_no, 0)
        if took == paid.fee_fen or paid.transaction_no not in booked or {paid.order_no, paid.transaction_no} & known:
            continue
        names: dict[str, Any] = {"order_no": paid.order_no, "transaction_no": paid.transaction_no}
        yield Found(kind=FEE, **names, ours_fen=paid.fee_fen, theirs_fen=took, note="资金账单扣的手续费不同")


def _refunds(fund: FundBill, bill: TradeBill) -> Iterator[Found]:
    """Refunds are compared by their sum with the fee that came back: how the account books the two differs."""
    left = -sum(row.signed_fen for row in fund.rows if row.kind in REFUND_KINDS)
    told = bill.refunded_fen + sum(row.fee_fen for row in bill.refunds)
    if left != told:
        yield Found(kind=FUND, ours_fen=told, theirs_fen=left, note="退款合计与资金账单不同")
