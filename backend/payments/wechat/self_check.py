"""Is the merchant account set up so that money can come? Asked of the files, and of WeChat by one harmless call."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

from backend.core.config import Settings
from backend.core.config_wechat import BadSetting, WechatPaySettings
from backend.core.wire import Wire, WireBroken
from backend.payments.signature import ResourceUnreadable, plain_serial
from backend.payments.wechat.caller import Caller, NoAnswer
from backend.payments.wechat.certificates import NO_CERTIFICATES, fetch_certificates
from backend.payments.wechat.keys import Certificate, Keys, load_keys, read_certificate
from backend.payments.wechat.pay import NOTICE_PATH, TRADES

SOON = timedelta(days=30)
NOTIFY_URL_BYTES_MAX = 255
_NOBODYS_ORDER = "DOCTOR0000000000"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at: in order, to be watched, or wrong. The sentence is for the operator."""

    level: Literal["ok", "warn", "bad"]
    text: str


def self_check(settings: Settings, *, now: datetime) -> list[Finding]:
    """Look at the settings of WeChat Pay and the files that they name. Calls nobody, raises nothing."""
    pay = settings.wechat.pay
    if pay is None:
        return [Finding(level="ok", text="没有启用微信支付（PAYMENT_PROVIDER 不是 wechat）。")]
    try:
        keys = load_keys(pay)
    except BadSetting as error:
        return [Finding(level="bad", text=str(error))]
    return [
        *_about_own_key(pay, keys, now=now),
        *_about_their_keys(keys, now=now),
        *_about_address(f"{settings.public_url}{NOTICE_PATH}"),
    ]


def ask_wechat(caller: Caller, *, now: datetime) -> Finding:
    """Ask WeChat about an order that nobody made: does it take our signature, and can we verify its answer?"""
    wrong = what_is_wrong(caller, now=now)
    if wrong is None:
        return Finding(level="ok", text="微信支付认得我们的签名，它的应答也通过了验签。")
    return Finding(level="bad", text=_WRONG.get(wrong, f"微信支付拒绝了查询（{wrong}）。"))


def what_is_wrong(caller: Caller, *, now: datetime) -> str | None:
    """Return None when WeChat answers us as it should, else one word: why no answer came, or its code of refusal.

    A network call: no transaction may be open. It asks about an order that nobody made, and moves nothing.
    """
    try:
        reply = caller.get(f"{TRADES}/out-trade-no/{_NOBODYS_ORDER}?mchid={caller.pay.mchid}", now=now, action="doctor")
    except NoAnswer as error:
        return error.reason
    return None if reply.status == 404 else reply.code or "shape"


def clock_ahead(wire: Wire, base_url: str, *, now: datetime) -> timedelta | None:
    """Return by how much `now` is ahead of the time in WeChat's answers, None where it tells none.

    A network call: no transaction may be open. Beyond five minutes neither side believes the other's signature.
    """
    try:
        return now - parsedate_to_datetime(wire.get(f"{base_url}/").headers.get("date", ""))
    except (WireBroken, ValueError, TypeError):
        return None


def try_seal(caller: Caller, *, now: datetime) -> Finding:
    """Open what WeChat seals by the APIv3 key, its certificates: else a wrong key shows at the first payment.

    A network call. Where WeChat has no certificates for this merchant there is nothing to open: neither good nor bad.
    """
    try:
        fetch_certificates(caller, now=now)
    except ResourceUnreadable:
        return Finding(level="bad", text=_KEY_WRONG)
    except NoAnswer as error:
        why = _NOTHING_SEALED if error.reason == NO_CERTIFICATES else f"没有取到平台证书（{error.reason}）。"
        return Finding(level="warn", text=f"APIv3 密钥未能核对：{why}")
    return Finding(level="ok", text="APIv3 密钥打得开微信支付密封的内容。")


