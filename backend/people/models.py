"""The tables of people, their device sessions, staff accounts and rights."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.audit import RowId
from backend.core.db import Base, UtcDateTime


class Person(Base):
    """Somebody who gives, shares or serves. Nothing personal stands here: only a public code (law 12).

    Two rows may turn out to be one human; `joined_people` says which, and what was done under either stays where it is.
    """

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class JoinedPerson(Base):
    """That a person is the same human as another, older one, who is never joined to a third himself (ADR-0017)."""

    __tablename__ = "joined_people"
    __table_args__ = (CheckConstraint("person_id <> head_id", name="joined_to_another"),)

    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), primary_key=True, autoincrement=False)
    head_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), index=True)
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginAccount(Base):
    """An account by which a person comes back: WeChat in one of our apps, or a phone number.

    WeChat's openid or the number lies in the vault under `code`, with the keyed hash by which it is found;
    `union_index` is the keyed hash by which one human is known in two apps.
    """

    __tablename__ = "login_accounts"
    __table_args__ = (
        CheckConstraint("kind IN ('wechat_mini', 'wechat_official', 'phone')", name="kind"),
        CheckConstraint("(kind = 'phone') = (app_id = '')", name="app_of_wechat"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    app_id: Mapped[str] = mapped_column(String(32))
    union_index: Mapped[str | None] = mapped_column(String(64), index=True)
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginState(Base):
    """A login at WeChat that was begun in one browser and waits for its return: ten minutes, once (RFC 6749, 10.12)."""

    __tablename__ = "login_states"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    next_page: Mapped[str] = mapped_column(String(255))
    adds: Mapped[bool]
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class PhoneCode(Base):
    """A one-time code sent to a phone number, for the device that asked; number and code only as keyed hashes."""

    __tablename__ = "phone_codes"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    phone_index: Mapped[str] = mapped_column(String(64))
    device_hash: Mapped[str] = mapped_column(String(64), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SendAllowance(Base):
    """When codes were sent to one number or asked by one device in the last day; the row takes turns (ASVS 6.6.3)."""

    __tablename__ = "send_allowances"

    subject_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    sent_at: Mapped[str] = mapped_column(String(600))
    kept_until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class DeviceSession(Base):
    """A phone that a person gives or serves from. Only the hash of its token is kept; forgetting deletes the row.

    `account_id` and `logged_in_at` tell how and when it was logged in; a guest's phone has neither.
    """

    __tablename__ = "device_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("people.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    account_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("login_accounts.id"), index=True)
    logged_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
