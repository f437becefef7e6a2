"""The tables of projects, their budgets and their progress posts. Where the money is, the ledger knows (law 5)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime

ONE_FUND = text("kind = 'mutual_aid_fund'")


class Project(Base):
    """A project, or a village's mutual-aid fund: one a village (R86). `code` is also its purse in the ledger."""

    __tablename__ = "projects"
    __table_args__ = (
        CheckConstraint("target_fen IS NULL OR target_fen > 0", name="target"),
        CheckConstraint("(kind = 'mutual_aid_fund') = (target_fen IS NULL)", name="fund_has_no_target"),
        CheckConstraint("(kind = 'mutual_aid_fund') = (ends_on IS NULL)", name="fund_has_no_end"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="period"),
        CheckConstraint("closed_at IS NULL OR ended_at IS NOT NULL", name="ended_before_closed"),
        Index(
            "ix_projects_one_fund_a_village",
            "village_code",
            unique=True,
            sqlite_where=ONE_FUND,
            postgresql_where=ONE_FUND,
        ),
        Index("ix_projects_village_code_id", "village_code", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    kind_reason: Mapped[str | None] = mapped_column(String(200))
    village_code: Mapped[str] = mapped_column(String(12))
    title: Mapped[str] = mapped_column(String(60))
    summary: Mapped[str] = mapped_column(String(200))
    story: Mapped[str] = mapped_column(Text)
    village_profile: Mapped[str] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(String(120))
    target_fen: Mapped[int | None] = mapped_column(BigInteger)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    decision_met_on: Mapped[date] = mapped_column(Date)
    decision_attendees: Mapped[int]
    decision_in_favour: Mapped[int]
    decision_note: Mapped[str] = mapped_column(Text)
    person_in_charge: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("organisations.id"))
    filing_number: Mapped[str | None] = mapped_column(String(60))
    cover_media: Mapped[str | None] = mapped_column(String(16))
    is_demo: Mapped[bool]
    published_by: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Also the date of the form, and the instant of the truth pledge (R61, R63)."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PlanLine(Base):
    """One line of a project's budget; the lines sum to the target (R61)."""

    __tablename__ = "plan_lines"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="amount"),)

    project_id: Mapped[int] = mapped_column(RowId, ForeignKey("projects.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    amount_fen: Mapped[int] = mapped_column(BigInteger)


class ProgressPost(Base):
    """What the village tells about a project's progress, with a photo if it likes (R131)."""

    __tablename__ = "progress_posts"
    __table_args__ = (Index("ix_progress_posts_project_id_id", "project_id", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    project_id: Mapped[int] = mapped_column(RowId, ForeignKey("projects.id"))
    text: Mapped[str] = mapped_column(Text)
    photo_media: Mapped[str | None] = mapped_column(String(16))
    posted_by: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"))
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)
