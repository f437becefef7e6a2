"""Time enters as an argument: UTC inside, Asia/Shanghai at the edge (law 9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the present instant, aware, in UTC. Only the edge asks it; the domain is told."""
    return datetime.now(UTC)


def in_utc(instant: datetime) -> datetime:
    """Return `instant` in UTC. Refuses a naive datetime: it was once read eight hours into the past."""
    if instant.tzinfo is None:
        raise ValueError("a datetime without a time zone says nothing")
    return instant.astimezone(UTC)


def local_day(instant: datetime) -> date:
    """Return the calendar day in Asia/Shanghai on which `instant` falls."""
    return in_utc(instant).astimezone(SHANGHAI).date()


def start_of_local_day(day: date) -> datetime:
    """Return the first instant of `day` in Asia/Shanghai, in UTC."""
    return datetime.combine(day, time.min, tzinfo=SHANGHAI).astimezone(UTC)


def local_iso(instant: datetime) -> str:
    """Return `instant` as ISO 8601 with `+08:00`, to the second, as every interface shows it."""
    return in_utc(instant).astimezone(SHANGHAI).isoformat(timespec="seconds")
