"""What everybody may read of a transfer: all of it, but not by which gift it came in (ADR 0013)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from backend.core.clock import local_day, start_of_local_day
from backend.ledger.queries import LedgerLine
from backend.ledger.reasons import GIFT, GIFT_UNALLOCATED, OF_REFUNDS

WITH_A_PROVIDER = (GIFT, GIFT_UNALLOCATED, *OF_REFUNDS)
REALLOCATION = "reallocation:"


def published(line: LedgerLine) -> LedgerLine:
    """Return a ledger line as the public reads it.

    Of money that a provider brought, or takes back to a giver, only the day is told, and never the number that the
    provider knows: with it one could open the payment, and the gift behind it. References of our own (payouts,
    spending, corrections) stay as they are.
    """
    if line.reason in WITH_A_PROVIDER:
        day = start_of_local_day(local_day(line.posted_at))
        return replace(line, posted_at=day, reference=public_reference(line.reference))
    if line.reference.startswith(REALLOCATION):
        return replace(line, reference=REALLOCATION + public_reference(line.reference.removeprefix(REALLOCATION)))
    return line


def public_reference(number: str) -> str:
    """Return the name under which the public knows the payment of this number; always the same, never turned back.

    A number holds 125 random bits (`orders.open_order`), so nobody finds it by trying, and the hash needs no key:
    who has the number, on his own bill, finds his gift in the ledger.
    """
    return f"gift:{hashlib.sha256(number.encode()).hexdigest()[:16]}"
