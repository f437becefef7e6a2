"""The tables of the scheduler: what was due and done, who leads, and whether the clock can be believed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base, UtcDateTime


class ScheduledRun(Base):
    """One period of one kind. Its key is unique: two schedulers, a dead one, a jumped clock find the same row."""

    __tablename__ = "scheduled_runs"
    __table_args__ = (CheckConstraint("done_at IS NULL OR cut_off_position IS NOT NULL", name="done_has_cut_off"),)

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    period_key: Mapped[str] = mapped_column(String(140), primary_key=True)
    due_on: Mapped[date] = mapped_column(Date, index=True)
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str] = mapped_column(String(80))
    lease_until: Mapped[datetime] = mapped_column(UtcDateTime)
    cut_off_position: Mapped[int | None] = mapped_column(BigInteger)
    """The last ledger position that the period covers: fixed by the first claim, shared by all its notices."""
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SchedulerLead(Base):
    """One row: which scheduler process works now, and until when the others stand by."""

    __tablename__ = "scheduler_lead"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    worker: Mapped[str | None] = mapped_column(String(80))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SchedulerHeartbeat(Base):
    """The last sign of life of the scheduler on one host, with both of the host's clocks."""

    __tablename__ = "scheduler_heartbeats"

    host: Mapped[str] = mapped_column(String(80), primary_key=True)
    worker: Mapped[str] = mapped_column(String(80))
    boot: Mapped[str] = mapped_column(String(40))
    steady_ms: Mapped[int] = mapped_column(BigInteger)
    """Milliseconds of the clock that nobody can set, since the start of this host."""
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ClockGuard(Base):
    """One row: whether periods pause because the wall clock cannot be believed, until an operator confirms it."""

    __tablename__ = "clock_guard"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(200))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Ledger rows up to this instant may lie ahead of the clock: an operator saw them and said that they are right."""


class StandingTrouble(Base):
    """Something outside that was wrong at the last check: since when, and at how many checks. Right again: no row."""

    __tablename__ = "standing_troubles"

    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    times: Mapped[int] = mapped_column(Integer)
