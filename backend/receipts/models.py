"""The tables of receipts. What was issued is added to, never changed; who gave stands with the gift (law 12)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

GIFT, CANCELS, REST = "gift", "cancels", "rest"
KINDS = (GIFT, CANCELS, REST)
REASON_CHARS_MAX = 200


class ReceiptHead(Base):
    """What all papers of a project state alike, as it was when they were issued. A change makes the next version."""

    __tablename__ = "receipt_heads"
    __table_args__ = (UniqueConstraint("project_id", "version"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    project_id: Mapped[int] = mapped_column(RowId, ForeignKey("projects.id"))
    version: Mapped[int]
    organisation_id: Mapped[int] = mapped_column(RowId, ForeignKey("organisations.id"))
    organisation_name: Mapped[str] = mapped_column(String(100))
    uscc: Mapped[str] = mapped_column(String(18))
    certificate: Mapped[str | None] = mapped_column(String(60))
    handler: Mapped[str] = mapped_column(String(40))
    """经办人 (慈善法 38): who of the organisation answers for its receipts."""
    filing_number: Mapped[str | None] = mapped_column(String(60))
    project_title: Mapped[str] = mapped_column(String(60))
    village: Mapped[str] = mapped_column(String(240))
    """The village with everything it lies in, from the province down."""
    is_demo: Mapped[bool]


class Receipt(Base):
    """One paper: the receipt of a gift, what cancels a receipt, or the receipt over the rest (law 4, 慈善法 38).

    `id` counts the papers of the whole installation in the order of the ledger, without a gap. `number` counts those
    of one organisation and one year; the year is that of the provider's date of the transfer that caused the paper.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("organisation_id", "year", "number"),
        UniqueConstraint("transfer_id", "kind"),
        UniqueConstraint("of_id", "kind"),
        CheckConstraint("kind IN ('gift', 'cancels', 'rest')", name="kind"),
        CheckConstraint("(kind = 'cancels') = (amount_fen < 0) AND amount_fen <> 0", name="amount"),
        CheckConstraint("(kind = 'gift') = (of_id IS NULL)", name="of_another"),
        CheckConstraint("(kind = 'gift') = (reason IS NULL)", name="reason"),
        Index("ix_receipts_gift_id_id", "gift_id", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    organisation_id: Mapped[int] = mapped_column(RowId, ForeignKey("organisations.id"))
    year: Mapped[int]
    number: Mapped[int] = mapped_column(BigInteger)
    printed: Mapped[str] = mapped_column(String(40), unique=True)
    """The number as it is printed: 000000000-2026-00000001."""
    earlier: Mapped[str | None] = mapped_column(String(40), unique=True)
    """The number that stood on it before numbers were counted per organisation."""
    kind: Mapped[str] = mapped_column(String(8))
    head_id: Mapped[int] = mapped_column(RowId, ForeignKey("receipt_heads.id"))
    gift_id: Mapped[int] = mapped_column(RowId, ForeignKey("gifts.id"))
    transfer_id: Mapped[int] = mapped_column(RowId, ForeignKey("transfers.id"))
    """What caused it: the transfer that brought the gift, or the one that gave money back."""
    of_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("receipts.id"))
    """The receipt that this paper cancels, or whose rest it states."""
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    """Below zero on a paper that cancels."""
    reason: Mapped[str | None] = mapped_column(String(200))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReceiptSeries(Base):
    """The last number of one organisation in one year. A cache under the lock of `receipt_state`."""

    __tablename__ = "receipt_series"

    organisation_id: Mapped[int] = mapped_column(RowId, ForeignKey("organisations.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(BigInteger)


class ReceiptState(Base):
    """One row that the receipt job locks: how far it has read the ledger, and the last paper that it issued."""

    __tablename__ = "receipt_state"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_position: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)


class ReceiptRefund(Base):
    """Money of a gift went back by this transfer: its receipt is to be cancelled when the ledger has placed it."""

    __tablename__ = "receipt_refunds"

    transfer_id: Mapped[int] = mapped_column(RowId, ForeignKey("transfers.id"), primary_key=True, autoincrement=False)
    gift_id: Mapped[int] = mapped_column(RowId, ForeignKey("gifts.id"), index=True)
    reason: Mapped[str] = mapped_column(String(REASON_CHARS_MAX))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReceiptWaiver(Base):
    """A giver's word that he wants no receipt, or wants it after all; the newest counts (慈善法 38)."""

    __tablename__ = "receipt_waivers"
    __table_args__ = (Index("ix_receipt_waivers_gift_id_id", "gift_id", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    gift_id: Mapped[int] = mapped_column(RowId, ForeignKey("gifts.id"))
    is_waived: Mapped[bool]
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReceiptTry(Base):
    """How often a number was asked for with a wrong code in the present hour. Numbers share 65,536 rows."""

    __tablename__ = "receipt_tries"

    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int]
