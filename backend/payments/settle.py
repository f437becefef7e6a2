"""The one way to PAID: from a notice, from a query, in any order, any number of times (laws 6, 7; P1, P6, P18)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Update, bindparam, select, update

from backend.core.clock import local_day
from backend.core.db import UtcDateTime, db, insert_once
from backend.core.prepared import Prepared
from backend.ledger import reasons
from backend.ledger.accounts import UNALLOCATED, WORLD
from backend.ledger.posting import post
from backend.payments.alerts import raise_alert
from backend.payments.models import CREATED, PAID, PAYABLE, QUARANTINED, HeardPayment, PaymentOrder
from backend.payments.providers import CONFIRMING, Paid, Unreadable

SETTLED, REPEATED, REDIRECTED, SET_ASIDE = "settled", "repeated", "redirected", "quarantined"
UNKNOWN, WAITING, IGNORED = "unknown", "waiting", "ignored"
GIFT, GIFT_UNALLOCATED = reasons.GIFT, reasons.GIFT_UNALLOCATED
CURRENCY = "CNY"


def _paying() -> Update:
    """Return the one UPDATE that makes an order PAID: it finds the order only as the provider tells of it."""
    success_at: BindParameter[Any] = bindparam("told_success_at", type_=UtcDateTime())
    amount: BindParameter[Any] = bindparam("told_amount")
    plain = (
        PaymentOrder.out_trade_no == bindparam("told_order"),
        (PaymentOrder.state == CREATED) | (PaymentOrder.state == PAYABLE),
        PaymentOrder.amount_fen == amount,
        PaymentOrder.purse == bindparam("told_purse"),
        PaymentOrder.provider == bindparam("told_provider"),
        PaymentOrder.merchant == bindparam("told_merchant"),
        PaymentOrder.app_id == bindparam("told_app"),
        PaymentOrder.expires_at >= success_at,
    )
    told = {"paid_at": success_at, "paid_fen": amount, "transaction_no": bindparam("told_transaction")}
    return update(PaymentOrder).where(*plain).values(state=PAID, **told).returning(PaymentOrder.target_account)


_PAY = Prepared(_paying)
_HEAR = Prepared(
    lambda: insert_once(HeardPayment).on_conflict_do_nothing().returning(HeardPayment.id),
    columns=("provider", "notice_id", "told_by", "out_trade_no", "body", "heard_at", "outcome"),
)


def settle(paid: Paid, *, now: datetime) -> str:
    """Store the provider's word and, when it is new and agrees with the order, post the gift; return the outcome.

    Runs in one short writing transaction: the word in the inbox, the order PAID, the transfer and its place in the
    queue stand or fall together. Money that came too late, or for a project that has ended, goes to `00/unallocated`; a
    word that contradicts its order posts nothing until a query confirms the money. Never refuses: what it cannot settle
    is set aside with an alert. `now` is the instant of posting.
    """
    heard_id = _hear(paid, outcome=SETTLED, now=now)
    if heard_id is None:
        return _hear_again(paid, now=now)
    return _act_on(paid, heard_id=heard_id, now=now)


def keep_for_later(paid: Paid, *, reason: str, now: datetime) -> None:
    """Store a verified word that could not be settled just now; `settle_waiting` tries again (law 7)."""
    if _hear(paid, outcome=WAITING, now=now) is not None:
        raise_alert(kind="NOT_POSTED_YET", subject=paid.out_trade_no, now=now, reason=reason)


def settle_waiting(paid: Paid, *, heard_id: int, now: datetime) -> str:
    """Settle a word that waits in the inbox. Raises what stands in the way, so that it goes on waiting."""
    waits = (HeardPayment.id == heard_id) & (HeardPayment.outcome == WAITING)
    taken = db.session.execute(update(HeardPayment).where(waits).values(outcome=SETTLED).returning(HeardPayment.id))
    if taken.first() is None:
        return REPEATED
    return _act_on(paid, heard_id=heard_id, now=now)


def store_unreadable(told: Unreadable, *, now: datetime) -> None:
    """Store a verified notice that is no payment; one that we should have understood also calls a person."""
    row = insert_once(HeardPayment).values(
        provider=told.provider, notice_id=told.notice_id, told_by="notice", body=told.body, heard_at=now
    )
    db.session.execute(row.values(outcome=IGNORED).on_conflict_do_nothing())
    if not told.is_expected:
        raise_alert(kind="NOTICE_UNREADABLE", subject=told.notice_id, now=now)


def _hear(paid: Paid, *, outcome: str, now: datetime) -> int | None:
    row = {
        "provider": paid.provider,
        "notice_id": paid.notice_id,
        "told_by": paid.told_by,
        "out_trade_no": paid.out_trade_no,
        "body": paid.body,
        "heard_at": now,
        "outcome": outcome,
    }
    heard_id: int | None = _HEAR.execute(row).scalar()
    return heard_id


def _hear_again(paid: Paid, *, now: datetime) -> str:
    """A word that was heard before says nothing new; another word under its name is heard by what it says (laws 6, 7).

    Then it also calls a person when it is about another order: no provider names two words alike.
    """
    named = (HeardPayment.provider == paid.provider) & (HeardPayment.notice_id == paid.notice_id)
    before = db.session.execute(select(HeardPayment.out_trade_no, HeardPayment.body).where(named)).one()
    if before.out_trade_no == paid.out_trade_no and (before.body == paid.body or paid.told_by in CONFIRMING):
        return REPEATED
    if before.out_trade_no != paid.out_trade_no:
        raise_alert(kind="NOTICE_ID_REUSED", subject=paid.out_trade_no, now=now, notice=paid.notice_id)
    digest = hashlib.sha256(paid.body.encode()).hexdigest()[:16]
    heard_id = _hear(replace(paid, notice_id=f"{paid.notice_id[:40]}#{digest}"), outcome=SETTLED, now=now)
    return REPEATED if heard_id is None else _act_on(paid, heard_id=heard_id, now=now)


def _act_on(paid: Paid, *, heard_id: int, now: datetime) -> str:
    if paid.currency == CURRENCY:
        told = {
            "told_order": paid.out_trade_no,
            "told_amount": paid.amount_fen,
            "told_purse": paid.purse,
            "told_provider": paid.provider,
            "told_merchant": paid.merchant,
            "told_app": paid.app_id,
            "told_success_at": paid.success_at,
            "told_transaction": paid.transaction_no,
        }
        target = _PAY.execute(told).scalar()
        if target is not None:
            _post(paid, target=target, reason=GIFT, now=now)
            return SETTLED
    outcome = _settle_with_care(paid, now=now)
    db.session.execute(update(HeardPayment).where(HeardPayment.id == heard_id).values(outcome=outcome))
    return outcome


def _post(paid: Paid, *, target: str, reason: str, now: datetime) -> None:
    post(
        source=WORLD,
        target=target,
        amount_fen=paid.amount_fen,
        reason=reason,
        reference=paid.out_trade_no,
        now=now,
        channel=paid.provider,
        provider_date=local_day(paid.success_at),
    )


def _settle_with_care(paid: Paid, *, now: datetime) -> str:
    """Decide what is not the plain case, with the order's row locked."""
    locked = select(PaymentOrder).where(PaymentOrder.out_trade_no == paid.out_trade_no).with_for_update()
    order = db.session.scalars(locked.execution_options(populate_existing=True)).first()
    if order is None:
        raise_alert(kind="ORDER_UNKNOWN", subject=paid.out_trade_no, now=now, told_by=paid.told_by)
        return UNKNOWN
    wrong = contradictions(order, paid)
    if order.state == PAID:
        return _hear_of_paid_order(order, paid, now=now)
    for name in wrong:
        raise_alert(kind=f"{name.upper()}_MISMATCH", subject=paid.out_trade_no, now=now, told_by=paid.told_by)
    is_doubtful = bool(wrong) or order.state == QUARANTINED
    if is_doubtful and (paid.told_by not in CONFIRMING or not {"amount", "project"}.issuperset(wrong)):
        order.state = QUARANTINED
        return SET_ASIDE
    _redirect(order, paid, now=now)
    return REDIRECTED


