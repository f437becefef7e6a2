"""The settings with which the product runs against this simulator, as a file for the shell."""

from __future__ import annotations

import shlex
from pathlib import Path

from wechat_sim.books import FIELDS, TEMPLATES, template_id
from wechat_sim.keys import PLATFORM_CERT, PRIVATE_FILES, PUBLIC_KEY, Keys, write_private


def write_environment(folder: Path, keys: Keys, *, base_url: str) -> Path:
    """Write `env` into the folder and return its path. It holds secrets, so its owner alone may read it."""
    told = {
        "APP_ENV": "development",
        "DATA_DIR": str(folder / "product"),
        "PAYMENT_PROVIDER": "wechat",
        "WECHAT_PAY_URL": base_url,
        "WECHAT_PAY_MCHID": keys.mchid,
        "WECHAT_PAY_SERIAL": keys.merchant_serial,
        "WECHAT_PAY_KEY_FILE": str(folder / PRIVATE_FILES["merchant"]),
        "WECHAT_PAY_APIV3_KEY": keys.apiv3_key,
        "WECHAT_PAY_PUBLIC_KEY_ID": keys.public_key_id,
        "WECHAT_PAY_PUBLIC_KEY_FILE": str(folder / PUBLIC_KEY),
        "WECHAT_PAY_PLATFORM_CERT_FILES": str(folder / PLATFORM_CERT),
        "WECHAT_API_URL": base_url,
        "WECHAT_OAUTH_URL": base_url,
        "WECHAT_BRIDGE_URL": base_url,
        "WECHAT_MINI_APPID": keys.mini.app_id,
        "WECHAT_MINI_SECRET": keys.mini.secret,
        "WECHAT_OFFICIAL_APPID": keys.official.app_id,
        "WECHAT_OFFICIAL_SECRET": keys.official.secret,
    }
    for name in TEMPLATES:
        facts = " ".join(f"{fact}={key}" for fact, key in zip(("title", "text", "time"), FIELDS, strict=True))
        told[f"WECHAT_TEMPLATE_{name.upper()}"] = f"{template_id(keys, name)} {facts}"
    lines = [f"{name}={shlex.quote(value)}" for name, value in told.items()]
    head = (
        "# 由 make wechat-sim 写成，只用于本机开发。 Written by make wechat-sim; for development on this machine only."
    )
    path = folder / "env"
    write_private(path, ("\n".join([head, *lines]) + "\n").encode())
    return path
