"""Writing down what was fetched and found, paying the fee, closing and opening days. Each in one transaction."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, func, insert, select

from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.errors import NotFound
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.people.rights import NATION, StaffMember, authorise
from backend.reconciliation import ours, sealing
from backend.reconciliation.bill_rows import TradeBill
from backend.reconciliation.fees import UNPAID, pay_fee
from backend.reconciliation.funds import FundSums
from backend.reconciliation.hours import HOUR, is_overdue
from backend.reconciliation.matching import Found
from backend.reconciliation.models import (
    CLOSED,
    EXPLAINED,
    FETCHED,
    HEALED,
    OPEN,
    PROPOSED,
    SEALED,
    SETTLED,
    TRADE,
    WAITING,
    BillDifference,
    BilledRefund,
    BillFile,
    ReconciledDay,
)
from backend.reconciliation.payers import without_payers
from backend.reconciliation.refusals import BillStillComes, DayHasOpen, DayNotClosed, DayNotMatched

REASON_LENGTH_MAX = 200
WAITS = (OPEN, PROPOSED)
MACHINE = "scheduler"


def locked_day(channel: str, day: date) -> ReconciledDay:
    """Lock a day's row for its one next step. Refuses `NotFound`."""
    mine = (ReconciledDay.channel == channel) & (ReconciledDay.day == day)
    locked = select(ReconciledDay).where(mine).with_for_update().execution_options(populate_existing=True)
    row = db.session.scalars(locked).first()
    if row is None:
        raise NotFound()
    return row


def keep_bill(*, channel: str, day: date, kind: str, content: bytes, now: datetime) -> int:
    """Keep a bill packed, and return its number; the same file again is the same row.

    Of the trade bill, what tells who paid is taken out first (`payers.py`): of who had himself forgotten, nothing may
    stay for as long as the ledger (PIPL 47). The row keeps the hash of what came, and of what is kept where it differs.
    """
    kept = without_payers(content) if kind == TRADE else content
    told = {"channel": channel, "day": day, "kind": kind, "sha256": hashlib.sha256(content).hexdigest()}
    kept_sha256 = None if kept == content else hashlib.sha256(kept).hexdigest()
    packed = gzip.compress(kept, compresslevel=6, mtime=0)
    row = insert_once(BillFile).values(**told, kept_sha256=kept_sha256, size_bytes=len(content), packed=packed)
    db.session.execute(row.values(fetched_at=now).on_conflict_do_nothing())
    return db.session.scalars(select(BillFile.id).filter_by(**told)).one()


def record(row: ReconciledDay, found: Sequence[Found], *, now: datetime) -> None:
    """Write the differences of a day down: new ones are open, those not found any more have healed.

    The same difference found again is the same row, with what was decided about it. The caller has locked the day.
    """
    known = {
        (one.kind, one.subject): one
        for one in db.session.scalars(select(BillDifference).where(BillDifference.day_id == row.id))
    }
    new = []
    for one in found:
        before = known.pop((one.kind, one.subject), None)
        if before is None:
            new.append(_as_row(one, day_id=row.id, now=now))
        elif one.elsewhere and before.state in WAITS:
            before.state, before.is_posted = HEALED, False
        elif before.state == HEALED and not one.elsewhere:
            before.state, before.is_posted = OPEN, False
    for before in known.values():
        if before.subject == UNPAID:
            continue
        if before.state in WAITS:
            before.state = HEALED
        if before.state in (HEALED, EXPLAINED):
            before.is_posted = True
    if new:
        db.session.execute(insert(BillDifference), new)
    db.session.flush()


def _as_row(found: Found, *, day_id: int, now: datetime) -> dict[str, object]:
    names = ("kind", "order_no", "transaction_no", "refund_no", "ours_fen", "theirs_fen", "delta_fen", "note")
    told = {name: getattr(found, name) for name in names}
    state = HEALED if found.elsewhere else OPEN
    fixed = {"code": new_code(16), "day_id": day_id, "subject": found.subject, "found_at": now, "state": state}
    return told | fixed | {"is_posted": False}


def conclude(row: ReconciledDay, found: Sequence[Found], bill: TradeBill, funds: FundSums, *, now: datetime) -> None:
    """Write the outcome of a comparison: sums, refunds, differences, the fee; close the day when nothing is open.

    A closed day that now tells otherwise is open again, as a new version. The caller has locked the day.
    """
    before = sealing.facts_of(row) if row.state in (CLOSED, SEALED) else None
    record(row, found, now=now)
    row.payment_count, row.paid_fen = len(bill.payments), bill.paid_fen
    row.refund_count, row.refunded_fen, row.fee_fen = len(bill.refunds), bill.refunded_fen, bill.fee_fen
    row.flow_fen, row.closing_fen, row.matched_at = funds.flow_fen, funds.closing_fen, now
    _keep_refunds(row, bill)
    _heal_elsewhere(row, found, bill)
    pay_fee(row, now=now)
    db.session.flush()
    if before is None:
        row.state = OPEN
    elif sealing.facts_of(row) != before:
        _open_again(row)
        facts = {"channel": row.channel, "version": row.version, "reason": "再次核对的结果不同"}
        audit.record(action="reconciliation.reopen", actor=MACHINE, subject=row.day.isoformat(), now=now, **facts)
    row.next_at = now + HOUR if row.state == OPEN else None
    if row.state == OPEN and open_count(row) == 0 and not _was_worked_on(row):
        _close(row, by=None, now=now)
    sealing.seal_ready(row.channel, now=now)


