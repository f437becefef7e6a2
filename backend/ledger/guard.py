"""Whether the books may be written: once they do not add up, nothing is posted until they do again (P3).

The database itself refuses a transfer while the books are stopped (a trigger of the migration that made the table).
Money that comes meanwhile is not lost: the word of its provider waits in the inbox and is settled afterwards (law 7).
Money that would go meanwhile stays: a refund that was approved is sent once the books are open again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from backend.core.db import db
from backend.core.errors import BooksStopped
from backend.ledger.models import BooksGuard

REASON_CHARS = 200


@dataclass(frozen=True, kw_only=True)
class BooksState:
    """Since when nothing is posted and why, None while the books are open; and when they were last found right."""

    stopped_at: datetime | None
    reason: str | None
    checked_at: datetime | None


def state() -> BooksState:
    """Return whether the books are stopped."""
    row = db.session.execute(select(BooksGuard.stopped_at, BooksGuard.reason, BooksGuard.checked_at)).one()
    return BooksState(stopped_at=row.stopped_at, reason=row.reason, checked_at=row.checked_at)


def are_stopped() -> bool:
    """Say whether the books are stopped."""
    return state().stopped_at is not None


def refuse_when_stopped() -> None:
    """Refuse `BooksStopped` while the books are stopped."""
    if are_stopped():
        raise BooksStopped()


def note_check(findings: Sequence[str], *, now: datetime) -> bool:
    """Note what a check of the books found: nothing, or why they stop; True when they stop by this very word.

    The first reason stands until an operator opens them again; a later check without a finding opens nothing.
    """
    if not findings:
        db.session.execute(update(BooksGuard).values(checked_at=now))
        return False
    reason = findings[0] if len(findings) == 1 else f"{findings[0]} 等 {len(findings)} 处"
    stopping = update(BooksGuard).where(BooksGuard.stopped_at.is_(None)).returning(BooksGuard.id)
    told = {"stopped_at": now, "reason": reason[:REASON_CHARS]}
    return db.session.execute(stopping.values(**told)).first() is not None


def open_again(*, now: datetime) -> BooksState:
    """Let the books be written again; return the state before. Whoever calls this has checked them."""
    before = state()
    db.session.execute(update(BooksGuard).values(stopped_at=None, reason=None, checked_at=now))
    return before
