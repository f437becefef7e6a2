"""When a message is sent again: pure arithmetic of pauses, spread by chance, bounded on both sides."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

# The pauses after each attempt, like those of a real provider; the last one repeats until the time is over.
PAUSES_SECONDS = (1, 5, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600)
GIVE_UP_AFTER = timedelta(hours=24)
LEASE = timedelta(seconds=60)
SPREAD_PER_CENT = 20
"""By how much chance makes a pause longer or shorter, so that what failed together does not come back together."""
_NOT_A_CODE = re.compile(r"[^0-9A-Za-z_.:-]+", re.ASCII)


def next_attempt(
    *, owed_since: datetime, attempts: int, now: datetime, chance: float, give_up_after: timedelta = GIVE_UP_AFTER
) -> datetime | None:
    """Return when to try again after `attempts` in vain, or None when the time is over.

    `chance` from 0 to 1 makes the pause 20 per cent shorter to 20 per cent longer.
    """
    pause = timedelta(seconds=PAUSES_SECONDS[min(attempts, len(PAUSES_SECONDS)) - 1])
    per_cent = 100 - SPREAD_PER_CENT + round(2 * SPREAD_PER_CENT * min(max(chance, 0), 1))
    at = now + pause * per_cent // 100
    return at if at - owed_since <= give_up_after else None


def as_code(text: str) -> str | None:
    """Return a fault's code as it may be kept and shown: 40 letters and digits, nothing that somebody typed."""
    return _NOT_A_CODE.sub("_", text)[:40] or None
