"""What the tests of the simulator share: a running one, a merchant who uses another's library, and a house that hears.

The merchant's library (`wechatpayv3`) is no kin of the simulator: what both agree on is not an error of one of them.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import wechatpayv3.utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from wechat_sim.books import Trade, World
from wechat_sim.clock import Clock
from wechat_sim.keys import App, Keys, make_keys
from wechat_sim.server import Running, prepare
from wechatpayv3 import WeChatPay, WeChatPayType


@dataclass
class Heard:
    """One notice as it came over the wire."""

    headers: dict[str, str]
    body: bytes


class Listener(BaseHTTPRequestHandler):
    """Takes what is posted, and answers as the house wants."""

    def do_POST(self) -> None:
        """Take one notice."""
        house: House = self.server.house  # type: ignore[attr-defined]  # set where the server is made
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with house.lock:
            house.heard.append(Heard({name.title(): value for name, value in self.headers.items()}, body))
            status = house.answers.pop(0) if house.answers else house.status
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@dataclass
class House:
    """The merchant's own server: what it heard, and what it answers (the listed answers first)."""

    url: str
    status: int = 204
    answers: list[int] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Play:
    """The vocabulary of these tests: a merchant asks, people act, time passes for both."""

    running: Running
    house: House
    merchant: WeChatPay
    moved: timedelta = field(default_factory=timedelta)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def world(self) -> World:
        """The simulated world."""
        return self.running.world

    @property
    def openid(self) -> str:
        """Who the first person is to the mini-program."""
        return self.world.openid("p1", self.world.keys.mini.app_id)

    def now(self) -> datetime:
        """Return the time of everybody here."""
        return datetime.fromtimestamp(time.time(), UTC) + self.moved

    def later(self, **delta: float) -> None:
        """Let time pass."""
        self.moved += timedelta(**delta)

    def turns(self, **knobs: str | float) -> None:
        """Turn knobs; `__` in a name stands for the dot."""
        for name, value in knobs.items():
            self.world.knobs.set(name.replace("__", "."), value)

    def number(self) -> str:
        """Return a number that was not used before."""
        return f"D{next(self.numbers):09d}"

    def orders(self, fen: int = 1000, no: str = "", **told: Any) -> tuple[int, dict[str, Any]]:
        """The merchant opens an order; return status and answer."""
        asked = {"amount": {"total": fen, "currency": "CNY"}, "payer": {"openid": self.openid}}
        asked |= {"description": "捐赠：修水渠", "out_trade_no": no or self.number()}
        return said(self.merchant.pay(**asked | told))

    def pays(self, fen: int = 1000, **told: Any) -> Trade:
        """Somebody orders and pays; return the trade."""
        no = self.number()
        assert self.orders(fen, no, **told)[0] == 200
        assert self.sim("pay", out_trade_no=no)["result"] == "ok"
        return self.world.books.trades[no]

    def refunds(self, trade: Trade, fen: int, no: str = "", **told: Any) -> tuple[int, dict[str, Any]]:
        """The merchant gives money back."""
        amount = {"refund": fen, "total": trade.total_fen, "currency": "CNY"}
        asked = {"out_refund_no": no or f"R{trade.out_trade_no}", "amount": amount, "out_trade_no": trade.out_trade_no}
        return said(self.merchant.refund(**asked | told))

    def asks(self, **named: str) -> tuple[int, dict[str, Any]]:
        """The merchant asks what became of an order."""
        return said(self.merchant.query(**named))

    def refund_status(self, no: str) -> str:
        """The merchant asks what became of a refund."""
        status: str = said(self.merchant.query_refund(no))[1]["status"]
        return status

    def sim(self, door: str, **told: Any) -> dict[str, Any]:
        """Ask one of the developer's doors."""
        found: dict[str, Any] = httpx.post(f"{self.running.url}/sim/{door}", json=told).json()
        return found

    def reads(self, door: str) -> dict[str, Any]:
        """Read one of the developer's doors."""
        found: dict[str, Any] = httpx.get(f"{self.running.url}/sim/{door}").json()
        return found

    def tells(self) -> list[Heard]:
        """Let the simulator tell all that is due; return what the house heard of it."""
        before = len(self.house.heard)
        self.running.messenger.deliver_due(wait=True)
        return self.house.heard[before:]


