"""Staff accounts and their sessions: opaque, revocable, eight hours at most, thirty minutes idle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.errors import InvalidInput, NotFound, Refusal
from backend.core.ids import new_code, new_token, token_hash
from backend.core.text import clean_line
from backend.people.models import Staff, StaffFactor, StaffSession
from backend.people.rights import NATION, REGION_LENGTHS, ROLES, StaffMember

AT_WORK_MAX = timedelta(hours=8)
IDLE_MAX = timedelta(minutes=30)
SEEN_EVERY = timedelta(minutes=1)
OPERATOR = "operator"


class LoginTaken(Refusal):
    """Another account has this login."""

    code = "LOGIN_TAKEN"
    detail = "这个账号名已经有人使用。"


class RoleInvalid(InvalidInput):
    """The role is unknown, or does not belong to a region of this tier."""

    code = "ROLE_INVALID"
    detail = "角色和地区不相符。"


def normal_login(login: str) -> str:
    """Return a login as it is kept and compared: one line, no difference between upper and lower case."""
    return clean_line(login, limit=60, field="login").casefold()


def create_staff(
    *, login: str, name: str, role: str, region_code: str, password_hash: str, now: datetime, is_demo: bool = False
) -> StaffMember:
    """Make a staff account. The caller has hashed the password outside the transaction (`passwords.hashed`).

    An auditor may belong to any region; every other role to a region of its own tier. Refuses `RoleInvalid` and
    `LoginTaken`.
    """
    _check_role(role, region_code)
    code = new_code()
    row = insert_once(Staff).values(
        code=code,
        login=normal_login(login),
        name=clean_line(name, limit=40, field="name"),
        role=role,
        region_code=region_code,
        password_hash=password_hash,
        is_demo=is_demo,
        created_at=now,
    )
    made = db.session.scalar(row.on_conflict_do_nothing(index_elements=["login"]).returning(Staff.id))
    if made is None:
        raise LoginTaken()
    audit.record(action="staff.create", actor=OPERATOR, subject=code, now=now, role=role, region=region_code)
    return StaffMember(id=made, code=code, name=name, role=role, region_code=region_code, is_demo=is_demo)


def disable_staff(*, login: str, now: datetime) -> None:
    """End an account and everything it has open, at once; its history stays. Refuses `NotFound`."""
    row = db.session.scalars(select(Staff).where(Staff.login == normal_login(login))).first()
    if row is None:
        raise NotFound()
    row.disabled_at = row.disabled_at or now
    db.session.execute(delete(StaffSession).where(StaffSession.staff_id == row.id))
    audit.record(action="staff.disable", actor=OPERATOR, subject=row.code, now=now)


def find_staff(login: str) -> StaffMember | None:
    """Return the account with this login that is not disabled, or None."""
    row = db.session.scalars(select(Staff).where(Staff.login == normal_login(login), Staff.disabled_at.is_(None)))
    found = row.first()
    return None if found is None else member(found)


def open_staff_session(staff: StaffMember, *, now: datetime, device: str = "") -> str:
    """Open a session and return its token, which is kept nowhere else; sessions long over are forgotten."""
    token = new_token()
    db.session.execute(delete(StaffSession).where(StaffSession.opened_at <= now - AT_WORK_MAX))
    told = {"code": new_code(), "device": device[:40], "opened_at": now, "seen_at": now}
    db.session.add(StaffSession(token_hash=token_hash(token), staff_id=staff.id, **told))
    audit.record(action="desk.login", actor=staff.code, subject=staff.code, now=now)
    return token


def close_staff_session(token: str) -> None:
    """Close a session; its token opens nothing any more."""
    db.session.execute(delete(StaffSession).where(StaffSession.token_hash == token_hash(token)))


@dataclass(frozen=True, kw_only=True)
class AtWork:
    """Who works with a token, when he was last seen, and whether his account has a second factor."""

    staff: StaffMember
    seen_at: datetime
    has_factor: bool


def find_staff_session(token: str, *, now: datetime) -> AtWork | None:
    """Return who works with this token, or None when the session is over (ASVS 7.3)."""
    confirmed = (StaffFactor.staff_id == Staff.id) & StaffFactor.confirmed_at.is_not(None)
    statement = (
        select(Staff, StaffSession.seen_at, StaffFactor.staff_id.label("factor"))
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .outerjoin(StaffFactor, confirmed)
        .where(StaffSession.token_hash == token_hash(token), Staff.disabled_at.is_(None), *_is_open(now))
    )
    row = db.session.execute(statement).first()
    if row is None:
        return None
    return AtWork(staff=member(row.Staff), seen_at=row.seen_at, has_factor=row.factor is not None)


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """One device on which somebody is at work; `is_this` is the one that asks."""

    code: str
    device: str
    opened_at: datetime
    seen_at: datetime
    is_this: bool


def open_sessions(staff: StaffMember, *, token: str, now: datetime) -> list[OpenSession]:
    """Return the devices on which this account is at work, the newest first (ASVS 7.5.2)."""
    rows = select(StaffSession).where(StaffSession.staff_id == staff.id, *_is_open(now))
    return [
        OpenSession(
            code=row.code,
            device=row.device,
            opened_at=row.opened_at,
            seen_at=row.seen_at,
            is_this=row.token_hash == token_hash(token),
        )
        for row in db.session.scalars(rows.order_by(StaffSession.opened_at.desc(), StaffSession.code))
    ]


def end_session(staff: StaffMember, *, code: str, now: datetime) -> None:
    """End one of one's own sessions. Refuses `NotFound`, also for another person's."""
    mine = (StaffSession.staff_id == staff.id) & (StaffSession.code == code)
    if db.session.execute(delete(StaffSession).where(mine).returning(StaffSession.code)).first() is None:
        raise NotFound()
    audit.record(action="desk.session_end", actor=staff.code, subject=code, now=now)


def end_other_sessions(staff: StaffMember, *, token: str) -> None:
    """End every session of the account but the one of `token`: after a change of password or factor (ASVS 7.4.3)."""
    others = (StaffSession.staff_id == staff.id) & (StaffSession.token_hash != token_hash(token))
    db.session.execute(delete(StaffSession).where(others))


def end_sessions_of(login: str, *, now: datetime) -> None:
    """End every session of an account, at once; the operator's way (ASVS 7.4.5). Refuses `NotFound`."""
    row = db.session.scalars(select(Staff).where(Staff.login == normal_login(login))).first()
    if row is None:
        raise NotFound()
    db.session.execute(delete(StaffSession).where(StaffSession.staff_id == row.id))
    audit.record(action="staff.sessions_end", actor=OPERATOR, subject=row.code, now=now)


