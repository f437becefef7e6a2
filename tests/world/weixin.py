"""A small WeChat of the tests' own, on a real socket: it counts what it is asked and answers what a test lays down.

For faults that are cheaper laid down than provoked; the simulator plays the whole of WeChat.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from backend.core.config import Settings
from backend.core.config_wechat import MessageTemplate, WechatApp, WechatSettings

MINI, OFFICIAL = "wx-mini-0001", "wx-official-0001"
RID = " rid: 65f0a1b2-3c4d5e6f-00112233"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One call that came."""

    path: str
    query: dict[str, str]
    body: dict[str, Any]
    raw: bytes = b""


@dataclass
class Weixin:
    """What WeChat knows and how it answers. `laid` holds answers for a path, used up in order; the last one stays."""

    port: int = 0
    calls: list[Asked] = field(default_factory=list)
    laid: dict[str, list[Any]] = field(default_factory=dict)
    token: int = 1
    disowned: set[str] = field(default_factory=set)
    slow_seconds: float = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where it stands."""
        return f"http://127.0.0.1:{self.port}"

    def lays(self, path: str, *answers: Any) -> None:
        """Lay down what a path answers: a dict is JSON, bytes a PNG, an int a bare status, a callable is called."""
        with self.lock:
            self.laid[path] = list(answers)

    def count(self, path: str) -> int:
        """How often a path was asked."""
        return Counter(call.path for call in self.calls)[path]

    def last(self, path: str) -> Asked:
        """The last call of a path."""
        return [call for call in self.calls if call.path == path][-1]

    def disowns(self) -> None:
        """Another system made WeChat forget the token that is out."""
        with self.lock:
            self.disowned.add(f"token-{self.token}")
            self.token += 1

    def answers(self, asked: Asked) -> Any:
        """Answer one call."""
        time.sleep(self.slow_seconds)
        with self.lock:
            self.calls.append(asked)
            laid = self.laid.get(asked.path, [])
            told = laid.pop(0) if len(laid) > 1 else laid[0] if laid else None
            if asked.query.get("access_token", "").removesuffix("!") in self.disowned:
                return says(40001, "invalid credential, access_token is invalid or not latest")
        if callable(told):
            return told(asked)
        return told if told is not None else self._usual(asked)

    def _usual(self, asked: Asked) -> Any:
        if asked.path == "/cgi-bin/stable_token":
            if asked.body.get("force_refresh"):
                self.disowns()
            return {"access_token": f"token-{self.token}", "expires_in": 7200}
        usual: dict[str, Any] = {
            "/cgi-bin/ticket/getticket": says(0, "ok", ticket="ticket-1", expires_in=7200),
            "/wxa/msg_sec_check": verdict("pass"),
        }
        return usual.get(asked.path, says(0, "ok"))


def says(errcode: int, errmsg: str = "no", **more: Any) -> dict[str, Any]:
    """An answer of WeChat's."""
    return {"errcode": errcode, "errmsg": errmsg + RID, **more}


def verdict(suggest: str, label: int = 100) -> dict[str, Any]:
    """What the word check answers."""
    return says(0, "ok", result={"suggest": suggest, "label": label}, trace_id="trace-1", detail=[])


@contextmanager
def weixin() -> Iterator[Weixin]:
    """A WeChat on a port of its own."""
    world = Weixin()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, raw: bytes) -> None:
            parts = urlsplit(self.path)
            body = json.loads(raw) if raw else {}
            told = world.answers(Asked(path=parts.path, query=dict(parse_qsl(parts.query)), body=body, raw=raw))
            status, kind, data = _written(told)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_told: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    world.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()


def _written(told: Any) -> tuple[int, str, bytes]:
    if isinstance(told, int):
        return told, "text/html", b"<html>502</html>"
    if isinstance(told, bytes):
        return 200, "image/png", told
    if isinstance(told, str):
        return 200, "text/html; charset=utf-8", told.encode()
    return 200, "application/json; encoding=utf-8", json.dumps(told).encode()


def with_wechat(settings: Settings, url: str, **changed: Any) -> Settings:
    """Return settings with both apps set up, at a WeChat of the tests."""
    gift = MessageTemplate(template_id="tmpl-gift-0001", keys={"project": "thing1", "amount": "amount2"})
    told = WechatSettings(
        pay=None,
        mini=WechatApp(app_id=MINI, secret="mini-secret"),
        official=WechatApp(app_id=OFFICIAL, secret="official-secret"),
        api_url=url,
        oauth_url=url,
        bridge_url=None,
        templates={"gift_received": gift},
    )
    return replace(settings, wechat=replace(told, **changed))


Answering = Callable[[Asked], Any]
