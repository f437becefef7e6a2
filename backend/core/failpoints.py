"""Named places in the flows that move money, where a test lets a process fail: raise, die at once, or hang.

Nothing happens at any of them unless the environment names it, and never where APP_ENV is production:
`FAILPOINTS="order_committed=exit, before_post=raise@3, after_call=sleep:2.5"`. With `@n` it happens at the n-th passing
alone, without it at each.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.core.config import BadSetting

KILLED = 137
"""The exit status of a process that was killed with -9; nothing of it is tidied up."""
_PLAN = re.compile(
    r"([a-z0-9_]{1,60})=(raise|exit|sleep:([0-9]{1,3}(?:\.[0-9]{1,3})?))(?:@([1-9][0-9]{0,5}))?", re.ASCII
)


class FailpointReached(Exception):
    """The failure that a test asked for."""


@dataclass
class _Plan:
    """What happens at one place."""

    act: str
    seconds: float
    only_at: int | None
    passed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_due(self) -> bool:
        with self.lock:
            self.passed += 1
            return self.only_at is None or self.passed == self.only_at


_plans: dict[str, _Plan] = {}


def failpoint(name: str) -> None:
    """Fail here, when a test has asked for it. `name` is unique in the house: a test finds each by its name."""
    plan = _plans.get(name)
    if plan is None or not plan.is_due():
        return
    if plan.act == "exit":
        os._exit(KILLED)  # pragma: no cover - nothing of a process that ends so is left to be measured.
    if plan.act == "raise":
        raise FailpointReached(name)
    time.sleep(plan.seconds)


def arm(text: str, *, is_production: bool) -> None:
    """Arm the places that `text` names, and disarm all others. Refuses `BadSetting`, always in production."""
    _plans.clear()
    if not text.strip():
        return
    if is_production:
        raise BadSetting("FAILPOINTS 只用于测试，APP_ENV=production 时不能设置。")
    _plans.update(_read(part.strip()) for part in text.split(","))


@contextmanager
def failing(text: str) -> Iterator[None]:
    """Arm places in this very process for a while; for tests."""
    arm(text, is_production=False)
    try:
        yield
    finally:
        _plans.clear()


def _read(text: str) -> tuple[str, _Plan]:
    found = _PLAN.fullmatch(text)
    if found is None:
        raise BadSetting(f"FAILPOINTS 的写法是 名称=raise|exit|sleep:秒[@第几次]，现在是 {text!r}。")
    name, act, seconds, only_at = found.groups()
    plan = _Plan(act=act.partition(":")[0], seconds=float(seconds or 0), only_at=int(only_at) if only_at else None)
    return name, plan
