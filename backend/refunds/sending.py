"""Sending approved refunds, and asking what became of them, always under the same number (bug 9)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select, update

from backend.core.db import db, write_with_retries
from backend.core.failpoints import failpoint
from backend.donations.models import Gift
from backend.ledger import guard
from backend.outbox.sending import DELIVERED, Message, Outcome
from backend.payments.models import PaymentOrder
from backend.payments.providers import Refunding, RefundTold, RefundToMake
from backend.refunds import rules
from backend.refunds.hearing import SHORT_OF_MONEY, hear
from backend.refunds.models import Refund
from backend.refunds.repair_models import RefundRepair


@dataclass(frozen=True, kw_only=True)
class RefundSender:
    """Sends what the outbox owes to a provider. The body is that of the approval, byte for byte, at every attempt."""

    provider: Refunding
    name: str

    def __call__(self, message: Message, *, now: datetime) -> Outcome:
        """Send one refund; delivered once the provider's own word about it came, whatever that word is."""
        told = _send(self.provider, message.body, name=self.name, now=now)
        hear(told, now=now)
        if told.state in ("unknown", "absent") or told.code == SHORT_OF_MONEY:
            return Outcome("again", told.code or told.state)
        return DELIVERED


def has_due(*, now: datetime) -> bool:
    """Say whether a refund is due to be asked about; none while the books are stopped: its end could not be posted."""
    if guard.are_stopped():
        return False
    return db.session.scalar(select(Refund.id).where(Refund.next_ask_at <= now).limit(1)) is not None


def ask_due(*, provider: Refunding, name: str, now: datetime, limit: int = 20) -> int:
    """Ask about the refunds that are due and act upon the answers; return how many were asked about.

    For the worker; opens its own short transactions and asks with none open. One of which the provider never heard
    is sent to it again as it was: the first sending was lost, and two of the same number are one. One that it has
    given a number of its own is not: that it now knows nothing of it is no word to act upon. While the books are
    stopped nobody is asked and nothing is sent.
    """
    due = write_with_retries(lambda: [] if guard.are_stopped() else _claim(provider=name, now=now, limit=limit))
    for refund_no, body, may_be_sent in due:
        failpoint("refund_question_claimed")
        told = provider.query_refund(refund_no, now=now)
        failpoint("refund_question_answered")
        if told.state == "absent" and may_be_sent:
            told = _send(provider, body, name=name, now=now)
        hear(_named(told, name), now=now)
    return len(due)


def _send(provider: Refunding, body: str, *, name: str, now: datetime) -> RefundTold:
    failpoint("refund_before_call")
    told = provider.refund(RefundToMake(**json.loads(body)), now=now)
    failpoint("refund_after_call")
    return _named(told, name)


def _named(told: RefundTold, name: str) -> RefundTold:
    return told if told.provider else replace(told, provider=name)


def _claim(*, provider: str, now: datetime, limit: int) -> list[tuple[str, str, bool]]:
    """Take the due questions by moving each to its next time, so that a second worker leaves them alone.

    Return of each its number, its body, and whether it may be sent again where the provider never heard of it.
    One that was sent to another card is asked about often again from then on.
    """
    taken_at = select(func.max(RefundRepair.taken_at)).where(RefundRepair.refund_id == Refund.id).scalar_subquery()
    since = func.coalesce(taken_at, Refund.approved_at, type_=Refund.approved_at.type).label("since")
    due = (
        select(Refund.id, Refund.next_ask_at, since, Refund.refund_no, Refund.body, Refund.provider_refund_no)
        .join(Gift, Gift.id == Refund.gift_id)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .where(Refund.next_ask_at <= now, PaymentOrder.provider == provider)
        .order_by(Refund.next_ask_at)
        .limit(limit)
    )
    taken = []
    for row in db.session.execute(due).all():
        mine = (Refund.id == row.id) & (Refund.next_ask_at == row.next_ask_at)
        later = rules.next_ask(approved_at=row.since, now=now)
        taking = update(Refund).where(mine).values(next_ask_at=later).returning(Refund.id)
        if db.session.execute(taking.execution_options(synchronize_session=False)).first() is not None:
            taken.append((row.refund_no, row.body, row.provider_refund_no is None))
    return taken
