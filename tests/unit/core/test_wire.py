"""The one way to the outside: it brings the answer or says that none came, and writes no address down."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from backend.core.wire import ANSWER_BYTES_MAX, HttpWire, WireBroken


class Other(BaseHTTPRequestHandler):
    """The other side: what it does stands in the address."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/moved"):
            return self._says(302, b"", location="/elsewhere")
        if self.path.startswith("/long"):
            return self._says(200, b"x" * (ANSWER_BYTES_MAX + 1))
        if self.path.startswith("/drops"):
            return self._drops()
        return self._says(200, self.headers.get("X-Asked", "").encode())

    def do_POST(self) -> None:
        self._says(200, self.rfile.read(int(self.headers["Content-Length"])))

    def _says(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drops(self) -> None:
        """Answer drop by drop, for ever: no single wait is long."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.close_connection = True
        try:
            for _ in range(100):  # pragma: no branch - whoever asked goes away before.
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    def log_message(self, *_told: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """The address of the other side."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_wire_brings_the_answer(other: str) -> None:
    wire = HttpWire()
    assert wire.post(f"{other}/", headers={"Content-Type": "text/plain"}, body=b"hello").body == b"hello"
    answer = wire.get(f"{other}/", headers={"X-Asked": "yes"})
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"yes", "3")


def test_the_wire_follows_nobody_elsewhere(other: str) -> None:
    assert HttpWire().get(f"{other}/moved").status == 302


def test_an_answer_that_is_too_long_is_no_answer(other: str) -> None:
    with pytest.raises(WireBroken, match="too long"):
        HttpWire().get(f"{other}/long")
    assert len(HttpWire(answer_bytes_max=ANSWER_BYTES_MAX + 1).get(f"{other}/long").body) == ANSWER_BYTES_MAX + 1


def test_who_answers_drop_by_drop_holds_nobody(other: str) -> None:
    with pytest.raises(WireBroken, match="too slow"):
        HttpWire(together_seconds=0.1).get(f"{other}/drops")


def test_a_wire_that_nobody_holds_says_so_without_the_address() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(WireBroken) as broken:
        HttpWire().get(f"http://127.0.0.1:{port}/?access_token=secret")
    assert "secret" not in str(broken.value)


def test_no_log_hears_the_address_of_a_call(other: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        HttpWire().get(f"{other}/?access_token=secret")
    assert "secret" not in caplog.text
