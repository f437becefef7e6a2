"""The order of a start: environment, packages, page, data, then the two processes and the welcome."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tools.launch import checks, client, node, venv
from tools.launch.children import Command, run_in_view
from tools.launch.messages import Trouble, failed, say
from tools.launch.settings import Place, check_settings, read_place
from tools.launch.signals import Stop
from tools.launch.supervise import Program, Watch

STEPS = 5
DATA_ROOM_MEGABYTES = 600
READY_SECONDS = 60.0
# Four slow bodies once held four threads and with them the whole server; waiting threads cost next to nothing.
BLOCKING_THREADS = 32


@dataclass
class Start:
    """One start of an installation, and what its steps share."""

    house: Path
    stop: Stop
    place: Place
    logs: Path
    step: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def log(self) -> Path:
        """Where the output of the building steps goes."""
        return self.logs / "launch.log"

    @property
    def greeting(self) -> Path:
        """Where the product writes the words that welcome a person."""
        return self.logs / "welcome.log"

    @property
    def python(self) -> Path:
        """The interpreter of the project's environment."""
        return venv.python_of(self.house)

    def environment(self) -> dict[str, str]:
        """Return the environment of every process of the product."""
        own = {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
        return os.environ | self.place.as_environment() | own

    def flask(self, *words: str) -> Command:
        """Return one of the product's own commands."""
        return Command([str(self.python), "-m", "flask", "--app", "wsgi", *words], self.house, self.environment())


def begin(house: Path, *, stop: Stop) -> Start:
    """Read where to run and check it, before anything is made."""
    place = read_place(os.environ, house=house)
    checks.check_writable(place.data_dir / "log", mend="make run DATA_DIR=$HOME/happy-home")
    start = Start(house=house, stop=stop, place=place, logs=place.data_dir / "log")
    start.log.write_bytes(b"")
    return start


def show(start: Start, zh: str, en: str, work: Callable[[], bool]) -> None:
    """Do one step and show its number, its name and how long it took; a step with nothing to do says so."""
    start.step += 1
    say(f"[{start.step}/{STEPS}] {zh} / {en}")
    start.stop.raise_if_asked()
    began = time.monotonic()
    said = f"完成 / done  {time.monotonic() - began:.0f} s" if work() else "已是最新 / up to date"
    say(f"      {said}")


def install(start: Start) -> None:
    """Make everything that the product runs on: environment, packages, page. Quick when all of it stands."""
    lock = checks.hold_house(start.house, stop=start.stop)
    try:
        log, stop = start.log, start.stop
        show(start, "Python 环境", "Python environment", lambda: venv.make_venv(start.house, log=log, stop=stop))
        show(start, "Python 依赖", "Python packages", lambda: venv.install_packages(start.house, log=log, stop=stop))
        check_settings(start.python, house=start.house, environ=start.environment())
        show(start, "网页", "web page", lambda: _page(start))
    finally:
        os.close(lock)


def _page(start: Start) -> bool:
    if client.is_built(start.house):
        return False
    found = node.find_node(start.house, log=start.log, stop=start.stop)
    return client.refresh(start.house, node=found, log=start.log, stop=start.stop)


def prepare(start: Start) -> bool:
    """Make and migrate the database, load the regions, tell the demo story: the product does it and shows it."""
    if start.place.keeps_database and not any(start.place.data_dir.glob("*.sqlite3")):
        checks.check_room(start.place.data_dir, megabytes=DATA_ROOM_MEGABYTES)
    errors = start.logs / "prepare.log"
    code, output = run_in_view(
        start.flask("prepare", "--greeting", str(start.greeting)), errors=errors, stop=start.stop
    )
    if code != 0:
        raise failed("准备数据", "Preparing the data", output=output, log=errors)
    return True


def server(start: Start) -> Program:
    """Return the one server process."""
    granian = [str(start.python), "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"]
    where = ["--host", start.place.host, "--port", str(start.place.port)]
    size = ["--workers", "1", "--blocking-threads", str(BLOCKING_THREADS), "--workers-kill-timeout", "10"]
    command = Command([*granian, *where, *size, "wsgi:app"], start.house, start.environment())
    return Program("服务进程", "server", command, start.logs / "server.log")


def scheduler(start: Start) -> Program:
    """Return the one scheduler process."""
    return Program("定时进程", "scheduler", start.flask("scheduler"), start.logs / "scheduler.log")


def serve(start: Start) -> bool:
    """Start both processes, welcome the person when the server answers, and watch until somebody asks to stop.

    The scheduler comes after the welcome: a person waits for that.
    """
    checks.check_port(start.place)
    watch = Watch([server(start)], stop=start.stop)
    try:
        await_answer(start, watch)
        welcome(start, start.greeting.read_text(encoding="utf-8") if start.greeting.is_file() else "")
        watch.add(scheduler(start))
        watch.go_on()
    finally:
        watch.end()
    return False


def await_answer(start: Start, watch: Watch) -> None:
    """Wait until the server answers. Refuses when it runs and does not."""
    if not start.stop.wait_until(lambda: watch.look() or answers(start.place), seconds=READY_SECONDS):
        raise Trouble(
            f"服务进程启动了 {READY_SECONDS:.0f} 秒仍没有应答。",
            "The server does not answer.",
            mend=f"tail -n 50 {start.logs / 'server.log'}",
        )


def answers(place: Place) -> bool:
    """Whether the server answers a question about its health. Asks it directly, whatever proxy the machine has."""
    connection = http.client.HTTPConnection(place.own_host, place.port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def welcome(start: Start, greeting: str) -> None:
    """Show address, QR code and demo accounts as the product composed them, and the way to let phones in."""
    address = start.place.public_url or start.place.own_url
    say(greeting.rstrip("\n") if address in greeting else f"{greeting}  打开 / Open:  {address}")
    if start.place.is_private:
        say(f"  现在只有本机能访问（{start.place.host}）。 / Only this machine can reach it.")
        say(f"  让同一网络的手机访问 / For phones on the same network:  {phone_command(start.place)}")
    say(f"  日志 / Logs:  {start.logs}    停止 / Stop:  Ctrl-C    用时 / Took {time.monotonic() - start.began:.0f} s")


def phone_command(place: Place) -> str:
    """Return the command that lets phones on the same network in, on the same port."""
    return "make run HOST=0.0.0.0" + (f" PORT={place.port}" if place.port != 8000 else "")
