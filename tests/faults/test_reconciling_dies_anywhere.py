"""Wherever a process dies while it reconciles, the next one ends with each thing once (P5, bad input 34)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from backend.core import clock
from backend.core.clock import local_day
from backend.core.config import HOUSE
from backend.core.db import db
from backend.core.failpoints import KILLED, FailpointReached, failing
from backend.ledger.models import Transfer
from backend.ledger.reasons import CHANNEL_FEE, GIFT
from backend.reconciliation.models import BillDifference, BillFile, DaySeal
from backend.reconciliation.worker import reconcile_steps
from tests.world.billing import Line, Reconciling, accounts, make_village

__all__ = ["accounts"]
FIRST = date(2026, 6, 1)
PLACES = (
    "reconcile_claimed",
    "reconcile_fetched",
    "reconcile_stored",
    "reconcile_listed",
    "reconcile_heard",
    "reconcile_concluded",
)


def with_two_unheard(village: Reconciling, *, stranger: bool = True) -> None:
    """Three gifts, two of which only the provider knows, and a payment that nobody ordered."""
    purse = village.opens_project("屋顶")
    village.paid_gift(purse, 10_00)
    for fen in (20_00, 30_00):
        village.pays_unseen(village.phone().order(purse, fen))
    if stranger:
        odd = Line(at=village.clock, order_no="D-odd", transaction_no="T-odd", fen=5_00)
        village.bills.tells(FIRST, [*village.lines(), odd])


def count(village: Reconciling, table: type, *which: object) -> int:
    counted = select(func.count()).select_from(table).where(*which)  # type: ignore[arg-type]  # SQL expressions
    return village.asks(lambda: db.session.scalar(counted) or 0)


def each_thing_once(village: Reconciling) -> None:
    assert [one.state for one in village.differences(FIRST)].count("healed") == 2
    assert village.finds(FIRST) == [("missing", "D-odd", None, 5_00)]
    assert count(village, Transfer, Transfer.reason == GIFT) == 3
    assert count(village, Transfer, Transfer.reason == CHANNEL_FEE) == 1
    assert count(village, BillFile) == 2
    assert village.wrong() == []


@pytest.mark.parametrize("place", PLACES)
def test_a_process_that_dies_there_is_followed_by_one_that_ends_it(accounts: Reconciling, place: str) -> None:
    with_two_unheard(accounts)
    accounts.the_day_after()
    with failing(f"{place}=raise@1"), pytest.raises(FailpointReached):
        accounts.reconciles(worker="dies")
    accounts.later(minutes=6)
    accounts.reconciles(worker="follows")
    each_thing_once(accounts)


def test_two_schedulers_at_one_moment_do_each_thing_once(accounts: Reconciling) -> None:
    with_two_unheard(accounts)
    accounts.the_day_after()
    start, wrong = threading.Barrier(3), []

    def works(name: str) -> None:
        start.wait()
        try:
            for _ in range(3):
                accounts.reconciles(worker=name)
        except Exception as error:  # pragma: no cover - only a broken product gets here.
            wrong.append(error)

    threads = [threading.Thread(target=works, args=(f"worker {number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accounts.later(minutes=61)
    accounts.reconciles()
    assert wrong == []
    each_thing_once(accounts)


def test_a_killed_process_leaves_nothing_half_done(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real process, killed in the midst of healing; the next one ends the day."""
    village = make_village(app, lambda now: monkeypatch.setattr(clock, "now", now))
    real = datetime.now(UTC)
    village.clock = real - timedelta(days=2)
    village.sets_aside()
    with_two_unheard(village, stranger=False)
    day = local_day(village.clock)
    found = village.settings
    told = {"DATA_DIR": str(found.data_dir), "DATABASE_URL": found.database_url, "SECRET_KEY": found.secret_key}
    env = {**os.environ, **told, "APP_ENV": "test", "DEMO": "0"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "reconcile", "--day", day.isoformat()]
    with_exit = {**env, "FAILPOINTS": "reconcile_heard=exit"}
    killed = subprocess.run(command, check=False, cwd=HOUSE, env=with_exit, capture_output=True, text=True, timeout=120)
    assert killed.returncode == KILLED, killed.stderr
    village.clock = real + timedelta(minutes=10)
    (step,) = reconcile_steps(village.settings, wire=village.wire)
    with village.app.app_context():
        while step.act(village.clock):
            pass
    assert village.day(day).state == "sealed"
    assert count(village, Transfer, Transfer.reason == GIFT) == 3
    assert count(village, DaySeal, DaySeal.day == day) == 1
    assert count(village, BillDifference) == 2
    assert village.wrong() == []
