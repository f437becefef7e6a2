"""Operators publish what is due by a command, with a time of their own outside production only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from miniapp_api import commands_jobs
from miniapp_api.app import create_app

from backend.core.config import Settings
from backend.jobs import clock_guard
from backend.jobs.clock_guard import Beat
from backend.jobs.worker import Worker
from tests.world.bookkeeping import Bookkeeping
from tests.world.databases import dispose


def said(app: Flask, *arguments: str) -> str:
    """What a command prints."""
    return app.test_cli_runner().invoke(args=list(arguments)).output


def test_what_is_due_at_a_told_time_is_published_once(app: Flask) -> None:
    Bookkeeping(app).opens_fund()
    assert "已发布 2 份公示" in said(app, "publish-due", "--now", "2026-03-01T00:00:00+08:00")
    assert "已发布 0 份公示" in said(app, "publish-due", "--now", "2026-03-01T00:00:00+08:00")
    assert "/n/" in said(app, "publish-due")


@pytest.mark.parametrize("time", ["yesterday", "2026-03-01T00:00:00"])
def test_a_time_without_a_zone_says_nothing(app: Flask, time: str) -> None:
    assert "带时区" in said(app, "publish-due", "--now", time)


def test_in_production_the_time_is_the_time(settings: Settings) -> None:
    app = create_app(replace(settings, app_env="production", public_url="https://example.org", demo=False))
    assert "不能指定" in said(app, "publish-due", "--now", "2026-03-01T00:00:00+08:00")
    dispose(app)


def test_with_a_clock_that_cannot_be_believed_nothing_is_published(app: Flask) -> None:
    village = Bookkeeping(app)
    village.opens_fund()
    for hours in (0, 48):
        now = village.clock + timedelta(hours=hours)
        sign = Beat(host="h", worker="w", boot="b", steady_ms=1, now=now)
        village.writes(lambda sign=sign: clock_guard.beat(sign))
    assert "confirm-clock" in said(app, "publish-due")
    assert village.notices() == []


def test_the_scheduler_command_runs_with_the_steps_of_every_room(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Worker] = []

    def run(worker: Worker) -> None:
        commands_jobs._stopping(worker.stopping.set)(15, None)
        ran.append(worker)

    monkeypatch.setattr(commands_jobs.worker, "run", run)
    monkeypatch.setattr(commands_jobs.signal, "signal", lambda _number, _handler: None)
    assert said(app, "scheduler", "--lead-seconds", "5", "--minute-seconds", "7") == ""
    (one,) = ran
    assert one.stopping.is_set()
    assert (one.lead, one.minute_seconds) == (timedelta(seconds=5), 7)
    assert {"order", "receipts", "outbox:sandbox_notice", "ask_provider", "forget_answers"} <= {
        step.name for step in one.steps
    }
