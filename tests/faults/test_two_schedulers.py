"""Two real scheduler processes, one killed with -9 in the middle of publishing: each period exactly once (P12)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import func, select

from backend.core.clock import now
from backend.core.config import HOUSE, Settings
from backend.core.db import db
from backend.jobs import clock_guard
from backend.jobs.models import ScheduledRun, SchedulerLead
from backend.notices.models import Notice
from tests.world.bookkeeping import Bookkeeping, local

PROJECTS = 6
PATIENCE_SECONDS = 90


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that works on the same database."""
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    own = {"DATABASE_URL": url, "DATA_DIR": str(settings.data_dir), "APP_ENV": "test"}
    return {**os.environ, **own, "SECRET_KEY": settings.secret_key}


@contextmanager
def scheduler(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler process, stopped at the end whatever happened."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "scheduler", "--lead-seconds", "2"]
    command += ["--minute-seconds", "1"]
    with subprocess.Popen(command, cwd=HOUSE, env=environment(settings), stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def until(question: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not question():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def village(app: Flask) -> Bookkeeping:
    """A village whose notices of two years wait to be published."""
    village = Bookkeeping(app, clock=local("2025-01-10 09:00"))
    fund = village.opens_fund()
    for number in range(PROJECTS):
        village.opens_project(f"修路{number}", until="2025-06-30")
    village.receives(fund, 10_000)
    return village


def published(village: Bookkeeping) -> int:
    return village.asks(lambda: db.session.scalar(select(func.count()).select_from(Notice)) or 0)


def leader(village: Bookkeeping) -> int:
    """Ask for the process id of the scheduler that works now; 0 while none does."""
    worker = village.asks(lambda: db.session.scalar(select(SchedulerLead.worker)))
    return int(worker.split(":")[1]) if worker else 0


def is_all_done(village: Bookkeeping) -> bool:
    open_runs = select(func.count()).select_from(ScheduledRun).where(ScheduledRun.done_at.is_(None))
    is_quiet = village.asks(lambda: db.session.scalar(open_runs)) == 0
    today = now().date()
    months = (today.year - 2025) * 12 + today.month - 1
    return is_quiet and published(village) >= months * (PROJECTS + 1) + PROJECTS


def test_one_is_killed_while_it_publishes_and_the_other_goes_on(village: Bookkeeping, settings: Settings) -> None:
    with scheduler(settings) as one, scheduler(settings) as two:
        until(lambda: published(village) >= 20)
        dead = next(process for process in (one, two) if process.pid == leader(village))
        dead.send_signal(signal.SIGKILL)
        dead.wait(30)
        assert not is_all_done(village)
        until(lambda: is_all_done(village))
    told = [(notice.kind, notice.scope_code, notice.period) for notice in village.notices()]
    assert len(told) == len(set(told))
    today = now().date()
    months = (today.year - 2025) * 12 + today.month - 1
    assert len(told) == months * (PROJECTS + 1) + PROJECTS
    assert village.findings() == []


def test_a_stopped_scheduler_ends_cleanly_and_leaves_its_sign_of_life(village: Bookkeeping, settings: Settings) -> None:
    with scheduler(settings) as one:
        until(lambda: published(village) > 0)
        one.send_signal(signal.SIGTERM)
        assert one.wait(30) == 0
    assert leader(village) == 0
    assert village.asks(lambda: clock_guard.is_alive(now=now()))
