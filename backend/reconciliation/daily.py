"""The day after, from ten o'clock: fetch the bills, keep them, compare, heal what a bill can heal, list the rest.

Each step ends in a transaction of its own, so that a process may die anywhere and the next one goes on from there; no
transaction is open while the provider is asked (law 13). A day's first comparison is a period of the scheduler's
table: once, however many schedulers there are (law 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import func, select

from backend.core.db import db, insert_once, read_with_retries, write_with_retries
from backend.core.failpoints import failpoint
from backend.jobs import clock_guard
from backend.jobs import service as jobs
from backend.jobs.service import Claimed
from backend.ledger.queries import last_position
from backend.payments.alerts import AlertKind, raise_alert
from backend.payments.inbox import hear
from backend.payments.providers import Billing, BillTold
from backend.reconciliation import hours, ours
from backend.reconciliation.bills import BillBroken
from backend.reconciliation.comparing import Compared, compare_day, paid_by_bill, read_bills
from backend.reconciliation.models import FETCHED, FUND_FLOW, OPEN, TRADE, WAITING, ReconciledDay
from backend.reconciliation.service import conclude, keep_bill, locked_day, record

LEASE = timedelta(minutes=5)
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Hand:
    """Who reconciles which day of which channel, when, and the period in his hand."""

    provider: Billing
    channel: str
    day: date
    now: datetime
    claimed: Claimed | None = None


def has_due(*, channel: str, now: datetime) -> bool:
    """Say whether a day is to be begun, asked for again or looked at again."""
    due = (ReconciledDay.channel == channel) & (ReconciledDay.next_at <= now)
    if db.session.scalar(select(ReconciledDay.id).where(due).limit(1)) is not None:
        return True
    first = _next_day(channel)
    return first is not None and first <= hours.last_due_day(now)


def reconcile_due(*, provider: Billing, channel: str, worker: str, now: datetime, limit: int = 5) -> int:
    """Work on the days that are due, the oldest first; return on how many. For the worker; opens its own transactions.

    While the clock cannot be believed nothing is done: a wrong one could close a day without its bill (law 10).
    """
    if read_with_retries(clock_guard.state).paused_at is not None:
        return 0
    days = write_with_retries(lambda: _due_days(channel, now=now, limit=limit))
    return sum(reconcile_day(provider=provider, channel=channel, day=day, worker=worker, now=now) for day in days)


def reconcile_day(
    *, provider: Billing, channel: str, day: date, worker: str, now: datetime, anew: bool = False
) -> bool:
    """Do what one day needs next; False when another worker has it in hand or it is done.

    With `anew`, as an operator asks, the bills are fetched again whatever the day's state.
    """
    state, claimed = write_with_retries(lambda: _take(channel, day, worker=worker, now=now))
    if claimed is None and state in (WAITING, FETCHED):
        return False
    hand = Hand(provider=provider, channel=channel, day=day, now=now, claimed=claimed)
    failpoint("reconcile_claimed")
    if (state == WAITING or anew) and not _fetch(hand):
        return True
    _match(hand)
    return True


def _due_days(channel: str, *, now: datetime, limit: int) -> list[date]:
    """Begin the days that have come, and return those that are due, oldest first."""
    first = _next_day(channel)
    if first is not None:
        last = min(hours.last_due_day(now), first + timedelta(days=limit - 1))
        for day in hours.days_between(first, last):
            _begin(channel, day, now=now)
    due = (ReconciledDay.channel == channel) & (ReconciledDay.next_at <= now)
    return list(db.session.scalars(select(ReconciledDay.day).where(due).order_by(ReconciledDay.day).limit(limit)))


def _next_day(channel: str) -> date | None:
    """Return the first day that has no row yet: after the newest one, or that of the channel's first order."""
    newest = db.session.scalar(select(func.max(ReconciledDay.day)).where(ReconciledDay.channel == channel))
    return ours.first_day(channel) if newest is None else newest + timedelta(days=1)


def _begin(channel: str, day: date, *, now: datetime) -> str:
    told = {"channel": channel, "day": day, "state": WAITING, "next_at": min(hours.due_at(day), now)}
    db.session.execute(insert_once(ReconciledDay).values(**told).on_conflict_do_nothing())
    mine = (ReconciledDay.channel == channel) & (ReconciledDay.day == day)
    return db.session.scalars(select(ReconciledDay.state).where(mine)).one()


