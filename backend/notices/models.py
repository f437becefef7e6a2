"""The table of notices. Rows are added, never changed: a correction is a new version naming the old (令81 art. 16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

VILLAGE = "village"
PROJECT = "project"


class Notice(Base):
    """One published notice of a village or a project. Holds figures, public ids, vouchers, nobody's name (law 11)."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("scope", "scope_code", "kind", "period_key", "version", name="uq_notices_period"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("(version = 1) = (corrects IS NULL)", name="first_corrects_nothing"),
        CheckConstraint("(corrects IS NULL) = (correction_reason IS NULL)", name="reason_of_correction"),
        CheckConstraint("0 <= opening_position AND opening_position <= cut_off_position", name="positions"),
        CheckConstraint("cut_off_position <= corrected_through", name="corrections_follow"),
        Index("ix_notices_scope_code_id", "scope_code", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    scope: Mapped[str] = mapped_column(String(10))
    scope_code: Mapped[str] = mapped_column(String(16))
    village_code: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(20))
    period_key: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    due_on: Mapped[date] = mapped_column(Date)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opening_position: Mapped[int] = mapped_column(BigInteger)
    cut_off_position: Mapped[int] = mapped_column(BigInteger)
    corrected_through: Mapped[int] = mapped_column(BigInteger)
    """Corrections of its spending lines are told up to this position; the figures stay those of the cut-off."""
    corrects: Mapped[str | None] = mapped_column(String(16), ForeignKey("notices.code"), unique=True)
    correction_reason: Mapped[str | None] = mapped_column(String(200))
    is_demo: Mapped[bool]
    figures: Mapped[str] = mapped_column(Text)
    """JSON, whole fen; `checks` recomputes it from the transfers."""


@dataclass(frozen=True, kw_only=True)
class NoticeHead:
    """What a notice is beside its figures, before it is published and after: the columns of the same names."""

    code: str
    scope: str
    scope_code: str
    village_code: str
    kind: str
    period_key: str
    version: int
    title: str
    due_on: date
    published_at: datetime
    opening_position: int
    cut_off_position: int
    corrected_through: int
    corrects: str | None
    correction_reason: str | None
    is_demo: bool
