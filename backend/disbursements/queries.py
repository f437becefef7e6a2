"""Reading payouts, and spending lines with their place in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.disbursements.models import CLOSED, REFUSED, WITHDRAWN, Payout, SpendingCorrection, SpendingLine
from backend.ledger.models import OrderedTransfer, Transfer
from backend.people.models import Staff
from backend.projects.models import Project

WAITING, APPROVED = "waiting", "approved"
STATES = (WAITING, APPROVED, WITHDRAWN, REFUSED, CLOSED)


@dataclass(frozen=True, kw_only=True)
class PayoutRecord:
    """A payout; neither approved nor ended while it waits for the second person.

    `end_reason` stands beside a refusal only, and nobody's name beside what ended with its project.
    """

    id: int
    code: str
    project_code: str
    project_title: str
    village_code: str
    amount_fen: int
    proposer_id: int
    proposed_by: str
    """The name of a staff member: for the desk only."""
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_as: str | None
    ended_by: str | None
    ended_at: datetime | None
    end_reason: str | None

    @property
    def state(self) -> str:
        """One of `STATES`."""
        return APPROVED if self.approved_at is not None else self.ended_as or WAITING


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


def _payouts() -> Select[*tuple[Any, ...]]:
    proposer, approver, ender = aliased(Staff), aliased(Staff), aliased(Staff)
    return (
        select(
            Payout.id,
            Payout.code,
            Project.code.label("project_code"),
            Project.title.label("project_title"),
            Project.village_code,
            Payout.amount_fen,
            Payout.proposed_by.label("proposer_id"),
            proposer.name.label("proposed_by"),
            Payout.proposed_at,
            approver.name.label("approved_by"),
            Payout.approved_at,
            Payout.ended_as,
            ender.name.label("ended_by"),
            Payout.ended_at,
            Payout.end_reason,
        )
        .join(Project, Project.id == Payout.project_id)
        .join(proposer, proposer.id == Payout.proposed_by)
        .outerjoin(approver, approver.id == Payout.approved_by)
        .outerjoin(ender, ender.id == Payout.ended_by)
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
