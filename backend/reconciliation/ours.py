"""Our side of a day: payments, refunds and corrections as the ledger has them, looked up by the provider's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import ColumnElement, exists, func, select

from backend.core.clock import local_day, start_of_local_day
from backend.core.db import db
from backend.donations.models import Gift
from backend.ledger.models import Transfer
from backend.ledger.reasons import GIFT, GIFT_UNALLOCATED
from backend.payments.models import PAID, ExtraPayment, PaymentOrder
from backend.reconciliation.bill_rows import TradeBill
from backend.reconciliation.matching import Key, OurPayment, OurRefund, Ours
from backend.reconciliation.models import (
    EXTRA,
    HEALED,
    MISSING,
    REFUND,
    SETTLED,
    BillDifference,
    BilledRefund,
    ReconciledDay,
)
from backend.refunds import workflow as refunding
from backend.refunds.models import Refund

REFUNDED, REFUND_CLOSED = refunding.SUCCESS, refunding.CLOSED
ARRIVALS = (GIFT, GIFT_UNALLOCATED)
_TOLD = (PaymentOrder.out_trade_no, Transfer.amount_fen, Transfer.provider_date)
CHUNK = 500


def ours_of(channel: str, day: date, bill: TradeBill) -> Ours:
    """Return everything of ours that the trade bill of a day is compared with."""
    payments = _posted_on(channel, day)
    named = {row.order_no for row in bill.payments if (row.order_no, row.transaction_no) not in payments}
    payments |= _posted_under(channel, named)
    refunds = _refunds(channel, day, bill)
    _correct(channel, payments, refunds)
    return Ours(
        day=day,
        payments=payments,
        refunds=refunds,
        payments_elsewhere=_told_elsewhere(channel, day),
        refunds_elsewhere=_billed_elsewhere(channel, day),
    )


def has_any(channel: str, day: date) -> bool:
    """Say whether our ledger has money of a channel on a day; a day without a bill may have none (bad input 40)."""
    of_day = (Transfer.channel == channel) & (Transfer.provider_date == day) & Transfer.reason.in_(ARRIVALS)
    return bool(db.session.scalar(select(exists().where(of_day))))


def first_day(channel: str) -> date | None:
    """Return the day of the first order of a channel, None while there is none."""
    first = select(PaymentOrder.created_at).where(PaymentOrder.provider == channel).order_by(PaymentOrder.id).limit(1)
    at = db.session.scalar(first)
    return None if at is None else local_day(at)


def _posted_on(channel: str, day: date) -> dict[Key, OurPayment]:
    return _payments((Transfer.channel == channel) & (Transfer.provider_date == day))


def _posted_under(channel: str, numbers: Iterable[str]) -> dict[Key, OurPayment]:
    found: dict[Key, OurPayment] = {}
    for part in _chunks(sorted(numbers)):
        found |= _payments((Transfer.channel == channel) & PaymentOrder.out_trade_no.in_(part))
    return found


def _payments(which: ColumnElement[bool]) -> dict[Key, OurPayment]:
    """Return payments by the numbers of order and payment: what paid an order, and what came for it once more."""
    first = (PaymentOrder.out_trade_no == Transfer.reference) & (PaymentOrder.state == PAID)
    paid = select(*_TOLD, PaymentOrder.transaction_no).join(PaymentOrder, first)
    again = select(*_TOLD, ExtraPayment.transaction_no).join(ExtraPayment, ExtraPayment.reference == Transfer.reference)
    again = again.join(PaymentOrder, PaymentOrder.id == ExtraPayment.order_id)
    arrived = which & Transfer.reason.in_(ARRIVALS)
    rows = [row for one in (paid, again) for row in db.session.execute(one.where(arrived).order_by(Transfer.id))]
    return {
        (row.out_trade_no, row.transaction_no): OurPayment(
            order_no=row.out_trade_no, transaction_no=row.transaction_no, fen=row.amount_fen, day=row.provider_date
        )
        for row in rows
    }


def _refunds(channel: str, day: date, bill: TradeBill) -> dict[str, OurRefund]:
    """Return the refunds that succeeded on a day, and those that the bill names, whatever their day."""
    begin, end = start_of_local_day(day), start_of_local_day(day + timedelta(days=1))
    of_day = (Refund.state == REFUNDED) & (Refund.success_at >= begin) & (Refund.success_at < end)
    found = _refunds_where(channel, of_day)
    for part in _chunks(sorted({row.refund_no for row in bill.refunds} - found.keys())):
        found |= _refunds_where(channel, Refund.refund_no.in_(part))
    return found


def _refunds_where(channel: str, which: ColumnElement[bool]) -> dict[str, OurRefund]:
    """A refund that the provider closed gave nothing back: its fen count as none."""
    columns = (Refund.refund_no, Refund.amount_fen, Refund.state, Refund.success_at, PaymentOrder.out_trade_no)
    statement = select(*columns).join(Gift, Gift.id == Refund.gift_id)
    statement = statement.join(PaymentOrder, PaymentOrder.id == Gift.order_id).where(PaymentOrder.provider == channel)
    return {
        row.refund_no: OurRefund(
            refund_no=row.refund_no,
            order_no=row.out_trade_no,
            fen=0 if row.state == REFUND_CLOSED else row.amount_fen,
            is_posted=row.state == REFUNDED,
            day=None if row.success_at is None else local_day(row.success_at),
        )
        for row in db.session.execute(statement.where(which).order_by(Refund.id))
    }


def _correct(channel: str, payments: dict[Key, OurPayment], refunds: dict[str, OurRefund]) -> None:
    """Add what two people posted to correct: the ledger has it, under a reference of the difference."""
    statement = (
        select(BillDifference, ReconciledDay.day)
        .join(ReconciledDay, ReconciledDay.id == BillDifference.day_id)
        .where(ReconciledDay.channel == channel, BillDifference.state == SETTLED)
    )
    for row, day in db.session.execute(statement):
        order_no, delta = row.order_no or "", row.delta_fen
        if row.refund_no is not None:
            refund = refunds.get(row.refund_no)
            made = OurRefund(refund_no=row.refund_no, order_no=order_no, fen=0, is_posted=True, day=day)
            refunds[row.refund_no] = replace(refund or made, fen=(refund or made).fen - delta)
        elif row.transaction_no is not None:
            key = (order_no, row.transaction_no)
            paid = payments.get(key) or OurPayment(order_no=order_no, transaction_no=row.transaction_no, fen=0, day=day)
            payments[key] = replace(paid, fen=paid.fen + delta)


def _told_elsewhere(channel: str, day: date) -> frozenset[Key]:
    """Payments that another day's bill tells of, though our ledger has them on this one."""
    statement = (
        select(BillDifference.order_no, BillDifference.transaction_no)
        .join(ReconciledDay, ReconciledDay.id == BillDifference.day_id)
        .where(ReconciledDay.channel == channel, ReconciledDay.day != day, BillDifference.kind == MISSING)
        .where(BillDifference.state == HEALED, BillDifference.ours_fen.is_not(None))
    )
    return frozenset((row[0] or "", row[1] or "") for row in db.session.execute(statement))


