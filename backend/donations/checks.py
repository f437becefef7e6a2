"""What `verify` asks of receipts: numbers without a gap, in the order of the ledger, one for each gift."""

from __future__ import annotations

from sqlalchemy import func, select

from backend.core.db import db
from backend.donations.models import Gift, Receipt, ReceiptState
from backend.ledger.models import OrderedTransfer, Transfer
from backend.payments.models import PaymentOrder

SHOWN = 20


def check_receipts() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind; an empty list is clean."""
    return [*_numbers_are_gap_free(), *_numbers_follow_the_ledger(), *_each_gift_has_one()]


def _numbers_are_gap_free() -> list[str]:
    count, highest = db.session.execute(select(func.count(), func.max(Receipt.number))).one()
    last = db.session.scalar(select(ReceiptState.last_number))
    if count == (highest or 0) == last:
        return []
    return [f"收据编号有缺口：共 {count} 张，最大编号 {highest or 0}，记录的最后编号 {last}"]


def _numbers_follow_the_ledger() -> list[str]:
    before = func.lag(OrderedTransfer.position).over(order_by=Receipt.number)
    joined = select(Receipt.number, OrderedTransfer.position, before.label("before")).join(
        OrderedTransfer, OrderedTransfer.transfer_id == Receipt.transfer_id
    )
    steps = joined.subquery()
    wrong = select(steps.c.number).where(steps.c.position < steps.c.before).limit(SHOWN)
    return [f"收据 {number} 的编号不按账本顺序" for number in db.session.scalars(wrong)]


def _each_gift_has_one() -> list[str]:
    read = select(ReceiptState.last_position).scalar_subquery()
    missing = (
        select(Gift.code)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Transfer, Transfer.reference == PaymentOrder.out_trade_no)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .outerjoin(Receipt, (Receipt.gift_id == Gift.id) & (Receipt.transfer_id == Transfer.id))
        .where(OrderedTransfer.position <= read, Receipt.number.is_(None))
        .limit(SHOWN)
    )
    return [f"捐赠 {code} 已入账，但没有收据" for code in db.session.scalars(missing)]
