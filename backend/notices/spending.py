"""Spending lines and their corrections as a notice tells them, each with its place in the ledger (R34, R130)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from backend.core.db import db
from backend.disbursements.models import SpendingCorrection, SpendingLine
from backend.ledger.models import OrderedTransfer, Transfer
from backend.projects.models import Project


@dataclass(frozen=True, kw_only=True)
class Line:
    """One spending line (`correction_reason` None) or one correction of it; `position` is that of its transfer."""

    number: int
    title: str
    amount_fen: int
    spent_on: date
    voucher_media: str
    reference: str
    position: int
    project_code: str
    correction_reason: str | None = None

    def as_told(self) -> dict[str, object]:
        """Return the line as a notice keeps it; a correction has a reason more."""
        told: dict[str, object] = {
            "number": self.number,
            "title": self.title,
            "amount_fen": self.amount_fen,
            "spent_on": self.spent_on.isoformat(),
            "voucher_media": self.voucher_media,
            "reference": self.reference,
            "position": self.position,
            "project_code": self.project_code,
        }
        return told if self.correction_reason is None else {**told, "reason": self.correction_reason}


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """A correction in the ledger: where it stands, and where the line that it corrects stands."""

    reference: str
    reason: str
    project_code: str
    village_code: str
    posted_at: datetime
    position: int
    line_position: int


def spent(codes: list[str], *, after: int, through: int) -> list[Line]:
    """Return the spending lines of the projects at positions `after` < p ≤ `through`, in ledger order."""
    statement = (
        select(SpendingLine, Project.code.label("project_code"), OrderedTransfer.position)
        .join(Project, Project.id == SpendingLine.project_id)
        .join(Transfer, Transfer.reference == SpendingLine.reference)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .where(Project.code.in_(codes), OrderedTransfer.position > after, OrderedTransfer.position <= through)
        .order_by(OrderedTransfer.position)
    )
    return [
        Line(
            number=row.SpendingLine.number,
            title=row.SpendingLine.title,
            amount_fen=row.SpendingLine.amount_fen,
            spent_on=row.SpendingLine.spent_on,
            voucher_media=row.SpendingLine.voucher_media,
            reference=row.SpendingLine.reference,
            position=row.position,
            project_code=row.project_code,
        )
        for row in db.session.execute(statement)
    ]


def corrected(codes: list[str], *, after: int, through: int, spent_after: int, spent_through: int) -> list[Line]:
    """Return corrections at positions `after` < p ≤ `through` of lines spent at `spent_after` < p ≤ `spent_through`."""
    place, line_transfer, line_place = OrderedTransfer, Transfer.__table__.alias(), OrderedTransfer.__table__.alias()
    statement = (
        select(SpendingCorrection, SpendingLine, Project.code.label("project_code"), place.position)
        .join(SpendingLine, SpendingLine.id == SpendingCorrection.line_id)
        .join(Project, Project.id == SpendingLine.project_id)
        .join(Transfer, Transfer.reference == SpendingCorrection.reference)
        .join(place, place.transfer_id == Transfer.id)
        .join(line_transfer, line_transfer.c.reference == SpendingLine.reference)
        .join(line_place, line_place.c.transfer_id == line_transfer.c.id)
        .where(Project.code.in_(codes), place.position > after, place.position <= through)
        .where(line_place.c.position > spent_after, line_place.c.position <= spent_through)
        .order_by(place.position)
    )
    return [
        Line(
            number=row.SpendingLine.number,
            title=row.SpendingLine.title,
            amount_fen=row.SpendingCorrection.amount_fen,
            spent_on=row.SpendingLine.spent_on,
            voucher_media=row.SpendingLine.voucher_media,
            reference=row.SpendingCorrection.reference,
            position=row.position,
            project_code=row.project_code,
            correction_reason=row.SpendingCorrection.reason,
        )
        for row in db.session.execute(statement)
    ]


def find_correction(reference: str) -> Corrected | None:
    """Return one correction by the reference of its transfer, None while it has no place in the order."""
    line_transfer, line_place = Transfer.__table__.alias(), OrderedTransfer.__table__.alias()
    row = db.session.execute(
        select(SpendingCorrection.reason, Project.code, Project.village_code, Transfer.posted_at)
        .add_columns(OrderedTransfer.position, line_place.c.position.label("line_position"))
        .join(SpendingLine, SpendingLine.id == SpendingCorrection.line_id)
        .join(Project, Project.id == SpendingLine.project_id)
        .join(Transfer, Transfer.reference == SpendingCorrection.reference)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .join(line_transfer, line_transfer.c.reference == SpendingLine.reference)
        .join(line_place, line_place.c.transfer_id == line_transfer.c.id)
        .where(SpendingCorrection.reference == reference)
    ).first()
    if row is None:
        return None
    return Corrected(
        reference=reference,
        reason=row.reason,
        project_code=row.code,
        village_code=row.village_code,
        posted_at=row.posted_at,
        position=row.position,
        line_position=row.line_position,
    )
