"""Working days. Monday to Friday are; Saturday and Sunday are not.

Official holidays, and the weekends that are worked instead, are not known to the house: they are announced each autumn
for one year. So a term that runs over a holiday ends too early here, and one over a weekend that is worked a little
too late.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from backend.core.clock import local_day, start_of_local_day

DAY = timedelta(days=1)
SATURDAY = 5


def is_working_day(day: date) -> bool:
    """Say whether people are at work on `day`, as far as the house knows."""
    return day.weekday() < SATURDAY


def working_day_after(day: date, count: int) -> date:
    """Return the `count`-th working day after `day`, which itself does not count, whatever day it is (law 9)."""
    while count > 0:
        day += DAY
        count -= is_working_day(day)
    return day


def begun_before(now: datetime, *, count: int) -> datetime:
    """Return the instant before which a term of `count` working days must have begun to be over at `now`.

    A term ends at 24:00 of its last day in Shanghai.
    """
    today = local_day(now)
    day = today - DAY
    while working_day_after(day, count) >= today:
        day -= DAY
    return start_of_local_day(day + DAY)
