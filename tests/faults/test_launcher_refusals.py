"""What stands in the way of `make run` is said in one sentence, with the command that mends it, never a traceback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.launcher_house import (
    AS_ANYBODY,
    HOUSE,
    MiniatureHouse,
    command_in,
    make_empty_venv,
    only_these_tools,
    stops,
)

AS_ROOT = """
import os, runpy
os.geteuid = lambda: 0
runpy.run_module("tools.launch", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_empty_venv(tmp_path_factory.mktemp("venv") / ".venv")


@pytest.fixture
def house(tmp_path: Path, empty_venv: Path) -> Iterator[MiniatureHouse]:
    house = MiniatureHouse(tmp_path / "house", empty_venv)
    yield house
    house.closes()


def test_a_busy_port_is_named_with_a_free_one_beside_it(house: MiniatureHouse) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", house.port))
        holder.listen()

        code, said = house.refuses()

    assert code == 1
    assert f"{house.port} 端口已被别的程序占用" in said
    assert f"Port {house.port} is busy" in said
    suggested = command_in(said).removeprefix("make run PORT=")
    stops(house.opens(PORT=suggested), signal.SIGTERM)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        pytest.param({"PORT": "eighty"}, "PORT 应是 1 到 65535 之间的整数", id="a-port-is-a-number"),
        pytest.param({"PORT": "70000"}, "PORT 应是 1 到 65535 之间的整数", id="a-port-has-sixteen-bits"),
        pytest.param({"HOST": "203.0.113.9"}, "HOST=203.0.113.9 不是本机的地址", id="another-machine's-address"),
        pytest.param({"HOST": "no such host"}, "不是本机的地址", id="not-an-address-at-all"),
        pytest.param({"APP_ENV": "holiday"}, "APP_ENV 只能是", id="the-product-checks-its-own-settings"),
    ],
)
def test_a_wrong_setting_is_named(house: MiniatureHouse, settings: dict[str, str], sentence: str) -> None:
    code, said = house.refuses(**settings)

    assert code == 78
    assert sentence in said
    assert command_in(said)


def test_the_environment_goes_before_the_env_file(house: MiniatureHouse) -> None:
    house.write(".env", "PORT=eighty\n")
    stops(house.opens(), signal.SIGTERM)

    house.write(".env", "HOST=203.0.113.9\n")
    assert "HOST=203.0.113.9" in house.refuses()[1]


def test_a_second_start_on_the_same_data_says_who_runs(house: MiniatureHouse) -> None:
    launcher = house.opens()

    code, said = house.refuses(PORT=str(house.port + 1))

    assert code == 1
    assert f"已经在运行（进程 {launcher.pid}" in said
    assert command_in(said) == f"kill {launcher.pid}"


def test_a_data_folder_that_cannot_be_written_is_named(house: MiniatureHouse) -> None:
    (house.folder / "var").mkdir(mode=0o555)

    code, said = house.refuses(before=AS_ANYBODY)

    assert code == 1
    assert f"文件夹 {house.folder / 'var' / 'log'} 无法写入" in said
    assert command_in(said) == "make run DATA_DIR=$HOME/happy-home"


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_installed(house: MiniatureHouse) -> None:
    shutil.rmtree(house.folder / ".venv")
    (house.folder / "var").mkdir()
    house.folder.chmod(0o555)

    code, said = house.refuses(before=AS_ANYBODY)

    house.folder.chmod(0o755)
    assert code == 1
    assert f"文件夹 {house.folder} 无法写入" in said
    assert "~/happy-home" in command_in(said)


def test_a_house_that_is_installed_starts_from_a_folder_that_cannot_be_written(house: MiniatureHouse) -> None:
    data = house.folder.parent / "data"
    stops(house.opens(DATA_DIR=str(data)), signal.SIGTERM)
    for name in ("flask.py", "granian.py"):  # The stand-ins note their process numbers beside them; let them elsewhere.
        text = (house.folder / name).read_text().replace('Path("', f'Path("{data}/')
        house.write(name, text)
    house.folder.chmod(0o555)

    launcher = house.starts(before=AS_ANYBODY, DATA_DIR=str(data))
    assert launcher.stdout is not None
    welcomed = any("Ctrl-C" in line for line in launcher.stdout)

    house.folder.chmod(0o755)
    assert welcomed