def change_password(staff: StaffMember, *, password_hash: str, token: str, now: datetime) -> None:
    """Change one's own password and end every other session. The caller has checked the old one and hashed the new."""
    changing = update(Staff).where(Staff.id == staff.id).values(password_hash=password_hash)
    db.session.execute(changing)
    end_other_sessions(staff, token=token)
    audit.record(action="staff.password", actor=staff.code, subject=staff.code, now=now)


def password_hash_of(staff: StaffMember) -> str | None:
    """Return the hash of an account's password, None when it is disabled."""
    return db.session.scalar(select(Staff.password_hash).where(Staff.id == staff.id, Staff.disabled_at.is_(None)))


def _is_open(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return StaffSession.opened_at > now - AT_WORK_MAX, StaffSession.seen_at > now - IDLE_MAX


def see_staff(token: str, *, now: datetime) -> None:
    """Note that the session is in use, so that its thirty idle minutes begin anew."""
    of_token = StaffSession.token_hash == token_hash(token)
    db.session.execute(update(StaffSession).where(of_token, StaffSession.seen_at < now).values(seen_at=now))


def member(row: Staff) -> StaffMember:
    """Return a row of `staff` as the domain knows it, without the password."""
    names = StaffMember.__dataclass_fields__
    return StaffMember(**{name: getattr(row, name) for name in names})


def _check_role(role: str, region_code: str) -> None:
    is_code = region_code.isascii() and region_code.isdigit()
    if role not in ROLES or not is_code or len(region_code) not in REGION_LENGTHS.values():
        raise RoleInvalid(field="role")
    if role == "auditor":
        return
    is_right = region_code == NATION if role == "national" else len(region_code) == REGION_LENGTHS[role]
    if not is_right or (role == "province" and region_code == NATION):
        raise RoleInvalid(field="region_code")


def login_of(staff: StaffMember) -> str:
    """Return the login of an account, as it is kept."""
    return str(db.session.scalar(select(Staff.login).where(Staff.id == staff.id)))
