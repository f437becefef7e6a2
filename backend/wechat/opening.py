"""Makes WeChat's interfaces for a process: one pooled wire behind a bulkhead, shared by all who call."""

from __future__ import annotations

from backend.core.bulkhead import Bulkhead
from backend.core.config import Settings
from backend.core.wire import HttpWire, Wire
from backend.wechat.server import WechatServer

PICTURE_BYTES_MAX = 2 * 1024 * 1024


def wechat_of(settings: Settings, *, wire: Wire | None = None) -> WechatServer:
    """Return WeChat as these settings have it; calls nobody. Make one for a process and keep it."""
    way = Bulkhead(HttpWire(answer_bytes_max=PICTURE_BYTES_MAX)) if wire is None else wire
    return WechatServer(settings.wechat, wire=way)
