"""What a giver is told when his gift arrived and its receipt is there: once for each gift (bug 20)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from backend.core.db import db
from backend.donations.models import Gift
from backend.donations.wording import yuan
from backend.ledger.models import Transfer
from backend.ledger.reasons import GIFT as GIVEN
from backend.messages.service import Telling, tell_all
from backend.payments.models import PaymentOrder
from backend.projects.models import Project

RECEIVED = "gift.received"


def tell_givers(gift_ids: Sequence[int], *, now: datetime) -> int:
    """Tell the givers of these gifts that the money came; return how many were told for the first time.

    In the transaction that issues the receipts, so that who reads it finds the receipt. A gift whose project took
    no more when it came is told of where it is redirected, not here.
    """
    statement = (
        select(Gift.code, Gift.person_id, PaymentOrder.out_trade_no, Transfer.amount_fen, Project.title)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Transfer, Transfer.reference == PaymentOrder.out_trade_no)
        .join(Project, Project.code == PaymentOrder.purse)
        .where(Gift.id.in_(gift_ids), Transfer.reason == GIVEN)
        .order_by(Gift.id)
    )
    return tell_all([_received(*row) for row in db.session.execute(statement)], now=now)


def _received(gift: str, person_id: int, out_trade_no: str, amount_fen: int, title: str) -> Telling:
    text = f"您捐给“{title}”的 {yuan(amount_fen)} 元已到账。收据和这笔钱的去向，可以在捐赠页面查看。"
    link = f"/gift?code={gift}"
    return Telling(person_id=person_id, kind=RECEIVED, key=out_trade_no, title="捐赠已到账", text=text, link=link)
