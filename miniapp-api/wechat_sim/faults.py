"""Faults of the way between a merchant and WeChat: no answer, half an answer, a gateway's page."""

from __future__ import annotations

from collections.abc import Iterator

from wechat_sim.books import World

# What a fault does to the operation itself: True, it is carried out; False, it is not.
WHAT_FOLLOWS = {
    "system_error": False,
    "rate_limit": False,
    "timeout_before": False,
    "system_error_after": True,
    "timeout_after_commit": True,
    "reset_mid_body": True,
    "unsigned_200": True,
    "wrong_sig_200": True,
    "html_502": True,
    "202": True,
}


class Hung(ConnectionError):
    """The answer never came; the connection is cut at the end of the wait."""


def fault_before(world: World, operation: str) -> str:
    """Draw which fault this request meets, if any."""
    with world.lock:
        return next((name for name in WHAT_FOLLOWS if world.knobs.hits(f"api.{name}", at=operation)), "")


def hang(world: World) -> None:
    """Say nothing for a long time, then cut the line. Raises `Hung`."""
    world.stall(world.knobs.number("api.timeout_seconds"))
    raise Hung("no answer, as the knob wants")


class Cut:
    """A body of which half is sent before the line is cut."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self.body[: len(self.body) // 2]
        raise ConnectionError("cut in the middle, as the knob wants")
