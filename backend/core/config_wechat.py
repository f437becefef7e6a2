"""The settings of WeChat: the merchant account that collects, and the apps by which people come in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PAY_URL, PAY_SPARE_URL = "https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"
API_URL, OAUTH_URL = "https://api.weixin.qq.com", "https://open.weixin.qq.com"
TENCENT_URLS = (PAY_URL, PAY_SPARE_URL, API_URL, OAUTH_URL)
_MCHID = re.compile(r"[0-9]{8,32}", re.ASCII)
_SERIAL = re.compile(r"[0-9A-Fa-f]{8,64}", re.ASCII)
_PUBLIC_KEY_ID = re.compile(r"PUB_KEY_ID_[0-9A-Za-z]{8,64}", re.ASCII)
MINI_VERSIONS = ("release", "trial", "develop")
_TEMPLATE = "WECHAT_TEMPLATE_"
_TEMPLATE_ID = re.compile(r"[0-9A-Za-z_-]{6,64}", re.ASCII)
_TEMPLATE_KEY = re.compile(r"(thing|amount|date|time|phrase|name|number|character_string)[0-9]{1,2}", re.ASCII)
_APP_ID = re.compile(r"[0-9A-Za-z_-]{6,32}", re.ASCII)


class BadSetting(Exception):
    """A setting is missing or wrong. The text is one sentence for the operator, in Chinese, naming the setting."""


@dataclass(frozen=True, kw_only=True)
class WechatPaySettings:
    """The merchant account. Paths name PEM files; what verifies an answer is never the merchant's own key (bug 22).

    `public_key_id` and `public_key_file` stand together; `platform_cert_files` may stand beside them while the keys
    are being switched (bug 21). At least one of the two is there.
    """

    mchid: str
    merchant_serial: str
    merchant_key_file: Path
    apiv3_key: str = field(repr=False)
    public_key_id: str | None
    public_key_file: Path | None
    platform_cert_files: tuple[Path, ...]
    base_url: str
    spare_url: str | None


@dataclass(frozen=True, kw_only=True)
class WechatApp:
    """One app that people come in by: the mini-program, or the official account of the H5 page."""

    app_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class MessageTemplate:
    """One subscribe message: WeChat's id of it, and which of its fields tells which of our facts."""

    template_id: str
    keys: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class WechatSettings:
    """Everything about WeChat; a part that is not set up is None, and what needs it says so."""

    pay: WechatPaySettings | None
    mini: WechatApp | None
    official: WechatApp | None
    api_url: str
    oauth_url: str
    bridge_url: str | None
    mini_version: str = "release"
    """Which version of the mini-program codes, links and messages open: release, trial or develop."""
    templates: Mapping[str, MessageTemplate] = field(default_factory=dict)
    """The subscribe messages that the mini-program's owner has chosen, by our name for them."""

    @property
    def apps(self) -> tuple[WechatApp, ...]:
        """Return the apps that are set up."""
        return tuple(app for app in (self.mini, self.official) if app is not None)


def load_wechat(given: Mapping[str, str], *, payment_provider: str, app_env: str) -> WechatSettings:
    """Read the settings of WeChat. Refuses a wrong or a half one with `BadSetting`; opens no file."""
    production = app_env == "production"
    wechat = WechatSettings(
        pay=_pay(given, production=production) if payment_provider == "wechat" else None,
        mini=_app(given, "WECHAT_MINI"),
        official=_app(given, "WECHAT_OFFICIAL"),
        api_url=_url(given, "WECHAT_API_URL", API_URL, production=production),
        oauth_url=_url(given, "WECHAT_OAUTH_URL", OAUTH_URL, production=production),
        bridge_url=_url(given, "WECHAT_BRIDGE_URL", "", production=production) or None,
        mini_version=_mini_version(given),
        templates=_templates(given),
    )
    if wechat.bridge_url is not None and production:
        raise BadSetting("WECHAT_BRIDGE_URL 只用于接模拟器开发，APP_ENV=production 时不能设置。")
    if wechat.pay is not None and not wechat.apps:
        raise BadSetting("PAYMENT_PROVIDER=wechat 时至少要设置 WECHAT_MINI_APPID 或 WECHAT_OFFICIAL_APPID。")
    return wechat


