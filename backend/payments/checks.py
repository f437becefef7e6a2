"""What `verify` asks of payments: each paid order stands in the ledger once, and nothing is left unsettled."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, literal, or_, select

from backend.core.db import db, local_date
from backend.ledger.accounts import NATIONAL, UNALLOCATED, WORLD
from backend.ledger.models import Transfer
from backend.payments.models import PAID, ExtraPayment, HeardPayment, PaymentOrder, SandboxTrade
from backend.payments.sandbox_book import SUCCESS
from backend.payments.settle_care import GIFT, GIFT_UNALLOCATED, SETTLED

SHOWN = 20


def check_payments() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind; an empty list is clean."""
    checks: tuple[Callable[[], list[str]], ...] = (
        _paid_orders_are_posted,
        _posted_gifts_have_their_order,
        _extra_payments_are_posted,
        _settled_words_made_their_order_paid,
        _sandbox_agrees,
    )
    return [finding for check in checks for finding in check()]


def _is_its_transfer() -> ColumnElement[bool]:
    """The order, its transfer and what was wished tell the same; only redirected money may differ from the wish."""
    as_wished = and_(
        Transfer.reason == GIFT,
        Transfer.target_account == literal(f"{NATIONAL}/") + PaymentOrder.purse,
        Transfer.amount_fen == PaymentOrder.amount_fen,
    )
    redirected = and_(Transfer.reason == GIFT_UNALLOCATED, Transfer.target_account == UNALLOCATED)
    return and_(
        or_(as_wished, redirected),
        Transfer.reference == PaymentOrder.out_trade_no,
        Transfer.source_account == WORLD,
        Transfer.amount_fen == PaymentOrder.paid_fen,
        Transfer.target_account == PaymentOrder.target_account,
        Transfer.channel == PaymentOrder.provider,
        Transfer.provider_date == local_date(PaymentOrder.paid_at),
    )


def _paid_orders_are_posted() -> list[str]:
    lost = select(PaymentOrder.out_trade_no).outerjoin(Transfer, _is_its_transfer())
    lost = lost.where(PaymentOrder.state == PAID, Transfer.id.is_(None)).limit(SHOWN)
    return [f"已支付的订单 {number} 在账本里没有对应的一笔" for number in db.session.scalars(lost)]


def _posted_gifts_have_their_order() -> list[str]:
    loose = select(Transfer.reference).outerjoin(PaymentOrder, _is_its_transfer() & (PaymentOrder.state == PAID))
    loose = loose.outerjoin(ExtraPayment, _is_its_extra())
    is_nobodys = (PaymentOrder.id.is_(None), ExtraPayment.id.is_(None))
    loose = loose.where(Transfer.reason.in_((GIFT, GIFT_UNALLOCATED)), *is_nobodys).limit(SHOWN)
    return [f"账本里的捐赠 {reference} 没有已支付的订单" for reference in db.session.scalars(loose)]


def _is_its_extra() -> ColumnElement[bool]:
    return and_(
        Transfer.reference == ExtraPayment.reference,
        Transfer.reason == GIFT_UNALLOCATED,
        Transfer.source_account == WORLD,
        Transfer.target_account == UNALLOCATED,
        Transfer.amount_fen == ExtraPayment.amount_fen,
        Transfer.channel == ExtraPayment.provider,
        Transfer.provider_date == local_date(ExtraPayment.paid_at),
    )


def _extra_payments_are_posted() -> list[str]:
    """Money that came once more for a paid order stands in the ledger; another payment than the order's own."""
    same = (PaymentOrder.provider == ExtraPayment.provider) & (
        PaymentOrder.transaction_no == ExtraPayment.transaction_no
    )
    of_paid = (PaymentOrder.id == ExtraPayment.order_id) & (PaymentOrder.state == PAID)
    lost = select(ExtraPayment.reference).outerjoin(Transfer, _is_its_extra()).outerjoin(PaymentOrder, of_paid)
    lost = lost.where(Transfer.id.is_(None) | PaymentOrder.id.is_(None) | same).limit(SHOWN)
    return [f"重复付款 {reference} 没有相符的一笔待分配款项" for reference in db.session.scalars(lost)]


def _settled_words_made_their_order_paid() -> list[str]:
    said = HeardPayment.out_trade_no == PaymentOrder.out_trade_no
    untrue = select(HeardPayment.notice_id).outerjoin(PaymentOrder, said & (PaymentOrder.state == PAID))
    untrue = untrue.where(HeardPayment.outcome == SETTLED, PaymentOrder.id.is_(None)).limit(SHOWN)
    return [f"已入账的支付通知 {notice} 没有已支付的订单" for notice in db.session.scalars(untrue)]


def _sandbox_agrees() -> list[str]:
    """The sandbox's book is the bank statement of the demonstration: what we call paid, it has collected."""
    collected = and_(
        SandboxTrade.out_trade_no == PaymentOrder.out_trade_no,
        SandboxTrade.state == SUCCESS,
        SandboxTrade.amount_fen == PaymentOrder.paid_fen,
    )
    unheard = select(PaymentOrder.out_trade_no).outerjoin(SandboxTrade, collected)
    unheard = unheard.where(
        PaymentOrder.state == PAID, PaymentOrder.provider == "sandbox", SandboxTrade.out_trade_no.is_(None)
    )
    return [f"订单 {number} 已入账，但沙箱没有收到这笔钱" for number in db.session.scalars(unheard.limit(SHOWN))]
