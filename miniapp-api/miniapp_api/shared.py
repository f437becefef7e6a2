"""Answers that are the same for everybody, made once a second at most however many ask (ADR-0008)."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

ANSWERS_MAX = 500
BYTES_MAX = 128 * 1024
KEY_MAX = 300


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A public answer as it is sent: its body, the quoted hash of it, and the rule that made it, for the logs."""

    body: bytes
    media_type: str
    cache: str
    etag: str
    endpoint: str


@dataclass
class _Making:
    """An answer that is being made, and how many ask for it."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    askers: int = 0


class SharedAnswers:
    """The answers of one process, each for `milliseconds`; the oldest make room for new ones."""

    def __init__(self, *, milliseconds: int) -> None:
        self._nanoseconds = milliseconds * 1_000_000
        self._answers: OrderedDict[str, tuple[int, Answer]] = OrderedDict()
        self._making: dict[str, _Making] = {}
        self._lock = threading.Lock()

    def find(self, key: str, *, since: int = 0) -> Answer | None:
        """Return the answer kept under `key` while it is fresh, if its making began at `since` or later, or None.

        `since` is an instant of `time.monotonic_ns`.
        """
        kept = self._answers.get(key)
        return None if kept is None or kept[0] < max(since, time.monotonic_ns() - self._nanoseconds) else kept[1]

    def get(self, key: str, make: Callable[[], Answer], *, anew: bool = False) -> Answer:
        """Return the answer kept under `key`, or make it: of many who ask at once, one makes it and the rest wait.

        Who asks `anew` gets no answer whose making began before that: who has just given finds his gift in it.
        What `make` raises is nobody else's; an answer larger than 128 KiB, or to an endless address, is not kept.
        """
        if self._nanoseconds == 0:
            return make()
        since = time.monotonic_ns() if anew else 0
        with self._lock:
            making = self._making.setdefault(key, _Making())
            making.askers += 1
        try:
            with making.turn:
                return self.find(key, since=since) or self._make(key, make)
        finally:
            with self._lock:
                making.askers -= 1
                if making.askers == 0:  # While anybody waits, who comes now waits with them.
                    del self._making[key]

    def _make(self, key: str, make: Callable[[], Answer]) -> Answer:
        began = time.monotonic_ns()  # Counted from before the reading, never from after it.
        answer = make()
        if len(answer.body) > BYTES_MAX or len(key) > KEY_MAX:
            return answer
        with self._lock:
            self._answers[key] = (began, answer)
            self._answers.move_to_end(key)
            while len(self._answers) > ANSWERS_MAX:
                self._answers.popitem(last=False)
        return answer
