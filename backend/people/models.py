"""The tables of people, their device sessions, staff accounts and rights."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime


class Person(Base):
    """Somebody who gives, shares or serves. Nothing personal stands here: only a public code (law 12)."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeviceSession(Base):
    """A phone that a person gives or serves from. Only the hash of its token is kept; forgetting deletes the row."""

    __tablename__ = "device_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Staff(Base):
    """The account of a cadre or of a federation's desk: one role in one region. `00` is the nation."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    login: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    role: Mapped[str] = mapped_column(String(20))
    region_code: Mapped[str] = mapped_column(String(12), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    is_demo: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffSession(Base):
    """A staff member at work on one device: at most 8 hours, at most 30 minutes idle (ASVS 7.3)."""

    __tablename__ = "staff_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    staff_id: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"), index=True)
    device: Mapped[str] = mapped_column(String(40))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StaffFactor(Base):
    """The second factor of an account: a sealed secret (RFC 6238). Until it is confirmed, nobody is asked for it.

    `last_step` is the newest time step whose code was used, so that no code opens twice (ASVS 6.5.1).
    """

    __tablename__ = "staff_factors"

    staff_id: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    secret: Mapped[str] = mapped_column(String(200))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_step: Mapped[int]


class StaffRecoveryCode(Base):
    """A code that opens once where the phone with the second factor is lost. Only its hash is kept."""

    __tablename__ = "staff_recovery_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[int] = mapped_column(RowId, ForeignKey("staff.id"), index=True)


class LoginFailure(Base):
    """How often a login failed in a row, known or not; the key is a hash, since people type passwords as logins."""

    __tablename__ = "login_failures"

    login_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Permission(Base):
    """One right: this role may do this action in regions whose code begins with the prefix (empty: everywhere).

    A staff member's own region narrows it further: both must hold (ASVS 8.4.1, R6).
    """

    __tablename__ = "permissions"

    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    action: Mapped[str] = mapped_column(String(40), primary_key=True)
    region_prefix: Mapped[str] = mapped_column(String(12), primary_key=True)
