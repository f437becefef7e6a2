"""Operators' commands for the scheduler, the notices and the contract."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import date, datetime, timedelta

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from backend.content.worker import word_steps
from backend.core import clock
from backend.core.db import write_with_retries
from backend.core.errors import Refusal
from backend.jobs import clock_guard, publishing, self_check, service, worker
from backend.jobs.senders import senders_of
from backend.jobs.steps import STEPS
from backend.jobs.wechat_watch import watch_steps
from backend.messages.reminding import reminder_steps
from backend.outbox.worker import outbox_steps
from backend.payments.worker import money_steps
from backend.people.accounts import mini_openids
from backend.reconciliation.worker import reconcile_now, reconcile_steps
from backend.wechat.opening import wechat_of
from miniapp_api import openapi
from miniapp_api.edge import settings


def install_job_commands(app: Flask) -> None:
    """Hang the commands on the application."""
    for command in (scheduler, publish_due, reconcile, confirm_clock, write_openapi):
        app.cli.add_command(command)


@click.command("scheduler")
@click.option("--lead-seconds", default=service.LEAD // timedelta(seconds=1), help="how long a dead one is waited for")
@click.option("--minute-seconds", default=60, help="how often periods are looked at")
@with_appcontext
def scheduler(lead_seconds: int, minute_seconds: int) -> None:
    """Run the scheduler until SIGTERM or Ctrl-C; it stops after the chunk at hand."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own way out.
    found, wechat = settings(), wechat_of(settings())
    openids = mini_openids(found)
    words = (*word_steps(found, wechat=wechat, find_openid=openids), *reminder_steps(found, find_openid=openids))
    steps = (
        *STEPS,
        *money_steps(found),
        *outbox_steps(senders_of(found)),
        *words,
        *reconcile_steps(found),
        self_check.STEP,
        *watch_steps(found),
    )
    lead = timedelta(seconds=lead_seconds)
    one = worker.Worker(context=app.app_context, steps=steps, lead=lead, minute_seconds=minute_seconds)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopping(one.stopping.set))
    worker.run(one)


def _stopping(stop: Callable[[], None]) -> Callable[[int, object], None]:
    return lambda _number, _frame: stop()


@click.command("publish-due")
@click.option("--now", "at", help="ISO 8601 with a time zone; publish what was due then (never in production)")
@with_appcontext
def publish_due(at: str | None) -> None:
    """Publish every notice that is due, oldest first."""
    now = _instant(at)
    try:
        codes = publishing.publish_due(now=now, worker=worker.worker_name())
    except publishing.PeriodsPaused as paused:
        raise click.ClickException(paused.detail) from paused
    for code in codes:
        click.echo(f"/n/{code}")
    click.echo(f"已发布 {len(codes)} 份公示。")


def _instant(text: str | None) -> datetime:
    if text is None:
        return clock.now()
    if settings().is_production:
        raise click.ClickException("APP_ENV=production 时不能指定 --now。")
    try:
        return clock.in_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise click.ClickException("--now 应是带时区的时间，例如 2026-06-01T08:00:00+08:00。") from error


@click.command("reconcile")
@click.option("--day", required=True, help="哪一天的账单，例如 2026-06-01")
@with_appcontext
def reconcile(day: str) -> None:
    """Fetch the bills of a day anew and compare them with the ledger; say what is found."""
    now = clock.now()
    try:
        told = reconcile_now(settings(), day=date.fromisoformat(day), now=now)
    except ValueError as error:
        raise click.ClickException("--day 应是日期，例如 2026-06-01。") from error
    except Refusal as refusal:
        raise click.ClickException(refusal.detail) from refusal
    for line in told:
        click.echo(line)


@click.command("confirm-clock")
@with_appcontext
def confirm_clock() -> None:
    """Say that the system's time is right: paused periods go on."""
    now = clock.now()
    before = write_with_retries(lambda: clock_guard.confirm(now=now))
    click.echo(f"现在是 {clock.local_iso(now)}。")
    click.echo(f"公示恢复；暂停原因：{before.reason}。" if before.paused_at else "公示没有暂停，已记录确认。")


@click.command("openapi")
@with_appcontext
def write_openapi() -> None:
    """Write the contract to miniapp-api/openapi.json."""
    openapi.FILE.write_text(openapi.as_text(current_app), encoding="utf-8")
    click.echo(f"已写入 {openapi.FILE}")
