"""Orders to pay: made before the provider hears of them, one open at a time for the same wish (bugs 3, 18, 19)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from backend.core.db import db, insert_once
from backend.core.ids import new_code
from backend.ledger.accounts import NATIONAL, UNALLOCATED, account
from backend.payments.models import CLOSED, CREATED, EXPIRED, OPEN_STATES, PAYABLE, OrderAsk, PaymentOrder
from backend.payments.providers import PayWay, Provider

PAYABLE_FOR = timedelta(minutes=30)
FIRST_ASK = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class OpenedOrder:
    """An order that can be paid; `reused` says that it was open already."""

    order: PaymentOrder
    reused: bool


def open_order(
    *,
    payer_id: int,
    purse: str,
    amount_fen: int,
    provider: Provider,
    channel: str,
    ends_before: datetime | None,
    now: datetime,
) -> OpenedOrder:
    """Open an order for a gift to `purse`, or return the one that this payer has open for the same amount.

    It can be paid for 30 minutes, and never after `ends_before`. Two taps and two tabs meet in the UNIQUE index of
    open orders, not in a look before (bad input 8). The row stands before the provider hears of it.
    """
    _expire_overdue(payer_id=payer_id, purse=purse, amount_fen=amount_fen, now=now)
    expires_at = now + PAYABLE_FOR if ends_before is None else min(now + PAYABLE_FOR, ends_before)
    row = insert_once(PaymentOrder).values(
        out_trade_no=f"D{new_code(21)}",
        provider=provider.name,
        merchant=provider.merchant,
        app_id=provider.app_id_for(channel),
        payer_id=payer_id,
        purse=purse,
        target_account=account(NATIONAL, purse),
        amount_fen=amount_fen,
        state=CREATED,
        created_at=now,
        expires_at=expires_at,
    )
    new_id = db.session.execute(row.on_conflict_do_nothing().returning(PaymentOrder.id)).scalar()
    if new_id is not None:
        db.session.execute(insert(OrderAsk).values(order_id=new_id, next_at=now + FIRST_ASK))
        return OpenedOrder(order=db.session.get_one(PaymentOrder, new_id), reused=False)
    mine = _open_ones(payer_id=payer_id, purse=purse, amount_fen=amount_fen)
    return OpenedOrder(order=db.session.scalars(select(PaymentOrder).where(mine)).one(), reused=True)


def mark_payable(*, out_trade_no: str, way: PayWay) -> None:
    """Write down where the order is paid, once the provider has answered. An order that moved on meanwhile stays."""
    waiting = (PaymentOrder.out_trade_no == out_trade_no) & (PaymentOrder.state == CREATED)
    db.session.execute(update(PaymentOrder).where(waiting).values(state=PAYABLE, pay_url=way.pay_url))


def close_orders_of(purse: str, *, now: datetime) -> int:
    """Close every open order of a project that ends; return how many. Money that comes all the same is redirected.

    Called in the transaction that ends the project, after its row was locked; `order_gift` holds that row shared.
    The payer may be paying this very moment: each order is asked about at once, and only the provider's word tells
    its giver that nothing was paid.
    """
    open_ones = (PaymentOrder.purse == purse) & PaymentOrder.state.in_(OPEN_STATES)
    closing = update(PaymentOrder).where(open_ones).values(state=CLOSED, target_account=UNALLOCATED)
    closed = db.session.scalars(closing.returning(PaymentOrder.id)).all()
    asking = update(OrderAsk).where(OrderAsk.order_id.in_(closed)).values(next_at=now)
    db.session.execute(asking.execution_options(synchronize_session=False))
    return len(closed)


def find_order(out_trade_no: str) -> PaymentOrder | None:
    """Return the order of this number, or None."""
    return db.session.scalars(select(PaymentOrder).where(PaymentOrder.out_trade_no == out_trade_no)).first()


def _open_ones(*, payer_id: int, purse: str, amount_fen: int):  # type: ignore[no-untyped-def]  # a SQL expression
    return (
        (PaymentOrder.payer_id == payer_id)
        & (PaymentOrder.purse == purse)
        & (PaymentOrder.amount_fen == amount_fen)
        & PaymentOrder.state.in_(OPEN_STATES)
    )


def _expire_overdue(*, payer_id: int, purse: str, amount_fen: int, now: datetime) -> None:
    """Make room for a new order; the old one is still asked about, and money that comes for it is redirected."""
    mine = _open_ones(payer_id=payer_id, purse=purse, amount_fen=amount_fen)
    db.session.execute(update(PaymentOrder).where(mine, PaymentOrder.expires_at <= now).values(state=EXPIRED))
