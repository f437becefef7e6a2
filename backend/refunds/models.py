"""The tables of refunds: the case, the fen it took, and what the provider told (laws 3, 5, 6).

The giver's reason lies in the vault, so that he can be forgotten (law 12).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

IS_WAITING = text("state IN ('asked', 'checked')")
STATES_RULE = (
    "state IN ('asked', 'checked', 'approved', 'processing', 'success', 'closed', 'abnormal', 'withdrawn', 'refused')"
)
FOUR_EYES_RULE = (
    "(approved_by IS NULL OR (checked_by IS NOT NULL AND approved_by <> checked_by))"
    " AND (asked_by IS NULL OR ((checked_by IS NULL OR asked_by <> checked_by)"
    " AND (approved_by IS NULL OR asked_by <> approved_by)))"
)
APPROVED_RULE = (
    "(approved_by IS NOT NULL) = (state IN ('approved', 'processing', 'success', 'closed', 'abnormal'))"
    " AND (approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (refund_no IS NULL)"
    " AND (approved_by IS NULL) = (account IS NULL) AND (approved_by IS NULL) = (body IS NULL)"
)
REFUSED_RULE = "(state = 'refused') = (refused_by IS NOT NULL) AND (state = 'refused') = (refuse_reason IS NOT NULL)"
ENDED_RULE = "(state IN ('success', 'closed', 'withdrawn', 'refused')) = (ended_at IS NOT NULL)"


class Refund(Base):
    """One wish to have a gift, or a part of it, back. `refund_no` and `body` are fixed when it is approved (bug 9).

    `asked_by` is the staff member who asked for the giver, empty when he asked himself. `account` is the purse that the
    money was taken from. `next_ask_at` is when to ask the provider what became of it, empty once that is known.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint(STATES_RULE, name="state"),
        CheckConstraint(FOUR_EYES_RULE, name="four_eyes"),
        CheckConstraint(APPROVED_RULE, name="approved_whole"),
        CheckConstraint(REFUSED_RULE, name="refused_whole"),
        CheckConstraint(ENDED_RULE, name="ended_whole"),
        CheckConstraint("(state = 'success') = (success_at IS NOT NULL)", name="success_whole"),
        Index("ix_refunds_one_waiting", "gift_id", unique=True, sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
        Index("ix_refunds_gift_id_id", "gift_id", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    gift_id: Mapped[int] = mapped_column(RowId, ForeignKey("gifts.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(12), index=True)
    asked_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    refuse_reason: Mapped[str | None] = mapped_column(String(200))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account: Mapped[str | None] = mapped_column(String(80))
    refund_no: Mapped[str | None] = mapped_column(String(64), unique=True)
    body: Mapped[str | None] = mapped_column(Text)
    provider_refund_no: Mapped[str | None] = mapped_column(String(64))
    provider_code: Mapped[str | None] = mapped_column(String(40))
    success_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class RefundPart(Base):
    """How many fen of which credit a refund took: an interval of the ruler, kept with the case. Never changed."""

    __tablename__ = "refund_parts"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="amount"),)

    refund_id: Mapped[int] = mapped_column(RowId, ForeignKey("refunds.id"), primary_key=True, autoincrement=False)
    transfer_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("transfers.id"), primary_key=True, autoincrement=False, index=True
    )
    amount_fen: Mapped[int] = mapped_column(BigInteger)


class HeardRefund(Base):
    """Every word of a provider about a refund, kept before anything is done about it. Never changed."""

    __tablename__ = "refund_inbox"
    __table_args__ = (UniqueConstraint("provider", "notice_id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    notice_id: Mapped[str] = mapped_column(String(160))
    told_by: Mapped[str] = mapped_column(String(10))
    refund_no: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(12))
    body: Mapped[str] = mapped_column(Text)
    heard_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(12))
