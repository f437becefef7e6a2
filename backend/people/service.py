"""People begin as a device session: an opaque token, made at the first gift or sign-up, stored hashed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from backend.core.db import db
from backend.core.ids import new_code, new_token, token_hash
from backend.people import models
from backend.people.humans import head_id, same_human

DEVICE_SESSION_ENDS_AFTER = timedelta(days=400)
"""As long as a browser keeps a cookie: a device session opens only a person's own gifts and hours, and until an
account joins it there is no other way back to them."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who gives, shares or serves: `id` for rows, `code` for interfaces."""

    id: int
    code: str


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A phone that opens what is a person's, as he sees it in his list."""

    opened_at: datetime
    ends_at: datetime
    is_here: bool


def make_person(*, now: datetime) -> Person:
    """Make a person, about whom nothing is known yet."""
    row = models.Person(code=new_code(), created_at=now)
    db.session.add(row)
    db.session.flush()  # What comes next needs the person's id.
    return Person(id=row.id, code=row.code)


def open_device_session(*, now: datetime) -> tuple[str, Person]:
    """Make a person and the session of the phone at hand; return its token, which is kept nowhere else."""
    person = make_person(now=now)
    return open_session(person.id, ends_at=now + DEVICE_SESSION_ENDS_AFTER, now=now), person


def open_session(
    person_id: int,
    *,
    ends_at: datetime,
    now: datetime,
    account_id: int | None = None,
    logged_in_at: datetime | None = None,
) -> str:
    """Open a session of a person on the phone at hand; return its token, which is kept nowhere else."""
    token = new_token()
    session = models.DeviceSession(
        token_hash=token_hash(token),
        person_id=person_id,
        opened_at=now,
        ends_at=ends_at,
        account_id=account_id,
        logged_in_at=logged_in_at,
    )
    db.session.add(session)
    return token


def find_session(token: str, *, now: datetime) -> Person | None:
    """Return the person whose phone holds `token`, or None when it is unknown, forgotten or too old.

    For one who was joined to an older one that is the older one: he stands for both (ADR-0017).
    """
    of_token = models.DeviceSession.token_hash == token_hash(token)
    statement = select(models.Person.id, models.Person.code).join(
        models.DeviceSession, models.Person.id == head_id(models.DeviceSession.person_id)
    )
    row = db.session.execute(statement.where(of_token, models.DeviceSession.ends_at > now)).first()
    return None if row is None else Person(id=row.id, code=row.code)


def forget_other_sessions(token: str, *, person_id: int) -> int:
    """Log every other phone of a person out, guests' phones among them; return how many (ASVS 7.4.3, 7.5.2)."""
    mine = models.DeviceSession.person_id.in_(same_human(person_id))
    here = models.DeviceSession.token_hash == token_hash(token)
    gone = delete(models.DeviceSession).where(mine, ~here).returning(models.DeviceSession.token_hash)
    return len(db.session.scalars(gone.execution_options(synchronize_session=False)).all())


def keep_as_guest(token: str, *, now: datetime) -> None:
    """Keep this phone as a guest's: its person has no other way back any more."""
    mine = models.DeviceSession.token_hash == token_hash(token)
    kept = update(models.DeviceSession).where(mine).values(ends_at=now + DEVICE_SESSION_ENDS_AFTER)
    db.session.execute(kept)


def phones_of(person_id: int, *, token: str, now: datetime) -> list[Phone]:
    """Return the phones that open what is this person's, the newest first."""
    mine = models.DeviceSession.person_id.in_(same_human(person_id)) & (models.DeviceSession.ends_at > now)
    rows = db.session.scalars(select(models.DeviceSession).where(mine).order_by(models.DeviceSession.opened_at.desc()))
    here = token_hash(token)
    return [Phone(opened_at=row.opened_at, ends_at=row.ends_at, is_here=row.token_hash == here) for row in rows]


def forget_session(token: str) -> None:
    """Forget this phone: its token opens nothing any more. Gifts and hours stay as they are."""
    db.session.execute(delete(models.DeviceSession).where(models.DeviceSession.token_hash == token_hash(token)))


def forget_ended_sessions(*, now: datetime) -> int:
    """Delete device sessions that have ended, at most a thousand; return how many. For the scheduler."""
    over = select(models.DeviceSession.token_hash).where(models.DeviceSession.ends_at <= now).limit(1000)
    hashes = list(db.session.scalars(over))
    db.session.execute(delete(models.DeviceSession).where(models.DeviceSession.token_hash.in_(hashes)))
    return len(hashes)
