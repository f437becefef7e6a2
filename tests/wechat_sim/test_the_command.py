"""`make wechat-sim`: keys made once, settings for the product written, books kept over a restart, served for real."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from wechat_sim import __main__ as command
from wechat_sim.app import create_app
from wechat_sim.books import World, keep_books, kept_books
from wechat_sim.callbacks import Messenger
from wechat_sim.keys import PRIVATE_FILES, Keys, keep_keys, write_private
from wechat_sim.server import Running, prepare
from wechatpayv3.utils import build_authorization

from backend.core.config import load_settings
from tests.wechat_sim.conftest import House, merchant_of, said

ROOT = Path(__file__).resolve().parents[2]


def read_env(path: Path) -> dict[str, str]:
    """Read the file as a shell does."""
    script = f"set -a; . {path}; env -0"
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={}).stdout
    return dict(row.split("=", 1) for row in told.split("\0") if "=" in row)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys in it."""
    found = tmp_path_factory.mktemp("sim")
    keep_keys(found)
    return found


def test_keys_are_made_once_and_their_owner_alone_reads_them(folder: Path) -> None:
    first, second = keep_keys(folder), keep_keys(folder)
    assert (first.mchid, first.merchant_serial, first.salt) == (second.mchid, second.merchant_serial, second.salt)
    for name in (*PRIVATE_FILES.values(), "secrets.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_a_key_that_is_none_of_ours_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    other = subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519"], capture_output=True, check=True).stdout
    write_private(tmp_path / PRIVATE_FILES["platform"], other)
    with pytest.raises(TypeError, match="not an RSA key"):
        keep_keys(tmp_path)


def test_the_written_settings_are_those_that_the_product_reads(folder: Path) -> None:
    running = command.build(["--dir", str(folder), "--port", "0", "--seed", "7", "--fault", "callback.drop=0.2"])
    running.server.server_close()
    given = read_env(folder / "env")
    found = load_settings(given).wechat
    assert found.pay is not None
    assert found.pay.base_url == found.api_url == found.oauth_url == found.bridge_url == running.url
    assert found.pay.mchid == running.world.keys.mchid
    assert found.pay.public_key_file is not None
    assert found.pay.public_key_file.read_text().startswith("-----BEGIN PUBLIC KEY-----")
    assert [app.app_id for app in found.apps] == list(running.world.keys.apps)
    ids = {template.template_id for template in found.templates.values()}
    assert ids == set(running.world.books.templates)
    assert (running.world.knobs.seed, running.world.knobs.values) == (7, {"callback.drop": "0.2"})


def test_a_wrong_word_on_the_command_line_is_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--dir", str(folder), "--fault", "callback.drop=often"]) == 1
    assert "callback.drop" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SystemExit):
            command.main(["--dir", str(folder), "--port", str(taken.getsockname()[1])])
    with pytest.raises(SystemExit):
        command.main(["--host", "0.0.0.0"])


def test_books_are_kept_whole_or_begun_anew(keys: Keys, tmp_path: Path) -> None:
    world = World(keys=keys)
    world.books.people["p1"].nickname = "改了名"
    keep_books(world, tmp_path / "books")
    assert kept_books(tmp_path / "books").people["p1"].nickname == "改了名"
    (tmp_path / "books").write_bytes(b"\x80\x05K\x01.")
    assert kept_books(tmp_path / "books").people == {}
    (tmp_path / "books").write_bytes(b"junk")
    assert kept_books(tmp_path / "books").people == {}


def eventually(is_so: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether something becomes so in time."""
    ends = time.monotonic() + seconds
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.05)
    return is_so()


def test_what_a_knob_said_stands_on_the_running_command_too(folder: Path, house: House) -> None:
    """The whole command as a process of its own: it serves, calls back by itself, and keeps its books when it ends."""

    def starts(*more: str) -> tuple[subprocess.Popen[str], str]:
        argv = [sys.executable, "-m", "wechat_sim", "--dir", str(folder), "--port", "0", *more]
        env = os.environ | {"PYTHONPATH": str(ROOT / "miniapp-api")}
        child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT)
        assert child.stdout is not None
        line = child.stdout.readline()
        assert "wechat" in line.lower()
        url = next(word for word in line.split() if word.startswith("http"))
        assert eventually(lambda: httpx.get(f"{url}/sim/health").is_success)
        return child, url

    child, url = starts("--fresh", "--fault", "refund.seconds=0", "--fault", "callback.dup=1")
    keys = keep_keys(folder)
    merchant = merchant_of(keys, url, house.url)
    payer = World(keys=keys).openid("p1", keys.mini.app_id)
    order = {"description": "捐赠", "out_trade_no": "D000001", "amount": {"total": 5}, "payer": {"openid": payer}}
    assert said(merchant.pay(**order))[0] == 200
    httpx.post(f"{url}/sim/pay", json={"out_trade_no": "D000001"})
    assert eventually(lambda: len(house.heard) == 2)
    merchant.refund("R1", {"refund": 5, "total": 5, "currency": "CNY"}, out_trade_no="D000001")
    assert eventually(lambda: len(house.heard) == 4)
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 0

    child, url = starts()
    merchant = merchant_of(keys, url, house.url)
    assert said(merchant.query(out_trade_no="D000001"))[1]["trade_state"] == "REFUND"
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 0


def test_a_server_in_this_process_does_everything_by_itself(keys: Keys, house: House, tmp_path: Path) -> None:
    running: Running = prepare(World(keys=keys), books_file=tmp_path / "books")
    running.keep_seconds = 0.1
    running.start()
    merchant = merchant_of(keys, running.url, house.url)
    payer = running.world.openid("p1", keys.mini.app_id)
    order = {"description": "捐赠", "out_trade_no": "D000001", "amount": {"total": 5}, "payer": {"openid": payer}}
    merchant.pay(**order)
    httpx.post(f"{running.url}/sim/pay", json={"out_trade_no": "D000001"})
    assert eventually(lambda: len(house.heard) == 1)
    assert eventually(lambda: "D000001" in kept_books(tmp_path / "books").trades)
    running.stop()


def test_without_any_socket_a_test_holds_all_the_strings(keys: Keys) -> None:
    """The application and its messenger work in process too, so that a whole story can be played on one thread."""
    world = World(keys=keys, base_url="http://wechat")
    client = httpx.Client(transport=httpx.WSGITransport(create_app(world)), base_url="http://wechat")
    core, path = merchant_of(keys, "http://wechat", "")._core, "/v3/pay/transactions/jsapi"
    order = {"description": "捐赠", "out_trade_no": "D000001", "amount": {"total": 5}, "appid": keys.mini.app_id}
    order |= {"mchid": keys.mchid, "notify_url": "http://127.0.0.1/notices"}
    order |= {"payer": {"openid": world.openid("p1", keys.mini.app_id)}}
    body = json.dumps(order)
    signed = build_authorization(path, "POST", core._mchid, core._cert_serial_no, core._private_key, data=body)
    headers = {"Authorization": signed, "Accept": "application/json", "Content-Type": "application/json"}
    assert client.post(path, content=body, headers=headers).json()["prepay_id"]
    assert client.post("/sim/pay", json={"out_trade_no": "D000001"}).json()["result"] == "ok"
    heard: list[str] = []

    def post(url: str, headers: dict[str, str], body: bytes) -> int:
        heard.append(url)
        return 204

    messenger = Messenger(world, post)
    assert messenger.deliver_due(wait=True) == 1
    messenger.close()
    assert heard == ["http://127.0.0.1/notices"]