_KEY_WRONG = (
    "APIv3 密钥不对：微信支付密封的内容打不开，付款和退款的通知也会打不开。请在商户平台“账户中心 → API 安全”核对，"
    "或者重新设置 APIv3 密钥，写进 WECHAT_PAY_APIV3_KEY，再重新启动服务进程和定时进程。"
)
_NOTHING_SEALED = "微信支付没有给这个商户平台证书（只用微信支付公钥），没有可以试开的内容。请捐一分钱试一次。"
_WRONG = {
    "unreached": "连不上微信支付（主、备域名都不行）：请检查服务器能否访问外网。",
    "broken": "微信支付没有答完：请检查网络。",
    "crowded": "同时在等微信支付的请求太多。",
    "stale": "微信支付的应答与服务器时间相差 5 分钟以上：请校准服务器时间（NTP）。",
    "unsigned": "微信支付的应答没有通过验签：请核对微信支付公钥或平台证书。",
    "shape": "微信支付的应答看不懂：请检查 WECHAT_PAY_URL。",
    "SIGN_ERROR": "微信支付不认我们的签名：请核对商户号、WECHAT_PAY_SERIAL 和私钥，以及服务器时间。",
}


def _about_own_key(pay: WechatPaySettings, keys: Keys, *, now: datetime) -> list[Finding]:
    """The certificate that belongs to our key is asked for only where it lies beside it, as WeChat hands them out."""
    found = [Finding(level="ok", text="商户私钥可以使用。")]
    if stat.S_IMODE(pay.merchant_key_file.stat().st_mode) & 0o077:
        found = [Finding(level="warn", text=f"商户私钥 {pay.merchant_key_file} 别的用户也能读：请 chmod 600。")]
    beside = pay.merchant_key_file.with_name("apiclient_cert.pem")
    if beside.exists() and beside != pay.merchant_key_file:
        found.append(_about_own_certificate(beside, pay, keys, now=now))
    return found


def _about_own_certificate(path: Path, pay: WechatPaySettings, keys: Keys, *, now: datetime) -> Finding:
    try:
        own = read_certificate(path.read_bytes())
    except (OSError, ValueError):
        return Finding(level="warn", text=f"{path} 读不出证书，没有核对。")
    if own.key.public_numbers() != keys.merchant.public_key().public_numbers():
        return Finding(level="bad", text=f"{path} 与商户私钥不是一对。")
    if plain_serial(own.serial) != plain_serial(pay.merchant_serial):
        return Finding(level="bad", text=f"WECHAT_PAY_SERIAL 与 {path} 的序列号 {own.serial} 不一致。")
    return _about_dates("商户 API 证书", own, now=now)


def _about_their_keys(keys: Keys, *, now: datetime) -> list[Finding]:
    found = [_about_dates("微信支付平台证书", one, now=now) for one in keys.certificates]
    if keys.public_key_id is not None:
        found.append(Finding(level="ok", text=f"微信支付公钥 {keys.public_key_id} 可以使用。"))
        return found
    if all(one.level == "bad" for one in found):
        found.append(Finding(level="bad", text="没有一个有效的平台证书：收不了款，请换成微信支付公钥或新的平台证书。"))
    return found


def _about_dates(what: str, one: Certificate, *, now: datetime) -> Finding:
    until = f"{one.last:%Y-%m-%d}"
    if now > one.last:
        return Finding(level="bad", text=f"{what} {one.serial} 已于 {until} 过期。")
    if now < one.first:
        return Finding(level="bad", text=f"{what} {one.serial} 到 {one.first:%Y-%m-%d} 才生效。")
    if now + SOON > one.last:
        return Finding(level="warn", text=f"{what} {one.serial} 将于 {until} 过期，请尽快更换。")
    return Finding(level="ok", text=f"{what} {one.serial} 有效期到 {until}。")


def _about_address(url: str) -> list[Finding]:
    if not url.startswith("https://"):
        return [Finding(level="warn", text=f"微信支付只通知 https 地址，现在是 {url}（PUBLIC_URL）。")]
    if len(url.encode("utf-8")) > NOTIFY_URL_BYTES_MAX:
        return [Finding(level="bad", text="PUBLIC_URL 太长：通知地址不能超过 255 个字节。")]
    return [Finding(level="ok", text=f"微信支付会通知 {url}。")]
