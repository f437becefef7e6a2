"""Publishing what is due, one period after the other, in chunks that hold the write lock shortly (law 10, R128).

This is the job loop: it opens the transactions, as a request handler does for its request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.core.clock import local_day, start_of_local_day
from backend.core.db import read_with_retries, write_with_retries
from backend.core.errors import Refusal
from backend.core.failpoints import failpoint
from backend.jobs import clock_guard, periods, service
from backend.jobs.periods import CORRECTION, MONTHLY, PROJECT_END, Period
from backend.jobs.service import LEASE, Claimed
from backend.jobs.steps import ORDER_CHUNK
from backend.ledger import guard, ordering
from backend.ledger.queries import cut_off_position, last_position
from backend.notices import corrections, scopes
from backend.notices import service as notices
from backend.notices.service import Draft

CHUNK = 10  # Their insertion holds the write lock for about 15 ms.


class PeriodsPaused(Refusal):
    """The clock cannot be believed, or the books are stopped; an operator sees to it first (law 10, P3)."""

    code = "PERIODS_PAUSED"
    detail = "系统时钟异常，公示已暂停；请核对时间后执行 flask --app wsgi confirm-clock。"


@dataclass(frozen=True, kw_only=True)
class Hand:
    """Who publishes, when, and until when it may."""

    worker: str
    lease: timedelta
    now: datetime
    should_stop: Callable[[], bool]


def publish_due(
    *, now: datetime, worker: str, lease: timedelta = LEASE, should_stop: Callable[[], bool] = lambda: False
) -> list[str]:
    """Publish everything due at `now`, oldest first, and the corrections after it; return the codes of new notices.

    Stops before the next chunk when `should_stop` says so, and before a period that another worker has in hand:
    order is kept. Whatever is left is still due at the next call. Refuses `PeriodsPaused`.
    """
    if read_with_retries(clock_guard.state).paused_at is not None:
        raise PeriodsPaused()
    if read_with_retries(guard.state).stopped_at is not None:
        raise PeriodsPaused("账目正在核对，公示已暂停；对平后执行 flask --app wsgi open-books。")
    drain_queue(should_stop=should_stop)
    published: list[str] = []
    hand = Hand(worker=worker, lease=lease, now=now, should_stop=should_stop)
    for due in (lambda: due_periods(now=now), corrections.pending):
        for period in read_with_retries(due):
            if should_stop() or not _publish(period, hand, into=published):
                return published
    return published


def due_periods(*, now: datetime) -> list[Period]:
    """Return every month and every project's end that is due and not done, oldest first."""
    due = periods.all_due(first_day=scopes.first_open_day(), ends=scopes.project_ends(), today=local_day(now))
    return service.open_periods(due)


def drain_queue(*, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Give every waiting transfer its place, chunk by chunk; return how many."""
    ordered = 0
    while not should_stop():
        did = write_with_retries(lambda: ordering.append_order(limit=ORDER_CHUNK))
        ordered += did
        if did == 0:
            break
    return ordered


def _publish(period: Period, hand: Hand, *, into: list[str]) -> bool:
    """Publish one period to its end; False when it stays due: stopped, or in another worker's hand."""
    claimed = write_with_retries(lambda: _claim(period, hand))
    if claimed is None:
        return not read_with_retries(lambda: service.open_periods([period]))
    failpoint("period_claimed")
    while not hand.should_stop():
        drafts = read_with_retries(lambda: _drafts(claimed, now=hand.now))
        failpoint("notices_drafted")
        codes, is_done, is_mine = _write_chunk(claimed, drafts, now=hand.now)
        failpoint("notices_committed")
        into += codes
        if is_done or not is_mine:
            return is_done
    return False


def _claim(period: Period, hand: Hand) -> Claimed | None:
    if period.kind == CORRECTION:
        cut_off = last_position()
    else:
        cut_off = cut_off_position(before=start_of_local_day(period.due_on))
    if period.kind == MONTHLY:
        cut_off = max(cut_off, opening_position(period.key))
    return service.claim(period, cut_off_position=cut_off, worker=hand.worker, now=hand.now, lease=hand.lease)


def opening_position(month: str) -> int:
    """Return the cut-off of the month before: where this month's notices begin."""
    before = periods.month_of(periods.month_bounds(month)[0] - timedelta(days=1))
    return service.cut_off_of(MONTHLY, before) or 0


def _drafts(claimed: Claimed, *, now: datetime) -> list[Draft]:
    """Render the next chunk outside the write lock: at a cut-off the figures can no longer change."""
    period, cut_off = claimed.period, claimed.cut_off_position
    if period.kind == MONTHLY:
        opening = opening_position(period.key)
        wanted = scopes.unpublished_in_month(period.key, limit=CHUNK)
        return [notices.draft_monthly(scope, period, opening=opening, cut_off=cut_off, now=now) for scope in wanted]
    if period.kind == PROJECT_END:
        scope = scopes.unpublished_end(period.key)
        return [] if scope is None else [notices.draft_project_end(scope, period, cut_off=cut_off, now=now)]
    return corrections.drafts(period.key, through=cut_off, due=period, now=now)


def _write_chunk(claimed: Claimed, drafts: list[Draft], *, now: datetime) -> tuple[list[str], bool, bool]:
    return write_with_retries(lambda: _write(claimed, drafts, now=now))


def _write(claimed: Claimed, drafts: list[Draft], *, now: datetime) -> tuple[list[str], bool, bool]:
    """Write a chunk; the last one and the mark that the period is done stand or fall together."""
    if not service.keep_claim(claimed, now=now):
        return [], False, False
    codes = [draft.code for draft in drafts if notices.publish(draft)]
    failpoint("notices_written")
    is_last = claimed.period.kind != MONTHLY or len(drafts) < CHUNK
    is_done = is_last and service.finish(claimed, now=now)
    return codes, is_done, True
