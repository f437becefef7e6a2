"""How often a code may be sent: a pure rule over the instants of the last day (ASVS 6.6.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

DAY = timedelta(days=1)
# At most so many within so long, of one number or one device. The first keeps a thumb from pressing twice.
LIMITS = ((1, timedelta(seconds=60)), (5, timedelta(hours=1)), (10, DAY))


def next_allowed(sent: Sequence[datetime], *, now: datetime) -> datetime:
    """Return the first instant at which another code may be sent; `now` when it may be sent at once."""
    allowed = now
    for count, length in LIMITS:
        within = sorted(at for at in sent if at > now - length)
        if len(within) >= count:
            allowed = max(allowed, within[-count] + length)
    return allowed
