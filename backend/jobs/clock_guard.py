"""Whether the clock can be believed: a wrong one would publish a legal notice too early (law 10, bad input 31).

Two signs of a wrong clock: wall time and the host's steady clock part by more than ten minutes between two beats; the
wall clock stands behind the newest ledger row. Then periods pause until an operator confirms the time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from backend.core.clock import local_iso
from backend.core.db import db, insert_once
from backend.jobs.models import ClockGuard, SchedulerHeartbeat
from backend.ledger.queries import newest_posted_at

DRIFT_MAX = timedelta(minutes=10)
# Clocks of two healthy hosts differ by milliseconds; a ledger row this little ahead says nothing.
SKEW_MAX = timedelta(seconds=10)
FRESH = timedelta(minutes=2)
# It goes on counting while a laptop sleeps, so that closing the lid is not taken for a jump.
_STEADY_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One sign of life of a scheduler: which host, which start of the host, and both its clocks."""

    host: str
    worker: str
    boot: str
    steady_ms: int
    now: datetime


@dataclass(frozen=True, kw_only=True)
class ClockState:
    """Whether periods pause, since when and why."""

    paused_at: datetime | None
    reason: str | None


def steady_ms() -> int:
    """Return milliseconds since the start of this host, on a clock that nobody can set."""
    return time.clock_gettime_ns(_STEADY_CLOCK) // 1_000_000


def boot_id() -> str:
    """Return what tells one start of this host from another; empty where the system does not say."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def drift(before: Beat, after: Beat) -> timedelta:
    """Return by how much the wall clock moved more than the steady one; zero across a restart of the host."""
    if (before.host, before.boot) != (after.host, after.boot):
        return timedelta(0)
    steady = timedelta(milliseconds=after.steady_ms - before.steady_ms)
    return (after.now - before.now) - steady


def beat(sign: Beat) -> ClockState:
    """Write this host's sign of life down, pause periods when its clock jumped or lags, return the state."""
    row = db.session.get(SchedulerHeartbeat, sign.host)
    if row is not None:
        before = Beat(host=row.host, worker=row.worker, boot=row.boot, steady_ms=row.steady_ms, now=row.beat_at)
        jumped = drift(before, sign)
        if abs(jumped) > DRIFT_MAX:
            _pause(f"系统时钟在 {local_iso(sign.now)} 跳变了约 {jumped // timedelta(minutes=1)} 分钟", now=sign.now)
    told = {"worker": sign.worker, "boot": sign.boot, "steady_ms": sign.steady_ms, "beat_at": sign.now}
    written = insert_once(SchedulerHeartbeat).values(host=sign.host, **told)
    db.session.execute(written.on_conflict_do_update(index_elements=["host"], set_=told))
    db.session.expire_all()
    return check_ledger_time(now=sign.now)


def check_ledger_time(*, now: datetime) -> ClockState:
    """Pause periods when the newest ledger row lies ahead of the clock, unless an operator accepted it."""
    newest = newest_posted_at()
    guard = _guard()
    accepted = guard.accepted_until
    if newest is not None and newest > now + SKEW_MAX and (accepted is None or newest > accepted):
        _pause(f"系统时钟 {local_iso(now)} 早于最新账目 {local_iso(newest)}", now=now)
    return state()


def state() -> ClockState:
    """Return whether periods pause now."""
    guard = _guard()
    return ClockState(paused_at=guard.paused_at, reason=guard.reason)


def confirm(*, now: datetime) -> ClockState:
    """Take an operator's word that the clock is right now; periods go on. Returns the state before.

    The next beat of each host is compared with nothing: the one before it may still tell the wrong time.
    """
    before = state()
    newest = newest_posted_at()
    accepted = newest if newest is not None and newest > now else None
    told = {"paused_at": None, "reason": None, "confirmed_at": now, "accepted_until": accepted}
    db.session.execute(update(ClockGuard).values(**told))
    db.session.execute(update(SchedulerHeartbeat).values(boot=""))
    db.session.expire_all()
    return before


def is_alive(*, now: datetime) -> bool:
    """Say whether some scheduler gave a sign of life within two minutes."""
    newest = db.session.scalar(select(func.max(SchedulerHeartbeat.beat_at)))
    return newest is not None and abs(now - newest) <= FRESH


def _guard() -> ClockGuard:
    return db.session.scalars(select(ClockGuard)).one()


def _pause(reason: str, *, now: datetime) -> None:
    """Pause, once: the first reason stands until an operator confirms."""
    waiting = update(ClockGuard).where(ClockGuard.paused_at.is_(None))
    db.session.execute(waiting.values(paused_at=now, reason=reason[:200]))
    db.session.expire_all()
