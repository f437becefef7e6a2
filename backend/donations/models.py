"""The table of gifts. Names and messages lie in the vault, so that a person can be forgotten (law 12)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
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
