"""Operators' commands for staff accounts and organisations."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeVar

import click
from flask import Flask
from flask.cli import with_appcontext

from backend.core import clock
from backend.core.db import write_with_retries
from backend.core.errors import Refusal
from backend.orgs.service import create_organisation, set_certificate, set_receipt_handler
from backend.people import factors, passwords
from backend.people.rights import ROLES
from backend.people.staff import create_staff, disable_staff, end_sessions_of

T = TypeVar("T")


def install_staff_commands(app: Flask) -> None:
    """Hang the commands on the application."""
    accounts = (make_staff, end_staff, end_sessions, reset_factor)
    for command in (*accounts, make_organisation, renew_certificate, name_handler):
        app.cli.add_command(command)


@click.command("create-staff")
@click.argument("login")
@click.option("--name", required=True, help="姓名")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--region", default="00", show_default=True, help="地区代码；00 是全国")
@click.option("--generate", is_flag=True, help="由系统生成密码并显示一次")
@with_appcontext
def make_staff(login: str, name: str, role: str, region: str, generate: bool) -> None:
    """Make a staff account; the password is asked for twice, or generated and shown once."""
    password = (
        secrets.token_urlsafe(12) if generate else click.prompt("密码", hide_input=True, confirmation_prompt=True)
    )
    password_hash = _or_say(lambda: passwords.hashed(password, about=(login, name)))
    _written(
        lambda: create_staff(
            login=login, name=name, role=role, region_code=region, password_hash=password_hash, now=clock.now()
        )
    )
    click.echo(f"已建立账号 {login}。" + (f"密码（只显示这一次）：{password}" if generate else ""))


@click.command("disable-staff")
@click.argument("login")
@with_appcontext
def end_staff(login: str) -> None:
    """End a staff account and all its sessions at once."""
    _written(lambda: disable_staff(login=login, now=clock.now()))
    click.echo(f"账号 {login} 已停用。")


@click.command("end-sessions")
@click.argument("login")
@with_appcontext
def end_sessions(login: str) -> None:
    """End every session of an account, on whatever device; the account itself stays."""
    _written(lambda: end_sessions_of(login, now=clock.now()))
    click.echo(f"账号 {login} 的所有登录已结束。")


@click.command("reset-factor")
@click.argument("login")
@with_appcontext
def reset_factor(login: str) -> None:
    """Take the second factor off an account whose phone and recovery codes are lost; check who asks, in person."""
    _written(lambda: factors.reset(login=login, now=clock.now()))
    click.echo(f"账号 {login} 的动态口令已停用；下次登录后须重新设置。")


@click.command("create-organisation")
@click.argument("name")
@click.option("--uscc", required=True, help="统一社会信用代码")
@click.option("--certificate", help="公开募捐资格证书编号；没有就不能接受捐赠")
@click.option("--handler", help="收据上的经办人姓名（慈善法第三十八条）")
@click.option("--region", default="00", show_default=True, help="地区代码")
@with_appcontext
def make_organisation(name: str, uscc: str, certificate: str | None, handler: str | None, region: str) -> None:
    """Write down an organisation that receives money; show its code."""
    code = _written(
        lambda: create_organisation(
            name=name,
            uscc=uscc,
            fundraising_certificate=certificate,
            receipt_handler=handler,
            region_code=region,
            now=clock.now(),
        )
    )
    if handler is None:
        click.echo("还没有登记收据的经办人：请用 set-receipt-handler 补上。")
    click.echo(f"已登记组织 {name}，编号 {code}。")


@click.command("set-certificate")
@click.argument("code")
@click.option("--certificate", help="新的证书编号；不填就是收回，名下项目停止接受捐赠")
@with_appcontext
def renew_certificate(code: str, certificate: str | None) -> None:
    """Renew or take back an organisation's fundraising certificate."""
    _written(lambda: set_certificate(code=code, fundraising_certificate=certificate, now=clock.now()))
    click.echo("已更新公开募捐资格证书。" if certificate else "已收回公开募捐资格证书。")


@click.command("set-receipt-handler")
@click.argument("code")
@click.option("--handler", required=True, help="收据上的经办人姓名")
@with_appcontext
def name_handler(code: str, handler: str) -> None:
    """Name who of an organisation answers for its receipts from now on."""
    _written(lambda: set_receipt_handler(code=code, receipt_handler=handler, now=clock.now()))
    click.echo(f"收据经办人已改为 {handler}，以前开具的收据不变。")


def _written(act: Callable[[], T]) -> T:
    return _or_say(lambda: write_with_retries(act))


def _or_say(act: Callable[[], T]) -> T:
    """Run an act; a refusal ends the command with its sentence."""
    try:
        return act()
    except Refusal as refusal:
        raise click.ClickException(refusal.detail) from refusal
