"""What the acts of the story share: an event with its hour and key, and the stage on which all of it plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from backend.core import clock
from backend.core.config import Settings
from backend.payments.sandbox import SandboxProvider


@dataclass(frozen=True, kw_only=True)
class Event:
    """One act of the story: when, under which key of the journal, and what; the act returns a code to remember."""

    at: datetime
    key: str
    act: Callable[[], str | None]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What all villages of the story share. `codes` remembers what the acts made, by the key of the act."""

    settings: Settings
    provider: SandboxProvider
    ends_on: date
    organisation: str
    givers: list[int]
    codes: dict[str, str] = field(default_factory=dict)

    def hour(self, *, days_ago: int, minutes: int) -> datetime:
        """Return an instant: so many days before the end, so many minutes after midnight in Shanghai."""
        return clock.start_of_local_day(self.ends_on - timedelta(days=days_ago)) + timedelta(minutes=minutes)
