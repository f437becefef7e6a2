"""Messages owed to the outside: written with what causes them, sent with no transaction open (law 13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import insert, select, update

from backend.core.db import db, write_with_retries
from backend.payments.models import OutboxItem

# The pauses after each attempt, like those of a real provider; the last one repeats until the day is over.
PAUSES_SECONDS = (1, 5, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600)
GIVE_UP_AFTER = timedelta(hours=24)
LEASE = timedelta(seconds=60)
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message in the hand of one worker."""

    id: int
    kind: str
    subject: str
    body: str
    created_at: datetime
    attempts: int


class Send(Protocol):
    """Sends one message over the network and says whether it arrived; it never raises for a network that is down."""

    def __call__(self, message: Message, *, now: datetime) -> bool:
        """Send `message`, signed as of `now`."""
        ...


def put(*, kind: str, subject: str, body: str, now: datetime) -> None:
    """Owe one message, in the transaction of what causes it."""
    row = insert(OutboxItem).values(kind=kind, subject=subject, body=body, created_at=now, attempts=0, next_at=now)
    db.session.execute(row)


def deliver_due(*, senders: Mapping[str, Send], now: datetime, limit: int = 20) -> int:
    """Send the messages that are due; return how many arrived. For the worker; opens its own short transactions.

    Claiming a message moves its next attempt beyond a lease, so that a second worker leaves it alone and a dead one
    delays it by a minute. A message that cannot be delivered within 24 hours is given up and stays on record.
    """
    arrived = 0
    for message in write_with_retries(lambda: _claim(now=now, limit=limit)):
        delivered = senders[message.kind](message, now=now)
        arrived += delivered
        write_with_retries(lambda: _note(message, delivered=delivered, now=now))  # noqa: B023 - called at once.
    return arrived


def has_due(*, now: datetime) -> bool:
    """Say whether a message is due."""
    return db.session.scalar(select(OutboxItem.id).where(OutboxItem.next_at <= now).limit(1)) is not None


def next_attempt(*, created_at: datetime, attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after `attempts` in vain, or None when the day is over."""
    pause = PAUSES_SECONDS[min(attempts, len(PAUSES_SECONDS)) - 1]
    at = now + timedelta(seconds=pause)
    return at if at - created_at <= GIVE_UP_AFTER else None


def _claim(*, now: datetime, limit: int) -> list[Message]:
    due = select(OutboxItem).where(OutboxItem.next_at <= now).order_by(OutboxItem.next_at).limit(limit)
    claimed = []
    for item in db.session.scalars(due.execution_options(populate_existing=True)).all():
        mine = (OutboxItem.id == item.id) & (OutboxItem.next_at == item.next_at)
        taking = update(OutboxItem).where(mine).values(next_at=now + LEASE, attempts=OutboxItem.attempts + 1)
        taken = db.session.execute(
            taking.returning(OutboxItem.attempts).execution_options(synchronize_session=False)
        ).scalar()
        if taken is not None:
            claimed.append(_message(item, attempts=taken))
    return claimed


def _message(item: OutboxItem, *, attempts: int) -> Message:
    return Message(
        id=item.id,
        kind=item.kind,
        subject=item.subject,
        body=item.body,
        created_at=item.created_at,
        attempts=attempts,
    )


def _note(message: Message, *, delivered: bool, now: datetime) -> None:
    values: dict[str, object] = {"next_at": None, "delivered_at": now}
    if not delivered:
        values = {"next_at": next_attempt(created_at=message.created_at, attempts=message.attempts, now=now)}
        if values["next_at"] is None:
            log.warning("outbox_gave_up", kind=message.kind, subject=message.subject, attempts=message.attempts)
    db.session.execute(
        update(OutboxItem)
        .where(OutboxItem.id == message.id)
        .values(values)
        .execution_options(synchronize_session=False)
    )
