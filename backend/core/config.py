"""The settings of one installation: read from the environment and `.env`, checked before anything starts."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from backend.core.config_security import SecuritySettings, load_security
from backend.core.config_vault import VaultSettings, load_vault
from backend.core.config_wechat import BadSetting, WechatSettings, load_wechat

ENVIRONMENTS = ("development", "test", "production")
PAYMENT_PROVIDERS = ("sandbox", "wechat", "none")
_OWN_SMS_PROVIDER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
SECRET_LENGTH_MIN = 32
HOUSE = Path(__file__).resolve().parents[2]

__all__ = ["BadSetting", "Settings", "load_settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that may differ between two installations; nothing here changes while a process runs."""

    app_env: str
    host: str
    port: int
    public_url: str
    data_dir: Path
    database_url: str
    secret_key: str
    demo: bool
    payment_provider: str
    sms_provider: str
    shared_answer_ms: int
    wechat: WechatSettings
    security: SecuritySettings
    vault: VaultSettings
    failpoints: str = ""
    """Where a test lets this process fail (`backend/core/failpoints.py`); refused in production."""

    @property
    def own_url(self) -> str:
        """Where this machine reaches the server itself, without the proxy in front of it."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared, not bound.
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def is_production(self) -> bool:
        """Whether real money may move here: no sandbox provider, no demo story, only secure cookies."""
        return self.app_env == "production"

    @property
    def has_secure_cookies(self) -> bool:
        """Whether the session cookie carries its `__Host-` prefix; plain http outside production drops it."""
        return self.is_production or self.public_url.startswith("https://")


def load_settings(environ: Mapping[str, str] | None = None, *, house: Path = HOUSE) -> Settings:
    """Read the settings; the environment goes before `.env`. Refuses a wrong one with `BadSetting`."""
    given: dict[str, str] = {name: value for name, value in dotenv_values(house / ".env").items() if value is not None}
    given.update(os.environ if environ is None else environ)
    app_env = _app_env(given)
    host, port = given.get("HOST", "").strip() or "127.0.0.1", _port(given)
    data_dir = Path(given.get("DATA_DIR", "").strip() or house / "var").expanduser().absolute()
    provider = _payment_provider(given, app_env=app_env)
    secret_key = _secret_key(given, data_dir=data_dir, app_env=app_env)
    return Settings(
        app_env=app_env,
        host=host,
        port=port,
        public_url=_public_url(given, host=host, port=port, app_env=app_env),
        data_dir=data_dir,
        database_url=_database_url(given, data_dir=data_dir),
        secret_key=secret_key,
        demo=_demo(given, app_env=app_env),
        payment_provider=provider,
        sms_provider=_sms_provider(given, app_env=app_env),
        shared_answer_ms=_shared_answer_ms(given),
        wechat=load_wechat(given, payment_provider=provider, app_env=app_env),
        security=load_security(given, app_env=app_env),
        vault=load_vault(given, secret_key=secret_key, app_env=app_env),
        failpoints=given.get("FAILPOINTS", "").strip(),
    )


def _app_env(given: Mapping[str, str]) -> str:
    app_env = given.get("APP_ENV", "").strip() or "development"
    if app_env not in ENVIRONMENTS:
        raise BadSetting(f"APP_ENV 只能是 {'、'.join(ENVIRONMENTS)} 之一，现在是 {app_env!r}。")
    return app_env


def _port(given: Mapping[str, str]) -> int:
    text = given.get("PORT", "").strip() or "8000"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise BadSetting(f"PORT 应是 1 到 65535 之间的整数，现在是 {text!r}。")
    return int(text)


def _public_url(given: Mapping[str, str], *, host: str, port: int, app_env: str) -> str:
    shown_host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound.
    url = (given.get("PUBLIC_URL", "").strip() or f"http://{shown_host}:{port}").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise BadSetting(f"PUBLIC_URL 应是完整网址，例如 https://example.org，现在是 {url!r}。")
    if app_env == "production" and parts.scheme != "https":
        raise BadSetting("APP_ENV=production 时 PUBLIC_URL 必须是 https 网址。")
    return url


def _database_url(given: Mapping[str, str], *, data_dir: Path) -> str:
    url = given.get("DATABASE_URL", "").strip() or f"sqlite:///{data_dir / 'happy-home.sqlite3'}"
    if url.startswith(("postgres://", "postgresql://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSetting("DATABASE_URL 应以 sqlite:/// 或 postgresql:// 开头。")
    return url


def _secret_key(given: Mapping[str, str], *, data_dir: Path, app_env: str) -> str:
    key = given.get("SECRET_KEY", "").strip()
    if not key and app_env == "production":
        raise BadSetting("APP_ENV=production 时必须设置 SECRET_KEY（至少 32 个随机字符）。")
    if not key:
        return _kept_secret(data_dir)
    if len(key) < SECRET_LENGTH_MIN:
        raise BadSetting(f"SECRET_KEY 至少要 {SECRET_LENGTH_MIN} 个字符。")
    return key


def _kept_secret(data_dir: Path) -> str:
    """Return the secret of this data folder, made at the first start and readable by its owner alone."""
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48))
    except OSError as error:
        raise BadSetting(f"数据目录 {data_dir} 无法写入（{error.strerror}）；请换一个目录：DATA_DIR=…") from error
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SECRET_LENGTH_MIN:
        raise BadSetting(f"{path} 内容不完整；确认没有数据后删除它再启动。")
    return key


def _write_once(path: Path, text: str) -> None:
    """Write a file whole or not at all; of two processes that write it at once, the first wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _demo(given: Mapping[str, str], *, app_env: str) -> bool:
    text = given.get("DEMO", "").strip() or ("0" if app_env == "production" else "1")
    if text not in ("0", "1"):
        raise BadSetting(f"DEMO 只能是 0 或 1，现在是 {text!r}。")
    if text == "1" and app_env == "production":
        raise BadSetting("APP_ENV=production 时不能装入演示数据：请去掉 DEMO=1。")
    return text == "1"


def _payment_provider(given: Mapping[str, str], *, app_env: str) -> str:
    name = given.get("PAYMENT_PROVIDER", "").strip() or ("none" if app_env == "production" else "sandbox")
    if name not in PAYMENT_PROVIDERS:
        raise BadSetting(f"PAYMENT_PROVIDER 只能是 {'、'.join(PAYMENT_PROVIDERS)} 之一，现在是 {name!r}。")
    if name == "sandbox" and app_env == "production":
        raise BadSetting("APP_ENV=production 时不能使用沙箱支付：请去掉 PAYMENT_PROVIDER=sandbox。")
    return name


def _sms_provider(given: Mapping[str, str], *, app_env: str) -> str:
    name = given.get("SMS_PROVIDER", "").strip() or ("none" if app_env == "production" else "page")
    if name not in ("page", "none") and not _OWN_SMS_PROVIDER.fullmatch(name):
        raise BadSetting(f"SMS_PROVIDER 只能是 page、none 或 模块:函数，现在是 {name!r}。")
    if name == "page" and app_env == "production":
        raise BadSetting("APP_ENV=production 时验证码不能显示在网页上：请设置 SMS_PROVIDER=模块:函数，或 none。")
    return name


def _shared_answer_ms(given: Mapping[str, str]) -> int:
    text = given.get("SHARED_ANSWER_MS", "").strip() or "1000"
    if not text.isascii() or not text.isdigit() or int(text) > 60_000:
        raise BadSetting(f"SHARED_ANSWER_MS 应是 0 到 60000 之间的整数（毫秒），现在是 {text!r}。")
    return int(text)
