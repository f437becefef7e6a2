"""`flask --app wsgi trace NUMBER`: what an operator needs to see before he decides about a payment or a refund."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from backend.core.db import read_with_retries
from backend.reconciliation.tracing import trace as trace_of


@click.command("trace")
@click.argument("number")
@with_appcontext
def trace(number: str) -> None:
    """Show everything known under the NUMBER of an order, a payment, a refund or a gift; no names."""
    lines = read_with_retries(lambda: trace_of(number.strip()))
    if not lines:
        raise click.ClickException("没有找到这个编号：它不是本系统的订单、付款、退款或捐赠，也没有渠道的话提到它。")
    for line in lines:
        click.echo(line)
