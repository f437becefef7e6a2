"""The operator's command for the book of receipts."""

from __future__ import annotations

import csv
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from backend.core.db import read_with_retries
from backend.core.errors import Refusal
from backend.receipts import register


def install_receipt_commands(app: Flask) -> None:
    """Hang the command on the application."""
    app.cli.add_command(write_book)


@click.command("receipt-book")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
@click.option("--uscc", required=True, help="受赠组织的统一社会信用代码")
@click.option("--year", required=True, type=click.IntRange(2000, 2999), help="款项日期所在的年度")
@with_appcontext
def write_book(file: Path, uscc: str, year: int) -> None:
    """Write the receipts of an organisation and year as CSV; say how many there are, waived ones too (慈善法 38)."""
    try:
        rows = read_with_retries(lambda: list(register.rows_of(uscc=uscc, year=year)))
    except Refusal as refusal:
        raise click.ClickException("没有登记过这个组织。") from refusal
    with file.open("w", encoding="utf-8-sig", newline="") as out:  # The mark lets spreadsheets read Chinese.
        writer = csv.writer(out)
        writer.writerow(register.HEADINGS)
        writer.writerows(tuple(_harmless(cell) for cell in row) for row in rows)
    click.echo(register.summary_of(rows))


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; an amount below zero stays one."""
    is_formula = cell[:1] in ("=", "+", "@", "\t") or (cell[:1] == "-" and not cell[1:2].isdigit())
    return "'" + cell if is_formula else cell
