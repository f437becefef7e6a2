"""Claiming a period, and finishing it in the transaction of its effect: each exactly once (law 10, P12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, tuple_, update

from backend.core.db import db, insert_once
from backend.jobs.models import ScheduledRun, SchedulerLead
from backend.jobs.periods import Period

LEAD = timedelta(seconds=20)
LEASE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A period in the hand of one worker for `lease`, with the ledger position up to which it covers."""

    period: Period
    worker: str
    lease: timedelta
    cut_off_position: int


def open_periods(periods: Iterable[Period]) -> list[Period]:
    """Return those of the periods that are not done, in their order."""
    wanted = list(periods)
    keys = [(period.kind, period.key) for period in wanted]
    done = {
        (row.kind, row.period_key)
        for start in range(0, len(keys), 500)
        for row in db.session.execute(
            select(ScheduledRun.kind, ScheduledRun.period_key)
            .where(ScheduledRun.done_at.is_not(None))
            .where(tuple_(ScheduledRun.kind, ScheduledRun.period_key).in_(keys[start : start + 500]))
        )
    }
    return [period for period in wanted if (period.kind, period.key) not in done]


def claim(
    period: Period, *, cut_off_position: int, worker: str, now: datetime, lease: timedelta = LEASE
) -> Claimed | None:
    """Take a period for `lease`, or return None when it is done or in another worker's living hand.

    The first claim fixes the cut-off; whoever takes the period over keeps it. A lease from a future that the clock
    has since left is no lease: a scheduler whose clock had jumped must not stop the others for days.
    """
    taking = {"claimed_at": now, "claimed_by": worker, "lease_until": now + lease}
    row = {"kind": period.kind, "period_key": period.key, "due_on": period.due_on}
    made = insert_once(ScheduledRun).values(**row, **taking, cut_off_position=cut_off_position)
    db.session.execute(made.on_conflict_do_nothing())
    mine = (ScheduledRun.kind == period.kind) & (ScheduledRun.period_key == period.key)
    free = or_(
        ScheduledRun.claimed_by == worker,
        ScheduledRun.lease_until <= now,
        ScheduledRun.lease_until > now + lease + lease,
    )
    taken = db.session.execute(
        update(ScheduledRun)
        .where(mine, free, ScheduledRun.done_at.is_(None))
        .values(**taking)
        .returning(ScheduledRun.cut_off_position)
    ).first()
    if taken is None:
        return None
    return Claimed(period=period, worker=worker, lease=lease, cut_off_position=int(taken.cut_off_position or 0))


def keep_claim(claimed: Claimed, *, now: datetime) -> bool:
    """Prolong the lease within a chunk's transaction; False when the period is done or another worker has it now."""
    return _touch(claimed, lease_until=now + claimed.lease)


def finish(claimed: Claimed, *, now: datetime) -> bool:
    """Mark the period done, in the transaction of its last effect; False when it is no longer this worker's."""
    return _touch(claimed, done_at=now)


def _touch(claimed: Claimed, **values: datetime) -> bool:
    statement = (
        update(ScheduledRun)
        .where(ScheduledRun.kind == claimed.period.kind, ScheduledRun.period_key == claimed.period.key)
        .where(ScheduledRun.claimed_by == claimed.worker, ScheduledRun.done_at.is_(None))
        .values(**values)
        .returning(ScheduledRun.kind)
    )
    return db.session.execute(statement).first() is not None


def cut_off_of(kind: str, key: str) -> int | None:
    """Return the cut-off position fixed for a period, None when it was never claimed."""
    mine = (ScheduledRun.kind == kind) & (ScheduledRun.period_key == key)
    return db.session.scalar(select(ScheduledRun.cut_off_position).where(mine))


def take_lead(*, worker: str, now: datetime, lead: timedelta = LEAD) -> bool:
    """Become or stay the one scheduler that works, for `lead`; False while another one lives.

    The lead saves double work and nothing more: exactly-once comes from the unique periods.
    """
    free = or_(
        SchedulerLead.worker.is_(None),
        SchedulerLead.worker == worker,
        SchedulerLead.lease_until <= now,
        SchedulerLead.lease_until > now + lead + lead,
    )
    taken = db.session.execute(
        update(SchedulerLead)
        .where(free)
        .values(worker=worker, claimed_at=now, lease_until=now + lead)
        .returning(SchedulerLead.id)
    )
    return taken.first() is not None


def give_lead_up(*, worker: str) -> None:
    """Let another scheduler take over at once; called when this one stops cleanly."""
    free = {"worker": None, "claimed_at": None, "lease_until": None}
    db.session.execute(update(SchedulerLead).where(SchedulerLead.worker == worker).values(**free))
