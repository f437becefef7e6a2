"""A clock that jumped or stands behind the ledger pauses all periods until an operator confirms it (bad input 31)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from backend.jobs import clock_guard
from backend.jobs.clock_guard import Beat, ClockState
from backend.jobs.publishing import PeriodsPaused
from backend.jobs.steps import STEPS
from tests.world.bookkeeping import Bookkeeping, local

NOON = local("2026-05-04 12:00")
FINE = ClockState(paused_at=None, reason=None)


def beat(village: Bookkeeping, *, wall: timedelta, steady: timedelta, boot: str = "first") -> ClockState:
    """One sign of life: both clocks, as distances from noon."""
    sign = Beat(host="one", worker="w", boot=boot, steady_ms=steady // timedelta(milliseconds=1), now=NOON + wall)
    return village.writes(lambda: clock_guard.beat(sign))


@pytest.fixture
def village(app: Flask) -> Bookkeeping:
    """A village with a fund, months behind with its notices."""
    village = Bookkeeping(app)
    village.opens_fund()
    village.clock = NOON
    return village


@pytest.mark.parametrize("hours", [48, -48, 1, -1])
def test_a_jump_in_either_direction_pauses_the_periods(village: Bookkeeping, hours: int) -> None:
    assert beat(village, wall=timedelta(0), steady=timedelta(0)) == FINE
    jumped = beat(village, wall=timedelta(hours=hours), steady=timedelta(seconds=5))
    assert jumped.paused_at is not None
    assert "跳变" in (jumped.reason or "")
    with pytest.raises(PeriodsPaused):
        village.publishes()
    assert village.notices() == []


def test_the_pause_outlasts_the_return_of_the_clock_until_an_operator_confirms(village: Bookkeeping) -> None:
    beat(village, wall=timedelta(0), steady=timedelta(0))
    beat(village, wall=timedelta(days=2), steady=timedelta(seconds=5))
    back = beat(village, wall=timedelta(seconds=10), steady=timedelta(seconds=10))
    assert back.paused_at == NOON + timedelta(days=2)
    told = village.writes(lambda: clock_guard.confirm(now=NOON))
    assert told == back
    assert village.asks(clock_guard.state) == FINE
    assert len(village.publishes()) == 4


@pytest.mark.parametrize("name", ["forget_people", "end_terms", "end_consents"])
def test_what_ends_for_good_by_its_date_waits_until_the_clock_is_believed(village: Bookkeeping, name: str) -> None:
    (step,) = [one for one in STEPS if one.name == name]
    assert step.has_work is not None
    has_work = step.has_work
    beat(village, wall=timedelta(0), steady=timedelta(0))
    assert village.asks(lambda: has_work(NOON))
    beat(village, wall=timedelta(days=400), steady=timedelta(seconds=5))
    assert not village.asks(lambda: has_work(NOON + timedelta(days=400)))


def test_ten_minutes_are_borne_and_a_restart_of_the_host_says_nothing(village: Bookkeeping) -> None:
    beat(village, wall=timedelta(0), steady=timedelta(0))
    assert beat(village, wall=timedelta(minutes=10), steady=timedelta(0)) == FINE
    assert beat(village, wall=timedelta(days=3), steady=timedelta(seconds=3), boot="second") == FINE


def test_a_machine_that_slept_with_both_clocks_is_believed(village: Bookkeeping) -> None:
    beat(village, wall=timedelta(0), steady=timedelta(0))
    assert beat(village, wall=timedelta(hours=9), steady=timedelta(hours=9)) == FINE


def test_a_clock_behind_the_newest_ledger_row_pauses_until_it_is_confirmed(village: Bookkeeping) -> None:
    village.clock = NOON + timedelta(days=2)
    (fund,) = [purse["code"] for purse in _purses(village)]
    village.receives(fund, 100)
    village.publishes()
    village.clock = NOON
    behind = beat(village, wall=timedelta(0), steady=timedelta(0))
    assert "早于最新账目" in (behind.reason or "")
    village.writes(lambda: clock_guard.confirm(now=NOON))
    assert beat(village, wall=timedelta(seconds=5), steady=timedelta(seconds=5)) == FINE


def _purses(village: Bookkeeping) -> list[dict[str, str]]:
    village.publishes()
    found: list[dict[str, str]] = village.notices()[0].figures["purses"]
    return found


def test_some_seconds_between_two_hosts_are_no_wrong_clock(village: Bookkeeping) -> None:
    (fund,) = [purse["code"] for purse in _purses(village)]
    village.clock = NOON + timedelta(seconds=9)
    village.receives(fund, 100)
    village.publishes()
    assert village.writes(lambda: clock_guard.check_ledger_time(now=NOON)) == FINE


def test_the_scheduler_is_alive_while_it_beats(village: Bookkeeping) -> None:
    assert not village.asks(lambda: clock_guard.is_alive(now=NOON))
    beat(village, wall=timedelta(0), steady=timedelta(0))
    assert village.asks(lambda: clock_guard.is_alive(now=NOON + timedelta(minutes=2)))
    assert not village.asks(lambda: clock_guard.is_alive(now=NOON + timedelta(minutes=3)))


def test_the_steady_clock_only_goes_on_and_the_boot_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert clock_guard.steady_ms() <= clock_guard.steady_ms()
    monkeypatch.setattr(clock_guard, "_BOOT_ID", tmp_path / "none")
    assert clock_guard.boot_id() == ""
    (tmp_path / "none").write_text("abc\n")
    assert clock_guard.boot_id() == "abc"
