"""A real PostgreSQL server of the tests' own, started from Debian's binaries and thrown away afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "256MB"}


class PostgresqlMissing(Exception):
    """No PostgreSQL server is installed; the test command installs it as root, or names it."""


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def binaries() -> Path:
    """Return the folder of the newest installed server's binaries."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if not found:  # pragma: no cover - the test command has installed it or said so.
        raise PostgresqlMissing("缺少 PostgreSQL：apt-get install -y postgresql")
    return found[-1].parent


def roomy_memory() -> str | None:
    """Return the folder that lies in memory where there is room for a few hundred small databases."""
    shared = Path("/dev/shm")
    has_room = shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 2 << 30
    return str(shared) if has_room else None


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Run one server; yield the URL of its `postgres` database. The server refuses root, so root lends it a user."""
    folder = Path(tempfile.mkdtemp(prefix="happy-home-pg-", dir=roomy_memory() or "/tmp"))
    data, port = folder / "data", free_port()
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if as_user:  # pragma: no branch - a test run is either root's or not.
        shutil.chown(folder, "postgres", "postgres")
    run = binaries()
    try:
        initdb = [run / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
        subprocess.run([*as_user, *initdb], check=True, capture_output=True, cwd=folder)
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        options += f" -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        start = [run / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"]
        subprocess.run([*as_user, *start], check=True, capture_output=True, cwd=folder)
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        stop = [run / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
        subprocess.run([*as_user, *stop], check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)