def test_debian_without_venv_gets_the_one_apt_command(house: MiniatureHouse) -> None:
    shutil.rmtree(house.folder / ".venv")
    house.write("blocked/ensurepip.py", "raise ImportError('as on a bare Debian')\n")
    nothing = only_these_tools(house.folder / "nothing", {})

    code, said = house.refuses(PYTHONPATH=str(house.folder / "blocked"), PATH=nothing)

    assert code == 1
    assert "缺少 venv 模块" in said
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt-get install -y python{version}-venv && make run" in command_in(said)


def test_root_on_debian_installs_venv_itself_and_says_so(house: MiniatureHouse) -> None:
    shutil.rmtree(house.folder / ".venv")
    blocked = house.write("blocked/ensurepip.py", "raise ImportError('as on a bare Debian')\n")
    apt = f'#!/bin/sh\necho "apt-get $*" >> "$HOUSE_CALLS"\n[ "$1" = install ] && /bin/rm {blocked}\nexit 0\n'
    house.write("bin/apt-get", apt).chmod(0o755)
    house.write("root.py", AS_ROOT)

    said = subprocess.run(
        [sys.executable, "root.py"],
        cwd=house.folder,
        env=house.environment(PYTHONPATH=str(blocked.parent), PREPARE_SAYS="到此为止。"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "正在以 root 安装 python3" in said.stdout
    assert [call for call in house.calls() if call.startswith("apt-get install")]
    assert "到此为止。" in said.stderr, "It goes on by itself."


def test_a_step_that_fails_tells_its_own_last_words_and_not_its_traceback(house: MiniatureHouse) -> None:
    said = {
        "地区数据损坏。": "准备数据失败：地区数据损坏。",
        "sqlite3.OperationalError: database or disk is full": "磁盘已满",
        "Traceback (most recent call last):\n  File 1\nRuntimeError: 少了一张表。": "准备数据失败：少了一张表。",
    }
    for words, sentence in said.items():
        code, told = house.refuses_to_prepare(words)
        assert code == 1
        assert sentence in told


def test_pins_that_do_not_install_stop_the_start_before_the_page_is_built(house: MiniatureHouse) -> None:
    house.write("requirements.txt", "./a-wheel-that-is-not-there.whl\n")

    code, said = house.refuses()

    assert code == 1
    assert "安装 Python 依赖失败" in said
    assert not [call for call in house.calls() if call.startswith("npm")]
    assert "a-wheel-that-is-not-there" in house.log("launch")


def test_a_checkout_without_the_client_says_how_to_get_it_back(house: MiniatureHouse) -> None:
    shutil.rmtree(house.folder / "miniapp-api")

    code, said = house.refuses()

    assert (code, command_in(said)) == (1, "git checkout -- miniapp-api")


@pytest.mark.parametrize(
    ("interpreters", "is_found"),
    [
        pytest.param({}, False, id="no-python-at-all"),
        pytest.param({"python3": "#!/bin/sh\nexit 1\n"}, False, id="only-one-that-is-too-old"),
        pytest.param(
            {"python3": "#!/bin/sh\nexit 1\n", "python3.12": "#!/bin/sh\nexit 0\n"}, True, id="a-newer-one-beside"
        ),
    ],
)
def test_a_missing_or_old_python_is_told_by_a_plain_shell(
    tmp_path: Path, interpreters: dict[str, str], is_found: bool
) -> None:
    cat = {"cat": f'#!/bin/sh\nexec {shutil.which("cat")} "$@"\n'}
    path = only_these_tools(tmp_path / "bin", interpreters | cat)

    told = subprocess.run(
        ["/bin/sh", str(HOUSE / "tools" / "python.sh"), "-m", "tools.launch"],
        env={"PATH": path},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert (told.returncode == 0) is is_found
    assert ("没有找到 Python 3.11" in told.stderr) is not is_found


def test_make_itself_hands_settings_to_the_launcher(house: MiniatureHouse) -> None:
    shutil.copy(HOUSE / "Makefile", house.folder)
    told = subprocess.run(
        ["make", "run", "PORT=eighty"],
        cwd=house.folder,
        env={name: value for name, value in os.environ.items() if name != "PORT"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert "PORT 应是 1 到 65535 之间的整数，现在是 'eighty'" in told.stderr
    assert told.returncode != 0
