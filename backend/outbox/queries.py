"""Reading what is owed: the messages that nobody took, for the desk, and how many of each kind there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from backend.core.db import db
from backend.outbox.models import DEAD, OWED, OutboxItem


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message that nobody took: what it is about, never what it says."""

    id: int
    code: str
    kind: str
    subject: str
    owed_since: datetime
    tried_at: datetime | None
    ended_at: datetime
    attempts: int
    last_error: str | None


def dead_letters(*, before_id: int | None, limit: int) -> list[DeadLetter]:
    """Return the messages that a person has to look at, newest first."""
    statement = select(OutboxItem).where(OutboxItem.state == DEAD)
    if before_id is not None:
        statement = statement.where(OutboxItem.id < before_id)
    statement = statement.order_by(OutboxItem.id.desc()).limit(limit).execution_options(populate_existing=True)
    names = tuple(DeadLetter.__dataclass_fields__)
    return [DeadLetter(**{name: getattr(row, name) for name in names}) for row in db.session.scalars(statement)]


def waiting_by_kind() -> dict[tuple[str, str], int]:
    """Count, by kind and state, what is owed and what is dead."""
    counted = select(OutboxItem.kind, OutboxItem.state, func.count()).where(OutboxItem.state.in_((OWED, DEAD)))
    return {(row[0], row[1]): row[2] for row in db.session.execute(counted.group_by(OutboxItem.kind, OutboxItem.state))}


def oldest_owed_since() -> datetime | None:
    """Return since when the message that has waited longest is owed; None when nothing is."""
    owed: datetime | None = db.session.scalar(select(func.min(OutboxItem.owed_since)).where(OutboxItem.state == OWED))
    return owed
