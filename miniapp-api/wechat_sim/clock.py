"""The simulator's clock: real time, moved by what the developer or a knob wants; shown as Asia/Shanghai."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))


def _real() -> datetime:
    return datetime.now(UTC)


@dataclass
class Clock:
    """Where the time comes from, and by how many seconds it is wrong."""

    source: Callable[[], datetime] = field(default=_real)
    offset_seconds: int = 0

    def now(self) -> datetime:
        """Return the simulator's present instant, in UTC."""
        return self.source() + timedelta(seconds=self.offset_seconds)


def rfc3339(instant: datetime) -> str:
    """Return an instant as WeChat writes it, `2026-01-02T03:04:05+08:00`."""
    return instant.astimezone(SHANGHAI).isoformat(timespec="seconds")


def wall(instant: datetime) -> str:
    """Return an instant as the bills write it, `2026-01-02 03:04:05`."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def day_of(instant: datetime) -> date:
    """Return the local day on which an instant falls."""
    return instant.astimezone(SHANGHAI).date()


def at_hour(day: date, hour: int) -> datetime:
    """Return an hour of a local day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)
