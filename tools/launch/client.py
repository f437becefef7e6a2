"""The H5 page: built from its sources when they changed, left alone when they did not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from tools.launch import checks
from tools.launch.children import Command, run
from tools.launch.messages import Trouble, failed, say
from tools.launch.node import Node
from tools.launch.signals import Stop

ROOM_MEGABYTES = 700
NOT_SOURCES = {"node_modules", "dist", "coverage", ".git", ".vite", ".DS_Store"}
BUILDS = {"build:h5": "h5/index.html", "build:mp": "mp-weixin/app.js"}


def folder_of(house: Path) -> Path:
    """Return the client's folder."""
    return house / "miniapp-api" / "client"


def sources(folder: Path) -> Iterator[Path]:
    """Yield every file that the build is made from, in one order on every machine."""
    for path in sorted(folder.iterdir()):
        if path.name in NOT_SOURCES:
            continue
        if path.is_dir():
            yield from sources(path)
        elif path.is_file():
            yield path


def fingerprint(folder: Path) -> str:
    """Return the hash of all sources, their names and the lock file among them, and of what the build is told."""
    told = sorted((name, value) for name, value in os.environ.items() if name.startswith("VITE_"))
    total = hashlib.sha256(repr(told).encode() if told else b"")
    for path in sources(folder):
        name = path.relative_to(folder).as_posix().encode()
        total.update(b"%d %s %s" % (len(name), name, hashlib.sha256(path.read_bytes()).digest()))
    return total.hexdigest()


def lock_fingerprint(folder: Path) -> str:
    """Return the hash of what `npm ci` installs from."""
    lock, package = folder / "package-lock.json", folder / "package.json"
    return hashlib.sha256(lock.read_bytes() + package.read_bytes()).hexdigest()


def is_built(house: Path, script: str = "build:h5") -> bool:
    """Whether the page on disk was built from exactly these sources."""
    folder = folder_of(house)
    if not (folder / "package.json").is_file():
        raise Trouble(
            f"找不到前端源码 {folder}，检出不完整。",
            "The client's sources are missing.",
            mend="git checkout -- miniapp-api",
        )
    stamp = _stamp(folder, script)
    is_there = (folder / "dist" / "build" / BUILDS[script]).is_file() and stamp.is_file()
    return is_there and stamp.read_text(encoding="utf-8") == fingerprint(folder)


def _stamp(folder: Path, script: str) -> Path:
    # Beside the build, not in it: the server hands out everything inside.
    return folder / "dist" / f"{script.replace(':', '-')}.stamp"


def install(folder: Path, *, node: Node, log: Path, stop: Stop) -> bool:
    """Install exactly what a folder's package-lock.json pins; say whether there was anything to do."""
    stamp = folder / "node_modules" / ".installed-stamp"
    wanted = lock_fingerprint(folder)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return False
    checks.check_writable(folder, mend=f"ls -ld {folder}")
    checks.check_room(folder, megabytes=ROOM_MEGABYTES)
    say(f"      安装前端依赖 / npm ci in {folder.name}")
    # The compilers are development packages: an environment with NODE_ENV=production must not lose them.
    argv = [*node.npm, "ci", "--include=dev", "--no-audit", "--no-fund"]
    code, output = run(Command(argv, cwd=folder, env=node.environment()), log=log, stop=stop)
    if code != 0:
        raise failed("安装前端依赖", "npm ci", output=output, log=log)
    stamp.write_text(wanted, encoding="utf-8")
    return True


def build(house: Path, *, node: Node, log: Path, stop: Stop, script: str = "build:h5") -> None:
    """Build the page. A build that was cut short leaves no stamp, so the next start builds again."""
    folder = folder_of(house)
    wanted = fingerprint(folder)
    say(f"      构建 / npm run {script}")
    _stamp(folder, script).unlink(missing_ok=True)
    env = {name: value for name, value in node.environment().items() if name != "NODE_ENV"}
    code, output = run(Command([*node.npm, "run", script], cwd=folder, env=env), log=log, stop=stop)
    if code != 0 or not (folder / "dist" / "build" / BUILDS[script]).is_file():
        raise failed("构建网页", f"npm run {script}", output=output, log=log)
    _stamp(folder, script).write_text(wanted, encoding="utf-8")


def refresh(house: Path, *, node: Node, log: Path, stop: Stop, script: str = "build:h5") -> bool:
    """Bring one build up to date; say whether there was anything to do."""
    if is_built(house, script):
        return False
    if not (folder_of(house) / "package-lock.json").is_file():
        raise Trouble(
            "前端缺少 package-lock.json。", "package-lock.json is missing.", mend="git checkout -- miniapp-api"
        )
    install(folder_of(house), node=node, log=log, stop=stop)
    build(house, node=node, log=log, stop=stop, script=script)
    return True
