"""Load from a second process: wrk against a server on the loopback, bounded in time."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.world.postgres import free_port
from tools.launch.steps import BLOCKING_THREADS

HOUSE = Path(__file__).resolve().parents[2]
CONNECTIONS = 16


class ToolMissing(Exception):
    """A measuring tool is not installed; the text names the command that mends it."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one run of wrk saw."""

    per_second: int
    p99_text: str
    errors: int


@contextmanager
def server(app: str, *, environment: dict[str, str], workers: int = 1) -> Iterator[str]:
    """Run an application on granian as `make run` does; yield its address."""
    port = free_port()
    size = ["--workers", str(workers), "--blocking-threads", str(BLOCKING_THREADS), "--log-level", "error"]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--port", str(port), *size, app]
    own = {"PORT": str(port), "PYTHONPATH": f"{HOUSE}:{HOUSE / 'miniapp-api'}"}
    process = subprocess.Popen(
        command,
        cwd=HOUSE,
        env=os.environ | own | environment,
        start_new_session=True,
        stderr=subprocess.DEVNULL,  # A line a request, which nobody reads here.
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # Politely it waits for every worker in turn; nothing of it is kept.
        process.wait(timeout=20)


def wrk(url: str, *, seconds: int = 3, script: Path | None = None) -> Measured:
    """Ask `url` with 16 connections for a few seconds. Refuses `ToolMissing`."""
    found = shutil.which("wrk")
    if found is None:
        raise ToolMissing("缺少 wrk：apt-get install -y wrk")
    command = [found, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *(["-s", str(script)] if script else [])]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    rate, p99 = re.search(r"Requests/sec:\s+(\d+)", said), re.search(r"99%\s+(\S+)", said)
    return Measured(
        per_second=int(rate[1]) if rate else 0,
        p99_text=p99[1] if p99 else "?",
        errors=int(errors[1]) if errors else 0,
    )


def side_by_side(first: str, second: str, *, rounds: int = 3) -> tuple[Measured, Measured]:
    """Measure two addresses in turn, so that the machine's moods meet both; return the median round of each."""
    runs = [(wrk(first), wrk(second)) for _ in range(rounds)]
    middle = rounds // 2
    return tuple(sorted((run[side] for run in runs), key=lambda run: run.per_second)[middle] for side in (0, 1))  # type: ignore[return-value]  # two sides


def say(line: str) -> None:
    """Print one line of the report at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _wait_for(address: str) -> None:
    for _ in range(900):  # Four workers on a busy machine take their time.
        try:
            urllib.request.urlopen(address + "/healthz", timeout=1)
            return
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError):
                return
            time.sleep(0.1)
    raise RuntimeError(f"{address} does not answer")
