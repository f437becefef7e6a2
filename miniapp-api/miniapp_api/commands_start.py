"""What `make run` calls: `prepare` makes everything that a first visit needs, `welcome` shows where to go."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import click
import flask_migrate
import qrcode
from flask.cli import with_appcontext

from backend.backups.damage import DAMAGED, is_damaged
from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.regions.loading import is_loaded, load_all
from miniapp_api.edge import settings

TENTH = 10


@click.command("prepare")
@click.option("--greeting", type=click.Path(path_type=Path), help="also write what `welcome` shows to this file")
@with_appcontext
def prepare(greeting: Path | None) -> None:
    """Make or migrate the database, load the regions, tell the demo story. Quick when all of it is there."""
    if is_damaged():
        raise click.ClickException(DAMAGED)
    flask_migrate.upgrade()
    if not read_with_retries(is_loaded):
        click.echo("装入全国 665,276 个行政区划……")
        write_with_retries(lambda: load_all(now=clock.now(), progress=ProgressShown()))
    if settings().demo:
        _tell_demo()
    if greeting is not None:
        greeting.write_text(composed_welcome(), encoding="utf-8")


def _tell_demo() -> None:
    from miniapp_api.demo import is_told, keep_one_running, tell_story

    if read_with_retries(is_told):
        keep_one_running(now=clock.now())
        return
    click.echo("讲述演示故事（五个村，全部标明“演示数据”）……")
    yesterday = clock.local_day(clock.now()) - timedelta(days=1)
    tell_story(settings=settings(), ends_on=yesterday, progress=lambda line: click.echo(f"  {line}"))


class ProgressShown:
    """Prints a line at every tenth of a long work."""

    def __init__(self) -> None:
        self.tenths = 0

    def __call__(self, done: int, total: int) -> None:
        """Show how far the work is, when a further tenth is reached."""
        tenths = done * TENTH // max(total, 1)
        if tenths > self.tenths:
            self.tenths = tenths
            click.echo(f"  {tenths * TENTH}%")


@click.command("welcome")
@with_appcontext
def welcome() -> None:
    """Print the address, its QR code for the terminal and, in a demo, the accounts to try."""
    click.echo(composed_welcome(), nl=False)


def composed_welcome() -> str:
    """Return the address, its QR code for the terminal and, in a demo, the accounts to try, as lines."""
    address = settings().public_url
    code, drawn = qrcode.QRCode(border=2), io.StringIO()
    code.add_data(address)
    code.print_ascii(out=drawn, invert=True)
    lines = [f"  打开 / Open:  {address}"]
    if settings().demo:
        from miniapp_api.demo import demo_accounts

        lines.append(f"  村干部工作台 / Desk:  {address}/desk")
        lines.append("  演示账号（仅演示，密码都一样）/ Demo accounts:")
        accounts = read_with_retries(demo_accounts)
        lines += [f"    {account.login:<12} {account.password:<16} {account.what}" for account in accounts]
    return drawn.getvalue() + "".join(f"{line}\n" for line in lines)
