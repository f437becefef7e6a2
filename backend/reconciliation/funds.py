"""Comparing a day's fund-flow bill with its trade bill and with the day before: pure rules, no database (I2).

Of each transaction at most one difference is told: what the trade bill and the ledger already disagree about is not
told a second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from backend.core.clock import start_of_local_day
from backend.reconciliation.bill_rows import FundBill, FundRow, PaymentRow, TradeBill
from backend.reconciliation.matching import Found
from backend.reconciliation.models import AMOUNT, FEE, FUND

PAYMENT, FEE_TAKEN = "交易", "扣除交易手续费"
REFUND_KINDS = ("退款", "退还交易手续费")
BOOKED_WITHIN = timedelta(minutes=10)
"""What is paid in the last minutes of a day may be booked on the next: there it is looked for again, and must be."""


@dataclass(frozen=True, kw_only=True)
class FundSums:
    """By how much the account grew, and what it held at the end; None when nothing moved."""

    flow_fen: int = 0
    closing_fen: int | None = None


def sums_of(fund: FundBill) -> FundSums:
    """Return the sums of a fund-flow bill."""
    rows = _in_time(fund)
    return FundSums(flow_fen=sum(row.signed_fen for row in rows), closing_fen=rows[-1].balance_fen if rows else None)


@dataclass(frozen=True, kw_only=True)
class Before:
    """What is known of the day before: what the account held at its end, and what was paid but not booked by then.

    Each is None where that day's bills are not known.
    """

    held_fen: int | None = None
    unbooked: TradeBill | None = None


def compare_funds(fund: FundBill, bill: TradeBill, *, day: date, before: Before, told: Sequence[Found]) -> list[Found]:
    """Return what the account's movements tell otherwise than the trade bill, beside what was `told` already."""
    known = {name for one in told for name in (one.order_no, one.transaction_no) if name and not one.refund_no}
    refunds = {one.refund_no for one in told}
    found = list(_balances(fund, held_fen=before.held_fen))
    found += _payments(fund, bill, day=day, before=before, known=known)
    found += _fees(fund, bill, known=known)
    return found + list(_refunds(fund, bill, day=day, before=before, known=refunds))


def unbooked_of(bill: TradeBill, fund: FundBill, *, day: date) -> TradeBill:
    """Return what of a day's last minutes the account had not booked when it ended: it is looked for on the next."""
    late, booked = _late(day), {row.business_no for row in fund.rows}
    return TradeBill(
        payments=tuple(one for one in bill.payments if one.at >= late and one.transaction_no not in booked),
        refunds=tuple(one for one in bill.refunds if one.at >= late and one.provider_no not in booked),
    )


def unsure_of(rows: Collection[PaymentRow], fund: FundBill, *, day: date) -> frozenset[str]:
    """Return the payments of which the account tells otherwise, or nothing; its last minutes may be booked late."""
    booked = {one.business_no: one.signed_fen for one in fund.rows if one.kind == PAYMENT}
    late = _late(day)
    known = (one for one in rows if booked.get(one.transaction_no, one.settled_fen) == one.settled_fen)
    sure = {one.transaction_no for one in known if one.transaction_no in booked or one.at >= late}
    return frozenset(one.transaction_no for one in rows) - sure


def _late(day: date) -> datetime:
    return start_of_local_day(day + timedelta(days=1)) - BOOKED_WITHIN


def _is_early(at: datetime, *, day: date, before: Before) -> bool:
    """Say whether a row may be of the day before, of which nothing is known."""
    return before.unbooked is None and at < start_of_local_day(day) + BOOKED_WITHIN


def _in_time(fund: FundBill) -> tuple[FundRow, ...]:
    rows = fund.rows
    return rows[::-1] if len(rows) > 1 and rows[0].at > rows[-1].at else rows


