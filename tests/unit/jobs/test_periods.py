"""Which periods are due is a matter of local dates alone: all of them, oldest first, none folded into another."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.jobs.periods import MONTHLY, PROJECT_END, Period, all_due, end_key, month_bounds, month_of, read_end_key

DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 12, 31))


@pytest.mark.parametrize(
    ("first_day", "today", "keys", "reason"),
    [
        ("2026-01-10", "2026-01-31", [], "the month is not over"),
        ("2026-01-31", "2026-02-01", ["2026-01"], "one day open is a month to tell of"),
        ("2025-11-03", "2026-02-01", ["2025-11", "2025-12", "2026-01"], "across the year"),
        ("2026-05-01", "2026-04-30", [], "a clock before the beginning"),
    ],
)
def test_a_month_is_due_on_the_first_after_it(first_day: str, today: str, keys: list[str], reason: str) -> None:
    due = all_due(first_day=date.fromisoformat(first_day), ends=[], today=date.fromisoformat(today))
    assert [period.key for period in due] == keys, reason
    assert all(period.due_on == month_bounds(period.key)[1] for period in due)


def test_nothing_is_due_before_anything_opened() -> None:
    assert all_due(first_day=None, ends=[], today=date(2026, 6, 1)) == []


def test_the_month_goes_before_the_project_that_ended_with_it() -> None:
    due = all_due(first_day=date(2026, 5, 2), ends=[("well", date(2026, 5, 31))], today=date(2026, 6, 1))
    assert [period.kind for period in due] == [MONTHLY, PROJECT_END]
    assert due[1] == Period(due_on=date(2026, 6, 1), kind=PROJECT_END, key="2026-05-31:well")


def test_a_project_still_running_is_not_due() -> None:
    assert all_due(first_day=None, ends=[("well", date(2026, 5, 31))], today=date(2026, 5, 31)) == []


def test_a_key_that_is_no_month_is_refused() -> None:
    with pytest.raises(ValueError, match="no month"):
        month_bounds("2026-13")


@given(first=DAYS, today=DAYS)
def test_months_follow_each_other_without_a_gap(first: date, today: date) -> None:
    keys = [period.key for period in all_due(first_day=first, ends=[], today=today)]
    assert keys == sorted(set(keys))
    assert all(month_bounds(one)[1] == month_bounds(two)[0] for one, two in pairwise(keys))
    assert (month_of(first) in keys) == (month_bounds(month_of(first))[1] <= today)


@given(day=DAYS, code=st.text("0123456789abcXYZ", min_size=1, max_size=16))
def test_an_end_key_says_project_and_day(day: date, code: str) -> None:
    assert read_end_key(end_key(code, day)) == (code, day)


@given(first=DAYS, days=st.integers(0, 400))
def test_what_was_due_yesterday_is_due_today(first: date, days: int) -> None:
    today = first + timedelta(days=days)
    before, after = (all_due(first_day=first, ends=[("p", first)], today=day) for day in (today, today + timedelta(1)))
    assert [period for period in after if period in before] == before
