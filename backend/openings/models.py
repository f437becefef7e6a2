"""The table of who opened what of whom: rows are added and never changed (PIPL 51, 54; R124)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

ASKED, REVIEW, COMMAND = "asked", "review", "command"
PURPOSES = (ASKED, REVIEW, COMMAND)


class VaultOpening(Base):
    """That somebody of the staff was shown values of one thing in the clear. Never the values themselves.

    `asked`: one value, at the desk, for a stated reason; `review`: words that wait for a person were read to be decided
    about; `command`: by an operator's command. `row` is the public code of the thing, `person_id` whose it is, or null
    for what the law keeps of an erased person. `nonce` is the key of the request that asked: it is answered once.
    """

    __tablename__ = "vault_openings"
    __table_args__ = (
        CheckConstraint("purpose IN ('asked', 'review', 'command')", name="purpose"),
        CheckConstraint("(purpose = 'review') = (reason IS NULL)", name="reason_or_work"),
        CheckConstraint("(purpose = 'asked') = (nonce IS NOT NULL)", name="asked_once"),
        UniqueConstraint("staff_id", "nonce", name="uq_vault_openings_staff_id_nonce"),
        Index("ix_vault_openings_person_id_id", "person_id", "id"),
        Index("ix_vault_openings_staff_id_opened_at", "staff_id", "opened_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    staff_id: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"))
    person_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("people.id"))
    row: Mapped[str] = mapped_column(String(16))
    fields: Mapped[str] = mapped_column(String(100))
    region_code: Mapped[str] = mapped_column(String(12))
    purpose: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(100))
    request_id: Mapped[str] = mapped_column(String(40))
    nonce: Mapped[str | None] = mapped_column(String(80))
