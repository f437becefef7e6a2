"""Comparing one day as it stands in the tables: the bills that were kept, our ledger, the account of the day before."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import exists, select

from backend.core.clock import local_iso
from backend.core.db import db
from backend.payments.providers import BILL, Paid
from backend.reconciliation import ours
from backend.reconciliation.bill_rows import FundBill, PaymentRow, TradeBill
from backend.reconciliation.bills import read_fund_bill, read_trade_bill
from backend.reconciliation.funds import Before, FundSums, compare_funds, sums_of, unbooked_of, unsure_of
from backend.reconciliation.matching import Found, compare, numbered
from backend.reconciliation.models import FUND, MISSING, BillDifference, BillFile, ReconciledDay


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a comparison found, with what it was made from."""

    bill: TradeBill
    funds: FundSums
    found: Sequence[Found]
    doubtful: frozenset[str] = frozenset()
    """Payments of which the account tells otherwise: a bill alone does not settle them."""

    def healable(self) -> list[PaymentRow]:
        """Return the payments that the ledger lacks: the bill is a provider's word that settles them."""
        lacking = (one for one in self.found if one.kind == MISSING and one.ours_fen is None)
        keys = {(one.order_no, one.transaction_no) for one in lacking if one.transaction_no not in self.doubtful}
        return [row for row in self.bill.payments if (row.order_no, row.transaction_no) in keys]


def compare_day(channel: str, day: date) -> Compared:
    """Compare in a reading transaction: what is compared with is one instant of the ledger."""
    row = _row(channel, day)
    assert row is not None, "a day is begun before it is compared"
    bill, fund = _bills_of(row)
    found = compare(bill, ours.ours_of(channel, day, bill))
    doubtful: frozenset[str] = frozenset()
    if row.fund_bill_id is not None:
        before = Before(held_fen=_held_before(row), unbooked=_unbooked_before(row))
        lacking = {one.transaction_no for one in found if one.kind == MISSING and not one.elsewhere}
        doubtful = unsure_of([one for one in bill.payments if one.transaction_no in lacking], fund, day=day)
        found += compare_funds(fund, bill, day=day, before=before, told=found)
    elif bill.payments or bill.refunds:
        found.append(Found(kind=FUND, note="没有资金账单"))
    return Compared(bill=bill, funds=sums_of(fund), found=numbered(found), doubtful=doubtful)


def _row(channel: str, day: date) -> ReconciledDay | None:
    mine = (ReconciledDay.channel == channel) & (ReconciledDay.day == day)
    return db.session.scalars(select(ReconciledDay).where(mine).execution_options(populate_existing=True)).first()


def _bills_of(row: ReconciledDay) -> tuple[TradeBill, FundBill]:
    return read_bills(row.day, _content(row.trade_bill_id), _content(row.fund_bill_id))


def _unbooked_before(row: ReconciledDay) -> TradeBill | None:
    """Return what the day before had not booked at its end, but for what was told then; None when not known."""
    before = _row(row.channel, row.day - timedelta(days=1))
    if before is None or before.matched_at is None:
        return None
    bill, fund = _bills_of(before)
    if before.fund_bill_id is None and (bill.payments or bill.refunds):
        return None
    left = unbooked_of(bill, fund, day=before.day)
    told = select(BillDifference.order_no, BillDifference.refund_no).where(BillDifference.day_id == before.id)
    known = {name for names in db.session.execute(told) for name in names}
    return TradeBill(
        payments=tuple(one for one in left.payments if one.order_no not in known),
        refunds=tuple(one for one in left.refunds if one.refund_no not in known),
    )


def _held_before(row: ReconciledDay) -> int | None:
    """Return what the account held before a day, None when the movements of a day in between are not known."""
    before = (ReconciledDay.channel == row.channel) & (ReconciledDay.day < row.day)
    known = select(ReconciledDay.day, ReconciledDay.closing_fen).where(before, ReconciledDay.closing_fen.is_not(None))
    last = db.session.execute(known.order_by(ReconciledDay.day.desc()).limit(1)).first()
    if last is None:
        return None
    moved = (ReconciledDay.payment_count > 0) | (ReconciledDay.refund_count > 0) | ReconciledDay.matched_at.is_(None)
    gap = exists().where(before, ReconciledDay.day > last.day, ReconciledDay.fund_bill_id.is_(None), moved)
    return None if db.session.scalar(select(gap)) else last.closing_fen


def _content(bill_id: int | None) -> bytes:
    packed = None if bill_id is None else db.session.scalar(select(BillFile.packed).where(BillFile.id == bill_id))
    return b"" if packed is None else gzip.decompress(packed)


def read_bills(day: date, trade: bytes, fund: bytes) -> tuple[TradeBill, FundBill]:
    """Read both bills; one that is empty has no rows. Refuses `BillBroken`."""
    bill = read_trade_bill(trade, day=day) if trade else TradeBill()
    return bill, read_fund_bill(fund, day=day) if fund else FundBill()


def paid_by_bill(row: PaymentRow, *, channel: str) -> Paid:
    """Return a line of a bill as the provider's word about a payment, in the shape of its answer to a query."""
    told = {
        "mchid": row.merchant,
        "appid": row.app_id,
        "out_trade_no": row.order_no,
        "transaction_id": row.transaction_no,
        "trade_state": "SUCCESS",
        "attach": row.purse,
        "amount": {"total": row.total_fen, "currency": row.currency},
        "success_time": local_iso(row.at),
    }
    return Paid(
        provider=channel,
        notice_id=f"{BILL}:{row.transaction_no}",
        told_by=BILL,
        out_trade_no=row.order_no,
        transaction_no=row.transaction_no,
        merchant=row.merchant,
        app_id=row.app_id,
        purse=row.purse,
        amount_fen=row.total_fen,
        currency=row.currency,
        success_at=row.at,
        body=json.dumps(told, ensure_ascii=False, separators=(",", ":")),
    )
