"""Receipts: a number for each gift in ledger order, and a secret by which a guest finds the page (慈善法 38)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from backend.core.db import db
from backend.disbursements.service import reallocation_reference
from backend.donations.models import Gift, GiftWords, Receipt, ReceiptState
from backend.donations.queries import GiftUnknown
from backend.donations.wording import receipt_name
from backend.ledger.accounts import purse_of
from backend.ledger.models import OrderedTransfer, Transfer
from backend.ledger.posting import find_transfer
from backend.ledger.reasons import GIFT
from backend.payments.models import PaymentOrder

CODE_CHARS = 10
_PURPOSE = b"happy-home receipt v1\0"


@dataclass(frozen=True, kw_only=True)
class ReceiptRecord:
    """What a receipt states; the organisation stands with the project. `redirected_to` is the purse it has now."""

    number: int
    issued_at: datetime
    received_at: datetime
    donor: str
    amount_fen: int
    project_code: str
    is_redirected: bool
    redirected_to: str | None
    position: int


def issue_receipts(*, limit: int, now: datetime) -> int:
    """Number the gifts at the next `limit` places of the ledger; return how many places were read.

    Runs in a writing transaction, after the order job. Two of them at once are one after the other: both lock the
    single row of `receipt_state`. Numbers have no gap, because number and receipt are written together.
    """
    state = db.session.execute(select(ReceiptState).with_for_update()).scalar_one()
    places = (
        select(OrderedTransfer.position, OrderedTransfer.transfer_id, Gift.id.label("gift_id"))
        .join(Transfer, Transfer.id == OrderedTransfer.transfer_id)
        .outerjoin(PaymentOrder, PaymentOrder.out_trade_no == Transfer.reference)
        .outerjoin(Gift, Gift.order_id == PaymentOrder.id)
        .where(OrderedTransfer.position > state.last_position)
        .order_by(OrderedTransfer.position)
        .limit(limit)
    )
    rows = db.session.execute(places).all()
    gifts = [row for row in rows if row.gift_id is not None]
    issued = [
        {"number": number, "transfer_id": row.transfer_id, "gift_id": row.gift_id, "issued_at": now}
        for number, row in enumerate(gifts, start=state.last_number + 1)
    ]
    if issued:
        db.session.execute(insert(Receipt), issued)
    if rows:
        told = {"last_position": rows[-1].position, "last_number": state.last_number + len(issued)}
        db.session.execute(update(ReceiptState).values(told))
        db.session.expire(state)
    return len(rows)


def has_unread_places() -> bool:
    """Say whether the ledger has places that no receipt was issued for yet."""
    read = select(ReceiptState.last_position).scalar_subquery()
    further = select(OrderedTransfer.position).where(OrderedTransfer.position > read).limit(1)
    return db.session.scalar(further) is not None


def secret_of(gift_code: str, *, secret_key: str) -> str:
    """Return the secret of a gift's receipt link: its code and 132 bits that only this installation can make."""
    seal = hmac.digest(secret_key.encode(), _PURPOSE + gift_code.encode(), hashlib.sha256)
    return gift_code + base64.urlsafe_b64encode(seal).decode("ascii")[:22]


def gift_of_secret(secret: str, *, secret_key: str) -> str:
    """Return the code of the gift that a secret opens. Refuses `GiftUnknown` for one that we did not make."""
    code = secret[:CODE_CHARS]
    if not secret.isascii() or not hmac.compare_digest(secret_of(code, secret_key=secret_key), secret):
        raise GiftUnknown()
    return code


def find_receipt(gift_code: str) -> ReceiptRecord:
    """Return the receipt of a gift. Refuses `GiftUnknown` while none is issued."""
    statement = (
        select(Receipt, Gift, GiftWords, Transfer, OrderedTransfer.position, PaymentOrder)
        .join(Gift, Gift.id == Receipt.gift_id)
        .join(Transfer, Transfer.id == Receipt.transfer_id)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Receipt.transfer_id)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .outerjoin(GiftWords, GiftWords.gift_id == Gift.id)
        .where(Gift.code == gift_code)
    )
    row = db.session.execute(statement).first()
    if row is None:
        raise GiftUnknown("收据还没有开出，请几秒后再试。")
    given = find_transfer(reallocation_reference(row.Transfer.reference))
    return ReceiptRecord(
        number=row.Receipt.number,
        issued_at=row.Receipt.issued_at,
        received_at=row.PaymentOrder.paid_at,
        donor=receipt_name(display=row.Gift.display, name=row.GiftWords.name if row.GiftWords else None),
        amount_fen=row.Transfer.amount_fen,
        project_code=row.PaymentOrder.purse,
        is_redirected=row.Transfer.reason != GIFT,
        redirected_to=None if given is None else purse_of(given.target_account),
        position=row.position,
    )
