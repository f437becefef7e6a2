"""Reading reconciliation for the desk: days, their differences, what is kept for fees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.core.errors import NotFound
from backend.ledger.accounts import FEES
from backend.ledger.queries import balance_fen
from backend.people.models import Staff
from backend.reconciliation.decisions import actions_for
from backend.reconciliation.fees import UNPAID
from backend.reconciliation.hours import is_overdue
from backend.reconciliation.models import (
    CLOSED,
    OPEN,
    PROPOSED,
    SEALED,
    WAITING,
    BillDifference,
    DaySeal,
    OwnMoney,
    ReconciledDay,
)

WAITS = (OPEN, PROPOSED)


@dataclass(frozen=True, kw_only=True)
class DayRecord:
    """A day as the desk sees it, with how many differences it had and how many wait for somebody."""

    id: int
    channel: str
    day: date
    version: int
    state: str
    answer: str | None
    payment_count: int
    paid_fen: int
    refund_count: int
    refunded_fen: int
    fee_fen: int
    closing_fen: int | None
    fetched_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    next_at: datetime | None
    difference_count: int
    open_count: int
    seal: str | None
    is_overdue: bool


@dataclass(frozen=True, kw_only=True)
class DifferenceRecord:
    """A difference as the desk sees it. `actions` is what may be done about it now."""

    id: int
    code: str
    kind: str
    state: str
    note: str
    order_no: str | None
    transaction_no: str | None
    refund_no: str | None
    ours_fen: int | None
    theirs_fen: int | None
    delta_fen: int
    action: str | None
    reason: str | None
    proposer_id: int | None
    proposed_by: str | None
    proposed_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    actions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OwnMoneyRecord:
    """Money of the federation's own as the desk sees it: waiting, approved, withdrawn or refused."""

    id: int
    code: str
    amount_fen: int
    received_on: date
    reason: str
    voucher_media: str
    state: str
    proposer_id: int
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    end_reason: str | None


