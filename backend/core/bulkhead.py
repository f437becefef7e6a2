"""A wire that cannot drag the house down: few calls at once, and a rest after the other side was silent (P22).

While WeChat hangs, each call would hold a thread of the server for seconds, until none is left for what needs no
WeChat. So a call beyond the few, or during the rest, is refused at once, as if no answer had come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backend.core.wire import Answer, Wire, WireBroken

AT_ONCE, SILENT_BEFORE_REST, REST_SECONDS = 6, 3, 10.0


@dataclass
class Bulkhead:
    """A wire behind a bulkhead. After `silent_before_rest` calls in a row without an answer it rests.

    After the rest one call at a time tries whether the other side is back.
    """

    wire: Wire
    at_once: int = AT_ONCE
    silent_before_rest: int = SILENT_BEFORE_REST
    rest_seconds: float = REST_SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _open: int = 0
    _silent: int = 0
    _rests_until: float = 0

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body`; raises `WireBroken`."""
        return self._through(lambda: self.wire.post(url, headers=headers, body=body))

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask; raises `WireBroken`."""
        return self._through(lambda: self.wire.get(url, headers=headers))

    def _through(self, send: Callable[[], Answer]) -> Answer:
        self._enter()
        is_heard = False
        try:
            answer = send()
            is_heard = answer.status < 500
            return answer
        finally:
            self._leave(is_heard=is_heard)

    def _enter(self) -> None:
        with self._lock:
            is_trying = self._silent >= self.silent_before_rest
            if is_trying and time.monotonic() < self._rests_until:
                raise WireBroken("resting after silence")
            if self._open >= (1 if is_trying else self.at_once):
                raise WireBroken("too many calls at once")
            self._open += 1

    def _leave(self, *, is_heard: bool) -> None:
        with self._lock:
            self._open -= 1
            self._silent = 0 if is_heard else self._silent + 1
            if self._silent >= self.silent_before_rest:
                self._rests_until = time.monotonic() + self.rest_seconds
