"""A simulated year: schedulers die, double, and their clocks jump; each period is published exactly once (P12, P13)."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from backend.core.clock import local_day
from backend.jobs import clock_guard, publishing
from backend.jobs.clock_guard import Beat
from backend.jobs.publishing import PeriodsPaused
from backend.notices.checks import check_notices
from tests.world.bookkeeping import Bookkeeping, local
from tests.world.figures import figure

SEEDS = range(figure("P12", slice=2, full=2000))
HOURS = 24 * 365


class Killed(BaseException):
    """The process is gone, at once, wherever it was."""


class World:
    """A village's year by the hour, with one to four schedulers on hosts whose clocks may jump."""

    def __init__(self, app: Flask, seed: int) -> None:
        self.village = Bookkeeping(app)
        self.chance = random.Random(seed)
        self.hours = 0
        self.jump = timedelta(0)
        self.opened: dict[str, date] = {}
        self.ended: dict[str, date] = {}
        self.lines: list[str] = []
        self.balances: dict[str, int] = {}
        self.fund = self._opens(self.village.opens_fund)

    def _opens(self, act: Callable[[], str]) -> str:
        code = act()
        self.opened[code] = local_day(self.village.clock)
        self.balances[code] = 0
        return code

    def hour_passes(self) -> None:
        """One hour: perhaps somebody acts, perhaps a scheduler's minute comes, perhaps something breaks."""
        self.hours += 1
        self.village.later(hours=1)
        if self.chance.random() < 0.01:
            self.somebody_acts()
        if self.chance.random() < 0.001:
            self.jump = timedelta(hours=self.chance.choice((-48, 48)))
        if self.jump and self.chance.random() < 0.2:
            self.operator_mends_the_clock()
        if self.chance.random() < 0.03:
            self.a_minute_comes()

    def somebody_acts(self) -> None:
        """A gift, a payout, a purchase, a correction, a new project: whatever the money allows."""
        purse = self.chance.choice(list(self.balances))
        act = self.chance.choice(("gives", "gives", "buys", "corrects", "opens"))
        if act == "opens" and len(self.opened) < 5:
            until = (local_day(self.village.clock) + timedelta(days=self.chance.randrange(1, 120))).isoformat()
            code = self._opens(lambda: self.village.opens_project("修路", until=until))
            self.ended[code] = date.fromisoformat(until)
        elif act == "buys" and self.balances[purse] > 100:
            fen = self.chance.randrange(100, self.balances[purse] + 1)
            self.lines.append(self.village.spends(purse, fen))
            self.balances[purse] -= fen
        elif act == "corrects" and self.lines:
            self.village.corrects(self.lines.pop(self.chance.randrange(len(self.lines))), 1)
        else:
            self.village.receives(purse, 1000)
            self.village.is_paid(purse, 1000)
            self.balances[purse] += 1000

    def a_minute_comes(self) -> None:
        """One of four schedulers wakes, sees its clock, and publishes; sometimes it is killed on the way."""
        number = self.chance.randrange(4)
        now = self.village.clock + self.jump
        sign = Beat(host="h", worker=f"w{number}", boot="b", steady_ms=self.hours * 3_600_000, now=now)
        self.village.writes(lambda: clock_guard.beat(sign))
        chunks_left = self.chance.choice((99, 99, 1, 2, 3, 4))
        with suppress(PeriodsPaused, Killed), self.village.app.app_context():
            publishing.publish_due(now=now, worker=f"w{number}", should_stop=self._killer(chunks_left))

    def _killer(self, chunks_left: int) -> Callable[[], bool]:
        asked = [0]

        def should_stop() -> bool:
            asked[0] += 1
            if asked[0] > chunks_left:
                raise Killed
            return False

        return should_stop

    def operator_mends_the_clock(self) -> None:
        """The clock is set right, and an operator says so."""
        self.jump = timedelta(0)
        sign = Beat(host="h", worker="w0", boot="b", steady_ms=self.hours * 3_600_000, now=self.village.clock)
        self.village.writes(lambda: clock_guard.beat(sign))
        self.village.writes(lambda: clock_guard.confirm(now=self.village.clock))

    def expected(self) -> set[tuple[str, str, str]]:
        """Every (kind, scope, period) that the calendar asks for by now."""
        today = local_day(self.village.clock)
        found = set()
        for code, opened in self.opened.items():
            scope = self.village.village if code == self.fund else code
            month = opened.replace(day=1)
            while (after := (month + timedelta(days=31)).replace(day=1)) <= today:
                found.add(("monthly", scope, f"{month:%Y-%m}"))
                month = after
        found |= {("project_end", code, day.isoformat()) for code, day in self.ended.items() if day < today}
        return found


@pytest.mark.promise(name="P12")
@pytest.mark.parametrize("seed", SEEDS)
def test_each_period_of_a_year_is_published_exactly_once(app: Flask, seed: int) -> None:
    world = World(app, seed)
    for _ in range(HOURS):
        world.hour_passes()
    world.operator_mends_the_clock()
    world.village.publishes(worker="last")
    firsts = [n for n in world.village.notices() if n.version == 1]
    told = [(n.kind, n.scope_code, n.period) for n in firsts]
    assert len(told) == len(set(told)), f"twice, seed {seed}"
    assert set(told) == world.expected(), f"skipped or invented, seed {seed}"
    assert world.village.asks(check_notices) == []
    for one in firsts:
        assert one.published_at >= local(one.due_on.isoformat()), "published before it was due"
    assert max(n.published_at for n in firsts) <= world.village.clock + timedelta(seconds=1)


def test_the_hour_of_the_world_is_the_hour_of_the_test(app: Flask) -> None:
    world = World(app, 0)
    before: datetime = world.village.clock
    world.hour_passes()
    assert world.village.clock - before == timedelta(hours=1)
