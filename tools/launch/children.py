"""Starting other programs so that none outlives the launcher, and waiting for them with a heartbeat."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tools.launch.messages import say
from tools.launch.signals import Stop, Stopped

HEARTBEAT_SECONDS = 5.0
TAIL_BYTES = 8000
SHOWN_WIDTH = 70
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Child = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Command:
    """A program to run: its words, where, with which environment."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] | None = None


def _end_with_the_launcher() -> None:  # pragma: no cover - runs between fork and exec, where nothing can measure it.
    # A launcher killed with -9 cannot stop its children; the kernel then does.
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start(command: Command, *, out: IO[bytes] | None, err: IO[bytes] | int | None) -> Child:
    """Start a program in a process group of its own: Ctrl-C in the terminal reaches only the launcher.

    Raises OSError when the program cannot be started.
    """
    return subprocess.Popen(
        list(command.argv),
        cwd=command.cwd,
        env=dict(command.env) if command.env is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
        preexec_fn=_end_with_the_launcher,  # noqa: PLW1509 - the launcher has one thread.
    )


def has_ended(child: Child) -> bool:
    """Whether the child is dead, without reaping it: until then its process group number cannot be reused."""
    if child.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def sweep(child: Child) -> None:
    """Kill whatever is left of a child's process group, then reap the child."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def end(children: Sequence[Child], *, grace_seconds: float) -> None:
    """Ask all children to end, wait together for so many seconds, then kill what is left, orphans included."""
    for child in children:
        if not has_ended(child):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and not all(has_ended(child) for child in children):
        time.sleep(0.05)
    for child in children:
        sweep(child)


def tail_of(path: Path) -> str:
    """Return the last few thousand bytes of a log as text."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return log.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def run(command: Command, *, log: Path, stop: Stop) -> tuple[int, str]:
    """Run a command to its end with its output in `log`, a heartbeat on the terminal; return (code, last output)."""
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(command.argv)}\n".encode())
        out.flush()
        mark = out.tell()
        child = start(command, out=out, err=subprocess.STDOUT)
    started = time.monotonic()
    try:
        while not stop.wait_until(lambda: has_ended(child), seconds=HEARTBEAT_SECONDS):
            say(f"      … {time.monotonic() - started:.0f} s  {_last_line(log, mark)}".rstrip())
    except Stopped:
        end([child], grace_seconds=3.0)
        raise
    sweep(child)
    return child.returncode, _since(log, mark)


def run_in_view(command: Command, *, errors: Path, stop: Stop) -> tuple[int, str]:
    """Run a command whose own progress the person sees; what it says on stderr is kept, and returned with the code."""
    with errors.open("wb") as kept:
        child = start(command, out=None, err=kept)
    try:
        while not stop.wait_until(lambda: has_ended(child), seconds=3600.0):
            pass
    except Stopped:
        end([child], grace_seconds=10.0)
        raise
    sweep(child)
    return child.returncode, tail_of(errors)


def _since(log: Path, mark: int) -> str:
    with log.open("rb") as text:
        text.seek(max(mark, log.stat().st_size - TAIL_BYTES))
        return text.read().decode("utf-8", errors="replace")


def _last_line(log: Path, mark: int) -> str:
    lines = [line.strip() for line in _since(log, mark).replace("\r", "\n").splitlines()]
    telling = [line for line in lines if line and not line.lower().startswith(("warning", "npm warn", "npm notice"))]
    return telling[-1][:SHOWN_WIDTH] if telling else ""
