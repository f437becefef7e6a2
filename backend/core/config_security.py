"""The settings that guard the doors: the second factor of staff, limits on writing, and the proxies in front."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from backend.core.config_wechat import BadSetting

HOPS_MAX = 9


@dataclass(frozen=True, kw_only=True)
class SecuritySettings:
    """`limits_url` holds the counters of the limits: `memory://` for one process, a Redis for several."""

    second_factor_required: bool
    limits_writes: bool
    limits_url: str = field(repr=False)
    trusted_proxies: int
    metrics_token: str | None = field(repr=False)


def load_security(given: Mapping[str, str], *, app_env: str) -> SecuritySettings:
    """Read the settings. Refuses a wrong one with `BadSetting`."""
    return SecuritySettings(
        second_factor_required=_second_factor(given, app_env=app_env),
        limits_writes=_limits_writes(given, app_env=app_env),
        limits_url=_limits_url(given),
        trusted_proxies=_trusted_proxies(given),
        metrics_token=given.get("METRICS_TOKEN", "").strip() or None,
    )


def _second_factor(given: Mapping[str, str], *, app_env: str) -> bool:
    text = given.get("STAFF_SECOND_FACTOR", "").strip() or ("required" if app_env == "production" else "optional")
    if text not in ("required", "optional"):
        raise BadSetting(f"STAFF_SECOND_FACTOR 只能是 required 或 optional，现在是 {text!r}。")
    if text == "optional" and app_env == "production":
        raise BadSetting("APP_ENV=production 时审批和审计账号必须使用动态口令：请去掉 STAFF_SECOND_FACTOR=optional。")
    return text == "required"


def _limits_writes(given: Mapping[str, str], *, app_env: str) -> bool:
    text = given.get("RATE_LIMITS", "").strip() or "on"
    if text not in ("on", "off"):
        raise BadSetting(f"RATE_LIMITS 只能是 on 或 off，现在是 {text!r}。")
    if text == "off" and app_env == "production":
        raise BadSetting("APP_ENV=production 时不能关闭限流：请去掉 RATE_LIMITS=off。")
    return text == "on"


def _limits_url(given: Mapping[str, str]) -> str:
    url = given.get("REDIS_URL", "").strip() or "memory://"
    if urlsplit(url).scheme not in ("memory", "redis", "rediss", "unix"):
        raise BadSetting("REDIS_URL 应以 redis:// 或 rediss:// 开头。")
    return url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url


def _trusted_proxies(given: Mapping[str, str]) -> int:
    text = given.get("TRUSTED_PROXIES", "").strip() or "0"
    if not text.isascii() or not text.isdigit() or int(text) > HOPS_MAX:
        raise BadSetting(f"TRUSTED_PROXIES 应是 0 到 {HOPS_MAX} 之间的整数（前面有几层反向代理），现在是 {text!r}。")
    return int(text)
