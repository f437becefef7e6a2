"""A period belongs to one worker at a time, is finished once, and passes on when its worker is gone (P12)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from flask import Flask

from backend.core.db import read_with_retries
from backend.jobs import publishing, service
from backend.jobs.periods import CORRECTION, MONTHLY, Period
from backend.jobs.service import LEASE, Claimed
from backend.notices import corrections
from tests.world.bookkeeping import Bookkeeping, local
from tests.world.money import at_once

MAY = Period(due_on=date(2026, 6, 1), kind=MONTHLY, key="2026-05")
NOON = local("2026-06-01 12:00")


@pytest.fixture
def village(app: Flask) -> Bookkeeping:
    """A village with a fund since January."""
    village = Bookkeeping(app)
    village.opens_fund()
    return village


def claims(village: Bookkeeping, worker: str, *, after: timedelta = timedelta(0), cut_off: int = 7) -> Claimed | None:
    """A worker reaches for May."""
    told = {"cut_off_position": cut_off, "worker": worker, "now": NOON + after}
    return village.writes(lambda: service.claim(MAY, **told))  # type: ignore[arg-type]  # each of its own type.


def test_two_workers_cannot_hold_one_period(village: Bookkeeping) -> None:
    assert claims(village, "one") is not None
    assert claims(village, "two") is None
    assert claims(village, "one") is not None


def test_a_dead_workers_period_passes_on_with_its_cut_off(village: Bookkeeping) -> None:
    claims(village, "one", cut_off=7)
    taken = claims(village, "two", after=LEASE, cut_off=99)
    assert taken is not None
    assert taken.cut_off_position == 7


def test_a_lease_from_a_future_that_the_clock_left_is_no_lease(village: Bookkeeping) -> None:
    claims(village, "ahead", after=timedelta(days=2))
    assert claims(village, "two") is not None


def test_who_lost_a_period_can_neither_keep_nor_finish_it(village: Bookkeeping) -> None:
    lost = claims(village, "one")
    assert lost is not None
    now = NOON + LEASE
    taken = claims(village, "two", after=LEASE)
    assert taken is not None
    assert not village.writes(lambda: service.keep_claim(lost, now=now))
    assert not village.writes(lambda: service.finish(lost, now=now))
    assert village.writes(lambda: service.finish(taken, now=now))
    assert not village.writes(lambda: service.finish(taken, now=now))
    assert claims(village, "three", after=LEASE + LEASE) is None
    assert village.asks(lambda: service.open_periods([MAY])) == []


def test_a_worker_that_lost_its_period_on_the_way_writes_nothing_more(
    village: Bookkeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.at("2026-02-01 00:00")
    with monkeypatch.context() as away:
        away.setattr(publishing.service, "keep_claim", lambda _claimed, **_told: False)
        assert village.publishes() == []
    assert village.notices() == []
    assert len(village.publishes()) == 1


def test_behind_a_period_that_another_has_in_hand_nothing_is_published(village: Bookkeeping) -> None:
    january = Period(due_on=date(2026, 2, 1), kind=MONTHLY, key="2026-01")
    village.at("2026-04-01 00:00")
    told = {"cut_off_position": 0, "worker": "other", "now": village.clock}
    village.writes(lambda: service.claim(january, **told))  # type: ignore[arg-type]  # each of its own type.
    assert village.publishes() == []
    village.later(minutes=1)
    assert len(village.publishes()) == 3


def test_a_period_done_by_another_in_the_meantime_is_passed_over(
    village: Bookkeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.at("2026-03-01 00:00")
    with village.app.app_context():
        due = read_with_retries(lambda: publishing.due_periods(now=village.clock))
    village.publishes(worker="other")
    monkeypatch.setattr(publishing, "due_periods", lambda *, now: due)
    assert village.publishes() == []
    assert len(village.notices()) == 2


def test_a_stop_leaves_the_rest_for_the_next_start(village: Bookkeeping) -> None:
    village.receives(village.opens_project("修井"), 100)
    village.at("2026-04-01 00:00")
    counts = []
    for patience in (0, 1, 2, 3, 4, 5, 99):
        asked = iter([False] * patience + [True] * 999) if patience < 99 else iter([False] * 999)
        with village.app.app_context():
            publishing.publish_due(now=village.clock, worker="one", should_stop=partial(next, asked))
        counts.append(len(village.notices()))
    assert counts == sorted(counts)
    assert counts[-1] == 6
    assert village.findings() == []


def test_a_month_with_more_scopes_than_one_chunk_is_whole(
    village: Bookkeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "CHUNK", 2)
    for number in range(4):
        village.opens_project(f"修路{number}")
    village.at("2026-02-01 00:00")
    assert len(village.publishes()) == 5


def test_many_workers_at_once_publish_each_notice_once(village: Bookkeeping) -> None:
    village.opens_project("修井", until="2026-03-10")
    village.at("2026-06-01 00:00")
    acts = [partial(publishing.publish_due, now=village.clock, worker=f"w{number}") for number in range(4)]
    assert at_once(village.app, acts) == []
    village.later(minutes=2)
    village.publishes()
    assert len(village.notices()) == 5 * 2 + 1
    assert len({(n.kind, n.scope_code, n.period) for n in village.notices()}) == 11


def test_a_correction_that_has_no_place_yet_brings_no_version(village: Bookkeeping) -> None:
    due = Period(due_on=date(2026, 6, 1), kind=CORRECTION, key="correction:none")
    assert village.asks(lambda: corrections.drafts("correction:none", through=9, due=due, now=NOON)) == []
