"""A poster and a card painted anew, against the QR code alone and against the cache, in one process."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from qr import card, codes, poster
from qr.appeal import Appeal
from qr.cache import PictureCache
from tests.bench.load import say

URL = "https://example.org/s/1AbCdEfGhIjkLmNoPqRsTuV"
APPEAL = Appeal(
    title="给众心村装40盏太阳能路灯",
    village="众心村",
    url=URL,
    organisation="演示慈善总会",
    parents=("江苏省", "盐城市", "大丰区", "西团镇"),
    demo=True,
)


def milliseconds(act: Callable[[], object], *, times: int = 5) -> int:
    """Return the median of a few runs in whole milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter_ns()
        act()
        taken.append((time.perf_counter_ns() - began) // 1_000_000)
    return sorted(taken)[times // 2]


def run() -> None:
    """Measure and say."""
    bare = max(1, milliseconds(lambda: codes.png(URL)))
    with tempfile.TemporaryDirectory() as folder:
        cache = PictureCache(Path(folder))
        rows = {
            "海报 poster (A4)": lambda: poster.jpeg(APPEAL),
            "分享卡 card": lambda: card.jpeg(APPEAL),
            "缓存中的海报 poster from the cache": lambda: cache.get_or_draw(
                "poster.jpg", poster.VERSION, APPEAL, lambda: poster.jpeg(APPEAL)
            ),
        }
        for name, act in rows.items():
            taken = milliseconds(act)
            say(f"{name}: {taken} ms, {taken / bare:.1f} x the bare code ({bare} ms)")


if __name__ == "__main__":
    run()
