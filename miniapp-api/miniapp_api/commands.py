"""Commands for operators: `flask --app wsgi …`."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext

from backend.core.db import read_with_retries
from backend.ledger.checks import check_ledger

CHECKS = (check_ledger,)


def install_commands(app: Flask) -> None:
    """Hang the operators' commands on the application."""
    app.cli.add_command(verify)


@click.command("verify")
@with_appcontext
def verify() -> None:
    """Recompute everything from the transfers; name what is out of joint and end with 1."""
    findings = [finding for check in CHECKS for finding in read_with_retries(check)]
    for finding in findings:
        click.echo(finding, err=True)
    if findings:
        raise SystemExit(1)
    click.echo("账本核对无误。")
