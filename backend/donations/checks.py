"""What `verify` asks of gifts and receipts: each paid order a gift, each gift a receipt, numbers in ledger order."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select

from backend.core.db import db
from backend.donations.models import Gift, Receipt, ReceiptState
from backend.ledger.models import OrderedTransfer, Transfer
from backend.payments.models import PAID, PaymentOrder

SHOWN = 20


def check_receipts() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind; an empty list is clean."""
    checks: tuple[Callable[[], list[str]], ...] = (
        _each_paid_order_has_its_gift,
        _numbers_are_gap_free,
        _numbers_follow_the_ledger,
        _each_gift_has_one,
        _each_is_of_its_gift,
    )
    return [finding for check in checks for finding in check()]


def _each_paid_order_has_its_gift() -> list[str]:
    given = (Gift.order_id == PaymentOrder.id) & (Gift.person_id == PaymentOrder.payer_id)
    lost = select(PaymentOrder.out_trade_no).outerjoin(Gift, given)
    lost = lost.where(PaymentOrder.state == PAID, Gift.id.is_(None)).limit(SHOWN)
    return [f"已支付的订单 {number} 没有同一个人的捐赠" for number in db.session.scalars(lost)]


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


def _each_is_of_its_gift() -> list[str]:
    wrong = (
        select(Receipt.number)
        .join(Gift, Gift.id == Receipt.gift_id)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Transfer, Transfer.id == Receipt.transfer_id)
        .where(Transfer.reference != PaymentOrder.out_trade_no)
        .limit(SHOWN)
    )
    return [f"收据 {number} 与捐赠的转账不符" for number in db.session.scalars(wrong)]
