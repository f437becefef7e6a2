"""Sending what is owed, kind by kind: claimed in a short transaction, sent with none open, then noted (law 13)."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select, update

from backend.core.db import db, write_with_retries
from backend.core.failpoints import failpoint
from backend.outbox.models import DEAD, DELIVERED, DROPPED, OWED, OutboxItem
from backend.outbox.rules import LEASE, as_code, next_attempt
from backend.outbox.sending import Message, Outcome, Sender

log = structlog.get_logger()
Chance = Callable[[], float]


def deliver_due(*, kind: str, sender: Sender, now: datetime, limit: int = 5, chance: Chance = random.random) -> int:
    """Send the messages of one kind that are due, one after another; return how many were tried.

    For the worker. Claiming a message moves its next attempt beyond a lease, so that a second worker leaves it alone
    and a dead one delays it by a minute. What nobody takes in time is dead, and stays on record for a person.
    """
    for tried in range(limit):
        message = write_with_retries(lambda: None if sender.is_held() else _claim(kind, now=now))
        if message is None:
            return tried
        failpoint("outbox_claimed")
        outcome = _sent(message, sender, now=now)
        failpoint("outbox_sent")
        write_with_retries(lambda: _note(message, outcome, sender, now=now, chance=chance()))  # noqa: B023 - called at once.
        failpoint("outbox_noted")
    return limit


def has_due(*, kind: str, now: datetime) -> bool:
    """Say whether a message of this kind is due."""
    return db.session.scalar(select(OutboxItem.id).where(_due(kind, now)).limit(1)) is not None


def _due(kind: str, now: datetime):  # type: ignore[no-untyped-def]  # a SQL expression
    return (OutboxItem.kind == kind) & (OutboxItem.next_at <= now)


def _claim(kind: str, *, now: datetime) -> Message | None:
    """Take the message that has waited longest; another worker may be quicker, then the next one."""
    due = select(OutboxItem).where(_due(kind, now)).order_by(OutboxItem.next_at).limit(5)
    for item in db.session.scalars(due.execution_options(populate_existing=True)).all():
        mine = (OutboxItem.id == item.id) & (OutboxItem.next_at == item.next_at)
        leased = {"next_at": now + LEASE, "tried_at": now, "attempts": OutboxItem.attempts + 1}
        taking = update(OutboxItem).where(mine).values(leased).returning(OutboxItem.attempts)
        taken = db.session.execute(taking.execution_options(synchronize_session=False)).scalar()
        if taken is not None:
            return _message(item, attempts=taken)
    return None


def _message(item: OutboxItem, *, attempts: int) -> Message:
    return Message(
        id=item.id,
        kind=item.kind,
        subject=item.subject,
        key=item.key,
        body=item.body,
        created_at=item.created_at,
        owed_since=item.owed_since,
        attempts=attempts,
    )


def _sent(message: Message, sender: Sender, *, now: datetime) -> Outcome:
    """Send; a sender that breaks is a fault of this one message, and the others of its kind go on."""
    try:
        return sender.send(message, now=now)
    except Exception as error:
        log.error("outbox_sender_broke", kind=message.kind, subject=message.subject, exc_info=error)
        return Outcome("again", type(error).__name__)


def _note(message: Message, outcome: Outcome, sender: Sender, *, now: datetime, chance: float) -> None:
    at = None
    if outcome.state == "again":
        at = next_attempt(
            owed_since=message.owed_since,
            attempts=message.attempts,
            now=now,
            chance=chance,
            give_up_after=sender.give_up_after,
        )
    state = _state_after(outcome, at, best_effort=sender.best_effort)
    if state in (DEAD, DROPPED):
        told = {"kind": message.kind, "subject": message.subject, "attempts": message.attempts, "code": outcome.code}
        log.warning("outbox_gave_up", state=state, **told)
    values = {"state": state, "next_at": at, "last_error": as_code(outcome.code)}
    mine = (OutboxItem.id == message.id) & (OutboxItem.state == OWED)
    noting = update(OutboxItem).where(mine).values(**values, ended_at=None if state == OWED else now)
    db.session.execute(noting.execution_options(synchronize_session=False))


def _state_after(outcome: Outcome, at: datetime | None, *, best_effort: bool) -> str:
    if outcome.state == "delivered":
        return DELIVERED
    if at is not None:
        return OWED
    return DROPPED if best_effort or outcome.state == "dropped" else DEAD
