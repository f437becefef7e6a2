"""What stands in the inbox is also sent by WeChat to who allowed it; a no is kept once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from backend.core import clock
from backend.core.config_wechat import MessageTemplate
from backend.core.db import db
from backend.core.wire import HttpWire
from backend.jobs.senders import senders_of
from backend.jobs.steps import Step
from backend.messages.reminding import reminder_steps
from backend.messages.service import tell
from backend.outbox.models import OutboxItem
from backend.outbox.worker import outbox_steps
from backend.people.models import Person
from backend.wechat import subscribe
from backend.wechat.server import WechatServer
from backend.wechat.subscribe import FieldMissing, page_of, subscribe_sender
from tests.world.bookkeeping import local
from tests.world.giving import OURS, Giving
from tests.world.weixin import Weixin, says, weixin, with_wechat

SEND = "/cgi-bin/message/subscribe/send"
KEYS = {"title": "thing1", "text": "thing2", "time": "time3"}
GIFT = {"gift_received": MessageTemplate(template_id="tmpl-gift", keys=KEYS)}


@dataclass
class Reminding(Giving):
    """A village whose people WeChat knows, unless told otherwise."""

    world: Weixin = field(default_factory=Weixin)
    strangers: set[int] = field(default_factory=set)
    steps: tuple[Step, ...] = ()

    def knows(self, person: int) -> str | None:
        """Under which openid WeChat knows somebody."""
        return None if person in self.strangers else f"o-{person}"

    def starts(self) -> None:
        """The worker begins anew."""
        wechat = WechatServer(self.settings.wechat, wire=HttpWire())
        sender = subscribe_sender(wechat=wechat, find_openid=self.knows)
        sending = outbox_steps({subscribe.KIND: sender}, chance=lambda: 0.5)
        self.steps = (*reminder_steps(self.settings, find_openid=self.knows), *sending)

    def reminds(self) -> int:
        """The worker's second comes."""
        return self._runs(*self.steps)

    def somebody(self) -> int:
        """The number of a new person."""
        phone = self.phone()
        code = phone.browser.post("/api/v1/session", headers=OURS).json["person"]["code"]
        return self.asks(lambda: db.session.scalars(select(Person.id).where(Person.code == code)).one())

    def tells(self, person: int, key: str, **told: Any) -> None:
        """Something is written into somebody's inbox."""
        words = {"kind": "gift.received", "title": "捐款已到账", "text": "您的捐款已经到账。", "link": "/gift?code=G1"}
        self.writes(lambda: tell(person_id=person, key=key, now=self.clock, **words | told))

    def outbox(self) -> list[tuple[str, str | None]]:
        """What became of the reminders: state and the fault's code."""
        mine = select(OutboxItem.state, OutboxItem.last_error).where(OutboxItem.kind == subscribe.KIND)
        return self.asks(lambda: [tuple(row) for row in db.session.execute(mine.order_by(OutboxItem.id))])


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reminding]:
    """The village on the first of June, one message chosen."""
    with weixin() as world:
        app.config["SETTINGS"] = with_wechat(app.config["SETTINGS"], world.url, templates=GIFT)
        village = Reminding(app, clock=local("2026-06-01 15:01"), world=world)
        monkeypatch.setattr(clock, "now", lambda: village.clock)
        village.starts()
        yield village


def test_who_allowed_it_is_reminded_once(village: Reminding) -> None:
    person = village.somebody()
    village.tells(person, "D1")
    for _ in range(3):
        village.reminds()
    assert village.world.count(SEND) == 1
    assert village.world.last(SEND).body == {
        "touser": f"o-{person}",
        "template_id": "tmpl-gift",
        "page": "pages/gift/index?code=G1",
        "lang": "zh_CN",
        "miniprogram_state": "formal",
        "data": {
            "thing1": {"value": "捐款已到账"},
            "thing2": {"value": "您的捐款已经到账。"},
            "time3": {"value": "2026年6月1日 15:01"},
        },
    }
    assert village.outbox() == [("delivered", None)]
    village.starts()
    assert (village.reminds(), village.world.count(SEND)) == (0, 1)


@pytest.mark.parametrize(
    ("errcode", "reason"), [(43101, "he allowed none"), (47003, "a field does not fit"), (40037, "not our template")]
)
def test_a_no_for_good_is_kept_once_and_never_sent_again(village: Reminding, errcode: int, reason: str) -> None:
    village.world.lays(SEND, says(errcode))
    village.tells(village.somebody(), "D1")
    for _ in range(5):
        village.reminds()
        village.later(minutes=3)
    assert village.world.count(SEND) == 1, reason
    assert village.outbox() == [("dropped", str(errcode))]


