"""What reconciliation needs of the scheduler: one step that looks for days that are due, and the operator's command."""

from __future__ import annotations

from datetime import date, datetime

from backend.core.config import Settings
from backend.core.db import read_with_retries
from backend.core.errors import InvalidInput
from backend.core.wire import Wire
from backend.jobs.steps import Step
from backend.jobs.worker import worker_name
from backend.payments.providers import Billing, PaymentUnavailable
from backend.payments.worker import provider_of
from backend.reconciliation import daily, hours
from backend.reconciliation.queries import lines_of

EVERY_SECONDS = 30
DAYS_AT_ONCE = 1


class DayNotOver(InvalidInput):
    """The bills of a day are made on the day after."""

    code = "DAY_NOT_OVER"
    detail = "这一天的账单要到次日十点以后才有。"


def billing_of(settings: Settings, *, wire: Wire | None = None) -> tuple[str, Billing]:
    """Return the channel of this installation and who writes its bills. Refuses `PaymentUnavailable` without one."""
    provider = provider_of(settings, wire=wire)
    if not isinstance(provider, Billing):
        raise PaymentUnavailable()
    return provider.name, provider


def reconcile_steps(settings: Settings, *, wire: Wire | None = None) -> tuple[Step, ...]:
    """Return the step that works on one due day at a time; none where no provider is set up."""
    try:
        channel, provider = billing_of(settings, wire=wire)
    except PaymentUnavailable:
        return ()
    name = worker_name()
    return (
        Step(
            name="reconcile",
            act=lambda now: daily.reconcile_due(
                provider=provider, channel=channel, worker=name, now=now, limit=DAYS_AT_ONCE
            ),
            has_work=lambda now: daily.has_due(channel=channel, now=now),
            every_seconds=EVERY_SECONDS,
            calls_out=True,
        ),
    )


def reconcile_now(settings: Settings, *, day: date, now: datetime, wire: Wire | None = None) -> list[str]:
    """Fetch the bills of a day anew and compare; return what is found as lines. Refuses `DayNotOver`."""
    channel, provider = billing_of(settings, wire=wire)
    if now < hours.due_at(day):
        raise DayNotOver()
    daily.reconcile_day(provider=provider, channel=channel, day=day, worker=worker_name(), now=now, anew=True)
    return read_with_retries(lambda: lines_of(channel, day))
