"""Operators' commands for the books: check them, open them again after a stop, make their roll-ups anew."""

from __future__ import annotations

from datetime import datetime

import click
from flask import Flask
from flask.cli import with_appcontext

from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.ledger import guard
from backend.ledger.checks import check_ledger
from backend.ledger.guard import BooksState
from backend.ledger.rebuilding import rebuild_roll_ups
from backend.outbox.service import begin_anew
from backend.refunds.repair_models import KIND as REPAIR
from backend.refunds.service import KIND as REFUND


def install_book_commands(app: Flask) -> None:
    """Hang the commands on the application."""
    app.cli.add_command(open_books)
    app.cli.add_command(rebuild_balances)


@click.command("open-books")
@with_appcontext
def open_books() -> None:
    """Check the books and, when they add up, let them be written again."""
    findings = read_with_retries(check_ledger)
    for finding in findings:
        click.echo(finding, err=True)
    if findings:
        raise click.ClickException("账目还没有对平，仍然暂停办理。缓存有误时先运行：flask --app wsgi rebuild-balances")
    now = clock.now()
    before = write_with_retries(lambda: _open(now))
    click.echo(f"账目无误，恢复办理；暂停原因：{before.reason}。" if before.stopped_at else "账目无误，没有暂停。")


def _open(now: datetime) -> BooksState:
    """Refunds and their cards were held while the books were stopped: nobody has been asked for them in that time."""
    before = guard.open_again(now=now)
    if before.stopped_at is not None:
        for kind in (REFUND, REPAIR):
            begin_anew(kind=kind, now=now)
    return before


@click.command("rebuild-balances")
@with_appcontext
def rebuild_balances() -> None:
    """Recompute balances and totals from the transfers; the transfers themselves stay as they are."""
    count = write_with_retries(rebuild_roll_ups)
    click.echo(f"已从转账重算 {count} 个账户的余额。接着运行：flask --app wsgi open-books")
