"""WeChat's interfaces against the simulator: a process of its own, as strict as WeChat."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import zxingcpp
from flask import Flask
from miniapp_api.link_codes import address_of, code_of
from PIL import Image
from sqlalchemy import select

from backend.content.worker import word_steps
from backend.core import clock
from backend.core.config_wechat import MessageTemplate
from backend.core.db import db
from backend.jobs.senders import senders_of
from backend.messages.reminding import reminder_steps
from backend.messages.service import tell
from backend.outbox.models import OutboxItem
from backend.outbox.worker import outbox_steps
from backend.people.accounts import mini_openids
from backend.people.models import LoginAccount
from backend.sharing.service import make_poster
from backend.wechat import subscribe
from backend.wechat.opening import wechat_of
from backend.wechat.refusals import CodeUsed
from tests.world.giving import OURS, Giving, Phone
from tests.world.simulator import Simulator, simulator

TEMPLATE = "T" * 43
GIFT = MessageTemplate(template_id=TEMPLATE, keys={"title": "thing1", "text": "thing2", "time": "time3"})


@dataclass
class Real(Giving):
    """A village whose WeChat is the simulator, on the clock of the world."""

    sim: Simulator | None = None

    def __post_init__(self) -> None:
        """The village settles today."""
        self.clock = clock.now()
        super().__post_init__()
        self.server = wechat_of(self.settings)

    def calls(self, name: str, **told: Any) -> Any:
        """Make one call to WeChat."""
        with self.app.app_context():
            return getattr(self.server, name)(**told)

    def ticks(self) -> int:
        """One second of the worker for everything about WeChat."""
        self.clock, openids = clock.now(), mini_openids(self.settings)
        steps = [*word_steps(self.settings, wechat=self.server, find_openid=openids)]
        steps += reminder_steps(self.settings, find_openid=openids)
        steps += outbox_steps(senders_of(self.settings))
        return self._runs(*steps)

    def comes_in(self, person: str) -> Phone:
        """Somebody opens the mini-program and logs in."""
        assert self.sim is not None
        phone = Phone(self.app.test_client())
        code = self.sim.does("login", person=person)["code"]
        answer = phone.browser.post("/api/v1/login/wechat-mini", json={"code": code}, headers=OURS)
        assert answer.status_code == 200, answer.text
        return phone


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator for all these tests."""
    with simulator(tmp_path_factory.mktemp("wechat-sim")) as found:
        yield found


@pytest.fixture
def village(app: Flask, sim: Simulator) -> Real:
    """The village, and a WeChat with empty books."""
    sim.does("reset", seed=1)
    sim.does("templates", "PUT", **{TEMPLATE: ["thing1", "thing2", "time3"]})
    app.config["SETTINGS"] = sim.settings(app.config["SETTINGS"], gift_received=GIFT)
    return Real(app, sim=sim)


def test_a_code_says_who_it_is_and_opens_once(village: Real, sim: Simulator) -> None:
    code = sim.does("login", person="p1")["code"]
    assert village.calls("user_of_code", code=code).openid == sim.openid()
    with pytest.raises(CodeUsed):
        village.calls("user_of_code", code=code)


def test_the_number_of_a_phone_is_told_once_to_us(village: Real, sim: Simulator) -> None:
    code = sim.does("phone_code", person="p1")["code"]
    assert village.calls("phone_of_code", code=code, openid=sim.openid(), now=clock.now()).number.startswith("1")


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_token_that_ended_is_fetched_once_more(village: Real, sim: Simulator, how: str) -> None:
    told: dict[str, Any] = {"page": "pages/project/index", "query": {"code": "P"}, "days": 30}
    village.calls("url_link", **told, now=clock.now())
    if how == "revoked":
        sim.does("revoke_tokens")
    else:
        sim.does("knobs", **{"server.token_expired": "x1"})
    assert village.calls("url_link", **told, now=clock.now()).startswith("https://wxaurl.cn/")
    assert (sim.asked("stable_token") <= 3, sim.asked("generate_urllink")) == (True, 3)


def test_where_no_link_can_be_made_a_browser_is_led_into_wechat_by_a_scheme(village: Real, sim: Simulator) -> None:
    sim.does("knobs", **{"server.quota@generate_urllink": "1"})
    try:
        query = {"kind": "project", "code": village.fund}
        told = village.app.test_client().get("/api/v1/wechat/open", query_string=query).json
    finally:
        sim.does("knobs", **{"server.quota@generate_urllink": "0"})
    assert (told or {})["url"].startswith("weixin://dl/business/?t=")


