"""While every call to WeChat hangs, who gives is told so, and everybody else is answered before it ends (P22)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from dotenv import dotenv_values
from flask import Flask
from sqlalchemy import func, select

from backend.core import clock
from backend.core.bulkhead import AT_ONCE
from backend.core.clock import local_day
from backend.core.config import Settings
from backend.core.db import db
from backend.payments.announcing import AT_ONCE_MAX
from backend.people.accounts import WECHAT_MINI, Identity, add_account
from backend.people.models import Person
from tests.bench.load import server
from tests.world.giving import OURS, Giving, new_key
from tests.world.simulator import Simulator, simulator
from tools.launch.steps import BLOCKING_THREADS

WORKERS, GIVERS, LOGINS, WAVES = 2, 48, 40, 6
PLACES = WORKERS * (AT_ONCE_MAX + AT_ONCE)
"""So many of all who come may wait for WeChat; whoever finds no place is told at once."""
SILENT = ("api.timeout_before", "server.timeout")


@dataclass
class House:
    """The real server with several workers, whose WeChat is the simulator; more people than it has threads."""

    address: str
    sim: Simulator
    project: str
    givers: list[str]

    def browser(self, token: str = "") -> httpx.Client:
        """A phone of its own, with the session of somebody or of nobody."""
        headers = OURS | ({"Authorization": f"Bearer {token}"} if token else {})
        return httpx.Client(base_url=self.address, headers=headers, timeout=60, trust_env=False, verify=False)

    def gives(self, token: str, key: str) -> httpx.Response:
        """Somebody orders a gift."""
        with self.browser(token) as browser:
            told: dict[str, Any] = {"amount_fen": 10_00, "channel": "mini"}
            headers = {"Idempotency-Key": key}
            return browser.post(f"/api/v1/projects/{self.project}/gifts", json=told, headers=headers)

    def logs_in(self) -> httpx.Response:
        """Somebody opens the mini-program."""
        with self.browser() as browser:
            return browser.post("/api/v1/login/wechat-mini", json={"code": "a-code-of-wx-login"})

    def others(self) -> list[int]:
        """What needs no WeChat: reading, a new phone, a notice that nobody signed, the house's own sign of life."""
        with self.browser() as browser:
            answers = [browser.get(f"/api/v1/projects/{self.project}"), browser.get("/healthz")]
            answers.append(browser.get(f"/api/v1/projects/{self.project}/gifts"))
            answers.append(browser.post("/api/v1/session"))
            answers.append(browser.post("/api/v1/payments/notices/wechat", json={"id": "nobody signed this"}))
        return [answer.status_code for answer in answers]


@pytest.fixture
def house(app: Flask, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house is open, and its givers are known to WeChat."""
    village = Giving(app, clock=clock.now())
    project = village.opens_project("屋顶", until=str(local_day(village.clock).replace(year=village.clock.year + 1)))
    with simulator(tmp_path_factory.mktemp("wechat-sim")) as sim:
        givers = [comes(village, sim, f"g{number}") for number in range(GIVERS)]
        told = {name: value or "" for name, value in dotenv_values(sim.folder / "env").items()}
        told |= {"APP_ENV": "test", "DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url}
        told |= {"SECRET_KEY": settings.secret_key, "PUBLIC_URL": "https://house.test", "RATE_LIMITS": "off"}
        with server("wsgi:app", environment=told | {"SHARED_ANSWER_MS": "0"}, workers=WORKERS) as address:
            yield House(address, sim, project, givers)


def comes(village: Giving, sim: Simulator, name: str) -> str:
    """Somebody whom WeChat knows has a session; return its token."""
    mini = sim.wechat.mini
    assert mini is not None
    openid = sim.does("people", id=name)["openids"][mini.app_id]
    one = Identity(kind=WECHAT_MINI, app_id=mini.app_id, subject=openid)
    cookie = village.phone().browser.get_cookie("session")
    secret = village.settings.secret_key

    def is_known() -> None:
        newest = db.session.scalar(select(func.max(Person.id))) or 0
        add_account(one, person_id=newest, secret_key=secret, now=village.clock)

    village.writes(is_known)
    return cookie.value if cookie else ""


@pytest.mark.promise(name="P22")
@pytest.mark.timeout(280)
def test_others_are_answered_before_any_of_those_who_wait_for_wechat(house: House) -> None:
    assert GIVERS + LOGINS > WORKERS * BLOCKING_THREADS, "else they could never take all threads"
    house.sim.does("knobs", **dict.fromkeys(SILENT, "1"))
    was_first = False
    for _ in range(WAVES):  # On a machine that is slow for a moment the others may come too late to be first.
        keys = [new_key() for _ in house.givers]
        was_first = a_wave(house, keys)
        if was_first:
            break
    assert was_first, "nobody was answered before WeChat's silence was over"
    house.sim.does("knobs", **dict.fromkeys(SILENT, "0"))
    healed = [house.gives(token, key).json() for token, key in list(zip(house.givers, keys, strict=True))[:3]]
    assert [gift["state"] for gift in healed] == ["payable"] * 3
    assert all(gift["pay_params"]["package"].startswith("prepay_id=") for gift in healed)


def a_wave(house: House, keys: list[str]) -> bool:
    """All give and log in at one moment; say whether the others were answered while only a few hung, and still did.

    Were no places counted, there would be more at WeChat before the first of all these waits ends.
    """
    asked, start = house.sim.asked("prepay"), threading.Barrier(GIVERS + LOGINS + 1)

    def at_once(act: Any, *told: Any) -> httpx.Response:
        start.wait()
        answer: httpx.Response = act(*told)
        return answer

    with ThreadPoolExecutor(GIVERS + LOGINS) as threads:
        giving = [threads.submit(at_once, house.gives, *one) for one in zip(house.givers, keys, strict=True)]
        entering = [threads.submit(at_once, house.logs_in) for _ in range(LOGINS)]
        start.wait()
        while sum(not one.done() for one in [*giving, *entering]) > PLACES:
            time.sleep(0.02)
        crowd = house.sim.asked("prepay") - asked
        told = house.others()
        still = [one for one in giving if not one.done()]
        answers = [one.result() for one in giving]
        logins = [one.result() for one in entering]
    assert told == [200, 200, 200, 201, 401]
    assert {answer.status_code for answer in [*answers, *logins]} == {503}
    assert {(answer.json()["code"], answer.json()["retryable"]) for answer in answers} <= CLEAR
    assert {answer.json()["code"] for answer in logins} == {"WECHAT_UNAVAILABLE"}
    return bool(still) and crowd <= WORKERS * AT_ONCE_MAX


CLEAR = {("PAYMENT_UNAVAILABLE", True), ("PAYMENT_PREPARING", True)}
"""What a giver is told: nothing was paid, and it may be tried again."""
