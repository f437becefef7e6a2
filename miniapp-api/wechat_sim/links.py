"""Addresses that open the mini-program from outside WeChat: URL scheme and URL link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from wechat_sim.books import World
from wechat_sim.clock import rfc3339
from wechat_sim.codes import PAGE, VERSIONS
from wechat_sim.errors import ServerError
from wechat_sim.keys import App, random_text
from wechat_sim.shapes import Flag, Group, Shape, Text, Whole, fits

QUERY = r"[0-9A-Za-z!#$&'()*+,/:;=?@._~%-]*"
DAYS_MAX, MADE_A_DAY = 30, 500_000
EXPIRY: dict[str, Shape] = {
    "is_expire": Flag(),
    "expire_type": Whole(least=0, most=1),
    "expire_time": Whole(least=0, most=2**33),
    "expire_interval": Whole(least=1, most=365),
}
WHERE: dict[str, Shape] = {
    "path": Text(longest=1024, shortest=0),
    "query": Text(longest=4096, shortest=0),
    "env_version": VERSIONS,
}
SCHEME = Group({}, {"jump_wxa": Group({}, WHERE), **EXPIRY})
URL_LINK = Group({}, {**WHERE, **EXPIRY})


def scheme(world: World, app: App, told: dict[str, Any]) -> dict[str, Any]:
    """Make a `weixin://` address. Raises `ServerError`."""
    _check(world, told.get("jump_wxa", {}), told)
    address = f"weixin://dl/business/?t={random_text(11)}"
    _keep(world, "scheme", address, told.get("jump_wxa", {}))
    return {"errcode": 0, "errmsg": "ok", "openlink": address}


def url_link(world: World, app: App, told: dict[str, Any]) -> dict[str, Any]:
    """Make an https address. Raises `ServerError`."""
    _check(world, told, told)
    address = f"https://wxaurl.cn/{random_text(11)}"
    _keep(world, "url_link", address, told)
    return {"errcode": 0, "errmsg": "ok", "url_link": address}


def _check(world: World, where: dict[str, Any], until: dict[str, Any]) -> None:
    path, query = where.get("path", ""), where.get("query", "")
    if path and not fits(PAGE, path.removeprefix("/")):
        raise ServerError(40165, "invalid weapp pagepath")
    if world.knobs.hits("server.unpublished"):
        raise ServerError(85079, "miniprogram has no online release")
    if len(query) > 1024 or not fits(QUERY, query):
        raise ServerError(40212, "invalid query")
    ends_at = world.now() + timedelta(days=until.get("expire_interval", DAYS_MAX))
    if until.get("expire_type", 0) == 0 and "expire_time" in until:
        seconds = until["expire_time"] - world.now().timestamp()
        if not 60 <= seconds <= DAYS_MAX * 86_400:
            raise ServerError(85401, "time limit between 1min and 30day")
    elif ends_at - world.now() > timedelta(days=DAYS_MAX):
        raise ServerError(85401, "time limit between 1min and 30day")
    day = rfc3339(world.now())[:10]
    today = sum(row["kind"] != "round_code" and row["at"].startswith(day) for row in world.books.made)
    if today >= MADE_A_DAY:
        raise ServerError(85400, "quota limit")


def _keep(world: World, kind: str, address: str, where: dict[str, Any]) -> None:
    kept = {"kind": kind, "address": address, "path": where.get("path", ""), "query": where.get("query", "")}
    world.books.made.append(kept | {"at": rfc3339(world.now())})
