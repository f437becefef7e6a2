"""Reading while every call to WeChat hangs, against the same server at peace (P22; aim: 0.8)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values

from tests.bench.bench_pages import a_project
from tests.bench.load import HOUSE, say, server, wrk
from tests.world.giving import OURS
from tests.world.simulator import simulator

ROUNDS, WORKERS, ENTERING = 3, 2, 40
"""So many phones come in at WeChat's silent login at any time: more than may wait, and as many as the threads."""


def run() -> None:
    """Tell the demo story, then measure in turn at peace and with people who wait for a WeChat that is silent."""
    with tempfile.TemporaryDirectory(prefix="happy-home-bench-") as folder, simulator(Path(folder) / "sim") as sim:
        told = {name: value or "" for name, value in dotenv_values(sim.folder / "env").items()}
        told |= {"DATA_DIR": folder, "APP_ENV": "development", "RATE_LIMITS": "off", "SHARED_ANSWER_MS": "0"}
        prepare = [sys.executable, "-m", "flask", "--app", "wsgi", "prepare"]
        subprocess.run(prepare, cwd=HOUSE, env=os.environ | told, check=True, capture_output=True)
        with server("wsgi:app", environment=told, workers=WORKERS) as ours:
            page, peace, silence = f"{ours}/api/v1/projects/{a_project(ours)}", [], []
            for _ in range(ROUNDS):
                peace.append(wrk(page))
                sim.does("knobs", **{"api.timeout_before": "1", "server.timeout": "1"})
                with _people_entering(ours) as answered:
                    silence.append(wrk(page))
                sim.does("knobs", **{"api.timeout_before": "0", "server.timeout": "0"})
    calm, hung = (sorted(runs, key=lambda one: one.per_second)[ROUNDS // 2] for runs in (peace, silence))
    say(f"项目页，微信正常 at peace: {calm.per_second}/s, p99 {calm.p99_text}, errors {calm.errors}")
    say(f"微信不响应 while WeChat hangs: {hung.per_second}/s, p99 {hung.p99_text}, errors {hung.errors}")
    say(f"  {len(answered)} 人登录得到答复 logins answered in the last round, by {sorted(set(answered))}")
    say(f"  ratio {hung.per_second / calm.per_second:.2f}  (aim 0.8)")


@contextmanager
def _people_entering(address: str) -> Iterator[list[int]]:
    """Phones that log in by WeChat, one try after another, for as long as the other side is measured."""
    ended, answered = threading.Event(), list[int]()

    def enters() -> None:
        while not ended.wait(0.5):
            told = urllib.request.Request(f"{address}/api/v1/login/wechat-mini", data=b'{"code": "a-code-of-wx-login"}')
            for name, value in {**OURS, "Content-Type": "application/json"}.items():
                told.add_header(name, value)
            try:
                with urllib.request.urlopen(told, timeout=60) as answer:
                    answered.append(answer.status)
            except urllib.error.HTTPError as refused:
                answered.append(refused.code)

    phones = [threading.Thread(target=enters) for _ in range(ENTERING)]
    for phone in phones:
        phone.start()
    try:
        yield answered
    finally:
        ended.set()
        for phone in phones:
            phone.join()


if __name__ == "__main__":
    run()
