"""Reading payouts, spending lines with their place in the ledger, and money that waits for its project."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, Select, exists, func, literal, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.disbursements.models import Payout, SpendingCorrection, SpendingLine
from backend.disbursements.service import reallocation_reference
from backend.ledger.accounts import UNALLOCATED
from backend.ledger.models import OrderedTransfer, Transfer
from backend.people.models import Staff
from backend.projects.models import Project


@dataclass(frozen=True, kw_only=True)
class PayoutRecord:
    """A payout; `approved_at` is None while it waits for the second person."""

    id: int
    code: str
    project_code: str
    project_title: str
    village_code: str
    amount_fen: int
    proposed_by: str
    """The name of a staff member: for the desk only."""
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SpendingRecord:
    """A spending line as everybody sees it; `position` is None for the second until its transfer is ordered."""

    id: int
    code: str
    project_code: str
    number: int
    title: str
    amount_fen: int
    corrected_fen: int
    spent_on: date
    voucher_media: str
    reference: str
    position: int | None


@dataclass(frozen=True, kw_only=True)
class WaitingMoney:
    """Money in `00/unallocated` that has no project yet."""

    id: int
    reference: str
    amount_fen: int
    channel: str | None
    provider_date: date | None
    posted_at: datetime


def payouts(*, prefix: str, before_id: int | None, limit: int) -> list[PayoutRecord]:
    """Return the payouts to villages under a region code (empty: everywhere), newest first."""
    statement = _payouts().order_by(Payout.id.desc()).limit(limit)
    if prefix:
        statement = statement.where(Project.village_code.startswith(prefix))
    if before_id is not None:
        statement = statement.where(Payout.id < before_id)
    return [PayoutRecord(**row._mapping) for row in db.session.execute(statement)]


def get_payout(code: str) -> PayoutRecord:
    """Return one payout by its code."""
    return PayoutRecord(**db.session.execute(_payouts().where(Payout.code == code)).one()._mapping)


def spending_of(project_id: int, *, before_id: int | None, limit: int) -> list[SpendingRecord]:
    """Return the spending lines of a project, newest first, each with what was corrected (R128-R130)."""
    statement = _lines().where(SpendingLine.project_id == project_id).order_by(SpendingLine.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(SpendingLine.id < before_id)
    return [_spending(row) for row in db.session.execute(statement)]


def get_spending(code: str) -> SpendingRecord:
    """Return one spending line by its code."""
    return _spending(db.session.execute(_lines().where(SpendingLine.code == code)).one())


def waiting_money(*, before_id: int | None, limit: int) -> list[WaitingMoney]:
    """Return the money that arrived and has no project yet, newest first (law 7)."""
    given = aliased(Transfer)
    is_given = exists().where(given.reference == literal(reallocation_reference("")) + Transfer.reference)
    statement = (
        select(Transfer).where(Transfer.target_account == UNALLOCATED, ~is_given).order_by(Transfer.id.desc())
    ).limit(limit)
    if before_id is not None:
        statement = statement.where(Transfer.id < before_id)
    names = list(WaitingMoney.__dataclass_fields__)
    rows = db.session.scalars(statement)
    return [WaitingMoney(**{name: getattr(row, name) for name in names}) for row in rows]


def _payouts() -> Select[int, str, str, str, str, int, str, datetime, str | None, datetime | None]:
    proposer, approver = aliased(Staff), aliased(Staff)
    return (
        select(
            Payout.id,
            Payout.code,
            Project.code.label("project_code"),
            Project.title.label("project_title"),
            Project.village_code,
            Payout.amount_fen,
            proposer.name.label("proposed_by"),
            Payout.proposed_at,
            approver.name.label("approved_by"),
            Payout.approved_at,
        )
        .join(Project, Project.id == Payout.project_id)
        .join(proposer, proposer.id == Payout.proposed_by)
        .outerjoin(approver, approver.id == Payout.approved_by)
    )


def _lines() -> Select[SpendingLine, str, int, int]:
    corrected = (
        select(func.coalesce(func.sum(SpendingCorrection.amount_fen), 0))
        .where(SpendingCorrection.line_id == SpendingLine.id)
        .scalar_subquery()
    )
    return (
        select(
            SpendingLine,
            Project.code.label("project_code"),
            OrderedTransfer.position.label("position"),
            corrected.label("corrected_fen"),
        )
        .join(Project, Project.id == SpendingLine.project_id)
        .join(Transfer, Transfer.reference == SpendingLine.reference)
        .outerjoin(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
    )


def _spending(row: Row[SpendingLine, str, int, int]) -> SpendingRecord:
    line = row.SpendingLine
    apart = ("project_code", "position", "corrected_fen")
    told = {name: getattr(line, name) for name in SpendingRecord.__dataclass_fields__ if name not in apart}
    corrected_fen = int(row.corrected_fen)
    return SpendingRecord(**told, project_code=row.project_code, position=row.position, corrected_fen=corrected_fen)
