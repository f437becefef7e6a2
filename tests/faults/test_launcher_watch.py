"""What `make run` started stays running until somebody asks it to stop, and then nothing of it is left."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.launcher_house import MiniatureHouse, is_alive, make_empty_venv, stops, wait_until


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_empty_venv(tmp_path_factory.mktemp("venv") / ".venv")


@pytest.fixture
def house(tmp_path: Path, empty_venv: Path) -> Iterator[MiniatureHouse]:
    house = MiniatureHouse(tmp_path / "house", empty_venv)
    yield house
    house.closes()


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [
        pytest.param(signal.SIGINT, 130, id="ctrl-c-ends-as-a-shell-expects"),
        pytest.param(signal.SIGTERM, 0, id="an-order-to-stop-was-obeyed"),
        pytest.param(signal.SIGHUP, 0, id="a-closed-terminal-is-an-order-too"),
    ],
)
def test_a_stop_leaves_nothing_running_and_the_port_free(house: MiniatureHouse, number: int, exit_code: int) -> None:
    launcher = house.opens()
    pids = [house.pid_of(name) for name in ("server", "worker", "scheduler")]

    assert stops(launcher, number)[0] == exit_code

    assert not any(is_alive(pid) for pid in pids)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", house.port))


@pytest.mark.parametrize("name", ["server", "scheduler"])
def test_a_killed_process_is_told_and_started_again(house: MiniatureHouse, name: str) -> None:
    launcher = house.opens()
    first, worker = house.pid_of(name), house.pid_of("worker")

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: house.pid_of(name) != first)
    assert is_alive(worker) == (name == "scheduler"), "A dead server's worker would hold the port."
    _, said = stops(launcher, signal.SIGTERM)
    assert "信号 9" in said
    assert "restarting" in said


def test_a_process_that_keeps_dying_is_given_up_with_its_own_last_words(house: MiniatureHouse) -> None:
    house.is_impatient()

    code, said = house.refuses(SCHEDULER_SAYS="时钟比账本还慢。")

    assert code == 1
    assert "定时进程连续 5 次启动失败" in said
    assert "时钟比账本还慢。" in said
    assert not is_alive(house.pid_of("server")), "The server does not go on alone."


def test_the_children_of_a_launcher_killed_with_9_do_not_outlive_it(house: MiniatureHouse) -> None:
    launcher = house.opens()
    pids = [house.pid_of(name) for name in ("server", "scheduler")]

    launcher.kill()
    launcher.wait()

    wait_until(lambda: not any(is_alive(pid) for pid in pids))
    os.kill(house.pid_of("worker"), signal.SIGKILL)  # The real server ends its worker itself; the stand-in does not.


def test_a_second_start_skips_what_stands_and_says_so(house: MiniatureHouse) -> None:
    stops(house.opens(), signal.SIGTERM)
    built_once = [call for call in house.calls() if call.startswith("npm ci") or call.startswith("npm run")]
    assert len(built_once) == 2

    stops(house.opens(), signal.SIGTERM)
    assert [call for call in house.calls() if call.startswith("npm ci") or call.startswith("npm run")] == built_once

    house.write("miniapp-api/client/src/main.ts", "export const changed = true\n")
    stops(house.opens(), signal.SIGTERM)
    again = [call for call in house.calls() if call.startswith("npm ci") or call.startswith("npm run")]
    assert again == [*built_once, "npm run build:h5"], "New sources are built; the packages are unchanged."


def test_stopping_in_the_middle_of_a_step_ends_that_step(house: MiniatureHouse) -> None:
    pid = house.folder / "npm.pid"
    house.write("bin/npm", f'#!/bin/sh\n[ "$1" = --version ] && echo 10 && exit\necho $$ > {pid}\nsleep 60\n')
    launcher = house.starts()
    wait_until(lambda: pid.is_file() and pid.read_text().strip())

    code, said = stops(launcher, signal.SIGINT)

    assert (code, "已停止" in said) == (130, True)
    assert not is_alive(int(pid.read_text()))


def test_phones_get_the_address_of_this_machine_on_the_network(house: MiniatureHouse) -> None:
    launcher = house.starts(HOST="0.0.0.0", PUBLIC_URL="http://192.0.2.7:8000")
    assert launcher.stdout is not None
    said = [next(line for line in launcher.stdout if "ADDRESS" in line)]
    said.append(stops(launcher, signal.SIGTERM)[1])

    assert "http://192.0.2.7:8000" in said[0]
    assert "Only this machine" not in said[1]
