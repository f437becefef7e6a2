"""Everything that stands under one number, as lines for an operator: figures, states and times, nobody's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import or_, select

from backend.core.clock import local_iso
from backend.core.db import db
from backend.disbursements.references import reallocation_reference
from backend.donations.models import Gift
from backend.donations.wording import yuan
from backend.ledger.models import OrderedTransfer, Transfer
from backend.outbox.models import OutboxItem
from backend.payments.models import ExtraPayment, HeardPayment, PaymentAlert, PaymentOrder
from backend.reconciliation.models import BillDifference, ReconciledDay
from backend.refunds.models import HeardRefund, Refund
from backend.refunds.queries import reserved_reference, returned_reference
from backend.refunds.repair_records import RepairRecord, newest_cards


def trace(number: str) -> list[str]:
    """Return what is known under an order's, a payment's, a refund's or a gift's number, one line for each thing.

    Amounts in yuan. Empty when nothing is known. What only a provider knows is not asked for here.
    """
    orders = _orders_of(number)
    extras = list(db.session.scalars(select(ExtraPayment).where(ExtraPayment.order_id.in_([row.id for row in orders]))))
    of_orders = Gift.order_id.in_([row.id for row in orders])
    refunds = list(db.session.scalars(select(Refund).join(Gift, Gift.id == Refund.gift_id).where(of_orders)))
    names = {number, *(row.out_trade_no for row in orders), *(row.transaction_no for row in orders)}
    names |= {name for row in extras for name in (row.reference, row.transaction_no)}
    names |= {row.refund_no for row in refunds}
    known = sorted(name for name in names if name)
    cards = newest_cards(row.code for row in refunds)
    lines = [*map(_order, orders), *(_refund(row, cards.get(row.code)) for row in refunds)]
    looks: tuple[Callable[[list[str]], Iterator[str]], ...] = (_words, _transfers, _differences, _owed, _alerts)
    return lines + [line for look in looks for line in look(known)]


def _orders_of(number: str) -> list[PaymentOrder]:
    gift = select(Gift.order_id).where(Gift.code == number)
    refunded = select(Gift.order_id).join(Refund, Refund.gift_id == Gift.id)
    refunded = refunded.where(or_(*(name == number for name in (Refund.code, Refund.refund_no))))
    named = ExtraPayment.reference, ExtraPayment.transaction_no
    extra = select(ExtraPayment.order_id).where(or_(*(name == number for name in named)))
    own = (PaymentOrder.out_trade_no == number) | (PaymentOrder.transaction_no == number)
    by_others = or_(*(PaymentOrder.id.in_(found) for found in (gift, refunded, extra)))
    return list(db.session.scalars(select(PaymentOrder).where(own | by_others).order_by(PaymentOrder.id)))


def _order(row: PaymentOrder) -> str:
    paid = "没有付款" if row.paid_fen is None else f"实付 {yuan(row.paid_fen)} 元，{_at(row.paid_at)} 到账"
    return (
        f"订单 {row.out_trade_no}：{row.state}，应付 {yuan(row.amount_fen)} 元，{paid}，渠道 {row.provider}，"
        f"渠道单号 {row.transaction_no or '没有'}，想捐给 {row.purse}，记入 {row.target_account}，"
        f"{_at(row.created_at)} 下单"
    )


def _refund(row: Refund, card: RepairRecord | None) -> str:
    said = f"，渠道说 {row.provider_code}" if row.provider_code else ""
    asked = f"，{_at(row.next_ask_at)} 再问渠道" if row.next_ask_at else ""
    other = f"，改退到{card.bank}尾号 {card.card_tail}：{card.state}" if card else ""
    return f"退款 {row.refund_no or row.code}：{row.state}，{yuan(row.amount_fen)} 元{said}{asked}{other}"


def _words(names: list[str]) -> Iterator[str]:
    paid = select(HeardPayment).where(HeardPayment.out_trade_no.in_(names) | HeardPayment.notice_id.in_(names))
    for row in db.session.scalars(paid.order_by(HeardPayment.id)):
        yield f"渠道的话 {row.notice_id}（{row.told_by}）：{row.outcome}，{_at(row.heard_at)}"
    back = select(HeardRefund).where(HeardRefund.refund_no.in_(names)).order_by(HeardRefund.id)
    for word in db.session.scalars(back):
        yield f"渠道的话 {word.refund_no} {word.state}（{word.told_by}）：{word.outcome}，{_at(word.heard_at)}"


def _transfers(names: list[str]) -> Iterator[str]:
    made = (str, reallocation_reference, reserved_reference, returned_reference)
    references = [reference(name) for name in names for reference in made]
    statement = select(Transfer, OrderedTransfer.position).outerjoin(
        OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id
    )
    for row, place in db.session.execute(statement.where(Transfer.reference.in_(references)).order_by(Transfer.id)):
        moved = f"{row.source_account} → {row.target_account} {yuan(row.amount_fen)} 元"
        yield f"账本第 {place or '?'} 位：{moved}（{row.reason} {row.reference}），{_at(row.posted_at)}"


def _differences(names: list[str]) -> Iterator[str]:
    about = (BillDifference.order_no, BillDifference.transaction_no, BillDifference.refund_no)
    found = select(BillDifference, ReconciledDay.day).join(ReconciledDay, ReconciledDay.id == BillDifference.day_id)
    found = found.where(or_(*(name.in_(names) for name in about))).order_by(BillDifference.id)
    for row, day in db.session.execute(found):
        told = f"账本 {_fen(row.ours_fen)}，账单 {_fen(row.theirs_fen)}"
        yield f"对账 {day.isoformat()} {row.kind}：{row.state}，{told}，{row.note}"


def _owed(names: list[str]) -> Iterator[str]:
    about = OutboxItem.subject.in_(names) | OutboxItem.key.in_(names)
    for row in db.session.scalars(select(OutboxItem).where(about).order_by(OutboxItem.id)):
        fault = f"，上次的错误 {row.last_error}" if row.last_error else ""
        yield f"要发出去的 {row.kind} {row.subject}：{row.state}，试过 {row.attempts} 次{fault}"


def _alerts(names: list[str]) -> Iterator[str]:
    about = select(PaymentAlert).where(PaymentAlert.subject.in_(names)).order_by(PaymentAlert.id)
    for row in db.session.scalars(about):
        handled = "没有处理" if row.handled_reason is None else f"已处理：{row.handled_reason}"
        yield f"提醒 {row.kind} {row.subject}：{_at(row.raised_at)}，{row.facts}，{handled}"


def _fen(fen: int | None) -> str:
    return "没有" if fen is None else f"{yuan(fen)} 元"


def _at(instant: datetime | None) -> str:
    return "时间不明" if instant is None else local_iso(instant)
