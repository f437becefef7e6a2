"""A house in miniature for the launcher: the real launcher, and stand-ins for the product, for node and for npm."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]

# `python -m flask` and `python -m granian` find these in the current folder before anything installed.
FLASK = """
import os, pathlib, signal, sys, time
word = sys.argv[3]
pathlib.Path("calls").open("a").write(word + "\\n")
if word == "prepare" and os.environ.get("PREPARE_SAYS"):
    sys.exit(os.environ["PREPARE_SAYS"])
if word == "prepare":
    pathlib.Path(sys.argv[-1]).write_text("ADDRESS " + os.environ["PUBLIC_URL"])
if word == "scheduler":
    pathlib.Path("scheduler.pid").write_text(str(os.getpid()))
    if os.environ.get("SCHEDULER_SAYS"):
        sys.exit(os.environ["SCHEDULER_SAYS"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        time.sleep(0.05)
"""
# A server with a worker of its own, as granian has one: the worker must not outlive its parent either.
GRANIAN = """
import http.server, os, pathlib, signal, sys, time
host, port = sys.argv[sys.argv.index("--host") + 1], int(sys.argv[sys.argv.index("--port") + 1])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words):
        pass
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pathlib.Path("worker.pid").write_text(str(os.getpid()))
    http.server.HTTPServer((host, port), Answer).serve_forever()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pathlib.Path("server.pid").write_text(str(os.getpid()))
while True:
    time.sleep(0.05)
"""
CONFIG = """
import os
class BadSetting(Exception):
    pass
def load_settings():
    if os.environ.get("APP_ENV") == "holiday":
        raise BadSetting("APP_ENV 只能是 development、test、production 之一。")
"""
NPM = """#!/bin/sh
echo "npm $*" >> "$HOUSE_CALLS"
case "$1" in
  --version) echo 10.8.2 ;;
  ci) mkdir -p node_modules ;;
  run) mkdir -p dist/build/h5 && echo page > dist/build/h5/index.html ;;
esac
"""
NODE = "#!/bin/sh\necho v20.20.2\n"

# Root may write anywhere; without this one power it meets the same refusals as everybody else.
AS_ANYBODY = {0: ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")}.get(os.geteuid(), ())


class MiniatureHouse:
    """A folder with the real launcher in it; verbs start and stop it, questions look at what it left."""

    def __init__(self, folder: Path, empty_venv: Path) -> None:
        self.folder, self.port, self.running = folder, free_port(), list[subprocess.Popen[str]]()
        shutil.copytree(HOUSE / "tools", folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(empty_venv, folder / ".venv", symlinks=True)
        for name, text in (("flask.py", FLASK), ("granian.py", GRANIAN), ("backend/core/config.py", CONFIG)):
            self.write(name, text)
        self.write("requirements.txt", "# Nothing.\n")
        self.write("miniapp-api/client/package.json", "{}")
        self.write("miniapp-api/client/package-lock.json", "{}")
        self.write("miniapp-api/client/src/main.ts", "export {}\n")
        for name, text in (("npm", NPM), ("node", NODE)):
            self.write(f"bin/{name}", text).chmod(0o755)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def is_impatient(self) -> None:
        """Let this house's copy of the launcher wait a hundredth of its time between attempts."""
        path = self.folder / "tools" / "launch" / "supervise.py"
        text = path.read_text(encoding="utf-8")
        assert "first_wait: float = 1.0" in text
        path.write_text(text.replace("first_wait: float = 1.0", "first_wait: float = 0.01"), encoding="utf-8")

    def environment(self, **settings: str) -> dict[str, str]:
        own = {"PORT": str(self.port), "HOUSE_CALLS": str(self.folder / "calls")}
        path = {"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        inherited = {name: value for name, value in os.environ.items() if name not in ("HOST", "DATA_DIR", "APP_ENV")}
        return inherited | own | path | settings

    def starts(self, *, before: tuple[str, ...] = (), **settings: str) -> subprocess.Popen[str]:
        """Start the launcher and leave it running."""
        launcher = subprocess.Popen(
            [*before, sys.executable, "-m", "tools.launch"],
            cwd=self.folder,
            env=self.environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            # These tests may run under nohup; no thread of ours holds a lock here.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 - as said above.
        )
        self.running.append(launcher)
        return launcher

    def opens(self, **settings: str) -> subprocess.Popen[str]:
        """Start the launcher and wait until it welcomes people."""
        launcher = self.starts(**settings)
        assert launcher.stdout is not None
        for line in launcher.stdout:
            if "Ctrl-C" in line:
                return launcher
        raise AssertionError("The launcher ended before its welcome.")  # pragma: no cover - only when it is broken.

    def refuses(self, *, before: tuple[str, ...] = (), **settings: str) -> tuple[int, str]:
        """Start the launcher, which must end by itself; return its exit code and all it said."""
        launcher = self.starts(before=before, **settings)
        said, _ = launcher.communicate(timeout=60)
        assert "Traceback" not in said
        return launcher.returncode, said

    def refuses_to_prepare(self, words: str) -> tuple[int, str]:
        """Start the launcher on a product whose `prepare` fails with these words."""
        return self.refuses(PREPARE_SAYS=words)

    def pid_of(self, name: str) -> int:
        """Return the process number of the server, its worker or the scheduler, as soon as there is one."""
        path = self.folder / f"{name}.pid"
        wait_until(lambda: path.is_file() and path.read_text().isdigit())
        return int(path.read_text())

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.is_file() else []

    def log(self, name: str) -> str:
        return (self.folder / "var" / "log" / f"{name}.log").read_text(encoding="utf-8")

    def closes(self) -> None:
        """Leave nothing running, however the test ended."""
        for launcher in self.running:
            launcher.send_signal(signal.SIGTERM)
            launcher.communicate(timeout=30)


def stops(launcher: subprocess.Popen[str], number: int) -> tuple[int, str]:
    """Send a launcher a signal; return its exit code and what it said after."""
    launcher.send_signal(number)
    said, _ = launcher.communicate(timeout=30)
    assert "Traceback" not in said
    return launcher.returncode, said


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie that waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(is_so: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Wait until something is so; fail when it does not become so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "It did not become so in time."
        time.sleep(0.02)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command_in(said: str) -> str:
    """Return the one command that a refusal names."""
    (found,) = re.findall(r"请运行 / Run:  (.+)", said)
    return str(found)


def make_empty_venv(folder: Path) -> Path:
    """Make an environment with nothing but pip in it."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder


def only_these_tools(folder: Path, scripts: Mapping[str, str]) -> str:
    """Return a PATH on which only these scripts stand."""
    folder.mkdir()
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return str(folder)