def test_a_busy_wechat_is_tried_again_for_an_hour_and_nobody_has_to_look(village: Reminding) -> None:
    village.world.lays(SEND, says(-1), says(-1), says(0))
    village.tells(village.somebody(), "D1")
    for _ in range(4):
        village.reminds()
        village.later(seconds=30)
    assert village.outbox()[0][0] == "delivered"
    village.world.lays(SEND, 502)
    village.tells(village.somebody(), "D2")
    for _ in range(40):
        village.reminds()
        village.later(minutes=3)
    assert village.outbox()[1][0] == "dropped"


def test_a_guest_is_not_reminded_and_costs_nothing(village: Reminding) -> None:
    guest, known = village.somebody(), village.somebody()
    village.strangers.add(guest)
    village.tells(guest, "D1")
    village.tells(known, "D2")
    village.reminds()
    village.reminds()
    assert [call.body["touser"] for call in village.world.calls if call.path == SEND] == [f"o-{known}"]
    assert len(village.outbox()) == 1


def test_who_left_wechat_meanwhile_is_let_go(village: Reminding) -> None:
    person = village.somebody()
    village.tells(person, "D1")
    assert village._runs(village.steps[0]) == 1
    village.strangers.add(person)
    village.reminds()
    assert village.outbox() == [("dropped", "no_account")]


def test_what_is_old_or_of_another_kind_is_not_sent(village: Reminding) -> None:
    village.tells(village.somebody(), "D1", kind="team.news")
    village.tells(village.somebody(), "D2")
    village.later(minutes=11)
    assert (village.reminds(), village.outbox()) == (0, [])


def test_where_no_message_is_chosen_there_is_nothing_to_do(village: Reminding) -> None:
    for without in ({"templates": {}}, {"mini": None, "templates": GIFT}):
        settings = with_wechat(village.settings, village.world.url, **without)
        assert reminder_steps(settings, find_openid=village.knows) == ()
        assert subscribe.KIND not in senders_of(settings)
    assert subscribe.KIND in senders_of(village.settings)


def test_a_message_of_a_template_that_was_taken_away_is_let_go(village: Reminding) -> None:
    village.writes(
        lambda: subscribe.queue(person_id=1, template="gone", facts={}, link=None, key="k", now=village.clock)
    )
    village.reminds()
    assert (village.outbox(), village.world.calls) == ([("dropped", "no_template")], [])


def test_a_fact_that_does_not_fit_is_let_go_unsent(village: Reminding) -> None:
    told = {"person_id": 1, "template": "gift_received", "facts": {"title": "x"}, "link": None, "now": village.clock}
    assert village.writes(lambda: subscribe.queue(**told, key="k")) is True
    assert village.writes(lambda: subscribe.queue(**told, key="k")) is False
    village.reminds()
    assert (village.outbox(), village.world.calls) == ([("dropped", "field:thing2")], [])


@pytest.mark.parametrize(
    ("key", "fact", "sent"),
    [
        ("thing1", "长" * 21, "长" * 19 + "…"),
        ("thing1", " 两 \n行 ", "两 行"),
        ("name1", "众心村", "众心村"),
        ("name1", "长" * 11, None),
        ("amount2", "¥12.30", "¥12.30"),
        ("amount2", "12345678901元", None),
        ("amount2", "十元", None),
        ("phrase3", "已到账", "已到账"),
        ("phrase3", "已经到了账户", None),
        ("phrase3", "ok", None),
        ("number4", "12", "12"),
        ("number4", "十二", None),
        ("character_string5", "HH-2026-1", "HH-2026-1"),
        ("character_string5", "收据", None),
        ("date6", "2026年6月1日", "2026年6月1日"),
        ("time6", "2026年6月1日 15:01", "2026年6月1日 15:01"),
        ("time6", "2026-06-01", None),
        ("thing1", "", None),
    ],
)
def test_each_field_takes_what_wechat_takes(key: str, fact: str, sent: str | None) -> None:
    template = MessageTemplate(template_id="t", keys={"fact": key})
    if sent is None:
        with pytest.raises(FieldMissing):
            subscribe.filled(template, {"fact": fact})
    else:
        assert subscribe.filled(template, {"fact": fact}) == {key: sent}


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("/gift?code=G1", "pages/gift/index?code=G1"),
        ("/shares", "pages/shares/index"),
        (None, "pages/index/index"),
        ("/r/secret", "pages/index/index"),
    ],
)
def test_a_message_opens_the_page_that_the_inbox_names(link: str | None, page: str) -> None:
    assert page_of(link) == page


def test_the_outbox_holds_no_openid(village: Reminding) -> None:
    village.tells(village.somebody(), "D1")
    village._runs(village.steps[0])
    body = village.asks(lambda: db.session.scalars(select(OutboxItem.body)).one())
    assert sorted(json.loads(body)) == ["facts", "page", "person", "template"]
