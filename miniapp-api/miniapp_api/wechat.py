"""WeChat as this process calls it: one pooled wire for all requests."""

from __future__ import annotations

from flask import current_app

from backend.wechat.opening import wechat_of
from backend.wechat.server import WechatServer
from miniapp_api.edge import settings


def current_wechat() -> WechatServer:
    """Return WeChat's interfaces for the application that answers now."""
    found = current_app.extensions.get("wechat")
    if found is None:
        found = current_app.extensions["wechat"] = wechat_of(settings())
    wechat: WechatServer = found
    return wechat
