"""The scheduler reconciles what is due; an operator has a day compared anew and reads what is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from flask import Flask

from backend.core import clock
from backend.core.clock import SHANGHAI
from backend.core.config import Settings
from backend.core.db import read_with_retries
from backend.payments import worker as payments_worker
from backend.payments.providers import PaymentUnavailable
from backend.reconciliation.worker import billing_of, reconcile_steps
from tests.world.billing import Reconciling, make_village

DAY = date(2026, 6, 1)


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Reconciling:
    """A village whose provider is the sandbox itself."""
    village = make_village(app, lambda now: monkeypatch.setattr(clock, "now", now))
    village.sets_aside()
    return village


def said(app: Flask, day: str) -> str:
    return app.test_cli_runner().invoke(args=["reconcile", "--day", day]).output


def test_the_scheduler_reconciles_the_sandboxs_own_bills(village: Reconciling) -> None:
    village.paid_gift(village.fund, 1_234_56)
    (step,) = reconcile_steps(village.settings, wire=village.wire)
    has_work = step.has_work
    assert has_work is not None
    assert not village.asks(lambda: has_work(village.clock))
    village.the_day_after()
    assert village.asks(lambda: has_work(village.clock))
    with village.app.app_context():
        assert step.act(village.clock) == 1
        assert not read_with_retries(lambda: has_work(village.clock))
    found = village.day(DAY)
    assert (found.state, found.paid_fen, found.fee_fen) == ("sealed", 1_234_56, 741)
    assert found.closing_fen == 1_234_56 - 741
    assert village.wrong() == []


def test_the_sandboxs_account_runs_on_over_days_without_gifts(village: Reconciling) -> None:
    for fen in (10_00, 1):
        village.paid_gift(village.fund, fen)
        village.the_day_after(days=2)
    (step,) = reconcile_steps(village.settings, wire=village.wire)
    village.later(hours=5)
    with village.app.app_context():
        while step.act(village.clock):
            pass
    third = village.day(date(2026, 6, 3))
    assert (third.state, third.closing_fen, village.day(date(2026, 6, 2)).answer) == ("sealed", 9_95, "none")
    assert village.wrong() == []


def test_an_operator_reads_what_is_found_on_a_day(village: Reconciling) -> None:
    village.pays_unseen(village.phone().order(village.fund, 50_00))
    village.the_day_after()
    told = said(village.app, "2026-06-01")
    assert "2026-06-01 sandbox：sealed（账单：ready），支付 1 笔 5000 分" in told
    assert "healed missing" in told
    assert told == said(village.app, "2026-06-01")


def test_a_day_that_is_not_over_has_no_bill(village: Reconciling) -> None:
    assert "次日十点以后" in said(village.app, village.clock.astimezone(SHANGHAI).date().isoformat())
    assert "应是日期" in said(village.app, "yesterday")


def test_without_a_provider_nothing_is_reconciled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reconcile_steps(replace(settings, payment_provider="none")) == ()
    monkeypatch.setattr("backend.reconciliation.worker.provider_of", lambda *_args, **_how: object())
    with pytest.raises(PaymentUnavailable):
        billing_of(settings)
    assert payments_worker.provider_of(settings).name == "sandbox"
