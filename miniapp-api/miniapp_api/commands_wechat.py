"""Operators' commands for the merchant account at WeChat Pay."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from backend.core import clock
from backend.payments.signature import ResourceUnreadable
from backend.payments.wechat.caller import NoAnswer
from backend.payments.wechat.certificates import FetchedCertificate, fetch_certificates
from backend.payments.wechat.pay import WechatPay
from miniapp_api.edge import settings
from miniapp_api.payments import current_provider


def install_wechat_commands(app: Flask) -> None:
    """Hang the commands on the application."""
    app.cli.add_command(wechat_certificates)


@click.command("wechat-certificates")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@with_appcontext
def wechat_certificates(folder: Path) -> None:
    """Fetch the platform certificates with which WeChat Pay signs now and soon, into FOLDER; needed once in five years.

    Who has WeChat Pay's public key needs none of them.
    """
    for one in _fetched():
        path = folder / f"{one.certificate.serial}.pem"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.pem)
        click.echo(f"{path}（有效期到 {one.certificate.last:%Y-%m-%d}）")
    click.echo("请把它们写进 WECHAT_PAY_PLATFORM_CERT_FILES（用冒号隔开），然后重新启动。")


def _fetched() -> tuple[FetchedCertificate, ...]:
    provider = current_provider() if settings().payment_provider == "wechat" else None
    if not isinstance(provider, WechatPay):
        raise click.ClickException("没有启用微信支付（PAYMENT_PROVIDER=wechat）。")
    try:
        return fetch_certificates(provider.caller, now=clock.now())
    except NoAnswer as error:
        raise click.ClickException(f"没有取到平台证书（{error.reason}）；用微信支付公钥的商户没有平台证书。") from None
    except ResourceUnreadable as refusal:
        raise click.ClickException(refusal.detail) from None
