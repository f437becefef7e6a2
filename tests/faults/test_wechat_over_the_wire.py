"""WeChat Pay over real sockets: slow, cut, endless, elsewhere or away; money is asked about again, never guessed."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from backend.core.wire import Answer, HttpWire
from backend.payments.providers import PaymentUnavailable
from backend.payments.wechat.caller import CALLS_AT_ONCE, pay_wire
from backend.payments.wechat.pay import WechatPay, wechat_pay
from tests.world.wechat_account import (
    NOW,
    ORDER,
    account_settings,
    promise_of,
    refund_word,
    signed_answer,
    transaction,
    unsigned_answer,
)

Acts = Callable[[BaseHTTPRequestHandler], None]
NUMBER = ORDER.out_trade_no


@dataclass
class Host:
    """A host on this machine that answers as the test says."""

    acts: Acts
    asked: list[str] = field(default_factory=list)
    url: str = ""


def speaker_of(host: Host) -> type[BaseHTTPRequestHandler]:
    """What the host does with each request: read it whole, note it, act."""

    class Speaker(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            host.asked.append(f"{self.command} {self.path}")
            host.acts(self)

        do_POST = do_GET  # noqa: N815 - the server's own name.

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Speaker


@contextmanager
def listening(acts: Acts) -> Iterator[Host]:
    """A host that listens while the test runs."""
    host = Host(acts)
    server = ThreadingHTTPServer(("127.0.0.1", 0), speaker_of(host))
    server.daemon_threads = True
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(answer: Answer) -> Acts:
    """Answer so."""

    def act(to: BaseHTTPRequestHandler) -> None:
        to.send_response(answer.status)
        for name, value in answer.headers.items():
            to.send_header(name, value)
        to.send_header("Content-Length", str(len(answer.body)))
        to.end_headers()
        to.wfile.write(answer.body)

    return act


def begins(length: int, told: bytes) -> Acts:
    """Promise more bytes than are sent, then cut the line hard."""

    def act(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Length", str(length))
        to.end_headers()
        to.wfile.write(told)
        to.wfile.flush()
        to.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        to.close_connection = True
        to.connection.close()

    return act


def drips(to: BaseHTTPRequestHandler) -> None:
    """Answer drop by drop, each in time, and never come to an end."""
    to.send_response(200)
    to.send_header("Content-Length", "100000")
    to.end_headers()
    to.close_connection = True
    for _ in range(60):  # pragma: no branch - whoever asked goes away before.
        try:
            to.wfile.write(b" ")
            to.wfile.flush()
        except OSError:
            return
        time.sleep(0.1)


def sleeps(to: BaseHTTPRequestHandler) -> None:
    """Take the request and say nothing."""
    time.sleep(2)
    to.close_connection = True


def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def quick() -> HttpWire:
    """The same way, less patient, so that the tests are short."""
    return HttpWire(timeout_seconds=0.5, connect_seconds=0.5, together_seconds=0.8)


def at(folder: Path, url: str, *, spare: str = "") -> WechatPay:
    """WeChat Pay at these hosts."""
    settings = account_settings(folder, WECHAT_PAY_URL=url, WECHAT_PAY_SPARE_URL=spare)
    return wechat_pay(settings, wire=quick())


BROKEN: list[tuple[Acts, str]] = [
    (sleeps, "no answer in time"),
    (drips, "drop by drop"),
    (begins(5000, b'{"trade_state":'), "cut in the middle"),
    (begins(0x7FFFFFFF, b" " * 200_000), "an answer without end"),
    (says(Answer(status=302, headers={"Location": "/elsewhere"}, body=b"")), "sent elsewhere"),
    (says(unsigned_answer(transaction(), status=200)), "nobody signed it"),
]


@pytest.mark.parametrize("acts", [row[0] for row in BROKEN], ids=[row[1] for row in BROKEN])
def test_what_breaks_on_its_way_is_unknown_within_a_second_or_two(tmp_path: Path, acts: Acts) -> None:
    with listening(acts) as host:
        wechat = at(tmp_path, host.url, spare=nobody())
        began = time.monotonic()
        assert wechat.query(NUMBER, now=NOW).state == "unknown"
        assert time.monotonic() - began < 3
        assert host.asked == [f"GET /v3/pay/transactions/out-trade-no/{NUMBER}?mchid=1900000109"]
        with pytest.raises(PaymentUnavailable):
            wechat.prepay(ORDER, now=NOW)


def test_when_the_first_host_is_away_the_spare_one_answers(tmp_path: Path) -> None:
    with listening(says(signed_answer(refund_word()))) as spare:
        wechat = at(tmp_path, nobody(), spare=spare.url)
        assert wechat.query_refund("R0000000000000000000001", now=NOW).state == "success"
        assert len(spare.asked) == 1


def test_when_both_hosts_are_away_nothing_is_known(tmp_path: Path) -> None:
    assert at(tmp_path, nobody(), spare=nobody()).query(NUMBER, now=NOW).state == "unknown"


def test_one_line_serves_many_calls(tmp_path: Path) -> None:
    lines: set[int] = set()

    def act(to: BaseHTTPRequestHandler) -> None:
        lines.add(to.client_address[1])
        says(signed_answer(transaction()))(to)

    with listening(act) as host:
        wechat = at(tmp_path, host.url)
        assert [wechat.query(NUMBER, now=NOW).state for _ in range(5)] == ["paid"] * 5
    assert len(lines) == 1


def test_a_bill_is_fetched_over_the_wire(tmp_path: Path) -> None:
    bill = "交易时间\r\n`2026-05-31 10:00:00\r\n".encode()

    def act(to: BaseHTTPRequestHandler) -> None:
        if "billdownload" in to.path:
            says(Answer(status=200, headers={}, body=gzip.compress(bill)))(to)
            return
        address = f"http://{to.headers['Host']}/v3/billdownload/file?token=a-1&tartype=gzip"
        says(signed_answer(promise_of(bill, address)))(to)

    with listening(act) as host:
        told = at(tmp_path, host.url).trade_bill(date(2026, 5, 31), now=NOW)
    assert (told.state, told.content) == ("ready", bill)


def test_a_proxy_of_the_environment_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody())
    with listening(says(signed_answer(transaction()))) as host:
        assert at(tmp_path, host.url).query(NUMBER, now=NOW).state == "paid"


@pytest.mark.promise(name="P22")
def test_when_wechat_hangs_only_so_many_of_us_wait_for_it(tmp_path: Path) -> None:
    with listening(sleeps) as host:
        wechat = at(tmp_path, host.url)
        crowd = [threading.Thread(target=wechat.query, args=(NUMBER,), kwargs={"now": NOW}) for _ in range(30)]
        began = time.monotonic()
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        assert time.monotonic() - began < 3
        assert len(host.asked) <= 2 * CALLS_AT_ONCE


def test_the_real_way_is_patient_for_seconds_and_not_for_minutes() -> None:
    timeout = pay_wire()._client.timeout
    assert (timeout.connect, timeout.read, timeout.write, timeout.pool) == (3.0, 5.0, 5.0, 5.0)