def contradictions(order: PaymentOrder, paid: Paid) -> list[str]:
    """Name what a provider's word tells otherwise than its order does; empty when they agree (P18)."""
    pairs = {
        "amount": (order.amount_fen, paid.amount_fen),
        "project": (order.purse, paid.purse),
        "currency": (CURRENCY, paid.currency),
        "merchant": ((order.provider, order.merchant), (paid.provider, paid.merchant)),
        "app": (order.app_id, paid.app_id),
    }
    return [name for name, (ours, theirs) in pairs.items() if ours != theirs]


def _hear_of_paid_order(order: PaymentOrder, paid: Paid, *, now: datetime) -> str:
    """An order is paid once and stays paid; another payment for it, or another amount, calls a person (bug 16)."""
    if (order.transaction_no, order.paid_fen) == (paid.transaction_no, paid.amount_fen):
        return REPEATED
    raise_alert(kind="PAID_AGAIN", subject=paid.out_trade_no, now=now, told_by=paid.told_by)
    return SET_ASIDE


def _redirect(order: PaymentOrder, paid: Paid, *, now: datetime) -> None:
    """Take the money in where it can be decided about: it has arrived, so it is never refused (law 7, bug 2)."""
    order.state, order.target_account = PAID, UNALLOCATED
    order.paid_at, order.paid_fen, order.transaction_no = paid.success_at, paid.amount_fen, paid.transaction_no
    _post(paid, target=UNALLOCATED, reason=GIFT_UNALLOCATED, now=now)
    raise_alert(kind="GIFT_REDIRECTED", subject=paid.out_trade_no, now=now, told_by=paid.told_by)
