"""What must be so before anything starts: a free port, a writable folder with room, nobody else at work here."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import IO

from tools.launch.messages import BAD_SETTING, Trouble
from tools.launch.settings import Place
from tools.launch.signals import Stop

PORTS_TO_SUGGEST = 50
LOCK_NAME = "run.lock"


def check_port(place: Place) -> None:
    """Refuse a port that another program holds, that is not ours to take, or an address that is not this machine's."""
    problem = _bind_error(place.host, place.port)
    if problem is None:
        return
    if isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL:
        raise Trouble(
            f"HOST={place.host} 不是本机的地址。",
            f"HOST={place.host} is not an address of this machine.",
            mend="make run HOST=127.0.0.1",
            exit_code=BAD_SETTING,
        )
    if problem.errno in (errno.EACCES, errno.EPERM):
        raise Trouble(
            f"没有权限使用 {place.port} 端口。",
            f"Port {place.port} needs more rights than this user has.",
            mend=f"make run PORT={_free_port(place)}",
        )
    raise Trouble(
        f"{place.port} 端口已被别的程序占用。",
        f"Port {place.port} is busy.",
        mend=f"make run PORT={_free_port(place)}",
    )


def _bind_error(host: str, port: int) -> OSError | None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except (OSError, UnicodeError) as error:
        return error if isinstance(error, OSError) else socket.gaierror(str(error))
    return None


def _free_port(place: Place) -> int:
    first = max(place.port + 1, 8001)
    candidates = range(first, min(first + PORTS_TO_SUGGEST, 65536))
    return next((port for port in candidates if _bind_error(place.host, port) is None), 8001)


def check_writable(folder: Path, *, mend: str) -> None:
    """Make a folder where it is missing and write into it, or refuse with the reason. Asks the disk, not the mode."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
            probe.flush()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Trouble(
                f"{folder} 所在的磁盘已满。", "The disk is full.", mend=f"df -h {_standing(folder)}"
            ) from error
        zh = "所在的磁盘是只读的" if error.errno == errno.EROFS else "无法写入"
        raise Trouble(f"文件夹 {folder} {zh}。", f"{folder} cannot be written: {error.strerror}.", mend=mend) from error


def check_room(folder: Path, *, megabytes: int) -> None:
    """Refuse to begin what would fill the disk half-way."""
    free = shutil.disk_usage(_standing(folder)).free // 2**20
    if free < megabytes:
        raise Trouble(
            f"{folder} 所在的磁盘只剩 {free} MB，需要 {megabytes} MB。",
            f"The disk has {free} MB left, {megabytes} MB are needed.",
            mend=f"df -h {_standing(folder)}",
        )


def _standing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def hold_alone(place: Place) -> IO[str]:
    """Take the lock of a data folder and return it; it is let go when the launcher ends, however that happens."""
    path = place.data_dir / LOCK_NAME
    lock = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - it stays open as long as the launcher lives.
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        pid, _, url = lock.read().strip().partition(" ")
        lock.close()
        raise Trouble(
            f"已经在运行（进程 {pid}，{url}），数据目录 {place.data_dir}。",
            f"It is already running as process {pid}.",
            mend=f"kill {pid}",
        ) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()} {place.public_url or place.own_url}\n")
    lock.flush()
    return lock


def hold_house(house: Path, *, stop: Stop) -> int:
    """Wait until no other launcher installs into this folder, and return the lock; two data folders share one house."""
    handle = os.open(house, os.O_RDONLY)

    def is_ours() -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    if not stop.wait_until(is_ours, seconds=600.0):
        os.close(handle)
        raise Trouble(
            "另一个 make 正在这里安装，等了十分钟仍未结束。", "Another make is installing here.", mend="make run"
        )
    return handle
