"""A term of three working days: the day that starts it does not count, nor does a weekend; it ends at midnight."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from backend.core.clock import local_day, start_of_local_day
from backend.core.workdays import begun_before, is_working_day, working_day_after
from tests.world.bookkeeping import local

TERMS = [
    ("2026-06-01", "2026-06-04", "Monday: Tuesday, Wednesday, Thursday"),
    ("2026-06-02", "2026-06-05", "Tuesday: it ends on Friday"),
    ("2026-06-03", "2026-06-08", "Wednesday: over the weekend"),
    ("2026-06-04", "2026-06-09", "Thursday"),
    ("2026-06-05", "2026-06-10", "Friday"),
    ("2026-06-06", "2026-06-10", "Saturday: the term begins to count on Monday"),
    ("2026-06-07", "2026-06-10", "Sunday"),
    ("2026-12-30", "2027-01-04", "over the end of a year"),
]


@pytest.mark.parametrize(("begun", "due", "reason"), TERMS, ids=[row[2] for row in TERMS])
def test_the_third_working_day_counts_no_weekend(begun: str, due: str, reason: str) -> None:
    assert working_day_after(date.fromisoformat(begun), 3).isoformat() == due, reason


def test_a_week_has_five_working_days() -> None:
    week = [date(2026, 6, 1) + timedelta(days=number) for number in range(7)]
    assert [is_working_day(day) for day in week] == [True] * 5 + [False] * 2


@pytest.mark.parametrize("hour", ["00:00", "12:00", "23:59"])
def test_what_is_over_is_what_began_before_one_instant(hour: str) -> None:
    for ahead in range(30):
        now = local(f"2026-06-01 {hour}") + timedelta(days=ahead)
        border = begun_before(now, count=3)
        over = [day for day in _days_before(local_day(now)) if working_day_after(day, 3) < local_day(now)]
        assert border == start_of_local_day(max(over) + timedelta(days=1))


def _days_before(today: date) -> list[date]:
    return [today - timedelta(days=number) for number in range(15)]
