"""Commands for the keys of the vault, and for the one value in it that has no person any more."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext

from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.core.errors import NotFound, Refusal
from backend.donations.queries import find_gift
from backend.openings.models import COMMAND
from backend.openings.service import OPEN, Asking, open_value
from backend.people.rights import NATION, authorise
from backend.people.staff import find_staff
from backend.projects.queries import get_project
from backend.vault import keyring
from backend.vault.fields import RECEIPT_DONOR
from backend.vault.rotation import CHUNK, counted_by_key, rotate_chunk
from miniapp_api.edge import new_request_id


def install_vault_commands(app: Flask) -> None:
    """Hang the commands on the application."""
    for command in (rotate_vault_keys, open_kept_name):
        app.cli.add_command(command)


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


@click.command("open-kept-name")
@click.argument("gift")
@click.option("--login", required=True, help="查看人的工作台账号（全国）")
@click.option("--reason", required=True, help="查看的原因，会写入查看记录")
@with_appcontext
def open_kept_name(gift: str, login: str, reason: str) -> None:
    """Show the donor's name that the law keeps of an erased person's receipt, and write down who saw it and why."""
    try:
        click.echo(write_with_retries(lambda: _kept_name(gift, login=login, reason=reason)))
    except Refusal as refusal:
        raise click.ClickException(refusal.detail) from refusal


def _kept_name(gift: str, *, login: str, reason: str) -> str:
    staff, now = find_staff(login), clock.now()
    if staff is None:
        raise NotFound("没有这个工作台账号，或账号已停用。")
    authorise(staff, OPEN, NATION, subject=gift)
    village = get_project(find_gift(gift, now=now).project_code).village_code
    asking = Asking(staff=staff, reason=reason, request_id=f"command-{new_request_id()}", nonce=None)
    return open_value(asking, field=RECEIPT_DONOR, row=gift, region_code=village, now=now, purpose=COMMAND)
