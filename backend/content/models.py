"""The table of word checks: one row for each thing that somebody wrote, without the words themselves (law 12)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

WAITING, PASSED, HELD, APPROVED, REJECTED = "waiting", "passed", "held", "approved", "rejected"
SHOWN_STATES = (PASSED, APPROVED)
IS_HELD = text("state = 'held'")


class WordCheck(Base):
    """How far the words of one gift, or the nickname on one link's card, have come. `version` counts their changes.

    `fingerprint` tells whether words changed: a hash salted with the row's own random code, gone with the row.
    """

    __tablename__ = "word_checks"
    __table_args__ = (
        UniqueConstraint("kind", "subject", name="uq_word_checks_kind_subject"),
        CheckConstraint("kind IN ('gift', 'share')", name="kind"),
        CheckConstraint("state IN ('waiting', 'passed', 'held', 'approved', 'rejected')", name="state"),
        CheckConstraint("(state = 'waiting') = (next_at IS NOT NULL)", name="waiting_is_due"),
        CheckConstraint("(state IN ('approved', 'rejected')) = (decided_by IS NOT NULL)", name="decided_by_a_person"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_whole"),
        CheckConstraint("(state = 'rejected') = (reason IS NOT NULL)", name="rejected_with_reason"),
        Index("ix_word_checks_held", "id", sqlite_where=IS_HELD, postgresql_where=IS_HELD),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), index=True)
    region_code: Mapped[str] = mapped_column(String(12))
    version: Mapped[int] = mapped_column(Integer)
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    held_for: Mapped[str | None] = mapped_column(String(20))
    label: Mapped[int | None] = mapped_column(Integer)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    attempts: Mapped[int] = mapped_column(Integer)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("staff.id"))
    reason: Mapped[str | None] = mapped_column(String(100))