def _keep_refunds(row: ReconciledDay, bill: TradeBill) -> None:
    """Note which refunds stand in this bill; each stands in one."""
    db.session.execute(delete(BilledRefund).where(BilledRefund.day_id == row.id))
    for one in bill.refunds:
        told = {"channel": row.channel, "refund_no": one.refund_no, "day_id": row.id, "refund_fen": one.refund_fen}
        db.session.execute(insert_once(BilledRefund).values(**told).on_conflict_do_nothing())


def _heal_elsewhere(row: ReconciledDay, found: Sequence[Found], bill: TradeBill) -> None:
    """What another day lacked stands in this one's bill: there it is healed, though nothing was posted."""
    payments = [(one.order_no or "", one.transaction_no or "") for one in found if one.elsewhere]
    refunds = [one.refund_no for one in bill.refunds]
    for other in ours.open_elsewhere(row.channel, payments=payments, refunds=refunds):
        if other.day_id != row.id:
            other.state, other.is_posted = HEALED, False


def open_count(row: ReconciledDay) -> int:
    """Return how many differences of a day wait for somebody."""
    waits = (BillDifference.day_id == row.id) & BillDifference.state.in_(WAITS)
    return db.session.scalar(select(func.count()).select_from(BillDifference).where(waits)) or 0


def _was_worked_on(row: ReconciledDay) -> bool:
    """Say whether a person decided something about this day: then a person also closes it."""
    decided = (BillDifference.day_id == row.id) & BillDifference.state.in_((SETTLED, EXPLAINED))
    return row.version > 1 or db.session.scalar(select(BillDifference.id).where(decided).limit(1)) is not None


def close_day(*, channel: str, day: date, staff: StaffMember, now: datetime) -> None:
    """Close a day in which nothing is open; closing it again changes nothing. It is sealed when all before it are.

    Refuses `DayNotMatched`, `DayHasOpen`.
    """
    authorise(staff, "reconciliation.decide", NATION, subject=day.isoformat())
    row = locked_day(channel, day)
    if row.state in (CLOSED, SEALED):
        return
    if row.state != OPEN:
        raise DayNotMatched()
    count = open_count(row)
    if count:
        raise DayHasOpen(open=count)
    _close(row, by=staff.id, now=now)
    audit.record(action="reconciliation.close", actor=staff.code, subject=day.isoformat(), now=now, channel=channel)
    sealing.seal_ready(channel, now=now)


def reopen_day(*, channel: str, day: date, reason: str, staff: StaffMember, now: datetime) -> None:
    """Open a closed day again, with a reason: it is compared anew, as a new version. Refuses `DayNotClosed`."""
    authorise(staff, "reconciliation.decide", NATION, subject=day.isoformat())
    told = clean_line(reason, limit=REASON_LENGTH_MAX, field="reason")
    row = locked_day(channel, day)
    if row.state not in (CLOSED, SEALED):
        raise DayNotClosed()
    _open_again(row)
    row.next_at = now
    facts = {"channel": channel, "version": row.version, "reason": told}
    audit.record(action="reconciliation.reopen", actor=staff.code, subject=day.isoformat(), now=now, **facts)


def go_without_bill(*, channel: str, day: date, reason: str, staff: StaffMember, now: datetime) -> None:
    """Compare an overdue day with no bill at all: each payment of it is then a difference to be explained.

    Refuses `BillStillComes` while the provider may still make the bill, and when it was fetched.
    """
    authorise(staff, "reconciliation.decide", NATION, subject=day.isoformat())
    told = clean_line(reason, limit=REASON_LENGTH_MAX, field="reason")
    row = locked_day(channel, day)
    if row.state != WAITING or not is_overdue(day, now=now):
        raise BillStillComes()
    row.state, row.answer, row.fetched_at, row.next_at = FETCHED, "none", now, now
    facts = {"channel": channel, "reason": told}
    audit.record(action="reconciliation.no_bill", actor=staff.code, subject=day.isoformat(), now=now, **facts)


def _close(row: ReconciledDay, *, by: int | None, now: datetime) -> None:
    row.state, row.closed_at, row.closed_by, row.next_at = CLOSED, now, by, None
    db.session.flush()


def _open_again(row: ReconciledDay) -> None:
    row.state, row.version, row.closed_at, row.closed_by = OPEN, row.version + 1, None, None
