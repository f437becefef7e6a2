"""The tables of payouts, spending lines and corrections: the case beside each transfer, never the money itself."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

WITHDRAWN, REFUSED, CLOSED = "withdrawn", "refused", "closed"
ENDED_BY = """CASE ended_as
    WHEN 'withdrawn' THEN ended_by IS NOT NULL AND ended_by = proposed_by
    WHEN 'refused' THEN ended_by IS NOT NULL AND ended_by <> proposed_by
    WHEN 'closed' THEN ended_by IS NULL
    ELSE ended_as IS NULL AND ended_by IS NULL END"""


class Payout(Base):
    """Money of a project sent on to its village: proposed by one person, approved by another (R98, ASVS 2.3.5).

    Or it ends without money: withdrawn by who proposed it, refused by another, or closed with its project.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_whole"),
        CheckConstraint("approved_at IS NULL OR ended_at IS NULL", name="one_end"),
        CheckConstraint("(ended_as IS NULL) = (ended_at IS NULL)", name="ended_whole"),
        CheckConstraint(ENDED_BY, name="ended_by"),
        CheckConstraint("(COALESCE(ended_as, '') = 'refused') = (end_reason IS NOT NULL)", name="end_reason"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    project_id: Mapped[int] = mapped_column(RowId, ForeignKey("projects.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    proposed_by: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_as: Mapped[str | None] = mapped_column(String(10))
    ended_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(String(200))


class SpendingLine(Base):
    """What a village bought, with its voucher; `number` runs within the project. Added, never changed (R33)."""

    __tablename__ = "spending_lines"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("number > 0", name="number"),
        UniqueConstraint("project_id", "number", name="uq_spending_lines_project_id"),
        Index("ix_spending_lines_project_id_id", "project_id", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    project_id: Mapped[int] = mapped_column(RowId, ForeignKey("projects.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(60))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    spent_on: Mapped[date] = mapped_column(Date)
    channel: Mapped[str] = mapped_column(String(20))
    voucher_media: Mapped[str] = mapped_column(String(16), unique=True)
    voucher_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    """The same photo twice, also uploaded anew, is one voucher used twice: the database refuses it."""
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    recorded_by: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SpendingCorrection(Base):
    """Money that a spending line took too much of and that came back; never more than the line. Never changed."""

    __tablename__ = "spending_corrections"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="amount"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    line_id: Mapped[int] = mapped_column(RowId, ForeignKey("spending_lines.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(200))
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    recorded_by: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
