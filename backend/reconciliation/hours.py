"""When a day's bills are asked for, and until when silence is borne: pure rules over local time (bad input 40)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from backend.core.clock import local_day, start_of_local_day
from backend.jobs.periods import Period

RECONCILE = "reconcile"
READY_AT = timedelta(hours=10)
"""The provider makes its bills from nine o'clock of the next day on, and advises to fetch them after ten."""
NONE_COUNTS_AT = timedelta(hours=14)
"""Until then "there is no bill" may mean that it is not made yet; afterwards it may mean that nothing was paid."""
OVERDUE_AFTER = timedelta(days=1)
KEPT_FOR = timedelta(days=90)
"""The provider gives no bill out that is older than three months."""
HOUR, SOON = timedelta(hours=1), timedelta(minutes=10)


def key_of(channel: str, day: date) -> str:
    """Return the key of the period in which a day of a channel is reconciled."""
    return f"{channel}:{day.isoformat()}"


def period_of(channel: str, day: date) -> Period:
    """Return the period in which a day of a channel is reconciled; it is due on the day after."""
    return Period(due_on=day + timedelta(days=1), kind=RECONCILE, key=key_of(channel, day))


def due_at(day: date) -> datetime:
    """Return from when on a day's bills are asked for: ten o'clock of the next day in Shanghai."""
    return start_of_local_day(day + timedelta(days=1)) + READY_AT


def last_due_day(now: datetime) -> date:
    """Return the newest day whose bills can be asked for."""
    return local_day(now - READY_AT) - timedelta(days=1)


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield each day from the first to the last."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def none_counts(day: date, *, now: datetime) -> bool:
    """Say whether "there is no bill" may be believed: not before two o'clock in the afternoon of the next day."""
    return now >= start_of_local_day(day + timedelta(days=1)) + NONE_COUNTS_AT


def is_overdue(day: date, *, now: datetime) -> bool:
    """Say whether a day should have been closed: a day after its bills could first be had."""
    return now >= due_at(day) + OVERDUE_AFTER


def next_try(day: date, *, answer: str, now: datetime) -> datetime | None:
    """Return when to ask again: each hour, sooner when network or file was at fault, never once it is too old."""
    if now >= due_at(day) + KEPT_FOR:
        return None
    return now + (SOON if answer in ("unknown", "bad_hash") else HOUR)
