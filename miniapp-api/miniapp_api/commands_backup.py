"""Operators' commands for backups: made while everybody works, read back into an empty installation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from flask import Flask
from flask.cli import with_appcontext

from backend.backups import service
from backend.backups.dumping import DumpFailed
from backend.backups.manifest import ManifestBroken
from backend.core import clock
from miniapp_api.edge import settings

T = TypeVar("T")


def install_backup_commands(app: Flask) -> None:
    """Hang the commands on the application."""
    app.cli.add_command(backup)
    app.cli.add_command(restore)


@click.command("backup")
@click.option("--into", required=True, type=click.Path(path_type=Path), help="备份放在这个文件夹下，每份一个子文件夹")
@with_appcontext
def backup(into: Path) -> None:
    """Write a backup of database, pictures and keys; writers go on meanwhile."""
    made = _or_say(lambda: service.make_backup(data_dir=settings().data_dir, into=into, now=clock.now()))
    click.echo(f"已备份到 {made}")


@click.command("restore")
@click.option("--from", "source", required=True, type=click.Path(path_type=Path, exists=True), help="一份备份的文件夹")
@with_appcontext
def restore(source: Path) -> None:
    """Read a backup back into an empty database and data folder, and compare its trial balance."""
    manifest = _or_say(lambda: service.restore_backup(source=source, data_dir=settings().data_dir))
    balance = manifest.balance
    click.echo(
        f"已恢复 {manifest.made_at} 的备份：{balance.transfers} 笔转账，{balance.accounts} 个账户，试算平衡一致。"
    )
    click.echo("接着运行：flask --app wsgi prepare，然后 flask --app wsgi verify。")


def _or_say(act: Callable[[], T]) -> T:
    """Act; what stands in the way is one sentence and exit code 1, never a traceback."""
    try:
        return act()
    except (service.BackupRefused, ManifestBroken, DumpFailed) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except OSError as error:
        raise click.ClickException(f"无法读写 {error.filename or ''}：{error.strerror}") from error
