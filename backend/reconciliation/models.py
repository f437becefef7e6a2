"""The tables of reconciliation: days, the bills as they came, differences, seals, a federation's own money."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

WAITING, FETCHED, OPEN, CLOSED, SEALED = "waiting", "fetched", "open", "closed", "sealed"
DAY_STATES = (WAITING, FETCHED, OPEN, CLOSED, SEALED)
MISSING, EXTRA, AMOUNT, FEE, REFUND, FUND = "missing", "extra", "amount", "fee", "refund", "fund"
KINDS = (MISSING, EXTRA, AMOUNT, FEE, REFUND, FUND)
PROPOSED, SETTLED, EXPLAINED, HEALED = "proposed", "settled", "explained", "healed"
DIFFERENCE_STATES = (OPEN, PROPOSED, SETTLED, EXPLAINED, HEALED)
EXPLAIN, TAKE_IN, COVER = "explain", "take_in", "cover"
ACTIONS = (EXPLAIN, TAKE_IN, COVER)
TRADE, FUND_FLOW = "trade", "fund"
OWN_WITHDRAWN, OWN_REFUSED = "withdrawn", "refused"


class ReconciledDay(Base):
    """One local day of one channel, and how far its reconciliation is. Sums are those of the bill at hand."""

    __tablename__ = "reconciled_days"
    __table_args__ = (
        UniqueConstraint("channel", "day"),
        CheckConstraint("(state IN ('closed', 'sealed')) = (closed_at IS NOT NULL)", name="closed_whole"),
        CheckConstraint("state = 'waiting' OR fetched_at IS NOT NULL", name="fetched_whole"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    day: Mapped[date] = mapped_column(Date)
    version: Mapped[int] = mapped_column(default=1)
    """One more each time that a closed day is opened again; each closed version has a seal of its own."""
    state: Mapped[str] = mapped_column(String(10))
    answer: Mapped[str | None] = mapped_column(String(10))
    """The provider's last word when it was asked for the bills: ready, none, creating, bad_hash, broken, unknown."""
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    trade_bill_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("bill_files.id"))
    fund_bill_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("bill_files.id"))
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    matched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    payment_count: Mapped[int] = mapped_column(default=0)
    paid_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    refund_count: Mapped[int] = mapped_column(default=0)
    refunded_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    fee_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    flow_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    """By how much the merchant's account grew on this day, as the fund-flow bill says: all of it, also withdrawals."""
    closing_fen: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))


class BillFile(Base):
    """A bill, packed. Rows are added, never changed.

    `sha256` and `size_bytes` are of the bytes that came; `kept_sha256` is of the unpacked bytes that are kept, None
    where nothing was taken out of them (`payers.py`).
    """

    __tablename__ = "bill_files"
    __table_args__ = (UniqueConstraint("channel", "day", "kind", "sha256"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(String(10))
    sha256: Mapped[str] = mapped_column(String(64))
    kept_sha256: Mapped[str | None] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    packed: Mapped[bytes] = mapped_column(LargeBinary)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BilledRefund(Base):
    """Which refund stands in which day's bill: the provider dates a refund by when it took it on, we by its success."""

    __tablename__ = "billed_refunds"

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    refund_no: Mapped[str] = mapped_column(String(64), primary_key=True)
    day_id: Mapped[int] = mapped_column(RowId, ForeignKey("reconciled_days.id"), index=True)
    refund_fen: Mapped[int] = mapped_column(BigInteger)


class BillDifference(Base):
    """One thing that the bill tells otherwise than the ledger. `delta_fen`: what the bill says we have more than that.

    `is_posted` when the ledger has come to agree meanwhile. A reason is written by a person; healing needs none.
    """

    __tablename__ = "bill_differences"
    __table_args__ = (
        UniqueConstraint("day_id", "kind", "subject"),
        CheckConstraint("state <> 'proposed' OR proposed_by IS NOT NULL", name="proposed_whole"),
        CheckConstraint("state NOT IN ('settled', 'explained') OR decided_by IS NOT NULL", name="decided_whole"),
        CheckConstraint("state <> 'settled' OR decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(state = 'settled') = (reference IS NOT NULL)", name="settled_whole"),
        Index("ix_bill_differences_order_no", "order_no"),
        Index("ix_bill_differences_day_id_id", "day_id", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    day_id: Mapped[int] = mapped_column(RowId, ForeignKey("reconciled_days.id"))
    kind: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(250))
    order_no: Mapped[str | None] = mapped_column(String(64))
    transaction_no: Mapped[str | None] = mapped_column(String(64))
    refund_no: Mapped[str | None] = mapped_column(String(64))
    ours_fen: Mapped[int | None] = mapped_column(BigInteger)
    theirs_fen: Mapped[int | None] = mapped_column(BigInteger)
    delta_fen: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(120))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10))
    is_posted: Mapped[bool] = mapped_column(default=False)
    action: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(200))
    proposed_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    proposed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reference: Mapped[str | None] = mapped_column(String(120), unique=True)


class DaySeal(Base):
    """A closed day, sealed: its text, the hash over it, and the seal before. Rows are added, never changed (law 11)."""

    __tablename__ = "day_seals"
    __table_args__ = (
        UniqueConstraint("channel", "previous_hash"),
        UniqueConstraint("channel", "day", "version", name="uq_day_seals_day"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    day: Mapped[date] = mapped_column(Date)
    version: Mapped[int]
    previous_hash: Mapped[str] = mapped_column(String(64))
    replaces: Mapped[str | None] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OwnMoney(Base):
    """Money of the federation itself, kept for fees: recorded by one person with its voucher, approved by another."""

    __tablename__ = "own_money"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_whole"),
        CheckConstraint("approved_at IS NULL OR ended_at IS NULL", name="one_end"),
        CheckConstraint(
            "(ended_as IS NULL) = (ended_at IS NULL) AND (ended_as IS NULL) = (ended_by IS NULL)", name="ended_whole"
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    received_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(200))
    voucher_media: Mapped[str] = mapped_column(String(16), unique=True)
    proposed_by: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_as: Mapped[str | None] = mapped_column(String(10))
    ended_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(String(200))
