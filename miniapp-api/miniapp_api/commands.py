"""Commands for operators: `flask --app wsgi …`."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy import inspect

from backend.content.checks import check_content
from backend.core import clock
from backend.core.db import db, read_with_retries, writing
from backend.disbursements.checks import check_disbursements
from backend.ledger.chain import check_chain
from backend.ledger.checks import check_ledger
from backend.notices.checks import check_notices, check_periods
from backend.payments.checks import check_payments
from backend.people.checks import check_people
from backend.projects.checks import check_projects
from backend.projects.routes import check_routes
from backend.receipts.checks import check_receipts
from backend.reconciliation.checks import check_reconciliation
from backend.refunds.checks import check_refunds
from backend.regions import loading
from backend.vault.checks import check_vault
from backend.volunteers.checks import check_volunteers
from miniapp_api.commands_backup import install_backup_commands
from miniapp_api.commands_books import install_book_commands
from miniapp_api.commands_doctor import doctor
from miniapp_api.commands_jobs import install_job_commands
from miniapp_api.commands_receipts import install_receipt_commands
from miniapp_api.commands_staff import install_staff_commands
from miniapp_api.commands_start import prepare, welcome
from miniapp_api.commands_trace import trace
from miniapp_api.commands_vault import install_vault_commands
from miniapp_api.commands_wechat import install_wechat_commands

CHECKS = (
    check_ledger,
    check_chain,
    check_routes,
    check_projects,
    check_disbursements,
    check_payments,
    check_receipts,
    check_reconciliation,
    check_refunds,
    check_notices,
    check_periods,
    check_volunteers,
    check_people,
    check_content,
    check_vault,
)


def install_commands(app: Flask) -> None:
    """Hang the operators' commands on the application."""
    app.cli.add_command(verify)
    app.cli.add_command(doctor)
    app.cli.add_command(trace)
    install_backup_commands(app)
    install_book_commands(app)
    install_job_commands(app)
    install_staff_commands(app)
    install_wechat_commands(app)
    install_receipt_commands(app)
    install_vault_commands(app)
    app.cli.add_command(load_regions)
    app.cli.add_command(prepare)
    app.cli.add_command(welcome)


@click.command("verify")
@with_appcontext
def verify() -> None:
    """Recompute everything from the transfers; name what is out of joint and end with 1."""
    if not inspect(db.engine).has_table("transfers"):
        raise click.ClickException("数据库还没有准备好。先运行：flask --app wsgi prepare")
    findings = [finding for check in CHECKS for finding in read_with_retries(check)]
    for finding in findings:
        click.echo(finding, err=True)
    if findings:
        raise SystemExit(1)
    click.echo("账本核对无误。")


@click.command("load-regions")
@with_appcontext
def load_regions() -> None:
    """Load all 665,276 regions, in one transaction; say so and do nothing when they are loaded already."""
    if read_with_retries(loading.is_loaded):
        click.echo("行政区划已是最新。")
        return
    with writing():
        count = loading.load_all(now=clock.now(), progress=_show_progress)
    click.echo(f"\r已装入 {count:,} 个行政区划单位。")


def _show_progress(done: int, total: int) -> None:
    click.echo(f"\r正在装入行政区划 {done * 100 // total}%", nl=False)
