"""The project's own Python environment: made once, filled from requirements.txt, left alone while that is unchanged."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.launch import checks
from tools.launch.children import Command, run
from tools.launch.messages import Trouble, failed, say
from tools.launch.signals import Stop

ROOM_MEGABYTES = 2000
STAMP = ".requirements-stamp"


def python_of(house: Path) -> Path:
    """Return the interpreter of the project's environment."""
    return house / ".venv" / "bin" / "python"


def make_venv(house: Path, *, log: Path, stop: Stop) -> bool:
    """Make `.venv`, or a new one where the old one no longer runs; say whether it had to."""
    if _runs(python_of(house)):
        return False
    checks.check_writable(house, mend=f"cp -r {house} ~/happy-home && cd ~/happy-home && make run")
    checks.check_room(house, megabytes=ROOM_MEGABYTES)
    if not _can_make_venvs():
        _mend_python(log=log, stop=stop)
    say("      建立 Python 环境 / making the Python environment")
    code, output = run(
        Command([sys.executable, "-m", "venv", "--clear", str(house / ".venv")], cwd=house), log=log, stop=stop
    )
    if code != 0 and "ensurepip" in output:
        raise _venv_is_missing()
    if code != 0:
        raise failed("建立 Python 环境", "Making the virtual environment", output=output, log=log)
    return True


def _runs(python: Path) -> bool:
    # An environment of a removed Python, or one whose making was cut short, exists but does not run.
    if not python.exists():
        return False
    asked = subprocess.run([str(python), "-c", "import pip"], capture_output=True, check=False)
    return asked.returncode == 0


def _can_make_venvs() -> bool:
    asked = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return asked.returncode == 0


def _package() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


def _venv_is_missing() -> Trouble:
    sudo = "" if os.geteuid() == 0 else "sudo "
    return Trouble(
        "这个 Python 缺少 venv 模块，无法建立环境。",
        "Python's venv module is missing.",
        mend=f"{sudo}apt-get install -y {_package()} && make run",
    )


def _mend_python(*, log: Path, stop: Stop) -> None:
    """Install Debian's missing half of Python as root, saying so; refuse with the command for everybody else."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise _venv_is_missing()
    say(f"      正在以 root 安装 {_package()} / installing {_package()} with apt-get")
    apt_install([_package()], log=log, stop=stop)
    if not _can_make_venvs():
        raise _venv_is_missing()


def apt_install(packages: list[str], *, log: Path, stop: Stop) -> None:
    """Install Debian packages without a question asked. Refuses with apt's own last words."""
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for argv in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]):
        code, output = run(Command(argv, cwd=Path("/"), env=env), log=log, stop=stop)
        if code != 0:
            names = " ".join(packages)
            raise failed(f"用 apt-get 安装 {names} ", f"Installing {names} with apt-get", output=output, log=log)


def install_packages(house: Path, *, log: Path, stop: Stop) -> bool:
    """Install exactly what requirements.txt pins; say whether there was anything to do."""
    stamp = house / ".venv" / STAMP
    wanted = fingerprint(house)
    if _read(stamp) == wanted:
        return False
    say("      安装 Python 依赖 / installing the Python packages")
    argv = [str(python_of(house)), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    code, output = run(Command([*argv, "-r", "requirements.txt"], cwd=house), log=log, stop=stop)
    if code != 0:
        raise failed("安装 Python 依赖", "Installing the Python packages", output=output, log=log)
    stamp.write_text(wanted, encoding="utf-8")
    return True


def fingerprint(house: Path) -> str:
    """Return what decides whether the packages must be installed again: the pins, and which Python they are for."""
    pins = (house / "requirements.txt").read_bytes()
    return f"{sys.version_info.major}.{sys.version_info.minor} {hashlib.sha256(pins).hexdigest()}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
