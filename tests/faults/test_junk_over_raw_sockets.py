"""Bytes that are hardly HTTP at the door of notices of a real server: only 4xx or a closed line, and it stands after.

The server has a merchant account at a WeChat that this test plays: nobody may be asked anything.
"""

from __future__ import annotations

import random
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from flask import Flask
from sqlalchemy import func, select

from backend.core.config import Settings
from backend.core.db import db
from backend.payments.models import HeardPayment, PaymentAlert
from tests.bench.load import server
from tests.world.figures import dice, figure
from tests.world.giving import Giving
from tests.world.wechat_account import environment, notice_body, signed_by_wechat, transaction
from tests.world.wechat_village import NOTICES

STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")
LINES = (
    b"POST %s HTTP/1.1", b"POST %s HTTP/1.0", b"POST %s HTTP/9.9", b"POST %s", b"BREW %s HTTP/1.1", b"post %s HTTP/1.1",
    b"PUT %s HTTP/1.1", b"POST  %s  HTTP/1.1", b"POST %s?a=%%zz&\xff HTTP/1.1", b"POST http://a/%s HTTP/1.1",
)  # fmt: skip


def noise(throws: random.Random, most: int) -> bytes:
    """Some bytes of any kind."""
    return throws.randbytes(throws.randrange(most))


def header(throws: random.Random) -> bytes:
    """One header, mostly a wrong one."""
    name = throws.choice(
        [b"Wechatpay-Serial", b"Wechatpay-Signature", b"Wechatpay-Timestamp", b"Cookie", b"X", b"Host"]
    )
    wrong = [
        b"Content-Length: %d" % throws.choice([0, 3, 10**4, 10**9, 10**30]),
        b"Content-Length: -1",
        b"Content-Length: abc",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Content-Encoding: gzip",
        b"Expect: 100-continue",
        b"Connection: Upgrade\r\nUpgrade: websocket",
        name + b": " + noise(throws, 60).replace(b"\n", b""),
        name + b": " + b"A" * throws.choice([100, 9_000, 70_000]),
        name + b" : \0",
        noise(throws, 40),
        b": ",
    ]
    return throws.choice(wrong)


def body(throws: random.Random) -> bytes:
    """What follows the headers."""
    told = notice_body(transaction())
    chunks = b"5\r\njunk\r\n0\r\n\r\n"
    return throws.choice([b"", noise(throws, 3000), told, told[: len(told) // 2], chunks, b"zz\r\n", b"{" * 70_000])


def junk(throws: random.Random) -> bytes:
    """One connection's bytes: mostly something like a request, sometimes nothing of the kind."""
    if throws.random() < 0.1:
        return noise(throws, 2000) + b"\r\n\r\n"
    told = body(throws)
    head = [throws.choice(LINES) % NOTICES.encode(), b"Host: home"]
    if throws.random() < 0.7:
        head += [b"Content-Type: application/json", b"Content-Length: %d" % len(told)]
    if throws.random() < 0.5:  # Signed by another's key, over these bytes, this very second or long ago.
        signed = signed_by_wechat(told, by="forger")
        head += [f"{name}: {value}".encode() for name, value in signed.items()]
    head += [header(throws) for _ in range(throws.randrange(4))]
    return b"\r\n".join(head) + b"\r\n\r\n" + told


def statuses(port: int, sent: bytes) -> list[int]:
    """Send the bytes, end the line on our side, and return every status that comes back."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line, suppress(ConnectionError):
        line.sendall(sent)
        with suppress(OSError):  # The server may have closed the line already.
            line.shutdown(socket.SHUT_WR)
        while more := line.recv(65_536):
            heard += more
    return [int(found) for found in STATUS.findall(heard)]


@contextmanager
def wechat_that_counts() -> Iterator[tuple[str, list[int]]]:
    """Where our server would call WeChat; every line that is opened there is counted."""
    calls: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def counts() -> None:
            with suppress(OSError):
                while True:
                    line, _ = door.accept()
                    calls.append(1)
                    line.close()

        threading.Thread(target=counts, daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}", calls


def a_call_is_counted(wechat: str, calls: list[int]) -> None:
    """Whoever had called would have been counted."""
    with pytest.raises(httpx.HTTPError):
        httpx.get(wechat, trust_env=False)
    assert calls == [1]


@pytest.mark.promise(name="P16")
@pytest.mark.timeout(36_000)
def test_junk_on_the_line_is_turned_away_and_the_server_stands(settings: Settings, app: Flask, tmp_path: Path) -> None:
    throws, answered = dice("raw sockets"), set()
    with wechat_that_counts() as (wechat, calls):
        told = environment(tmp_path / "wechat", WECHAT_PAY_URL=wechat, WECHAT_PAY_SPARE_URL=wechat)
        told |= {"DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url, "APP_ENV": "test"}
        told |= {"SECRET_KEY": settings.secret_key, "RATE_LIMITS": "off", "PUBLIC_URL": "https://home.test"}
        with server("wsgi:app", environment=told) as address:
            port = int(address.rsplit(":", 1)[1])
            for _ in range(figure("P16", slice=150, full=20_000)):
                answered |= set(statuses(port, junk(throws)))
            assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
        assert calls == []
        a_call_is_counted(wechat, calls)
    assert {400, 401} <= answered
    assert all(status == 100 or 400 <= status < 500 for status in answered), answered
    village = Giving(app)
    kept = [village.asks(lambda table=table: _count(table)) for table in (HeardPayment, PaymentAlert)]
    assert (kept, village.transfers()) == ([0, 0], 0)


def _count(table: type) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0
