"""The simulator as a process of its own, as `make wechat-sim` starts it, and the doors by which a test moves people."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from dotenv import dotenv_values

from backend.core.config import Settings
from backend.core.config_wechat import MessageTemplate, WechatSettings, load_wechat

HOUSE = Path(__file__).resolve().parents[2]


@dataclass
class Simulator:
    """One simulator and its settings for the product."""

    url: str
    folder: Path

    @property
    def wechat(self) -> WechatSettings:
        """The settings of WeChat that it wrote; payment stays with the sandbox."""
        told = {name: value or "" for name, value in dotenv_values(self.folder / "env").items()}
        return load_wechat(told, payment_provider="sandbox", app_env="test")

    def settings(self, given: Settings, **templates: MessageTemplate) -> Settings:
        """Return settings whose WeChat is this one."""
        return replace(given, wechat=replace(self.wechat, templates=templates))

    def does(self, door: str, method: str = "POST", **told: Any) -> dict[str, Any]:
        """Let something happen at WeChat's."""
        answer = httpx.request(method, f"{self.url}/sim/{door}", json=told, trust_env=False)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def asked(self, operation: str) -> int:
        """How often an operation was asked."""
        rows = httpx.get(f"{self.url}/sim/requests", trust_env=False).json()["requests"]
        return sum(row.get("operation") == operation for row in rows)

    def openid(self, person: str = "p1") -> str:
        """Who somebody is to the mini-program."""
        rows = httpx.get(f"{self.url}/sim/people", trust_env=False).json()["people"]
        found = next(row for row in rows if row["id"] == person)
        mini = self.wechat.mini
        return str(found["openids"][mini.app_id if mini else ""])


@contextmanager
def simulator(folder: Path) -> Iterator[Simulator]:
    """A simulator that serves until the end of the block."""
    command = [sys.executable, "-m", "wechat_sim", "--port", "0", "--dir", str(folder), "--fresh"]
    process = subprocess.Popen(command, cwd=HOUSE / "miniapp-api", stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = next(word for word in process.stdout.readline().split() if word.startswith("http://"))
        _waits_for(url)
        yield Simulator(url, folder)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _waits_for(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{url}/sim/knobs", trust_env=False)
            return
        except httpx.HTTPError:  # pragma: no cover - chance: it may be there at once.
            time.sleep(0.05)
    raise AssertionError("the simulator does not answer")  # pragma: no cover - only a broken product gets here.
