"""`python -m wechat_sim`: make the keys once, write the settings for the product, and serve."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from wechat_sim.books import World, kept_books
from wechat_sim.environment import write_environment
from wechat_sim.keys import keep_keys
from wechat_sim.knobs import BadKnob, Knobs
from wechat_sim.server import Running, prepare

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def arguments() -> argparse.ArgumentParser:
    """Return what may be said on the command line."""
    parser = argparse.ArgumentParser(prog="wechat_sim", description="微信支付与微信接口模拟器（只用于开发）")
    parser.add_argument("--host", default="127.0.0.1", choices=LOOPBACK, help="只在本机服务")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--dir", type=Path, default=Path("var/wechat-sim"), help="密钥、设置和账簿的文件夹")
    parser.add_argument("--product", default="http://127.0.0.1:8000", help="产品的网址")
    parser.add_argument("--seed", type=int, default=0, help="故障的随机种子")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="名=值", help="例如 callback.drop=0.2，可写多次"
    )
    parser.add_argument("--fresh", action="store_true", help="不读上次的账簿")
    return parser


def build(argv: list[str] | None = None) -> Running:
    """Read the command line and return a server that does not run yet. Raises `BadKnob`, OSError."""
    told = arguments().parse_args(argv)
    folder = told.dir.expanduser().absolute()
    knobs = Knobs(seed=told.seed)
    for fault in told.fault:
        name, _, value = fault.partition("=")
        knobs.set(name, value)
    keys = keep_keys(folder)
    books_file = folder / "books"
    world = World(keys=keys, product_url=told.product.rstrip("/"), knobs=knobs)
    if not told.fresh:
        world.books = kept_books(books_file)
        world.__post_init__()
    running = prepare(world, host=told.host, port=told.port, books_file=books_file)
    _say(write_environment(folder, keys, base_url=running.url), running)
    return running


def _say(env: Path, running: Running) -> None:
    sys.stdout.write(
        f"""微信模拟器 / WeChat simulator  {running.url}   （没有真实资金；no real money）
  另开一个终端启动产品 / in another terminal:
    set -a; . {env}; set +a; make run
  人 / people: {running.url}/people
  开关 / knobs: {running.url}/sim/knobs （种子 seed {running.world.knobs.seed}）
  notify_url：微信只认 https；模拟器另外接受本机的 http 地址。
  WeChat wants https; the simulator takes plain http for this machine only.
  按 Ctrl-C 停止 / Ctrl-C stops.
"""
    )
    sys.stdout.flush()


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop."""
    try:
        running = build(argv)
    except (BadKnob, OSError, SystemExit) as error:
        if isinstance(error, SystemExit):
            raise
        sys.stderr.write(f"✗ {error}\n")
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    running.start()
    stop.wait()
    running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
