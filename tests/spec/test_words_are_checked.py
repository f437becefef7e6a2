"""What a giver writes for everybody is checked before it is shown; the gift itself waits for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from backend.content import asking, service
from backend.content.checks import check_content
from backend.content.worker import word_steps
from backend.core import clock
from backend.core.db import db
from backend.core.wire import HttpWire
from backend.donations.service import forget_words
from backend.people.models import Person
from backend.people.staff import create_staff
from backend.sharing.service import forget_names
from backend.wechat.server import WechatServer
from tests.world.bookkeeping import VILLAGE, local
from tests.world.desk import PASSWORD, Hand, password_hash
from tests.world.giving import OURS, ClientWire, Giving, Phone
from tests.world.weixin import Weixin, says, verdict, weixin, with_wechat

CHECK = "/wxa/msg_sec_check"


@dataclass
class Talking(Giving):
    """A village whose givers write something; WeChat knows all of them unless told otherwise."""

    world: Weixin = field(default_factory=Weixin)
    openids: dict[int, str | None] = field(default_factory=dict)
    hands: int = 0

    def reads_words(self) -> int:
        """The worker's second comes for the words."""
        wechat = WechatServer(self.settings.wechat, wire=HttpWire())
        steps = word_steps(self.settings, wechat=wechat, find_openid=lambda person: self.openids.get(person, "o-1"))
        return self._runs(*steps)

    def line(self, gift: dict[str, Any]) -> tuple[str, str | None]:
        """How everybody sees a gift: name and message."""
        lines = self.app.test_client().get(f"/api/v1/projects/{gift['project']['code']}/gifts").json["items"]
        found = next(line for line in lines if line["code"] == gift["code"])
        return found["name"], found["message"]

    def hires(self, role: str, region: str = "00") -> Hand:
        """Somebody works at the desk."""
        self.hands += 1
        told = {"login": f"{role}-{self.hands}", "name": "张某", "role": role, "region_code": region, "is_demo": False}
        self.writes(lambda: create_staff(**told, password_hash=password_hash(), now=self.clock))
        hand = Hand(self.app.test_client())
        asked = {"login": told["login"], "password": PASSWORD}
        assert hand.client.post("/api/v1/desk/session", json=asked, headers=OURS).status_code == 200
        return hand

    def gives(self, **words: Any) -> tuple[Phone, dict[str, Any]]:
        """Somebody gives with words, and the gift is paid; return his phone and the gift."""
        phone = self.phone()
        gift = phone.order(self.fund, 10_00, **words)
        phone.presses(gift)
        self.works()
        self.works()
        return phone, phone.sees(gift)

    def person(self, phone: Phone) -> int:
        """The number of the person with a phone."""
        code = phone.browser.post("/api/v1/session", headers=OURS).json["person"]["code"]
        return self.asks(lambda: db.session.scalars(select(Person.id).where(Person.code == code)).one())


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talking]:
    """The village on the first of June, its mini-program set up."""
    with weixin() as world:
        app.config["SETTINGS"] = with_wechat(app.config["SETTINGS"], world.url)
        village = Talking(app, clock=local("2026-06-01 10:00"), world=world)
        village.wire = ClientWire(app)
        monkeypatch.setattr(clock, "now", lambda: village.clock)
        yield village


WORDS = {"name": "老王", "message": "给家乡加油"}


def test_words_are_shown_once_wechat_says_pass(village: Talking) -> None:
    phone, gift = village.gives(**WORDS)
    assert (gift["state"], gift["words"]["state"], gift["message"]) == ("paid", "waiting", "给家乡加油")
    assert village.line(gift) == ("爱心人士", None)
    assert village.reads_words() == 1
    assert village.line(gift) == ("老王", "给家乡加油")
    assert phone.sees(gift)["words"] == {"state": "shown", "reason": None}
    asked = village.world.last(CHECK).body
    assert (asked["content"], asked["nickname"], asked["openid"]) == ("老王\n给家乡加油", "老王", "o-1")
    assert village.reads_words() == 0
    assert village.asks(check_content) == []


