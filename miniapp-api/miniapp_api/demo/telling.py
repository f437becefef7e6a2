"""Telling the story: every act goes through the services, at its own hour, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import chain, groupby

from sqlalchemy import exists, select

from backend.core import audit, clock
from backend.core.config import Settings
from backend.core.db import db, write_with_retries
from backend.jobs.publishing import drain_queue, publish_due
from backend.payments.sandbox import NAME as SANDBOX
from backend.payments.sandbox import SandboxProvider
from backend.receipts.numbering import issue_receipts
from miniapp_api.demo.accounts import own_money, reconcile
from miniapp_api.demo.cast import engage_givers, engage_organisation, engage_staff
from miniapp_api.demo.plot import plot
from miniapp_api.demo.stage import Event, Stage
from miniapp_api.demo.steps import once
from miniapp_api.demo.story import PLACES, Place

TOLD = "demo.told"
WORKER = "demo-story"


def is_told() -> bool:
    """Say whether the story was told to its end in this installation."""
    return bool(db.session.scalar(select(exists().where(audit.AuditEntry.action == TOLD))))


def tell_story(
    *,
    settings: Settings,
    ends_on: date,
    places: tuple[Place, ...] = PLACES,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Tell the story so that its last day is `ends_on`, an activity running on the day after.

    A telling that was killed goes on where it stopped, with the day it was begun for. Publishes the notices that
    fell due on the way. Refused by the settings in production: there is no demo there.
    """
    begun_at = clock.start_of_local_day(ends_on)
    ends_on = date.fromisoformat(once("ends-on", ends_on.isoformat, now=begun_at))
    first_day = clock.start_of_local_day(ends_on - timedelta(days=180))
    engage_staff(now=first_day)
    stage = Stage(
        settings=settings,
        # The past was paid in the sandbox, whoever takes money here from now on.
        provider=SandboxProvider(settings=replace(settings, payment_provider=SANDBOX)),
        ends_on=ends_on,
        organisation=engage_organisation(now=first_day),
        givers=engage_givers(now=first_day),
    )
    month = ""
    told = chain(own_money(stage=stage), *(plot(place, stage=stage) for place in places))
    for day, events in _by_day(told):
        _begin_day(day, stage=stage)
        if month != f"{day:%Y-%m}":
            month = f"{day:%Y-%m}"
            progress(f"{month} ……")
        for event in events:
            stage.codes[event.key] = once(event.key, event.act, now=event.at)
    _end(ends_on, stage=stage)
    progress(f"故事讲到 {ends_on.isoformat()}。")


def _by_day(events: Iterator[Event]) -> Iterator[tuple[date, list[Event]]]:
    """Yield the events of each day on which something happens, in order."""
    ordered = sorted(events, key=lambda event: (event.at, event.key))
    for day, found in groupby(ordered, key=lambda event: clock.local_day(event.at)):
        yield day, list(found)


def _begin_day(day: date, *, stage: Stage) -> None:
    """Publish what fell due in the night, number the receipts, reconcile the days whose bills are there."""
    now = clock.start_of_local_day(day) + timedelta(minutes=5)
    reconcile(stage=stage, worker=WORKER, now=now)
    publish_due(now=now, worker=WORKER)
    _issue_receipts(now)


def _issue_receipts(now: datetime) -> None:
    while write_with_retries(lambda: issue_receipts(limit=500, now=now)):
        pass


def _end(ends_on: date, *, stage: Stage) -> None:
    now = clock.start_of_local_day(ends_on + timedelta(days=1)) - timedelta(minutes=1)
    drain_queue()
    _begin_day(ends_on, stage=stage)
    reconcile(stage=stage, worker=WORKER, now=now)
    write_with_retries(lambda: audit.record(action=TOLD, actor=WORKER, subject=ends_on.isoformat(), now=now))