def test_a_poster_is_drawn_and_read_and_opens_the_scan_page(village: Real, sim: Simulator) -> None:
    def make() -> tuple[str, str]:
        link = make_poster(project_code=village.fund, place="村口", actor="cadre", now=village.clock)
        return code_of(link), address_of(link)

    code, address = village.writes(make)
    sim.does("knobs", **{"server.unpublished": "x1"})
    assert read(village, code) == address
    code, _address = village.writes(make)
    opened = parse_qs(urlsplit(read(village, code)).query)
    assert (opened["scene"], opened["page"]) == ([code], ["pages/scan/index"])
    assert read(village, code).endswith(code)
    assert sim.asked("getwxacodeunlimit") == 2


def read(village: Real, code: str) -> str:
    answer = village.app.test_client().get(f"/api/v1/links/{code}/poster.jpg")
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.data)).convert("L"))
    return str(found.text)


def test_a_page_is_signed_as_wechat_checks_it(village: Real, sim: Simulator) -> None:
    url = f"{village.settings.public_url}/project?code=P"
    told = village.app.test_client().get("/api/v1/wechat/js-config", query_string={"url": f"{url}#top"}).json
    asked = {"appId": told["app_id"], "timestamp": told["timestamp"], "nonceStr": told["nonce"], "url": url}
    check = f"{sim.url}/jssdk/check"
    assert httpx.post(check, json=asked | {"signature": told["signature"]}, trust_env=False).json() == {"ok": True}
    assert httpx.post(check, json=asked | {"signature": "0" * 40}, trust_env=False).json() == {"ok": False}


@pytest.mark.parametrize(
    ("message", "hours_ago", "state", "reason"),
    [
        ("给家乡加油", 0, "shown", "WeChat lets it pass"),
        ("请加微信详聊", 0, "waiting", "WeChat is in doubt"),
        ("模拟违规的话", 0, "waiting", "WeChat says no, with errcode 0"),
        ("给家乡加油", 3, "waiting", "not in the mini-program for two hours"),
    ],
)
def test_words_of_who_came_in_by_wechat(
    village: Real, sim: Simulator, message: str, hours_ago: int, state: str, reason: str
) -> None:
    phone = village.comes_in("p1")
    sim.does("visit", person="p1", seconds_ago=hours_ago * 3600)
    gift = phone.order(village.fund, 10_00, message=message, name="老王")
    assert gift["words"]["state"] == "waiting"
    village.ticks()
    assert phone.sees(gift)["words"]["state"] == state, reason


def test_one_tap_is_one_message(village: Real, sim: Simulator) -> None:
    phone = village.comes_in("p1")
    person = village.asks(_only_person)
    sim.does("subscribe", person="p1", template_id=TEMPLATE)
    for key in ("D1", "D2"):
        told = {"kind": "gift.received", "title": "捐款已到账", "text": "您的捐款已经到账，收据在“我的捐款”里。"}
        village.writes(lambda key=key, told=told: tell(person_id=person, key=key, now=clock.now(), **told))
        village.ticks()
        village.ticks()
    sent = httpx.get(f"{sim.url}/sim/messages", trust_env=False).json()["messages"]
    assert [row["person"] for row in sent] == ["p1"]
    mine = select(OutboxItem.state, OutboxItem.last_error).where(OutboxItem.kind == subscribe.KIND)
    states = village.asks(lambda: [tuple(row) for row in db.session.execute(mine.order_by(OutboxItem.id))])
    assert states == [("delivered", None), ("dropped", "43101")]
    assert len(phone.asks("/me/messages")["items"]) == 2


def _only_person() -> int:
    return db.session.scalars(select(LoginAccount.person_id)).one()


def test_while_wechat_hangs_everything_else_answers_at_once(village: Real, sim: Simulator) -> None:
    """P22: twenty people log in at a WeChat that hangs for thirty seconds; they are told, and the others read on."""
    sim.does("knobs", **{"server.timeout": "1"})

    def logs_in(_number: int) -> tuple[int, str]:
        told = {"code": "a-code-of-wx-login"}
        answer = village.app.test_client().post("/api/v1/login/wechat-mini", json=told, headers=OURS)
        return answer.status_code, (answer.json or {})["code"]

    with ThreadPoolExecutor(20) as threads:
        told = [threads.submit(logs_in, number) for number in range(20)]
        took = []
        for _ in range(100):
            started = time.monotonic()
            assert village.app.test_client().get(f"/api/v1/projects/{village.fund}/gifts").status_code == 200
            took.append(time.monotonic() - started)
            time.sleep(0.02)
        assert [one.result() for one in told] == [(503, "WECHAT_UNAVAILABLE")] * 20
    assert sorted(took)[94] < 0.3
    assert sim.asked("jscode2session") <= 6
    sim.does("knobs", **{"server.timeout": "0"})
