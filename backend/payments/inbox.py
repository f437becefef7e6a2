"""The inbox between the provider's word and the ledger: nothing that was verified is lost (law 7)."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select

from backend.core.db import db, read_with_retries, write_with_retries
from backend.core.errors import DatabaseBusy, Refusal, StorageUnavailable
from backend.core.together import write_together
from backend.payments.models import HeardPayment
from backend.payments.providers import Provider, RefundTold, Told, Unreadable
from backend.payments.settle import keep_for_later, lay_aside, settle, settle_waiting, store_unreadable
from backend.payments.settle_care import WAITING
from backend.payments.shapes import ShapeWrong
from backend.payments.transactions import read_stored

log = structlog.get_logger()


def hear(told: Told, *, now: datetime) -> str:
    """Store a verified word and settle it, in transactions of its own; return the outcome.

    A word about a refund is kept; what became of the refund is asked by its number.
    When posting is refused, the word is stored all the same and settled later. Refuses only when nothing at all
    can be stored (`DatabaseBusy`, `StorageUnavailable`): then the provider, unanswered, tells it again.
    """
    if isinstance(told, RefundTold):
        told = Unreadable(provider=told.provider, notice_id=told.notice_id, body=told.body, is_expected=True)
    if isinstance(told, Unreadable):
        write_with_retries(lambda: store_unreadable(told, now=now))
        return "ignored"
    try:
        return write_together(lambda: settle(told, now=now), order=told.out_trade_no)
    except (DatabaseBusy, StorageUnavailable):
        raise
    except Refusal as refusal:
        reason = refusal.code
        log.warning("payment_waits", order=told.out_trade_no, reason=reason)
    write_with_retries(lambda: keep_for_later(told, reason=reason, now=now))
    return WAITING


def has_waiting() -> bool:
    """Say whether a verified word waits to be settled."""
    return db.session.scalar(select(HeardPayment.id).where(HeardPayment.outcome == WAITING).limit(1)) is not None


def settle_what_waits(*, provider: Provider, now: datetime, limit: int = 50) -> int:
    """Try the words that wait in the inbox, the oldest first; return how many were settled. For the worker.

    Opens its own short transactions, one a word, so that one that still cannot be posted holds nobody up.
    """
    oldest = select(HeardPayment.id, HeardPayment.notice_id, HeardPayment.told_by, HeardPayment.body)
    oldest = oldest.where(HeardPayment.outcome == WAITING).order_by(HeardPayment.id).limit(limit)
    rows = read_with_retries(lambda: db.session.execute(oldest).all())
    settled = 0
    for row in rows:
        try:
            paid = read_stored(row.body, provider=provider.name, notice_id=row.notice_id, told_by=row.told_by)
            write_with_retries(lambda: settle_waiting(paid, heard_id=row.id, now=now))  # noqa: B023 - called at once.
            settled += 1
        except ShapeWrong:
            write_with_retries(lambda: lay_aside(row.id, notice_id=row.notice_id, now=now))  # noqa: B023 - called at once.
        except Refusal as refusal:
            log.warning("payment_still_waits", notice=row.notice_id, reason=refusal.code)
    return settled
