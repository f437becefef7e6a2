"""Orders to pay: made before the provider hears of them, one open at a time for the same wish (bugs 3, 18, 19)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, insert, select, update

from backend.core.db import db, insert_once
from backend.core.ids import new_code
from backend.ledger.accounts import NATIONAL, UNALLOCATED, account
from backend.payments.models import (
    CLOSED,
    CREATED,
    EXPIRED,
    OPEN_STATES,
    PAID,
    PAYABLE,
    PREPAYING,
    OrderAsk,
    PaymentOrder,
)
from backend.payments.providers import PayWay, Provider
from backend.payments.workflow import ANNOUNCING_FOR, PAYABLE_FOR, may_announce, sources_of
from backend.people.humans import same_human

FIRST_ASK = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody wants to give: who, for which purse, how much, by which channel he came, in which words."""

    payer_id: int
    purse: str
    amount_fen: int
    channel: str
    description: str


@dataclass(frozen=True, kw_only=True)
class OpenedOrder:
    """An order that can be paid; `reused` says that it was open already."""

    order: PaymentOrder
    reused: bool


def open_order(wish: Wish, *, provider: Provider, ends_before: datetime | None, now: datetime) -> OpenedOrder:
    """Open an order for a gift, or return the one that this payer has open for the same wish.

    It can be paid for 30 minutes, and never after `ends_before`. Two taps and two tabs meet in the UNIQUE index of
    open orders, not in a look before (bad input 8). The row stands before the provider hears of it.
    """
    mine = _open_ones(wish, app_id=provider.app_id_for(wish.channel))
    _expire(mine & (PaymentOrder.expires_at <= now))  # Makes room; money that comes for the old one is redirected.
    expires_at = now + PAYABLE_FOR if ends_before is None else min(now + PAYABLE_FOR, ends_before)
    row = insert_once(PaymentOrder).values(
        out_trade_no=f"D{new_code(21)}",
        provider=provider.name,
        merchant=provider.merchant,
        app_id=provider.app_id_for(wish.channel),
        payer_id=wish.payer_id,
        purse=wish.purse,
        target_account=account(NATIONAL, wish.purse),
        amount_fen=wish.amount_fen,
        description=wish.description,
        notify_url=provider.notify_url,
        state=CREATED,
        created_at=now,
        expires_at=expires_at,
    )
    new_id = db.session.execute(row.on_conflict_do_nothing().returning(PaymentOrder.id)).scalar()
    if new_id is not None:
        db.session.execute(insert(OrderAsk).values(order_id=new_id, next_at=now + FIRST_ASK))
        return OpenedOrder(order=db.session.get_one(PaymentOrder, new_id), reused=False)
    return OpenedOrder(order=db.session.scalars(select(PaymentOrder).where(mine)).one(), reused=True)


def claim_announcement(order: PaymentOrder, *, now: datetime) -> bool:
    """Take the right to announce an order, for ten seconds; False when that is not to be done, or another has it.

    So two requests do not announce it twice, and one that died in between leaves it to the next. Of two that claim at
    once, the UPDATE decides.
    """
    due = may_announce(
        state=order.state,
        announcing_until=order.announcing_until,
        announced_at=order.announced_at,
        expires_at=order.expires_at,
        now=now,
    )
    if not due:
        return False
    as_seen = (
        PaymentOrder.id == order.id,
        PaymentOrder.state == order.state,
        PaymentOrder.state.in_(sources_of(PREPAYING)),
        PaymentOrder.announcing_until.is_not_distinct_from(order.announcing_until),
    )
    taking = update(PaymentOrder).where(*as_seen).values(state=PREPAYING, announcing_until=now + ANNOUNCING_FOR)
    return db.session.execute(taking.returning(PaymentOrder.id)).first() is not None


def give_announcement_up(*, out_trade_no: str) -> None:
    """Leave an order to whoever announces it next, in the same words: what the provider made of it is not known."""
    mine = (PaymentOrder.out_trade_no == out_trade_no) & (PaymentOrder.state == PREPAYING)
    db.session.execute(update(PaymentOrder).where(mine).values(announcing_until=None))


def mark_payable(*, out_trade_no: str, way: PayWay, now: datetime) -> None:
    """Write down how the order is paid, once the provider has answered. An order that moved on meanwhile stays."""
    waiting = (PaymentOrder.out_trade_no == out_trade_no) & PaymentOrder.state.in_(sources_of(PAYABLE))
    told = {"pay_url": way.pay_url, "prepay_id": way.prepay_id, "announced_at": now, "announcing_until": None}
    db.session.execute(update(PaymentOrder).where(waiting).values(state=PAYABLE, **told))


def end_order(*, out_trade_no: str, now: datetime) -> None:
    """Close an order that nobody can pay, and ask the provider at once what became of it, until its last word."""
    mine = (PaymentOrder.out_trade_no == out_trade_no) & PaymentOrder.state.in_(OPEN_STATES)
    _close(mine, now=now)


def close_orders_of(purse: str, *, now: datetime) -> int:
    """Close every open order of a project that ends; return how many. Money that comes all the same is redirected.

    Called in the transaction that ends the project, after its row was locked; `order_gift` holds that row shared.
    The payer may be paying this very moment: each order is asked about at once, and only the provider's word tells
    its giver that nothing was paid.
    """
    return _close((PaymentOrder.purse == purse) & PaymentOrder.state.in_(OPEN_STATES), now=now)


def paid_just_now(wish: Wish, *, since: datetime) -> PaymentOrder | None:
    """Return the order that this human has paid for the same wish since an instant, or None (bad input 8)."""
    same = (PaymentOrder.payer_id.in_(same_human(wish.payer_id)), PaymentOrder.purse == wish.purse)
    paid = (PaymentOrder.amount_fen == wish.amount_fen, PaymentOrder.state == PAID, PaymentOrder.paid_at >= since)
    return db.session.scalars(select(PaymentOrder).where(*same, *paid).limit(1)).first()


def find_order(out_trade_no: str) -> PaymentOrder | None:
    """Return the order of this number, or None."""
    return db.session.scalars(select(PaymentOrder).where(PaymentOrder.out_trade_no == out_trade_no)).first()


def _open_ones(wish: Wish, *, app_id: str) -> ColumnElement[bool]:
    return (
        (PaymentOrder.payer_id == wish.payer_id)
        & (PaymentOrder.app_id == app_id)
        & (PaymentOrder.purse == wish.purse)
        & (PaymentOrder.amount_fen == wish.amount_fen)
        & PaymentOrder.state.in_(OPEN_STATES)
    )


def _expire(which: ColumnElement[bool]) -> None:
    ends = PaymentOrder.state.in_(sources_of(EXPIRED))
    db.session.execute(update(PaymentOrder).where(which, ends).values(state=EXPIRED))


def _close(which: ColumnElement[bool], *, now: datetime) -> int:
    ends = PaymentOrder.state.in_(sources_of(CLOSED))
    closing = update(PaymentOrder).where(which, ends).values(state=CLOSED, target_account=UNALLOCATED)
    closed = db.session.scalars(closing.returning(PaymentOrder.id)).all()
    asking = update(OrderAsk).where(OrderAsk.order_id.in_(closed)).values(next_at=now)
    db.session.execute(asking.execution_options(synchronize_session=False))
    return len(closed)
