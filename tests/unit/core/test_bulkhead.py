"""When the other side hangs, few wait for it and everybody else is told at once (P22)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.core import bulkhead
from backend.core.bulkhead import Bulkhead
from backend.core.wire import Answer, WireBroken


class Silent:
    """A wire whose other side hangs until it is let go, and then answers with a status or not at all."""

    def __init__(self, *, status: int | None = None) -> None:
        self.let_go, self.status, self.calls = threading.Event(), status, 0

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        return self.get(url)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        self.calls += 1
        self.let_go.wait(10)
        if self.status is None:
            raise WireBroken("ReadTimeout")
        return Answer(status=self.status, headers={}, body=url.encode())


def test_at_most_a_few_calls_hang_and_the_rest_are_told_at_once() -> None:
    hanging = Silent(status=200)
    wire = Bulkhead(hanging, at_once=3)
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(wire.get, "http://x/") for _ in range(3)]
        while hanging.calls < 3:  # pragma: no cover - chance: they may be quick.
            time.sleep(0.01)
        started = time.monotonic()
        for _ in range(20):
            with pytest.raises(WireBroken, match="at once"):
                wire.post("http://x/", headers={}, body=b"")
        assert time.monotonic() - started < 0.3
        hanging.let_go.set()
        assert [one.result().status for one in waiting] == [200] * 3
    assert wire.post("http://y/", headers={}, body=b"").body == b"http://y/"


def test_after_silence_the_wire_rests_and_then_one_call_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    other, moment = Silent(), [100.0]
    other.let_go.set()
    monkeypatch.setattr(bulkhead.time, "monotonic", lambda: moment[0])
    wire = Bulkhead(other, silent_before_rest=2, rest_seconds=10)
    for _ in range(6):
        with pytest.raises(WireBroken):
            wire.get("http://x/")
    assert other.calls == 2
    moment[0] += 10
    with pytest.raises(WireBroken, match="ReadTimeout"):
        wire.get("http://x/")
    with pytest.raises(WireBroken, match="resting"):
        wire.get("http://x/")
    moment[0] += 10
    other.status = 200
    assert [wire.get("http://x/").status for _ in range(3)] == [200] * 3


def test_pages_of_a_broken_proxy_are_silence_too() -> None:
    other = Silent(status=502)
    other.let_go.set()
    wire = Bulkhead(other, silent_before_rest=2)
    assert [wire.get("http://x/").status for _ in range(2)] == [502, 502]
    with pytest.raises(WireBroken, match="resting"):
        wire.get("http://x/")
