"""Settling what is not the plain case: late, contradicted, a second payment; nothing that came is lost (laws 6, 7)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from backend.core.clock import local_day
from backend.core.db import db, insert_once
from backend.core.failpoints import failpoint
from backend.ledger import reasons
from backend.ledger.accounts import UNALLOCATED, WORLD
from backend.ledger.posting import post
from backend.payments.alerts import AlertKind, raise_alert
from backend.payments.models import PAID, QUARANTINED, ExtraPayment, PaymentOrder
from backend.payments.providers import CONFIRMING, Paid
from backend.payments.telling import tell_of_redirected, tell_of_second
from backend.payments.workflow import sources_of

SETTLED, REPEATED, REDIRECTED, SET_ASIDE = "settled", "repeated", "redirected", "quarantined"
UNKNOWN, WAITING, IGNORED = "unknown", "waiting", "ignored"
GIFT, GIFT_UNALLOCATED = reasons.GIFT, reasons.GIFT_UNALLOCATED
CURRENCY = "CNY"
CONFIRMABLE = frozenset({"amount", "project"})
"""What a word may tell otherwise than its order and still be money of ours, once query or bill confirms it (law 7)."""
MISMATCHES: dict[str, AlertKind] = {
    "amount": "AMOUNT_MISMATCH",
    "project": "PROJECT_MISMATCH",
    "currency": "CURRENCY_MISMATCH",
    "merchant": "MERCHANT_MISMATCH",
    "app": "APP_MISMATCH",
}


def settle_with_care(paid: Paid, *, now: datetime) -> str:
    """Decide what is not the plain case, with the order's row locked; return the outcome."""
    order = _locked(paid.out_trade_no)
    if order is None:
        told = {"told_by": paid.told_by, "amount_fen": paid.amount_fen}
        raise_alert(kind="ORDER_UNKNOWN", subject=paid.out_trade_no, now=now, **told)
        return UNKNOWN
    wrong = contradictions(order, paid)
    known = _order_of(paid)
    if known is not None:
        return _hear_of_known(known, order, paid, now=now)
    if order.state == PAID:
        return _hear_of_second(order, paid, wrong, now=now)
    sums = {"ordered_fen": order.amount_fen, "told_fen": paid.amount_fen}
    for name in wrong:
        raise_alert(kind=MISMATCHES[name], subject=paid.out_trade_no, now=now, told_by=paid.told_by, **sums)
    if (wrong or order.state == QUARANTINED) and not _is_confirmed(paid, wrong):
        move(order, QUARANTINED)
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


def move(order: PaymentOrder, state: str) -> None:
    """Bring an order whose row is locked to another state, on a way that the table knows. Raises RuntimeError else."""
    if order.state not in sources_of(state):
        raise RuntimeError(f"an order does not go from {order.state} to {state}")
    order.state = state


def post_payment(paid: Paid, *, target: str, reason: str, reference: str, now: datetime) -> None:
    """Write money that a provider collected into the ledger, by the provider's day."""
    post(
        source=WORLD,
        target=target,
        amount_fen=paid.amount_fen,
        reason=reason,
        reference=reference,
        now=now,
        channel=paid.provider,
        provider_date=local_day(paid.success_at),
    )


def _locked(out_trade_no: str) -> PaymentOrder | None:
    statement = select(PaymentOrder).where(PaymentOrder.out_trade_no == out_trade_no).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).first()


def _is_confirmed(paid: Paid, wrong: list[str]) -> bool:
    return paid.told_by in CONFIRMING and CONFIRMABLE.issuperset(wrong)


def _order_of(paid: Paid) -> tuple[str, int | None] | None:
    """Return the number of the order that this very payment stands with already, and its amount; None for a new one."""
    paid_with = (PaymentOrder.provider == paid.provider, PaymentOrder.transaction_no == paid.transaction_no)
    found = db.session.execute(select(PaymentOrder.out_trade_no, PaymentOrder.paid_fen).where(*paid_with)).first()
    if found is None:
        extra = (ExtraPayment.provider == paid.provider, ExtraPayment.transaction_no == paid.transaction_no)
        statement = select(PaymentOrder.out_trade_no, ExtraPayment.amount_fen)
        statement = statement.join(ExtraPayment, ExtraPayment.order_id == PaymentOrder.id)
        found = db.session.execute(statement.where(*extra)).first()
    return None if found is None else (found[0], found[1])


def _hear_of_known(known: tuple[str, int | None], order: PaymentOrder, paid: Paid, *, now: datetime) -> str:
    """A payment that stands already is a repeat; told of another order, or with another amount, it calls a person."""
    if known == (order.out_trade_no, paid.amount_fen):
        return REPEATED
    kind: AlertKind = "AMOUNT_MISMATCH" if known[0] == order.out_trade_no else "TRANSACTION_REUSED"
    sums = {"ordered_fen": order.amount_fen, "told_fen": paid.amount_fen}
    raise_alert(kind=kind, subject=paid.out_trade_no, now=now, told_by=paid.told_by, **sums)
    return SET_ASIDE


def _hear_of_second(order: PaymentOrder, paid: Paid, wrong: list[str], *, now: datetime) -> str:
    """Another payment for a paid order has arrived too: it waits in the ledger for a person, and its giver is told.

    The order stays as it is (bug 16). Where the word contradicts the order, nothing is posted before a query or the
    bill confirms the money.
    """
    reference = f"again-{paid.transaction_no}"
    told = {"told_by": paid.told_by, "amount_fen": paid.amount_fen, "contradicts": wrong}
    if wrong and not _is_confirmed(paid, wrong):
        raise_alert(kind="PAID_AGAIN_IN_DOUBT", subject=paid.out_trade_no, now=now, **told)
        return SET_ASIDE
    row = insert_once(ExtraPayment).values(
        order_id=order.id,
        reference=reference,
        provider=paid.provider,
        transaction_no=paid.transaction_no,
        amount_fen=paid.amount_fen,
        paid_at=paid.success_at,
        heard_at=now,
    )
    db.session.execute(row)
    failpoint("extra_kept")
    post_payment(paid, target=UNALLOCATED, reason=GIFT_UNALLOCATED, reference=reference, now=now)
    raise_alert(kind="PAID_AGAIN", subject=reference, now=now, order=paid.out_trade_no, **told)
    tell_of_second(order, reference=reference, amount_fen=paid.amount_fen, now=now)
    return REDIRECTED


def _redirect(order: PaymentOrder, paid: Paid, *, now: datetime) -> None:
    """Take the money in where it can be decided about: it has arrived, so it is never refused (law 7, bug 2)."""
    move(order, PAID)
    order.target_account = UNALLOCATED
    order.paid_at, order.paid_fen, order.transaction_no = paid.success_at, paid.amount_fen, paid.transaction_no
    failpoint("order_redirected")
    post_payment(paid, target=UNALLOCATED, reason=GIFT_UNALLOCATED, reference=paid.out_trade_no, now=now)
    told = {"told_by": paid.told_by, "amount_fen": paid.amount_fen}
    raise_alert(kind="GIFT_REDIRECTED", subject=paid.out_trade_no, now=now, **told)
    tell_of_redirected(order, amount_fen=paid.amount_fen, now=now)
