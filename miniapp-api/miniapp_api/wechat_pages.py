"""What the H5 page asks about WeChat: its signature for the JS-SDK, the way from a browser into the mini-program."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from backend.core import clock
from backend.core.config import Settings
from backend.core.errors import InvalidInput, NotFound
from backend.sharing.service import TARGET_KINDS
from backend.sharing.url_links import url_link_of
from miniapp_api.edge import HEADERS, reads, settings
from miniapp_api.sharing import target_title
from miniapp_api.wechat import current_wechat

bp = Blueprint("wechat", __name__, description="微信：网页的 JS-SDK 签名，从浏览器打开小程序。")
SDK_HOST = "https://res.wx.qq.com"
SDK = f"{SDK_HOST}/open/js/jweixin-1.6.0.js"
URL_CHARS_MAX = 1024


class PageForeign(InvalidInput):
    """Only pages of this installation are signed: a signature is our word that a page is ours."""

    code = "PAGE_FOREIGN"
    detail = "只能为本平台的页面签名。"


class NoWechatHere(NotFound):
    """This installation has no official account, or its mini-program cannot be opened from here just now."""

    code = "WECHAT_NOT_SET_UP"
    detail = "现在不能从这里打开微信，请在微信里搜索本平台，或继续使用网页。"


class JsConfigQuery(Schema):
    """The page as the browser has it."""

    url = fields.String(required=True, validate=validate.Length(1, URL_CHARS_MAX))


class JsConfigSchema(Schema):
    """What `wx.config` needs, and where the SDK lies; null where the browser has it already."""

    app_id = fields.String(required=True)
    timestamp = fields.Integer(required=True)
    nonce = fields.String(required=True)
    signature = fields.String(required=True)
    script_url = fields.String(required=True, allow_none=True)


class OpenQuery(Schema):
    """What to open in the mini-program."""

    kind = fields.String(required=True, validate=validate.OneOf(TARGET_KINDS))
    code = fields.String(required=True, validate=validate.Regexp(r"[0-9A-Za-z]{1,16}\Z"))


class OpenSchema(Schema):
    """An address that opens it."""

    url = fields.String(required=True)


@bp.get("/wechat/js-config")
@bp.arguments(JsConfigQuery, location="query")
@bp.response(200, JsConfigSchema)
def sign_page(asked: dict[str, Any]) -> dict[str, Any]:
    """Sign a page of ours for WeChat's JS-SDK. WeChat is asked, seldom, with no transaction open (law 13)."""
    found = settings()
    if found.wechat.official is None:
        raise NoWechatHere()
    if not is_own_page(asked["url"], found):
        raise PageForeign(field="url")
    config = current_wechat().js_config(url=asked["url"], nonce=secrets.token_hex(8), now=clock.now())
    # The simulator's bridge brings an SDK of its own.
    return {**vars(config), "script_url": None if found.wechat.bridge_url else SDK}


@bp.get("/wechat/open")
@bp.arguments(OpenQuery, location="query")
@bp.response(200, OpenSchema)
def open_in_wechat(asked: dict[str, Any]) -> dict[str, str]:
    """Return the address that opens a project or village in the mini-program, from a browser outside WeChat."""
    _exists(asked["kind"], asked["code"])
    wechat, now = current_wechat(), clock.now()
    url = url_link_of(target_kind=asked["kind"], target_code=asked["code"], wechat=wechat, now=now)
    if url is None:
        raise NoWechatHere()
    return {"url": url}


@reads
def _exists(kind: str, code: str) -> None:
    target_title(kind, code)


def is_own_page(url: str, found: Settings) -> bool:
    """Say whether an address is a page of this installation: same scheme, host and port, no user, no odd character."""
    try:
        told, own = urlsplit(url), urlsplit(found.public_url)
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    return is_plain and (told.scheme, told.netloc) == (own.scheme, own.netloc)


def let_sdk_in(page: Response) -> None:
    """Let WeChat's own script into a page that is opened inside WeChat, where the official account is set up.

    Nowhere else does any page of ours load a foreign script.
    """
    wechat = settings().wechat
    if wechat.official is None or wechat.bridge_url is not None:
        return
    page.headers.add("Vary", "User-Agent")
    if "MicroMessenger" in request.headers.get("User-Agent", ""):
        policy = HEADERS["Content-Security-Policy"]
        page.headers["Content-Security-Policy"] = policy.replace("script-src 'self'", f"script-src 'self' {SDK_HOST}")
