"""Sending a confirmed card to the provider: the same sealed bytes at every attempt, wiped once it has them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from backend.core.db import db, read_with_retries, write_with_retries
from backend.core.failpoints import failpoint
from backend.outbox.sending import DELIVERED, Message, Outcome
from backend.payments.providers import RefundToRepair, Repairing, SealedCard
from backend.refunds.hearing import hear
from backend.refunds.models import Refund
from backend.refunds.repair_ends import note_answer
from backend.refunds.repair_models import CONFIRMED, RefundRepair


@dataclass(frozen=True, kw_only=True)
class RepairSender:
    """Sends what the outbox owes; a message names the card, so that nothing of the card itself stays in the outbox."""

    provider: Repairing

    def __call__(self, message: Message, *, now: datetime) -> Outcome:
        """Send one card; delivered once the provider took or refused it, or when nobody wants it sent any more."""
        card = str(json.loads(message.body)["card"])
        repair = read_with_retries(lambda: _to_send(card))
        if repair is None:
            return DELIVERED
        failpoint("repair_before_call")
        told = self.provider.repair_refund(repair, now=now)
        failpoint("repair_after_call")
        if told.state in ("unknown", "absent"):
            return Outcome("again", told.code or told.state)
        write_with_retries(lambda: note_answer(card, told, now=now))
        failpoint("repair_answer_kept")
        if told.state != "refused":  # That card is refused, not the refund: it stays abnormal.
            hear(told, now=now)
        return DELIVERED


def _to_send(card: str) -> RefundToRepair | None:
    """Return a card as it was sealed; None when it is not confirmed any more."""
    mine = (RefundRepair.code == card) & (RefundRepair.state == CONFIRMED)
    statement = select(RefundRepair, Refund).join(Refund, Refund.id == RefundRepair.refund_id).where(mine)
    row = db.session.execute(statement.execution_options(populate_existing=True)).first()
    if row is None:
        return None
    repair, refund = row
    return RefundToRepair(
        refund_no=str(refund.refund_no),
        provider_refund_no=str(refund.provider_refund_no),
        bank_type=repair.bank_type,
        card=SealedCard(
            key_serial=repair.key_serial,
            bank_account=str(repair.sealed_account),
            real_name=str(repair.sealed_name),
        ),
    )