class Asking:
    """An app that asks the server interfaces (api.weixin.qq.com)."""

    def __init__(self, play: Play) -> None:
        self.mini, self.official = play.world.keys.mini, play.world.keys.official
        self.client = httpx.Client(base_url=play.running.url)

    def gets(self, path: str, **asked: str) -> dict[str, Any]:
        return dict(self.client.get(path, params=asked).json())

    def posts(self, path: str, told: Any, **query: str) -> httpx.Response:
        content = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
        return self.client.post(path, params=query, content=content)

    def proves(self, app: App, grant: str = "authorization_code") -> dict[str, str]:
        return {"appid": app.app_id, "secret": app.secret, "grant_type": grant}

    def logs_in(self, code: str, **wrong: str) -> dict[str, Any]:
        return self.gets("/sns/jscode2session", js_code=code, **self.proves(self.mini) | wrong)

    def token(self, app: App | None = None, **more: Any) -> dict[str, Any]:
        told = self.proves(app or self.mini, "client_credential") | more
        return dict(self.posts("/cgi-bin/stable_token", told).json())

    def calls(self, path: str, told: Any) -> dict[str, Any]:
        """Call with the mini-program's token."""
        return dict(self.posts(path, told, access_token=self.token()["access_token"]).json())


def said(answer: tuple[int, Any]) -> tuple[int, dict[str, Any]]:
    """Read what the merchant's library returned; of a success it has verified the signature."""
    status, text = answer
    return status, json.loads(text) if text else {}


@pytest.fixture(scope="session")
def keys() -> Keys:
    """The keys of one merchant; making them takes a second."""
    return make_keys()


@pytest.fixture(scope="session")
def house_server() -> Iterator[ThreadingHTTPServer]:
    """The merchant's server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def house(house_server: ThreadingHTTPServer) -> House:
    """The merchant's server, that has heard nothing yet."""
    found = House(f"http://127.0.0.1:{house_server.server_port}/notices")
    house_server.house = found  # type: ignore[attr-defined]  # the listener finds it there
    return found


@pytest.fixture(scope="session")
def stage(keys: Keys) -> Iterator[Running]:
    """A simulator that serves, but whose loop does not run."""
    running = prepare(World(keys=keys))
    thread = threading.Thread(target=running.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    thread.join(timeout=10)
    running.server.server_close()
    running.messenger.close()


@pytest.fixture(scope="session")
def merchant(stage: Running) -> WeChatPay:
    """A merchant on another's library."""
    return merchant_of(stage.world.keys, stage.url, "")


@pytest.fixture
def play(stage: Running, house: House, merchant: WeChatPay, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Everybody on the stage, with empty books: a test says when notices go, and how late it is."""
    merchant._notify_url = house.url
    found = Play(stage, house, merchant)
    stage.world.clock = Clock(found.now)
    stage.world.stall = time.sleep
    monkeypatch.setattr(wechatpayv3.utils, "time", SimpleNamespace(time=lambda: found.now().timestamp()))
    found.sim("reset", seed=1)
    return found


@pytest.fixture
def asking(play: Play) -> Asking:
    """An app at WeChat's door."""
    return Asking(play)


def merchant_of(keys: Keys, url: str, notify_url: str, *, by_public_key: bool = True, **more: Any) -> WeChatPay:
    """Return a merchant on somebody else's library, pointed at the simulator the only way that it allows."""
    private = keys.merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = keys.platform_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    told = {"public_key": public, "public_key_id": keys.public_key_id} if by_public_key else more
    merchant = WeChatPay(
        wechatpay_type=WeChatPayType.MINIPROG,
        mchid=keys.mchid,
        private_key=private,
        cert_serial_no=keys.merchant_serial,
        appid=keys.mini.app_id,
        apiv3_key=keys.apiv3_key,
        notify_url=notify_url,
        timeout=(3, 3),
        **told,
    )
    merchant._core._gate_way = url
    return merchant
