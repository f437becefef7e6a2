"""Commands for the keys of the vault."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext

from backend.core.db import read_with_retries, write_with_retries
from backend.vault import keyring
from backend.vault.rotation import CHUNK, counted_by_key, rotate_chunk


def install_vault_commands(app: Flask) -> None:
    """Hang the commands on the application."""
    app.cli.add_command(rotate_vault_keys)


@click.command("rotate-vault-keys")
@click.option("--chunk", type=click.IntRange(1, 10_000), default=CHUNK, show_default=True, help="一次换多少把")
@with_appcontext
def rotate_vault_keys(chunk: int) -> None:
    """Wrap every person's key anew by the first key of VAULT_KEYS. Killed in between, run it again."""
    try:
        done = 0
        while changed := write_with_retries(lambda: rotate_chunk(limit=chunk)):
            done += changed
            click.echo(f"\r已换 {done:,} 把", nl=False)
    except keyring.SealBroken as error:
        help_text = "请把旧密钥也写进 VAULT_KEYS（放在新密钥后面）再运行"
        raise click.ClickException(f"有一把个人密钥打不开（{error}）。{help_text}。") from error
    counts = read_with_retries(counted_by_key)
    told = "，".join(f"{name} {count:,} 把" for name, count in sorted(counts.items())) or "还没有"
    click.echo(f"\r本次换了 {done:,} 把。现在的个人密钥：{told}。")