def _pay(given: Mapping[str, str], *, production: bool) -> WechatPaySettings:
    key_id = _said(given, "WECHAT_PAY_PUBLIC_KEY_ID") or None
    key_file = _said(given, "WECHAT_PAY_PUBLIC_KEY_FILE")
    certs = tuple(Path(name).expanduser() for name in _said(given, "WECHAT_PAY_PLATFORM_CERT_FILES").split(":") if name)
    if bool(key_id) != bool(key_file):
        raise BadSetting("WECHAT_PAY_PUBLIC_KEY_ID 和 WECHAT_PAY_PUBLIC_KEY_FILE 要一起设置。")
    if key_id is not None and not _PUBLIC_KEY_ID.fullmatch(key_id):
        raise BadSetting("WECHAT_PAY_PUBLIC_KEY_ID 应以 PUB_KEY_ID_ 开头。")
    if key_id is None and not certs:
        raise BadSetting("请设置 WECHAT_PAY_PUBLIC_KEY_ID 和 WECHAT_PAY_PUBLIC_KEY_FILE（微信支付公钥），"
                         "或 WECHAT_PAY_PLATFORM_CERT_FILES（平台证书）。")  # fmt: skip
    return WechatPaySettings(
        mchid=_matching(given, "WECHAT_PAY_MCHID", _MCHID, "商户号（数字）"),
        merchant_serial=_matching(given, "WECHAT_PAY_SERIAL", _SERIAL, "商户 API 证书序列号（十六进制）"),
        merchant_key_file=Path(_needed(given, "WECHAT_PAY_KEY_FILE")).expanduser(),
        apiv3_key=_apiv3_key(given),
        public_key_id=key_id,
        public_key_file=Path(key_file).expanduser() if key_file else None,
        platform_cert_files=certs,
        base_url=_url(given, "WECHAT_PAY_URL", PAY_URL, production=production),
        spare_url=_url(given, "WECHAT_PAY_SPARE_URL", _spare(given), production=production) or None,
    )


def _spare(given: Mapping[str, str]) -> str:
    """Return WeChat's own spare host, but none beside another main host."""
    return "" if _said(given, "WECHAT_PAY_URL") else PAY_SPARE_URL


def _apiv3_key(given: Mapping[str, str]) -> str:
    key = _needed(given, "WECHAT_PAY_APIV3_KEY")
    if len(key.encode("utf-8")) != 32:
        raise BadSetting("WECHAT_PAY_APIV3_KEY 应正好是 32 个字节。")
    return key


def _app(given: Mapping[str, str], name: str) -> WechatApp | None:
    app_id, secret = _said(given, f"{name}_APPID"), _said(given, f"{name}_SECRET")
    if not app_id and not secret:
        return None
    if not app_id or not secret:
        raise BadSetting(f"{name}_APPID 和 {name}_SECRET 要一起设置。")
    return WechatApp(app_id=_matching(given, f"{name}_APPID", _APP_ID, "应用编号"), secret=secret)


def _mini_version(given: Mapping[str, str]) -> str:
    version = _said(given, "WECHAT_MINI_VERSION") or "release"
    if version not in MINI_VERSIONS:
        raise BadSetting(f"WECHAT_MINI_VERSION 只能是 {'、'.join(MINI_VERSIONS)} 之一，现在是 {version!r}。")
    return version


def _templates(given: Mapping[str, str]) -> dict[str, MessageTemplate]:
    """Read `WECHAT_TEMPLATE_GIFT_RECEIVED=<id> title=thing1 text=thing2 time=time3`: one setting for each message."""
    named = {name.removeprefix(_TEMPLATE).lower(): _said(given, name) for name in given if name.startswith(_TEMPLATE)}
    return {name: _template(_TEMPLATE + name.upper(), text) for name, text in named.items() if text}


def _template(setting: str, text: str) -> MessageTemplate:
    template_id, *told = text.split()
    keys = dict(part.partition("=")[::2] for part in told)
    if not _TEMPLATE_ID.fullmatch(template_id) or not keys or not all(map(_TEMPLATE_KEY.fullmatch, keys.values())):
        raise BadSetting(f"{setting} 的写法是：模板编号 title=thing1 text=thing2 time=time3，现在是 {text!r}。")
    return MessageTemplate(template_id=template_id, keys=keys)


def _url(given: Mapping[str, str], name: str, otherwise: str, *, production: bool) -> str:
    url = (_said(given, name) or otherwise).rstrip("/")
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise BadSetting(f"{name} 应是完整网址，现在是 {url!r}。")
    if production and url not in TENCENT_URLS:
        raise BadSetting(f"APP_ENV=production 时 {name} 只能是微信自己的地址，请去掉它。")
    return url


def _matching(given: Mapping[str, str], name: str, shape: re.Pattern[str], what: str) -> str:
    text = _needed(given, name)
    if not shape.fullmatch(text):
        raise BadSetting(f"{name} 应是{what}。")
    return text


def _needed(given: Mapping[str, str], name: str) -> str:
    text = _said(given, name)
    if not text:
        raise BadSetting(f"PAYMENT_PROVIDER=wechat 时必须设置 {name}。")
    return text


def _said(given: Mapping[str, str], name: str) -> str:
    return given.get(name, "").strip()