@pytest.mark.parametrize(
    ("answer", "held_for", "reason"),
    [
        (verdict("review", 20001), "review", "WeChat is in doubt, though errcode is 0"),
        (verdict("risky", 20002), "risky", "WeChat says no, though errcode is 0"),
        (says(87014, "risky content"), "risky", "the older way of saying no"),
        (says(61010, "user access record timeout"), "not_visited", "not in the mini-program for two hours"),
        (says(40003, "invalid openid"), "refused", "an openid that WeChat does not know"),
    ],
)
def test_whatever_is_no_pass_waits_for_a_person(village: Talking, answer: Any, held_for: str, reason: str) -> None:
    village.world.lays(CHECK, answer)
    phone, gift = village.gives(**WORDS)
    assert village.reads_words() == 1
    assert village.line(gift) == ("爱心人士", None), reason
    assert phone.sees(gift)["words"] == {"state": "waiting", "reason": None}
    (held,) = village.hires("national").sees("/desk/words").json["items"]
    assert (held["held_for"], held["name"], held["message"], held["kind"]) == (held_for, "老王", "给家乡加油", "gift")
    assert held["village"]["name"] == "众心村"
    assert village.reads_words() == 0


def test_a_silent_wechat_is_asked_three_times_then_a_person_reads(village: Talking) -> None:
    village.world.lays(CHECK, says(-1, "system error"))
    _phone, gift = village.gives(**WORDS)
    assert gift["state"] == "paid"
    for seconds in (0, 4, 1, 29, 1):
        village.later(seconds=seconds)
        village.reads_words()
    assert village.world.count(CHECK) == 3
    (held,) = village.hires("national").sees("/desk/words").json["items"]
    assert held["held_for"] == "silent"
    assert village.holds(village.fund) == 10_00


def test_a_wechat_without_a_verdict_is_no_pass(village: Talking) -> None:
    village.world.lays(CHECK, says(0, "ok"))
    _phone, gift = village.gives(**WORDS)
    for _ in range(3):
        village.reads_words()
        village.later(minutes=1)
    assert village.line(gift) == ("爱心人士", None)


def test_a_giver_whom_wechat_does_not_know_is_read_by_a_person(village: Talking) -> None:
    phone = village.phone()
    village.openids[village.person(phone)] = None
    gift = phone.order(village.fund, 10_00, **WORDS)
    village.reads_words()
    assert village.world.count(CHECK) == 0
    (held,) = village.hires("national").sees("/desk/words").json["items"]
    assert held["held_for"] == "no_account"
    assert phone.sees(gift)["words"]["state"] == "waiting"


def held(village: Talking) -> tuple[Phone, dict[str, Any], Hand, dict[str, Any]]:
    village.world.lays(CHECK, verdict("review"))
    phone, gift = village.gives(**WORDS)
    village.reads_words()
    desk = village.hires("county", VILLAGE[:6])
    return phone, gift, desk, desk.sees("/desk/words").json["items"][0]


def test_the_desk_shows_words_and_their_writer_is_told(village: Talking) -> None:
    phone, gift, desk, words = held(village)
    at = f"/desk/words/{words['code']}"
    assert desk.does(f"{at}/approval", {"version": 1}).json == {"code": words["code"], "state": "approved"}
    assert village.line(gift) == ("老王", "给家乡加油")
    message = phone.asks("/me/messages")["items"][0]
    assert (message["title"], message["link"]) == ("您的文字已通过审核", f"/gift?code={gift['code']}")
    assert desk.sees("/desk/words").json["items"] == []
    for again in ("approval", "rejection"):
        answer = desk.does(f"{at}/{again}", {"version": 1} | ({"reason": "x"} if again == "rejection" else {}))
        assert (answer.status_code, answer.json["code"]) == (409, "WORDS_CHANGED")


def test_the_desk_keeps_words_hidden_with_a_reason_and_the_gift_stays(village: Talking) -> None:
    phone, gift, desk, words = held(village)
    at = f"/desk/words/{words['code']}/rejection"
    assert desk.does(at, {"version": 1, "reason": " "}).status_code == 422
    assert desk.does(at, {"version": 1, "reason": "含有广告"}).status_code == 201
    assert phone.sees(gift)["words"] == {"state": "rejected", "reason": "含有广告"}
    assert village.line(gift) == ("爱心人士", None)
    assert (phone.sees(gift)["state"], village.holds(village.fund)) == ("paid", 10_00)
    assert "含有广告" in phone.asks("/me/messages")["items"][0]["text"]


def test_words_that_were_changed_wait_anew_and_unchanged_ones_keep_their_verdict(village: Talking) -> None:
    phone, gift, desk, words = held(village)
    at = f"/api/v1/gifts/{gift['code']}"
    assert phone.browser.patch(at, json={"message": "祝乡亲们好"}, headers=OURS).json["words"]["state"] == "waiting"
    late = desk.does(f"/desk/words/{words['code']}/approval", {"version": 1})
    assert (late.status_code, late.json["code"]) == (409, "WORDS_CHANGED")
    village.world.lays(CHECK, verdict("pass"))
    village.reads_words()
    assert village.line(gift) == ("老王", "祝乡亲们好")
    phone.browser.patch(at, json={"hide_amount": True}, headers=OURS)
    assert village.line(gift) == ("老王", "祝乡亲们好")
    phone.browser.patch(at, json={"display": "anonymous", "message": None}, headers=OURS)
    assert phone.sees(gift)["words"]["state"] == "shown"
    assert village.line(gift) == ("爱心人士", None)


