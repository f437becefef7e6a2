"""The tables of gifts and receipts. Names and messages stand apart, so that a person can be forgotten (law 12)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime


class Gift(Base):
    """One gift as its giver ordered it. Whether it was paid, its order tells; where the money is, the ledger."""

    __tablename__ = "gifts"
    __table_args__ = (Index("ix_gifts_person_id_id", "person_id", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"))
    order_id: Mapped[int] = mapped_column(RowId, ForeignKey("payment_orders.id"), unique=True)
    display: Mapped[str] = mapped_column(String(10))
    hide_amount: Mapped[bool]
    link_id: Mapped[str | None] = mapped_column(String(10), ForeignKey("links.link_id"), index=True)
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)


class GiftWords(Base):
    """What a giver wrote: personal, apart from the money, deleted when the person asks to be forgotten."""

    __tablename__ = "gift_words"

    gift_id: Mapped[int] = mapped_column(RowId, ForeignKey("gifts.id"), primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(20))
    message: Mapped[str | None] = mapped_column(String(100))


class Receipt(Base):
    """The receipt of one gift: numbers without a gap, in the order of the ledger (law 4, 慈善法 38). Never changed."""

    __tablename__ = "receipts"

    number: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    transfer_id: Mapped[int] = mapped_column(RowId, ForeignKey("transfers.id"), unique=True)
    gift_id: Mapped[int] = mapped_column(RowId, ForeignKey("gifts.id"), unique=True)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReceiptState(Base):
    """One row that the receipt job locks: how far it has read the ledger, and the last number that it gave."""

    __tablename__ = "receipt_state"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_position: Mapped[int] = mapped_column(BigInteger)
    last_number: Mapped[int] = mapped_column(BigInteger)
