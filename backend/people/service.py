"""People begin as a device session: an opaque token, made at the first gift or sign-up, stored hashed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from backend.core.db import db
from backend.core.ids import new_code, new_token, token_hash
from backend.people import models

DEVICE_SESSION_ENDS_AFTER = timedelta(days=400)
"""As long as a browser keeps a cookie: a device session opens only a person's own gifts and hours, and until an
account joins it there is no other way back to them."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who gives, shares or serves: `id` for rows, `code` for interfaces."""

    id: int
    code: str


def open_device_session(*, now: datetime) -> tuple[str, Person]:
    """Make a person and the session of the phone at hand; return its token, which is kept nowhere else."""
    token = new_token()
    row = models.Person(code=new_code(), created_at=now)
    db.session.add(row)
    db.session.flush()  # The session row needs the person's id.
    ends_at = now + DEVICE_SESSION_ENDS_AFTER
    session = models.DeviceSession(token_hash=token_hash(token), person_id=row.id, opened_at=now, ends_at=ends_at)
    db.session.add(session)
    return token, Person(id=row.id, code=row.code)


def find_session(token: str, *, now: datetime) -> Person | None:
    """Return the person whose phone holds `token`, or None when it is unknown, forgotten or too old."""
    of_token = models.DeviceSession.token_hash == token_hash(token)
    statement = select(models.Person.id, models.Person.code).join(
        models.DeviceSession, models.DeviceSession.person_id == models.Person.id
    )
    row = db.session.execute(statement.where(of_token, models.DeviceSession.ends_at > now)).first()
    return None if row is None else Person(id=row.id, code=row.code)


def forget_session(token: str) -> None:
    """Forget this phone: its token opens nothing any more. Gifts and hours stay as they are."""
    db.session.execute(delete(models.DeviceSession).where(models.DeviceSession.token_hash == token_hash(token)))


def forget_ended_sessions(*, now: datetime) -> int:
    """Delete device sessions that have ended, at most a thousand; return how many. For the scheduler."""
    over = select(models.DeviceSession.token_hash).where(models.DeviceSession.ends_at <= now).limit(1000)
    hashes = list(db.session.scalars(over))
    db.session.execute(delete(models.DeviceSession).where(models.DeviceSession.token_hash.in_(hashes)))
    return len(hashes)
