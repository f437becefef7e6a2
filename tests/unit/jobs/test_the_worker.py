"""The scheduler's steps are alone, its lead passes on, and a stop waits for the chunk at hand only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from backend.core.db import db, write_with_retries
from backend.jobs import publishing
from backend.jobs import worker as jobs
from backend.jobs.models import SchedulerLead
from backend.jobs.steps import STEPS, Step
from backend.jobs.worker import Worker, minute, turn
from backend.ledger.queries import queue_length
from tests.world.bookkeeping import Bookkeeping, local


class Clocks:
    """A wall clock and a steady one, set by hand."""

    def __init__(self) -> None:
        self.wall = local("2026-05-04 12:00")
        self.steady = 1_000_000

    def passes(self, **delta: int) -> None:
        """Let time pass on both."""
        self.wall += timedelta(**delta)
        self.steady += timedelta(**delta) // timedelta(milliseconds=1)


def scheduler(app: Flask, clocks: Clocks, *steps: Step, name: str = "one") -> Worker:
    """One scheduler process on these clocks."""
    return Worker(
        context=app.app_context,
        steps=steps,
        name=name,
        host="host",
        boot="boot",
        now=lambda: clocks.wall,
        steady_ms=lambda: clocks.steady,
    )


def counting(done: list[str], name: str, *, chunks: int = 1, calls_out: bool = False, every: int = 1) -> Step:
    """A step that has so many chunks to do, then nothing."""

    def act(_now: datetime) -> int:
        if done.count(name) >= chunks:
            return 0
        done.append(name)
        return 1

    return Step(name=name, act=act, calls_out=calls_out, every_seconds=every)


def failing(_now: datetime) -> int:
    raise RuntimeError("the name of somebody")


def test_a_failing_step_stops_no_other_and_is_tried_again_after_a_growing_pause(app: Flask) -> None:
    done: list[str] = []
    clocks = Clocks()
    tries: list[datetime] = []

    def fails(now: datetime) -> int:
        tries.append(now)
        return failing(now)

    one = scheduler(app, clocks, Step(name="bad", act=fails), counting(done, "good"))
    for _ in range(8):
        turn(one)
        clocks.passes(seconds=1)
    assert done == ["good"]
    assert [round((at - tries[0]).total_seconds()) for at in tries] == [0, 2, 6]


def test_the_log_names_the_failed_step_and_never_the_text_of_its_error(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    turn(scheduler(app, Clocks(), Step(name="bad", act=failing)))
    said = capsys.readouterr().err
    assert '"step": "bad"' in said
    assert '"kind": "RuntimeError"' in said
    assert "somebody" not in said


def test_a_long_batch_goes_on_chunk_by_chunk_and_yields_after_a_second(app: Flask) -> None:
    clocks = Clocks()
    chunks: list[int] = []

    def slow(_now: datetime) -> int:
        chunks.append(1)
        clocks.passes(milliseconds=400)
        return 10

    done: list[str] = []
    assert turn(scheduler(app, clocks, Step(name="long", act=slow), counting(done, "next"))) == 31
    assert (len(chunks), done) == (3, ["next"])


def test_an_idle_step_takes_no_write_lock(app: Flask) -> None:
    def never(_now: datetime) -> int:
        raise AssertionError("unreachable")

    assert turn(scheduler(app, Clocks(), Step(name="idle", act=never, has_work=lambda _now: False))) == 0


def test_a_step_that_calls_out_has_its_own_round_and_no_transaction(app: Flask) -> None:
    done: list[str] = []

    def calls(_now: datetime) -> int:
        assert not db.session().in_transaction()
        return counting(done, "outside").act(_now)

    one = scheduler(app, Clocks(), Step(name="outside", act=calls, calls_out=True), counting(done, "inside"))
    turn(one)
    assert done == ["inside"]
    turn(one, only="outside")
    assert done == ["inside", "outside"]


def test_an_hourly_step_waits_for_its_hour(app: Flask) -> None:
    done: list[str] = []
    clocks = Clocks()
    one = scheduler(app, clocks, counting(done, "hourly", chunks=5, every=3600))
    turn(one)
    turn(one)
    assert len(done) == 5
    done.clear()
    turn(one)
    assert done == []
    clocks.passes(hours=1)
    turn(one)
    assert len(done) == 5


def test_two_schedulers_take_turns_only_when_the_first_is_dead(app: Flask) -> None:
    done: list[str] = []
    clocks = Clocks()
    one = scheduler(app, clocks, counting(done, "one", chunks=9))
    two = scheduler(app, clocks, counting(done, "two", chunks=9), name="two")
    turn(one)
    turn(two)
    assert set(done) == {"one"}
    clocks.passes(seconds=19)
    turn(two)
    assert set(done) == {"one"}
    clocks.passes(seconds=6)
    turn(two)
    assert set(done) == {"one", "two"}
    assert minute(one) == []


def test_a_lead_claimed_by_a_clock_that_had_jumped_ahead_holds_nobody_up(app: Flask) -> None:
    done: list[str] = []
    ahead, right = Clocks(), Clocks()
    ahead.wall += timedelta(days=2)
    turn(scheduler(app, ahead))
    turn(scheduler(app, right, counting(done, "two"), name="two"))
    assert done == ["two"]


def test_a_database_that_is_away_stops_nothing_for_good(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    clocks = Clocks()
    one = scheduler(app, clocks, counting(done, "work"))
    with monkeypatch.context() as away:
        away.setattr(jobs, "write_with_retries", _is_away)
        assert turn(one) == 0
        assert minute(one) == []
    clocks.passes(seconds=3)
    assert turn(one) == 1


def _is_away(_act: object) -> None:
    raise ConnectionError("the database is away")


def test_a_slow_step_is_told_to_the_operator(
    app: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jobs, "SLOW_SECONDS", -1)
    turn(scheduler(app, Clocks(), counting([], "any")))
    assert '"event": "slow_step"' in capsys.readouterr().err


def test_the_order_step_gives_every_transfer_its_place_and_old_answers_are_forgotten(app: Flask) -> None:
    village = Bookkeeping(app)
    fund = village.opens_fund()
    village.receives(fund, 100)
    assert village.asks(queue_length) == 1
    turn(scheduler(app, Clocks(), *STEPS))
    assert village.asks(queue_length) == 0


def test_the_minute_publishes_pauses_and_survives_what_goes_wrong(
    app: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    village = Bookkeeping(app)
    village.opens_fund()
    clocks = Clocks()
    one = scheduler(app, clocks)
    with monkeypatch.context() as broken:
        broken.setattr(publishing, "due_periods", failing)
        assert minute(one) == []
    assert len(minute(one)) == 4
    assert minute(one) == []
    clocks.wall += timedelta(days=40)
    clocks.steady += 10_000
    assert minute(one) == []
    assert '"event": "periods_paused"' in capsys.readouterr().err


def test_a_stop_is_clean_and_hands_the_lead_over(app: Flask) -> None:
    worked = threading.Event()

    def act(_now: datetime) -> int:
        worked.set()
        return 0

    one = Worker(context=app.app_context, steps=(Step(name="any", act=act),))
    thread = threading.Thread(target=jobs.run, args=(one,))
    thread.start()
    assert worked.wait(20)
    one.stopping.set()
    thread.join(20)
    assert not thread.is_alive()
    with app.app_context():
        assert write_with_retries(lambda: db.session.scalar(select(SchedulerLead.worker))) is None


def test_a_stop_in_the_middle_of_a_batch_waits_for_the_chunk_at_hand_only(app: Flask) -> None:
    chunks: list[int] = []

    def act(_now: datetime) -> int:
        chunks.append(1)
        one.stopping.set()
        return 1

    one = scheduler(app, Clocks(), Step(name="long", act=act), Step(name="next", act=failing))
    assert turn(one) == 1
    assert len(chunks) == 1
    assert one.failures == {}


def test_a_lead_that_cannot_be_handed_over_is_only_logged(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    @contextmanager
    def broken() -> Iterator[object]:
        raise RuntimeError
        yield

    one = Worker(context=broken)
    one.stopping.set()
    jobs.run(one)
    assert '"step": "hand_over"' in capsys.readouterr().err


def test_every_process_has_a_name_of_its_own() -> None:
    assert jobs.worker_name() != jobs.worker_name()
    assert datetime.now(UTC) - Worker(context=lambda: None).now() < timedelta(seconds=5)  # type: ignore[arg-type,return-value]
