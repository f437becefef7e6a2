"""The one way to PAID: from a notice, a query or a bill, in any order, any number of times (laws 6, 7; P1, P6, P18)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Update, bindparam, exists, or_, select, update
from sqlalchemy.orm import aliased

from backend.core.db import UtcDateTime, db, insert_once
from backend.core.failpoints import failpoint
from backend.core.prepared import Prepared
from backend.payments.alerts import raise_alert
from backend.payments.models import OPEN_STATES, PAID, ExtraPayment, HeardPayment, PaymentOrder
from backend.payments.providers import CONFIRMING, Paid, Unreadable
from backend.payments.settle_care import (
    CURRENCY,
    GIFT,
    IGNORED,
    REPEATED,
    SETTLED,
    WAITING,
    post_payment,
    settle_with_care,
)
from backend.payments.workflow import sources_of


def _is_known_elsewhere(provider: Any, transaction_no: Any) -> ColumnElement[bool]:
    """A provider's payment stands in the ledger once: one that paid an order pays no other."""
    other = aliased(PaymentOrder)
    order = exists().where(other.provider == provider, other.transaction_no == transaction_no)
    extra = exists().where(ExtraPayment.provider == provider, ExtraPayment.transaction_no == transaction_no)
    return or_(order, extra)


def _paying() -> Update:
    """Return the one UPDATE that makes an order PAID: it finds the order only as the provider tells of it."""
    success_at: BindParameter[Any] = bindparam("told_success_at", type_=UtcDateTime())
    amount: BindParameter[Any] = bindparam("told_amount")
    plain = (
        PaymentOrder.out_trade_no == bindparam("told_order"),
        or_(*(PaymentOrder.state == state for state in sources_of(PAID, within=OPEN_STATES))),
        PaymentOrder.amount_fen == amount,
        PaymentOrder.purse == bindparam("told_purse"),
        PaymentOrder.provider == bindparam("told_provider"),
        PaymentOrder.merchant == bindparam("told_merchant"),
        PaymentOrder.app_id == bindparam("told_app"),
        PaymentOrder.expires_at >= success_at,
        ~_is_known_elsewhere(bindparam("told_provider"), bindparam("told_transaction")),
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
    failpoint("word_kept")
    return _act_on(paid, heard_id=heard_id, now=now)


def keep_for_later(paid: Paid, *, reason: str, now: datetime) -> None:
    """Store a verified word that could not be settled just now; `settle_waiting` tries again (law 7)."""
    if _hear(paid, outcome=WAITING, now=now) is not None:
        raise_alert(kind="NOT_POSTED_YET", subject=paid.out_trade_no, now=now, reason=reason)
        failpoint("word_set_waiting")


def settle_waiting(paid: Paid, *, heard_id: int, now: datetime) -> str:
    """Settle a word that waits in the inbox. Raises what stands in the way, so that it goes on waiting."""
    waits = (HeardPayment.id == heard_id) & (HeardPayment.outcome == WAITING)
    taken = db.session.execute(update(HeardPayment).where(waits).values(outcome=SETTLED).returning(HeardPayment.id))
    if taken.first() is None:
        return REPEATED
    failpoint("waiting_word_taken")
    return _act_on(paid, heard_id=heard_id, now=now)


def lay_aside(heard_id: int, *, notice_id: str, now: datetime) -> None:
    """Take a word out of those that wait which cannot be read any more, and call a person; the order is asked about."""
    waits = (HeardPayment.id == heard_id) & (HeardPayment.outcome == WAITING)
    db.session.execute(update(HeardPayment).where(waits).values(outcome=IGNORED))
    raise_alert(kind="NOTICE_UNREADABLE", subject=notice_id, now=now)


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
            failpoint("order_paid")
            post_payment(paid, target=target, reason=GIFT, reference=paid.out_trade_no, now=now)
            failpoint("gift_posted")
            return SETTLED
    outcome = settle_with_care(paid, now=now)
    db.session.execute(update(HeardPayment).where(HeardPayment.id == heard_id).values(outcome=outcome))
    return outcome
