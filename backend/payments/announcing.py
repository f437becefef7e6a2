"""Announcing an order to its provider, with no transaction open: every outcome has its way on (bad inputs 20-22).

Not known what became of it (no answer, not signed, makes no sense): the same number and words again, by the next
request. Known there already: asked, and what was paid is settled. A plain no: nobody can pay it, a person is told.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from backend.core.db import write_with_retries
from backend.core.failpoints import failpoint
from backend.payments.alerts import raise_alert
from backend.payments.inbox import hear
from backend.payments.orders import end_order, give_announcement_up
from backend.payments.providers import NumberKnown, OrderToPrepay, PaymentUnavailable, PayWay, PrepayRefused, Provider

AT_ONCE_MAX = 8
"""How many requests of one process may wait for a provider: it may hang, but never with all our threads (P22)."""
_waiting = threading.BoundedSemaphore(AT_ONCE_MAX)


def announce(provider: Provider, order: OrderToPrepay, *, now: datetime) -> PayWay | None:
    """Announce an order that the caller has claimed; None when the provider knew it and told what became of it.

    Refuses `PaymentUnavailable` and its kinds. Opens its own short transactions where something must be remembered.
    """
    try:
        failpoint("before_prepay")
        with _a_free_place():
            way = provider.prepay(order, now=now)
        failpoint("after_prepay")
        return way
    except NumberKnown:
        _converge(provider, order.out_trade_no, now=now)
        return None
    except PrepayRefused as refusal:
        code = refusal.facts.get("provider_code")
        write_with_retries(lambda: _refused(order.out_trade_no, code, now=now))
        raise
    except Exception:
        write_with_retries(lambda: give_announcement_up(out_trade_no=order.out_trade_no))
        raise


@contextmanager
def _a_free_place() -> Iterator[None]:
    """Let in so many as may wait; who finds no place is told so at once, and nothing was sent."""
    if not _waiting.acquire(blocking=False):
        raise PaymentUnavailable()
    try:
        yield
    finally:
        _waiting.release()


def _converge(provider: Provider, out_trade_no: str, *, now: datetime) -> None:
    """Ask what became of a number that the provider knows. What is not paid there can be paid no more: it ends."""
    answer = provider.query(out_trade_no, now=now)
    if answer.paid is not None:
        hear(answer.paid, now=now)
        return
    if answer.state == "unknown":
        write_with_retries(lambda: give_announcement_up(out_trade_no=out_trade_no))
    else:
        write_with_retries(lambda: end_order(out_trade_no=out_trade_no, now=now))
    raise NumberKnown()


def _refused(out_trade_no: str, code: object, *, now: datetime) -> None:
    end_order(out_trade_no=out_trade_no, now=now)
    raise_alert(kind="PREPAY_REFUSED", subject=out_trade_no, now=now, code=code)
