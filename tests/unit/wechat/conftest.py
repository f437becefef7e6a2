"""WeChat's interfaces over a real socket, with tokens in a real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from backend.core.wire import HttpWire
from backend.wechat.server import WechatServer
from tests.world.bookkeeping import local
from tests.world.weixin import Weixin, weixin, with_wechat

NOON = local("2026-06-01 12:00")


@dataclass
class Calls:
    """A server that calls WeChat, each call in an application context of its own."""

    app: Flask
    world: Weixin
    server: WechatServer

    def does(self, name: str, **told: Any) -> Any:
        """Make one call."""
        with self.app.app_context():
            return getattr(self.server, name)(**told)


@pytest.fixture
def world() -> Iterator[Weixin]:
    """A WeChat of the test's own."""
    with weixin() as world:
        yield world


@pytest.fixture
def calls(app: Flask, world: Weixin) -> Calls:
    """A server before that WeChat."""
    settings = with_wechat(app.config["SETTINGS"], world.url)
    return Calls(app, world, WechatServer(settings.wechat, wire=HttpWire(answer_bytes_max=2**21)))
