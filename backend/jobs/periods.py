"""Which periods are due: pure rules over local dates, no database, no clock (law 9, R128, 慈善法 79).

A period is a local date string, never a span of hours: a guard that compared UTC days once billed people twice.
All due periods are returned, oldest first; none is ever folded into another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MONTHLY = "monthly"
PROJECT_END = "project_end"
CORRECTION = "correction"
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, kw_only=True, order=True)
class Period:
    """One thing that is due on a local day. Kind and key name it for ever; the order is the order of publishing."""

    due_on: date
    kind: str
    key: str


def month_of(day: date) -> str:
    """Return the key of the month in which a local day lies: `2026-05`."""
    return f"{day.year:04d}-{day.month:02d}"


def month_bounds(key: str) -> tuple[date, date]:
    """Return the first day of a month and the first day after it. Refuses a key that is no month."""
    if not _MONTH.fullmatch(key):
        raise ValueError(f"{key!r} is no month")
    first = date(int(key[:4]), int(key[5:]), 1)
    return first, (first + timedelta(days=31)).replace(day=1)


def months_due(*, first_day: date | None, today: date) -> Iterator[Period]:
    """Yield every month from that of `first_day` to the last one that is over; each is due on the 1st after it."""
    if first_day is None:
        return
    start = first_day.replace(day=1)
    while True:
        key = month_of(start)
        start = month_bounds(key)[1]
        if start > today:
            return
        yield Period(due_on=start, kind=MONTHLY, key=key)


def end_key(code: str, ended_on: date) -> str:
    """Return the key of a project's end: its last day and its code."""
    return f"{ended_on.isoformat()}:{code}"


def read_end_key(key: str) -> tuple[str, date]:
    """Return the project code and the last day that an end key names."""
    day, _, code = key.partition(":")
    return code, date.fromisoformat(day)


def ends_due(ends: Iterable[tuple[str, date]], *, today: date) -> Iterator[Period]:
    """Yield the end of each project given as (code, last day): due on the day after its last day."""
    for code, ended_on in ends:
        if ended_on < today:
            yield Period(due_on=ended_on + timedelta(days=1), kind=PROJECT_END, key=end_key(code, ended_on))


def all_due(*, first_day: date | None, ends: Iterable[tuple[str, date]], today: date) -> list[Period]:
    """Return every period that is due on `today` or was due before, oldest first."""
    return sorted([*months_due(first_day=first_day, today=today), *ends_due(ends, today=today)])
