"""The states of an order and the one table of ways between them; when it is announced. Pure rules, no database.

What was given back of a paid order is not here: it is the sum of its refunds, which have their own states (ADR 0018).
"""

from __future__ import annotations

from datetime import datetime, timedelta

CREATED, PREPAYING, PAYABLE, PAID = "created", "prepaying", "payable", "paid"
CLOSED, EXPIRED, QUARANTINED = "closed", "expired", "quarantined"
OPEN_STATES = (CREATED, PREPAYING, PAYABLE)
ENDED_STATES = (CLOSED, EXPIRED)

# Open orders go forward, or back to being announced when the provider's answer is too old. Money dominates every end:
# what is heard to be paid is paid, and nothing leaves that state (bugs 5, 16).
NEXT: dict[str, frozenset[str]] = {
    CREATED: frozenset({PREPAYING, PAID, CLOSED, EXPIRED, QUARANTINED}),
    PREPAYING: frozenset({PREPAYING, PAYABLE, PAID, CLOSED, EXPIRED, QUARANTINED}),
    PAYABLE: frozenset({PREPAYING, PAID, CLOSED, EXPIRED, QUARANTINED}),
    CLOSED: frozenset({PAID, QUARANTINED}),
    EXPIRED: frozenset({PAID, QUARANTINED}),
    QUARANTINED: frozenset({PAID, QUARANTINED}),
    PAID: frozenset(),
}
PAYABLE_FOR = timedelta(minutes=30)
ANNOUNCING_FOR = timedelta(seconds=10)
"""How long one request has an order for itself to announce it; one that died leaves it to the next after that."""
ANNOUNCED_FOR = timedelta(minutes=110)
"""How long the provider's answer opens a cashier: two hours at WeChat, less what a payer needs."""


def sources_of(state: str, *, within: tuple[str, ...] = tuple(NEXT)) -> tuple[str, ...]:
    """Return the states from which an order may come to `state`; every UPDATE of a state asks for them."""
    return tuple(source for source in within if state in NEXT[source])


def may_announce(
    *,
    state: str,
    announcing_until: datetime | None,
    announced_at: datetime | None,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Say whether the provider is to hear of an order now: it never did, nobody is at it, or its answer is too old."""
    if now >= expires_at or state not in OPEN_STATES:
        return False
    if state == PREPAYING:
        return announcing_until is None or now >= announcing_until
    return announced_at is None or now - announced_at >= ANNOUNCED_FOR
