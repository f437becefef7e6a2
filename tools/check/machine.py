"""What the whole suite needs besides Python: a browser, Chinese type, PostgreSQL and Redis. Nothing is skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tools.launch.messages import Trouble, say
from tools.launch.signals import Stop
from tools.launch.venv import apt_install


def has_chromium() -> bool:
    """Whether a Chromium stands on PATH."""
    return browser() is not None


def browser() -> str | None:
    """Return the path of the browser that the page is tried in."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def has_chinese_type() -> bool:
    """Whether the browser would draw Chinese and not boxes."""
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, check=False)
    return bool(listed.stdout.strip())


def has_postgresql() -> bool:
    """Whether a PostgreSQL server can be started, not only its client."""
    return any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def has_redis() -> bool:
    """Whether a Redis server can be started, for the limits that several processes share."""
    return shutil.which("redis-server") is not None


# Debian's package, and how to see that it is not needed.
NEEDS: tuple[tuple[tuple[str, ...], Callable[[], bool]], ...] = (
    (("chromium",), has_chromium),
    (("fontconfig", "fonts-noto-cjk"), has_chinese_type),
    (("postgresql",), has_postgresql),
    (("redis-server",), has_redis),
)


def missing() -> list[str]:
    """Return the packages that this machine lacks."""
    return [name for names, is_there in NEEDS if not is_there() for name in names]


def complete(*, log: Path, stop: Stop) -> None:
    """Install what is missing as root; name it and refuse for everybody else. A test never runs on half a machine."""
    names = missing()
    if names and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"      正在以 root 安装 {' '.join(names)} / installing with apt-get")
        apt_install(names, log=log, stop=stop)
        names = missing()
    if names:
        raise Trouble(
            f"测试还缺少：{'、'.join(names)}。",
            f"The tests lack {', '.join(names)}.",
            mend=f"sudo apt-get update && sudo apt-get install -y {' '.join(names)}",
        )
