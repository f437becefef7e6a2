"""The product on another day: its clock is ahead by MOVED_SECONDS, and nothing else is changed.

For browser tests in which a night has to pass. Only `backend.core.clock` says what time it is, so this one place moves
all of the product; the simulator of WeChat has a knob of its own for the same.
"""

from __future__ import annotations

import os
from datetime import timedelta

from backend.core import clock

_real, _moved = clock.now, timedelta(seconds=int(os.environ["MOVED_SECONDS"]))
clock.now = lambda: _real() + _moved

from wsgi import app  # noqa: E402 - what is loaded from here on takes the moved clock for its own.

__all__ = ["app"]
