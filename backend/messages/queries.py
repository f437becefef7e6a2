"""Reading an inbox: newest first, and how many are unread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from backend.core.db import db
from backend.messages.models import InboxMessage
from backend.people.humans import same_human


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as its reader sees it; `link` is an address of ours, or None."""

    id: int
    code: str
    kind: str
    title: str
    text: str
    link: str | None
    told_at: datetime
    read_at: datetime | None


def messages_of(person_id: int, *, before_id: int | None, limit: int) -> list[Message]:
    """Return a person's messages, newest first; those before the message `before_id`, or from the newest on."""
    statement = select(InboxMessage).where(InboxMessage.person_id.in_(same_human(person_id)))
    if before_id is not None:
        statement = statement.where(InboxMessage.id < before_id)
    rows = db.session.scalars(statement.order_by(InboxMessage.id.desc()).limit(limit))
    names = Message.__dataclass_fields__
    return [Message(**{name: getattr(row, name) for name in names}) for row in rows]


def unread_count(person_id: int) -> int:
    """Return how many messages a person has not read."""
    unread = InboxMessage.person_id.in_(same_human(person_id)) & InboxMessage.read_at.is_(None)
    return db.session.scalar(select(func.count()).select_from(InboxMessage).where(unread)) or 0
