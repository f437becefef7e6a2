"""Logging in as staff: counted before it is checked, so that no crowd of guesses slips through (ASVS 6.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from backend.core import audit
from backend.core.db import db, insert_or_hold
from backend.core.errors import Refusal
from backend.core.ids import token_hash
from backend.people.models import LoginFailure, Staff
from backend.people.rights import StaffMember
from backend.people.staff import OPERATOR, member, normal_login

FREE_FAILURES = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


class LoginFailed(Refusal):
    """Login or password is wrong; which of the two is not said."""

    status = 401
    code = "LOGIN_FAILED"
    detail = "账号或密码不正确。"


class LoginLocked(Refusal):
    """Too many failures in a row: this login waits, longer each time, also when the password is right."""

    status = 429
    code = "LOGIN_LOCKED"
    detail = "多次输入有误，请稍后再试。"


class CodeNeeded(Refusal):
    """The password is right; this account also has a second factor, and its code is wanted with it."""

    status = 401
    code = "CODE_NEEDED"
    detail = "请输入验证器上的 6 位动态口令。"


class CodeWrong(Refusal):
    """The code is wrong, too old or used already. It counts as a failure, like a wrong password (ASVS 6.3.1)."""

    status = 401
    code = "CODE_WRONG"
    detail = "动态口令不正确或已经用过，请等下一个口令再试。"


@dataclass(frozen=True, kw_only=True)
class LoginAttempt:
    """An attempt that has been counted; `staff` and `password_hash` are None for a login that does not exist."""

    login_hash: str
    staff: StaffMember | None
    password_hash: str | None


def begin_attempt(*, login: str, now: datetime, takes_demo: bool = True) -> LoginAttempt:
    """Count an attempt as failed until it succeeds. Runs in a short transaction of its own. Refuses `LoginLocked`.

    After five failures in a row a login waits 30 seconds, then twice as long each time, up to 15 minutes; a day
    without failures forgets them. Where `takes_demo` is False, the published accounts of the demo do not exist.
    """
    login = normal_login(login)
    row = _locked_row(token_hash(login), now=now)
    if row.locked_until is not None and now < row.locked_until:
        wait = int((row.locked_until - now).total_seconds()) + 1
        raise LoginLocked(wait_seconds=wait)
    if row.failed_at < now - FORGOTTEN_AFTER:
        row.failures = 0
    row.failures += 1
    row.failed_at = now
    row.locked_until = now + wait_after(row.failures) if row.failures >= FREE_FAILURES else None
    found = db.session.scalars(select(Staff).where(Staff.login == login, Staff.disabled_at.is_(None))).first()
    if found is None or (found.is_demo and not takes_demo):
        return LoginAttempt(login_hash=row.login_hash, staff=None, password_hash=None)
    return LoginAttempt(login_hash=row.login_hash, staff=member(found), password_hash=found.password_hash)


def wait_after(failures: int) -> timedelta:
    """Return how long a login waits after so many failures in a row."""
    doublings = min(failures - FREE_FAILURES, 10)
    return min(FIRST_WAIT * int(2**doublings), LONGEST_WAIT)


def forget_failures(attempt: LoginAttempt) -> None:
    """Forget the failures of a login that has now succeeded."""
    db.session.execute(delete(LoginFailure).where(LoginFailure.login_hash == attempt.login_hash))


def take_back(attempt: LoginAttempt) -> None:
    """Take one attempt back that was no failure: the password was right, and only the code is still wanted.

    Only this one: guesses of the code, which go before and after it, stay counted.
    """
    of_login = select(LoginFailure).where(LoginFailure.login_hash == attempt.login_hash).with_for_update()
    row = db.session.scalars(of_login).first()
    if row is not None and row.failures > 0:
        row.failures -= 1
        row.locked_until = None


def record_failure(attempt: LoginAttempt, *, now: datetime) -> None:
    """Write a failed login to the audit log: the account's code, or `unknown`; never what was typed (ASVS 16.3.1)."""
    subject = "unknown" if attempt.staff is None else attempt.staff.code
    audit.record(action="desk.login_failed", actor=OPERATOR, subject=subject, now=now)


def forget_old_failures(*, now: datetime) -> int:
    """Delete failures older than a day, at most a thousand; return how many. For the scheduler."""
    old = select(LoginFailure.login_hash).where(LoginFailure.failed_at < now - FORGOTTEN_AFTER).limit(1000)
    hashes = list(db.session.scalars(old))
    db.session.execute(delete(LoginFailure).where(LoginFailure.login_hash.in_(hashes)))
    return len(hashes)


def _locked_row(login_hash: str, *, now: datetime) -> LoginFailure:
    first = insert_or_hold(LoginFailure, "login_hash", login_hash=login_hash, failures=0, failed_at=now)
    db.session.execute(first)
    return db.session.scalars(select(LoginFailure).where(LoginFailure.login_hash == login_hash)).one()