def test_an_answer_about_older_words_shows_no_newer_ones(village: Talking) -> None:
    phone, gift = village.gives(**WORDS)

    def changes_meanwhile(_asked: Any) -> Any:
        phone.browser.patch(f"/api/v1/gifts/{gift['code']}", json={"message": "另一句"}, headers=OURS)
        return verdict("pass")

    village.world.lays(CHECK, changes_meanwhile)
    village.reads_words()
    assert village.line(gift) == ("爱心人士", None)


def test_a_worker_that_dies_leaves_words_that_wait(village: Talking) -> None:
    _phone, gift = village.gives(**WORDS)
    village.writes(lambda: asking._claim(lambda _person: "o-1", now=village.clock, limit=10))
    assert village.reads_words() == 0
    assert village.line(gift) == ("爱心人士", None)
    village.later(minutes=1)
    assert village.reads_words() == 1
    assert village.line(gift) == ("老王", "给家乡加油")


def test_words_that_vanished_meanwhile_are_nobody_s_work(village: Talking) -> None:
    village.gives(name="老王")
    told = {"person_id": 1, "region_code": VILLAGE, "words": "x", "now": village.clock}
    village.writes(lambda: service.submit(kind=service.GIFT, subject="gone", **told))
    assert village.asks(check_content) != []
    assert village.reads_words() == 2
    assert village.world.last(CHECK).body["scene"] == 1
    village.writes(lambda: service.forget(kind=service.GIFT, subject="gone"))
    assert village.asks(check_content) == []


def test_a_nickname_on_a_card_is_checked_too(village: Talking) -> None:
    phone = village.phone()
    link = phone.shares("village", VILLAGE, nickname="坏名字")
    assert phone.asks(f"/links/{link['code']}")["sharer_name"] is None
    village.world.lays(CHECK, verdict("risky"))
    village.reads_words()
    (words,) = village.hires("national").sees("/desk/words").json["items"]
    assert (words["kind"], words["name"], words["message"]) == ("share", "坏名字", None)
    phone.shares("village", VILLAGE, nickname="好名字")
    village.world.lays(CHECK, verdict("pass"))
    village.reads_words()
    assert phone.asks(f"/links/{link['code']}")["sharer_name"] == "好名字"
    person = village.person(phone)
    village.writes(lambda: forget_names(person_id=person))
    assert village.asks(check_content) == []


def test_who_is_forgotten_leaves_no_check_behind(village: Talking) -> None:
    phone, _gift = village.gives(**WORDS)
    person = village.person(phone)
    village.writes(lambda: forget_words(person_id=person))
    assert (village.asks(check_content), village.reads_words()) == ([], 0)


def test_another_county_s_words_are_not_there(village: Talking) -> None:
    _phone, _gift, _desk, words = held(village)
    other = village.hires("county", "110101")
    assert other.sees("/desk/words").json["items"] == []
    assert other.does(f"/desk/words/{words['code']}/approval", {"version": 1}).status_code == 404
    assert village.hires("village", VILLAGE).sees("/desk/words").status_code == 403
    assert village.hires("national").does("/desk/words/none/approval", {"version": 1}).status_code == 404


def test_the_list_goes_on_where_it_ended(village: Talking) -> None:
    village.world.lays(CHECK, verdict("review"))
    for number in range(3):
        village.gives(message=f"第{number}句")
    village.reads_words()
    desk = village.hires("national")
    first = desk.sees("/desk/words?limit=2").json
    rest = desk.sees(f"/desk/words?limit=2&cursor={first['next_cursor']}").json
    assert [one["message"] for one in first["items"] + rest["items"]] == ["第2句", "第1句", "第0句"]


def test_where_no_mini_program_is_set_up_words_are_shown_as_ever(village: Talking) -> None:
    village.app.config["SETTINGS"] = with_wechat(village.settings, village.world.url, mini=None)
    _phone, gift = village.gives(**WORDS)
    assert (gift["words"]["state"], village.line(gift)) == ("shown", ("老王", "给家乡加油"))
    assert village.reads_words() == 0