def _billed_elsewhere(channel: str, day: date) -> frozenset[str]:
    other = select(BilledRefund.refund_no).join(ReconciledDay, ReconciledDay.id == BilledRefund.day_id)
    return frozenset(db.session.scalars(other.where(BilledRefund.channel == channel, ReconciledDay.day != day)))


def open_elsewhere(channel: str, *, payments: Iterable[Key], refunds: Iterable[str]) -> Iterator[BillDifference]:
    """Yield the open differences of other days that these lines of a bill explain: what they lacked stands here."""
    waits = BillDifference.state.in_(("open", "proposed"))
    base = select(BillDifference).join(ReconciledDay, ReconciledDay.id == BillDifference.day_id)
    base = base.where(ReconciledDay.channel == channel, waits)
    for orders in _chunks(sorted({order for order, _ in payments})):
        yield from db.session.scalars(base.where(BillDifference.kind == EXTRA, BillDifference.order_no.in_(orders)))
    for numbers in _chunks(sorted(refunds)):
        lacks = (BillDifference.kind == REFUND) & BillDifference.theirs_fen.is_(None)
        yield from db.session.scalars(base.where(lacks, BillDifference.refund_no.in_(numbers)))


def sum_of(channel: str, day: date, reasons: Iterable[str]) -> int:
    """Return what transfers of a channel and day moved for some reasons, in fen."""
    total = select(func.coalesce(func.sum(Transfer.amount_fen), 0))
    of_day = (Transfer.channel == channel) & (Transfer.provider_date == day)
    return int(db.session.scalar(total.where(of_day, Transfer.reason.in_(tuple(reasons)))) or 0)


def count_of(channel: str, day: date, reasons: Iterable[str]) -> int:
    """Return how many transfers of a channel and day there are for some reasons."""
    of_day = (Transfer.channel == channel) & (Transfer.provider_date == day) & Transfer.reason.in_(tuple(reasons))
    return db.session.scalar(select(func.count()).select_from(Transfer).where(of_day)) or 0


def _chunks(numbers: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(numbers), CHUNK):
        yield numbers[start : start + CHUNK]