def _balances(fund: FundBill, *, held_fen: int | None) -> Iterator[Found]:
    """The account's balance runs on from row to row and from day to day; the first break is told."""
    held = held_fen
    for row in _in_time(fund):
        if held is not None and held + row.signed_fen != row.balance_fen:
            told: dict[str, Any] = {"ours_fen": held + row.signed_fen, "theirs_fen": row.balance_fen}
            yield Found(kind=FUND, order_no=row.voucher[:64] or None, **told, note=f"第 {row.line} 行账户结余不连续")
            return
        held = row.balance_fen


def _payments(
    fund: FundBill, bill: TradeBill, *, day: date, before: Before, known: AbstractSet[str]
) -> Iterator[Found]:
    booked: dict[str, list[FundRow]] = defaultdict(list)
    for row in (one for one in fund.rows if one.kind == PAYMENT):
        booked[row.business_no].append(row)
    late, earlier = _late(day), before.unbooked or TradeBill()
    for paid in (*earlier.payments, *bill.payments):
        rows = booked[paid.transaction_no]
        seen = rows.pop(0) if rows else None
        if {paid.order_no, paid.transaction_no} & known:
            continue
        names: dict[str, Any] = {"order_no": paid.order_no, "transaction_no": paid.transaction_no}
        if seen is None and paid.at < late:
            yield Found(kind=FUND, **names, ours_fen=paid.settled_fen, note="资金账单没有这笔交易")
        elif seen is not None and seen.signed_fen != paid.settled_fen:
            told: dict[str, Any] = {"ours_fen": paid.settled_fen, "theirs_fen": seen.signed_fen}
            yield Found(kind=AMOUNT, **names, **told, note="资金账单的金额不同")
    for row in (one for left in booked.values() for one in left):
        if {row.voucher, row.business_no} & known or _is_early(row.at, day=day, before=before):
            continue
        names = {"order_no": row.voucher[:64] or None, "transaction_no": row.business_no[:64] or None}
        yield Found(kind=FUND, **names, theirs_fen=row.signed_fen, note="交易账单没有这笔交易")


def _fees(fund: FundBill, bill: TradeBill, *, known: AbstractSet[str]) -> Iterator[Found]:
    """Each payment's fee was taken as the trade bill tells it; a payment whose row is missing is told already."""
    taken = {row.business_no: -row.signed_fen for row in fund.rows if row.kind == FEE_TAKEN}
    booked = {row.business_no for row in fund.rows if row.kind == PAYMENT}
    for paid in bill.payments:
        took = taken.get(paid.transaction_no, 0)
        if took == paid.fee_fen or paid.transaction_no not in booked or {paid.order_no, paid.transaction_no} & known:
            continue
        names: dict[str, Any] = {"order_no": paid.order_no, "transaction_no": paid.transaction_no}
        yield Found(kind=FEE, **names, ours_fen=paid.fee_fen, theirs_fen=took, note="资金账单扣的手续费不同")


def _refunds(
    fund: FundBill, bill: TradeBill, *, day: date, before: Before, known: AbstractSet[str | None]
) -> Iterator[Found]:
    """A refund left the account with the fee that came back, be it in one row or in two."""
    left: dict[str, int] = defaultdict(int)
    rows = {row.business_no: row for row in fund.rows if row.kind in REFUND_KINDS}
    for row in (one for one in fund.rows if one.kind in REFUND_KINDS):
        left[row.business_no] -= row.signed_fen
    late, earlier = _late(day), before.unbooked or TradeBill()
    for back in (one for one in (*earlier.refunds, *bill.refunds) if one.provider_no):
        told, took = back.refund_fen + back.fee_fen, left.pop(back.provider_no, None)
        if back.refund_no in known or took == told or (took is None and back.at >= late):
            continue
        note = "资金账单没有这笔退款" if took is None else "资金账单的退款金额不同"
        names: dict[str, Any] = {"order_no": back.order_no, "refund_no": back.refund_no}
        yield Found(kind=FUND, **names, ours_fen=told, theirs_fen=took, note=note)
    for number, took in left.items():
        row = rows[number]
        if row.voucher not in known and not _is_early(row.at, day=day, before=before):
            refund_no = row.voucher[:64] or number[:64]
            yield Found(kind=FUND, refund_no=refund_no, theirs_fen=took, note="交易账单没有这笔退款")
