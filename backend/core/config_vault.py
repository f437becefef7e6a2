"""The keys of the vault: which key wraps the keys of persons now, and which ones only open what they wrapped before."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.core.config_wechat import BadSetting

KEY_BYTES = 32
OWN = "own"
"""The name of the key that is drawn from the installation's secret, where nobody gave another."""
_ID = re.compile(r"[0-9A-Za-z_-]{1,20}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class VaultSettings:
    """Key-encrypting keys by name. `current` wraps; all others only open, until `rotate-vault-keys` has passed.

    `secret_key`, the installation's secret, seals nothing here: only what was sealed before there was a vault.
    """

    current: str
    secret_key: str = field(repr=False)
    keys: Mapping[str, bytes] = field(repr=False)


def load_vault(given: Mapping[str, str], *, secret_key: str, app_env: str) -> VaultSettings:
    """Read `VAULT_KEYS`, `name:base64[,name:base64]`, the current one first. Refuses a wrong one with `BadSetting`.

    Outside production it may be absent: then the key is drawn from the installation's secret. That key stays able to
    open where others were given later, so that nothing is lost when an installation gets keys of its own.
    """
    own = hmac.digest(secret_key.encode(), b"happy-home vault v1", hashlib.sha256)
    text = given.get("VAULT_KEYS", "").strip()
    if not text and app_env == "production":
        raise BadSetting(
            "APP_ENV=production 时必须设置 VAULT_KEYS（保护个人信息的密钥，例如 k1:后接 32 个随机字节的 base64）。"
        )
    told = [_key(part) for part in text.split(",")] if text else []
    names = [name for name, _ in told]
    if len(set(names)) < len(names) or OWN in names:
        raise BadSetting(f"VAULT_KEYS 里的密钥名称不能重复，也不能叫 {OWN}。")
    current = names[0] if names else OWN
    return VaultSettings(current=current, keys={**dict(told), OWN: own}, secret_key=secret_key)


def _key(part: str) -> tuple[str, bytes]:
    name, _, text = part.strip().partition(":")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _ID.fullmatch(name) or len(key) != KEY_BYTES or len(set(key)) == 1:
        raise BadSetting("VAULT_KEYS 应是 名称:密钥，密钥为 32 个随机字节的 base64；多个之间用英文逗号，当前的放最前。")
    return name, key
