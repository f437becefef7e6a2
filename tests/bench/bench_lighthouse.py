"""Lighthouse on the project page and the giving page as a phone on a slow network opens them (aim: 95 for speed)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.bench.load import HOUSE, ToolMissing, say

CLIENT_TESTS = HOUSE / "tests" / "client"
BUILT = HOUSE / "miniapp-api" / "client" / "dist" / "build" / "h5" / "index.html"


def run() -> None:
    """Measure each page three times, show the median. Refuses `ToolMissing`."""
    node = shutil.which("node")
    chromium = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    if node is None or chromium is None or not (CLIENT_TESTS / "node_modules" / "lighthouse").is_dir():
        raise ToolMissing("缺少浏览器测试的工具：先运行 make test T=tests/client")
    if not BUILT.is_file():
        raise ToolMissing("网页还没有构建：make client")
    own = {"PYTHON": sys.executable, "CHROMIUM": chromium}
    done = subprocess.run(
        [node, "lighthouse.mjs"], cwd=CLIENT_TESTS, env=os.environ | own, capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines():
        say(f"{line}  (aim 95)")


if __name__ == "__main__":
    run()