def _take(channel: str, day: date, *, worker: str, now: datetime) -> tuple[str, Claimed | None]:
    """Return the state of a day, and its period when it is to be compared for the first time and is nobody else's."""
    state = _begin(channel, day, now=now)
    if state not in (WAITING, FETCHED):
        return state, None
    period = hours.period_of(channel, day)
    return state, jobs.claim(period, cut_off_position=last_position(), worker=worker, now=now, lease=LEASE)


def _fetch(hand: Hand) -> bool:
    """Ask for both bills and keep them; False when they cannot be had yet: then it is asked again in time."""
    trade = hand.provider.trade_bill(hand.day, now=hand.now)
    fund = hand.provider.fund_flow_bill(hand.day, now=hand.now)
    failpoint("reconcile_fetched")
    answer = _answer(hand, trade, fund)
    write_with_retries(lambda: _store(hand, answer=answer, trade=trade, fund=fund))
    failpoint("reconcile_stored")
    return answer in ("ready", "none")


def _answer(hand: Hand, trade: BillTold, fund: BillTold) -> str:
    """Return `ready` or `none` when the day can be compared; else what stands in the way.

    A bill that is not there counts only from two in the afternoon, and a day without any only when our ledger has
    none either.
    """
    bad = [told.state for told in (trade, fund) if told.state not in ("ready", "none")]
    if bad:
        return bad[0]
    try:
        read_bills(hand.day, trade.content, fund.content)
    except BillBroken as broken:
        log.warning("bill_broken", day=hand.day.isoformat(), why=str(broken))
        return "broken"
    if trade.state == fund.state == "ready":
        return "ready"
    if not hours.none_counts(hand.day, now=hand.now):
        return "creating"
    if trade.state == "none" and read_with_retries(lambda: ours.has_any(hand.channel, hand.day)):
        return "lacking"
    return "ready" if trade.state == "ready" else "none"


def _store(hand: Hand, *, answer: str, trade: BillTold, fund: BillTold) -> None:
    row, now = locked_day(hand.channel, hand.day), hand.now
    row.tries, row.answer = row.tries + 1, answer
    if answer not in ("ready", "none"):
        if row.state == WAITING:
            row.next_at = hours.next_try(hand.day, answer=answer, now=now)
        if hours.none_counts(hand.day, now=now):
            kind: AlertKind = "BILL_BROKEN" if answer in ("broken", "bad_hash") else "BILL_LACKING"
            raise_alert(kind=kind, subject=hours.key_of(hand.channel, hand.day), now=now, answer=answer)
        _alert_overdue(row, now=now)
        return
    row.trade_bill_id, row.fund_bill_id = (
        keep_bill(channel=hand.channel, day=hand.day, kind=kind, content=told.content, now=now)
        if told.state == "ready"
        else None
        for kind, told in ((TRADE, trade), (FUND_FLOW, fund))
    )
    row.fetched_at = now
    if row.state == WAITING:
        row.state, row.next_at = FETCHED, now


def _match(hand: Hand) -> None:
    """Compare; let the bill settle what it can; compare again, and write the outcome down."""
    compared = read_with_retries(lambda: compare_day(hand.channel, hand.day))
    if compared.healable():
        write_with_retries(lambda: _list(hand, compared))
        failpoint("reconcile_listed")
        for row in compared.healable():
            hear(paid_by_bill(row, channel=hand.channel), now=hand.now)
            failpoint("reconcile_heard")
        compared = read_with_retries(lambda: compare_day(hand.channel, hand.day))
    write_with_retries(lambda: _conclude(hand, compared))
    failpoint("reconcile_concluded")


def _list(hand: Hand, compared: Compared) -> None:
    row = locked_day(hand.channel, hand.day)
    record(row, compared.found, now=hand.now)


def _conclude(hand: Hand, compared: Compared) -> None:
    row = locked_day(hand.channel, hand.day)
    conclude(row, compared.found, compared.bill, compared.funds, now=hand.now)
    _alert_overdue(row, now=hand.now)
    if hand.claimed is not None:
        jobs.finish(hand.claimed, now=hand.now)


def _alert_overdue(row: ReconciledDay, *, now: datetime) -> None:
    if row.state in (WAITING, FETCHED, OPEN) and hours.is_overdue(row.day, now=now):
        subject = hours.key_of(row.channel, row.day)
        raise_alert(kind="DAY_NOT_CLOSED", subject=subject, now=now, state=row.state, answer=row.answer)