def days(*, before_id: int | None, limit: int, now: datetime) -> list[DayRecord]:
    """Return days, the newest first: days are begun in their order."""
    statement = select(ReconciledDay).order_by(ReconciledDay.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(ReconciledDay.id < before_id)
    return _as_days(db.session.scalars(statement).all(), now=now)


def get_day(channel: str, day: date, *, now: datetime) -> DayRecord:
    """Return one day. Refuses `NotFound`."""
    mine = (ReconciledDay.channel == channel) & (ReconciledDay.day == day)
    found = _as_days(db.session.scalars(select(ReconciledDay).where(mine)).all(), now=now)
    if not found:
        raise NotFound()
    return found[0]


def _as_days(rows: Sequence[ReconciledDay], *, now: datetime) -> list[DayRecord]:
    ids = [row.id for row in rows]
    waits = func.sum(case((BillDifference.state.in_(WAITS), 1), else_=0))
    counted = select(BillDifference.day_id, func.count(), waits).where(BillDifference.day_id.in_(ids))
    counts = {row[0]: (int(row[1]), int(row[2])) for row in db.session.execute(counted.group_by(BillDifference.day_id))}
    names = names_of(row.closed_by for row in rows)
    hashes = select(DaySeal.channel, DaySeal.day, DaySeal.hash).where(DaySeal.day.in_([row.day for row in rows]))
    seals = {(one.channel, one.day): one.hash for one in db.session.execute(hashes.order_by(DaySeal.version))}
    told = set(DayRecord.__dataclass_fields__) & set(ReconciledDay.__table__.columns.keys()) - {"closed_by"}
    return [
        DayRecord(
            **{name: getattr(row, name) for name in told},
            closed_by=names.get(row.closed_by or 0),
            difference_count=counts.get(row.id, (0, 0))[0],
            open_count=counts.get(row.id, (0, 0))[1],
            seal=seals.get((row.channel, row.day)) if row.state == SEALED else None,
            is_overdue=row.state not in (CLOSED, SEALED) and is_overdue(row.day, now=now),
        )
        for row in rows
    ]


def differences(channel: str, day: date, *, after_id: int | None, limit: int) -> list[DifferenceRecord]:
    """Return the differences of a day in the order in which they were found."""
    of_day = select(ReconciledDay.id).where(ReconciledDay.channel == channel, ReconciledDay.day == day)
    statement = select(BillDifference).where(BillDifference.day_id == of_day.scalar_subquery())
    statement = statement.where(BillDifference.id > (after_id or 0)).order_by(BillDifference.id).limit(limit)
    return _as_differences(db.session.scalars(statement).all())


def get_difference(code: str) -> DifferenceRecord:
    """Return one difference. Refuses `NotFound`."""
    found = _as_differences(db.session.scalars(select(BillDifference).where(BillDifference.code == code)).all())
    if not found:
        raise NotFound()
    return found[0]


def _as_differences(rows: Sequence[BillDifference]) -> list[DifferenceRecord]:
    names = names_of(number for row in rows for number in (row.proposed_by, row.decided_by))
    apart = {"proposer_id", "proposed_by", "decided_by", "actions"}
    told = [name for name in DifferenceRecord.__dataclass_fields__ if name not in apart]
    return [
        DifferenceRecord(
            **{name: getattr(row, name) for name in told},
            proposer_id=row.proposed_by,
            proposed_by=names.get(row.proposed_by or 0),
            decided_by=names.get(row.decided_by or 0),
            actions=actions_for(row) if row.state == OPEN else (),
        )
        for row in rows
    ]


def own_money(*, before_id: int | None, limit: int) -> list[OwnMoneyRecord]:
    """Return what was recorded as the federation's own, newest first."""
    statement = select(OwnMoney).order_by(OwnMoney.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(OwnMoney.id < before_id)
    return _as_own_money(statement)


def get_own_money(code: str) -> OwnMoneyRecord:
    """Return one record of the federation's own money. Refuses `NotFound`."""
    found = _as_own_money(select(OwnMoney).where(OwnMoney.code == code))
    if not found:
        raise NotFound()
    return found[0]


def _as_own_money(statement: Select[Any]) -> list[OwnMoneyRecord]:
    proposer, approver = aliased(Staff), aliased(Staff)
    named = (
        statement.add_columns(proposer.name, approver.name)
        .join(proposer, proposer.id == OwnMoney.proposed_by)
        .outerjoin(approver, approver.id == OwnMoney.approved_by)
    )
    apart = {"state", "proposer_id", "proposed_by", "approved_by"}
    told = [name for name in OwnMoneyRecord.__dataclass_fields__ if name not in apart]
    return [
        OwnMoneyRecord(
            **{name: getattr(row, name) for name in told},
            state="approved" if row.approved_at else row.ended_as or WAITING,
            proposer_id=row.proposed_by,
            proposed_by=proposed_by,
            approved_by=approved_by,
        )
        for row, proposed_by, approved_by in db.session.execute(named)
    ]


def names_of(numbers: Iterable[int | None]) -> dict[int, str]:
    """Return the names of staff accounts by their row numbers."""
    wanted = {number for number in numbers if number is not None}
    found = db.session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(wanted)))
    return {row.id: row.name for row in found}


def kept_for_fees() -> tuple[int, int]:
    """Return what `00/fees` holds and how much of fees waits for money, in fen."""
    waits = select(func.coalesce(func.sum(-BillDifference.delta_fen), 0))
    waiting = db.session.scalar(waits.where(BillDifference.subject == UNPAID, BillDifference.state == OPEN))
    return balance_fen(FEES), int(waiting or 0)


def lines_of(channel: str, day: date) -> list[str]:
    """Return a day and its differences as lines for an operator."""
    row = db.session.scalars(select(ReconciledDay).filter_by(channel=channel, day=day)).one()
    found = db.session.scalars(
        select(BillDifference).where(BillDifference.day_id == row.id).order_by(BillDifference.id)
    )
    head = f"{day.isoformat()} {channel}：{row.state}（账单：{row.answer or '还没有取'}），"
    sums = f"支付 {row.payment_count} 笔 {row.paid_fen} 分，退款 {row.refunded_fen} 分，手续费 {row.fee_fen} 分"
    return [
        head + sums,
        *(
            f"  {one.state} {one.kind} {one.refund_no or one.order_no or '-'} "
            f"账本 {one.ours_fen} 账单 {one.theirs_fen}：{one.note}"
            for one in found
        ),
    ]
