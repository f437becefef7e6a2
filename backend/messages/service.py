"""Telling a person something, and noting that it was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from backend.core.db import db, insert_once
from backend.core.errors import NotFound
from backend.core.ids import new_code
from backend.messages.models import InboxMessage
from backend.outbox.models import OutboxItem
from backend.people.humans import same_human
from backend.wechat.subscribe import KIND as REMINDER

TITLE_CHARS_MAX, TEXT_CHARS_MAX, LINK_CHARS_MAX, KEY_CHARS_MAX = 60, 500, 255, 100


@dataclass(frozen=True, kw_only=True)
class Telling:
    """One message to be told; `tell` says what each part is."""

    person_id: int
    kind: str
    key: str
    title: str
    text: str
    link: str | None = None


def tell(*, person_id: int, kind: str, key: str, title: str, text: str, link: str | None = None, now: datetime) -> bool:
    """Write one message into a person's inbox, in the present transaction; say whether it is new.

    `kind` and `key` name the event (`gift.received` and the order's number): whoever tells of the same event again
    writes nothing, also in the same instant (bug 20), and the first wording stays. `link` is an address of ours that
    begins with `/`. Title (60 characters), text (500) and link hold no name, nickname or message of anybody (law 12).
    Raises ValueError for one that breaks these limits: that is a mistake of the caller, not of a person.
    """
    return tell_all([Telling(person_id=person_id, kind=kind, key=key, title=title, text=text, link=link)], now=now) == 1


def tell_all(tellings: Sequence[Telling], *, now: datetime) -> int:
    """Write several messages at once, as `tell` does each; return how many are new."""
    for telling in tellings:
        _check(telling)
    if not tellings:
        return 0
    rows = [{**vars(telling), "code": new_code(), "told_at": now} for telling in tellings]
    statement = insert_once(InboxMessage).values(rows).on_conflict_do_nothing()
    return len(db.session.scalars(statement.returning(InboxMessage.id)).all())


def mark_read(*, person_id: int, up_to: str, now: datetime) -> int:
    """Note that a person read his messages up to the one with this code; return how many were new to him.

    Refuses `NotFound` for a message that is not his: what came after it stays unread.
    """
    mine = InboxMessage.person_id.in_(same_human(person_id))
    last = db.session.scalar(select(InboxMessage.id).where(mine, InboxMessage.code == up_to))
    if last is None:
        raise NotFound()
    reading = update(InboxMessage).where(mine, InboxMessage.read_at.is_(None), InboxMessage.id <= last)
    told = reading.values(read_at=now).returning(InboxMessage.id)
    return len(db.session.scalars(told.execution_options(synchronize_session=False)).all())


def forget_messages(person_ids: Iterable[int]) -> None:
    """Delete everything that these persons were told, and the reminders of it that were owed or sent."""
    mine = InboxMessage.person_id.in_(sorted(set(person_ids)))
    reminders = (OutboxItem.kind == REMINDER) & OutboxItem.key.in_(select(InboxMessage.code).where(mine))
    db.session.execute(delete(OutboxItem).where(reminders).execution_options(synchronize_session=False))
    db.session.execute(delete(InboxMessage).where(mine))


def _check(told: Telling) -> None:
    limits = ((told.key, KEY_CHARS_MAX), (told.title, TITLE_CHARS_MAX), (told.text, TEXT_CHARS_MAX))
    if any(not 0 < len(words) <= limit for words, limit in limits):
        raise ValueError(f"a message has a key, a title and a text within their limits: {told.key!r}, {told.title!r}")
    link = told.link
    if link is not None and (not link.startswith("/") or link.startswith("//") or len(link) > LINK_CHARS_MAX):
        raise ValueError(f"a message leads to a page of ours: {link!r}")
