"""The tables of volunteering. What was recorded at the activity is added, never changed (ADR-0006)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime


class Team(Base):
    """A village's own volunteer team: one for each village (R136)."""

    __tablename__ = "volunteer_teams"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    village_code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(40))


class VolunteerName(Base):
    """That a person told what he is called on a roll, and when; the name lies in the vault (law 12).

    Its row is what every act of this volunteer locks, so that two phones of one person take turns.
    """

    __tablename__ = "volunteer_names"

    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), primary_key=True, autoincrement=False)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TeamMember(Base):
    """One person's membership of one team."""

    __tablename__ = "volunteer_team_members"

    team_id: Mapped[int] = mapped_column(RowId, ForeignKey("volunteer_teams.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), primary_key=True, index=True)
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Activity(Base):
    """A piece of work with place, time and seats, with the fields that 令67 art. 7 asks to record (R137-R139).

    `seats_taken` is raised by one conditional UPDATE, so the last seat goes to one. Never deleted: hours hang on it.
    """

    __tablename__ = "volunteer_activities"
    __table_args__ = (
        CheckConstraint("seats > 0 AND seats_taken >= 0 AND seats_taken <= seats", name="seats"),
        CheckConstraint("starts_at < ends_at", name="times"),
        Index("ix_volunteer_activities_village_code_id", "village_code", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    team_id: Mapped[int] = mapped_column(RowId, ForeignKey("volunteer_teams.id"))
    village_code: Mapped[str] = mapped_column(String(12))
    title: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(60))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seats: Mapped[int] = mapped_column(Integer)
    seats_taken: Mapped[int] = mapped_column(Integer, default=0)
    target: Mapped[str] = mapped_column(String(60))
    content: Mapped[str] = mapped_column(Text)
    leader_name: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by: Mapped[str] = mapped_column(String(40))
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_reason: Mapped[str | None] = mapped_column(String(100))


class SignUp(Base):
    """A seat that one person took in one activity; given back when `cancelled_at` is set."""

    __tablename__ = "volunteer_sign_ups"

    activity_id: Mapped[int] = mapped_column(RowId, ForeignKey("volunteer_activities.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), primary_key=True, index=True)
    signed_up_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CheckEvent(Base):
    """A check-in, a check-out, or a leader's word for a missing one. Rows are added, never changed.

    Each kind once for person and activity. `at` is the server's time: a phone's clock has no say. `code_window` is
    the half minute whose code was shown; `nonce` the key of the request, so that the same one sent again is known.
    """

    __tablename__ = "volunteer_events"
    __table_args__ = (
        UniqueConstraint("activity_id", "person_id", "kind", name="uq_volunteer_events_activity_id"),
        CheckConstraint("kind IN ('in', 'out', 'confirmed')", name="kind"),
        CheckConstraint(
            "(kind = 'confirmed') = (minutes IS NOT NULL AND reason IS NOT NULL)", name="minutes_of_leader"
        ),
        CheckConstraint("(kind = 'confirmed') = (code_window IS NULL)", name="window_of_code"),
        CheckConstraint("minutes >= 0 AND minutes <= 720", name="minutes"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    activity_id: Mapped[int] = mapped_column(RowId, ForeignKey("volunteer_activities.id"))
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    code_window: Mapped[int | None] = mapped_column(BigInteger)
    nonce: Mapped[str] = mapped_column(String(80))
    recorded_by: Mapped[str] = mapped_column(String(40))
    minutes: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(String(100))


class WrongCode(Base):
    """A wrong code that somebody tried: five in ten minutes, and the next try has to wait."""

    __tablename__ = "volunteer_wrong_codes"
    __table_args__ = (Index("ix_volunteer_wrong_codes_who", "activity_id", "person_id", "tried_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    activity_id: Mapped[int] = mapped_column(RowId, ForeignKey("volunteer_activities.id"))
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"))
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)
