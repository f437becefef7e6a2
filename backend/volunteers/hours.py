"""The hours of one volunteer, from what was recorded and nothing else; every view asks this one function.

No database. Hours are facts in whole minutes (令67 art. 7, R138): never above the wall clock, never above twelve
hours of one local day, no moment counted twice; a forgotten check-out counts nothing until the activity's
leader has confirmed it. ADR-0006 says why minutes are never stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from backend.core.clock import local_day, start_of_local_day

CHECK_IN_OPENS_BEFORE = timedelta(minutes=60)
CHECK_OUT_CLOSES_AFTER = timedelta(hours=4)
MINUTES_A_DAY_MAX = 12 * 60
MINUTE = timedelta(minutes=1)


class Kind(StrEnum):
    """What one recorded event says."""

    CHECK_IN = "in"
    CHECK_OUT = "out"
    CONFIRMATION = "confirmed"


class State(StrEnum):
    """Where a volunteer stands in one activity."""

    SIGNED_UP = "signed_up"
    CHECKED_IN = "checked_in"
    SERVED = "served"
    AWAITING_CONFIRMATION = "awaiting_confirmation"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of one volunteer, at the server's time; `minutes` only where a leader confirmed them.

    `seat` tells apart the seats that one human had in one activity, before his two phones were known to be one man's.
    """

    activity: str
    kind: Kind
    at: datetime
    minutes: int = 0
    seat: int = 0


@dataclass(frozen=True, kw_only=True)
class Service:
    """What one volunteer did in one activity. `is_confirmed` keeps a leader's word apart from a recorded check-out."""

    activity: str
    state: State
    minutes: int = 0
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    is_confirmed: bool = False


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The time that a volunteer gave to one activity; while it `is_open`, the instant of the check-in."""

    activity: str
    start: datetime
    end: datetime
    is_open: bool = False

    def overlaps(self, other: Interval) -> bool:
        """Say whether both hold a moment in common; one may begin at the instant in which the other ends."""
        return self.start < other.end and other.start < self.end


def services(events: Iterable[Event], *, ends_at: Mapping[str, datetime], now: datetime) -> dict[str, Service]:
    """Return what one volunteer did in each activity, keyed by its code; `ends_at` holds each activity's planned end.

    The order of the events, repeats of an event, and check-outs earlier than their check-in change nothing.
    """
    by_arrival = sorted(_stays(events), key=lambda stay: (stay.arrived.at, stay.arrived.activity, stay.arrived.seat))
    minutes = _counted_minutes(stay.interval() for stay in by_arrival)
    served: dict[str, Service] = {}
    for stay in by_arrival:  # Of two seats the later one says where he stands now, the first one when he came.
        service = _service(stay, minutes, ends_at, now)
        first = served.get(stay.arrived.activity, service)
        came_at, counted = first.checked_in_at, minutes[service.activity]
        served[service.activity] = replace(service, checked_in_at=came_at, minutes=counted)
    return served


def total_minutes(served: Mapping[str, Service]) -> int:
    """Return the sum that profile, team and roll show alike."""
    return sum(service.minutes for service in served.values())


def stays(events: Iterable[Event]) -> list[Interval]:
    """Return the stays of one volunteer as they were recorded, not capped, in order of arrival."""
    return sorted((stay.interval() for stay in _stays(events)), key=lambda one: (one.start, one.activity))


@dataclass(frozen=True)
class _Stay:
    arrived: Event
    closed: Event | None

    def interval(self) -> Interval:
        start, activity = self.arrived.at, self.arrived.activity
        if self.closed is None:
            return Interval(activity=activity, start=start, end=start, is_open=True)
        end = self.closed.at
        if self.closed.kind is Kind.CONFIRMATION:
            end = min(end, start + self.closed.minutes * MINUTE)
        return Interval(activity=activity, start=start, end=end)


def _stays(events: Iterable[Event]) -> Iterator[_Stay]:
    by_seat: dict[tuple[str, int], list[Event]] = defaultdict(list)
    for event in events:
        by_seat[event.activity, event.seat].append(event)
    for told in by_seat.values():
        told.sort(key=lambda event: (event.at, event.kind is Kind.CONFIRMATION, event.minutes))
        arrived = next((event for event in told if event.kind is Kind.CHECK_IN), None)
        if arrived is None:
            continue
        later = (event for event in told if event.kind is not Kind.CHECK_IN and event.at >= arrived.at)
        yield _Stay(arrived, next(later, None))


def _counted_minutes(given: Iterable[Interval]) -> dict[str, int]:
    """Count each moment once, the earlier arrival first, and of each local day twelve hours at most."""
    left: dict[date, timedelta] = defaultdict(lambda: MINUTES_A_DAY_MAX * MINUTE)
    counted_until = datetime.min.replace(tzinfo=UTC)
    minutes: dict[str, int] = defaultdict(int)
    for stay in given:
        counted = timedelta(0)
        for day, length in _days(max(stay.start, counted_until), stay.end):
            length_counted = min(length, left[day])
            left[day] -= length_counted
            counted += length_counted
        counted_until = max(counted_until, stay.end)
        minutes[stay.activity] += counted // MINUTE
    return minutes


def _days(start: datetime, end: datetime) -> Iterator[tuple[date, timedelta]]:
    """Cut a stretch of time at local midnights: an activity may last over night."""
    while start < end:
        day = local_day(start)
        until = min(end, start_of_local_day(day + timedelta(days=1)))
        yield day, until - start
        start = until


def _service(stay: _Stay, minutes: Mapping[str, int], ends_at: Mapping[str, datetime], now: datetime) -> Service:
    activity = stay.arrived.activity
    if stay.closed is None:
        is_over = now > ends_at[activity] + CHECK_OUT_CLOSES_AFTER
        state = State.AWAITING_CONFIRMATION if is_over else State.CHECKED_IN
        return Service(activity=activity, state=state, checked_in_at=stay.arrived.at)
    is_confirmed = stay.closed.kind is Kind.CONFIRMATION
    return Service(
        activity=activity,
        state=State.SERVED,
        minutes=minutes[activity],
        checked_in_at=stay.arrived.at,
        checked_out_at=None if is_confirmed else stay.closed.at,
        is_confirmed=is_confirmed,
    )
