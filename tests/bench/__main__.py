"""`make bench`: every measurement in one run; `python -m tests.bench pages` for one of them."""

from __future__ import annotations

import importlib
import platform
import sys
from pathlib import Path

from tests.bench.load import ToolMissing, say

NAMES = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main() -> int:
    """Run the named measurements, or all; 1 when a tool is missing, 2 for an unknown name."""
    wanted = sys.argv[1:] or NAMES
    unknown = sorted(set(wanted) - set(NAMES))
    if unknown:
        say(f"没有这些测量：{' '.join(unknown)}；有：{' '.join(NAMES)}")
        return 2
    say(f"Python {platform.python_version()}, {platform.machine()}; 只看同一次运行里的比值。Ratios of this run only.")
    try:
        for name in wanted:
            say(f"\n== {name}")
            importlib.import_module(f"tests.bench.bench_{name}").run()
    except ToolMissing as missing:
        say(str(missing))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
