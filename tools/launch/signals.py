"""Ctrl-C, `kill` and a closed terminal, noted as a wish to stop that every waiting loop looks at."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType

TICK_SECONDS = 0.1
INTERRUPTED = 130


class Stopped(Exception):
    """Somebody asked the launcher to stop."""


class Stop:
    """Whether somebody asked to stop. A flag instead of an exception: no child is lost between start and note."""

    def __init__(self) -> None:
        self.signal_number: int | None = None

    def listen(self) -> None:
        """Note SIGINT, SIGTERM and SIGHUP from now on; a SIGHUP that `nohup` ignores stays ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal_number = number

    def raise_if_asked(self) -> None:
        """Raise `Stopped` when somebody asked."""
        if self.signal_number is not None:
            raise Stopped

    def wait_until(self, is_over: Callable[[], bool], *, seconds: float) -> bool:
        """Wait until `is_over()` or for so many seconds; say which. Raises `Stopped` when somebody asks."""
        deadline = time.monotonic() + seconds
        while not is_over():
            self.raise_if_asked()
            if time.monotonic() >= deadline:
                return False
            time.sleep(TICK_SECONDS)
        return True

    def exit_code(self) -> int:
        """Return 130 for Ctrl-C, as a shell would; 0 for a plain order to stop, which was obeyed."""
        return INTERRUPTED if self.signal_number == signal.SIGINT else 0
