"""Money that waits longer than its giver was promised calls a person, once; it calls no more when it has a use."""

from __future__ import annotations

from datetime import datetime

from backend.disbursements.waiting import MONEY_WAITS, overdue_money
from backend.ledger.accounts import UNALLOCATED
from backend.ledger.posting import lock_account
from backend.payments.alerts import raise_alert


def has_overdue(*, now: datetime) -> bool:
    """Say whether the term of some money is over and nobody was called."""
    return bool(overdue_money(limit=1, now=now))


def call_for_overdue(*, limit: int, now: datetime) -> int:
    """Raise the alert `MONEY_WAITS` for each money whose term is over, once; return how many.

    The lock keeps the money where it is between the look and the alert: nobody is called for what just got its use.
    """
    lock_account(UNALLOCATED)
    found = overdue_money(limit=limit, now=now)
    for money in found:
        facts = {"amount_fen": money.amount_fen, "due_on": money.due_on}
        raise_alert(kind=MONEY_WAITS, subject=money.reference, now=now, **facts)
    return len(found)
