"""What a person is told stands in his own inbox, once for each event, until he has read it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select

from backend.core.db import db
from backend.messages.models import InboxMessage
from backend.messages.service import tell
from backend.people.models import DeviceSession, Person
from tests.world.giving import OURS, Giving, Phone, ordered, village

__all__ = ["village"]


def person_of(village: Giving, phone: Phone) -> int:
    code = (phone.browser.post("/api/v1/session", headers=OURS).json or {})["person"]["code"]
    return village.asks(lambda: db.session.scalars(select(Person.id).where(Person.code == code)).one())


def tells(village: Giving, person: int, key: str, **told: Any) -> bool:
    words = {
        "kind": "gift.received",
        "title": "捐赠已到账",
        "text": "您捐给众心村的 10.00 元已到账。",
        "link": "/gift?code=1",
    }
    return village.writes(lambda: tell(person_id=person, key=key, now=village.clock, **(words | told)))


def reads(phone: Phone, up_to: str) -> Any:
    return phone.browser.post("/api/v1/me/messages/read", json={"up_to": up_to}, headers=OURS)


def test_an_event_is_told_once_however_often_it_is_heard(village: Giving) -> None:
    phone = village.phone()
    person = person_of(village, phone)
    assert tells(village, person, "D1")
    assert not tells(village, person, "D1", title="第二次说法")
    told = phone.asks("/me/messages")
    assert [message["title"] for message in told["items"]] == ["捐赠已到账"]
    assert told["unread"] == 1


def test_who_gave_is_told_once_that_it_arrived_and_finds_the_receipt_there(village: Giving) -> None:
    phone, gift = ordered(village, 50_00)
    phone.presses(gift)
    for _ in range(3):
        village.works()
    (message,) = phone.asks("/me/messages")["items"]
    assert (message["title"], message["kind"]) == ("捐赠已到账", "gift.received")
    assert "50.00 元" in message["text"]
    assert message["link"] == f"/gift?code={gift['code']}"
    assert phone.sees(gift)["receipt"] is not None


def test_of_many_who_tell_at_one_moment_one_is_heard(village: Giving) -> None:
    person = person_of(village, village.phone())
    new: list[bool] = []
    threads = [threading.Thread(target=lambda: new.append(tells(village, person, "D1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [False] * 7 + [True]


def test_the_newest_message_stands_first_and_the_rest_follow_page_by_page(village: Giving) -> None:
    phone = village.phone()
    person = person_of(village, phone)
    for key in ("D1", "D2", "D3"):
        village.later(minutes=1)
        tells(village, person, key, title=f"消息{key}")
    first = phone.asks("/me/messages?limit=2")
    rest = phone.asks(f"/me/messages?limit=2&cursor={first['next_cursor']}")
    assert [message["title"] for message in first["items"] + rest["items"]] == ["消息D3", "消息D2", "消息D1"]
    assert rest["next_cursor"] is None


def test_what_came_after_the_screen_was_read_stays_unread(village: Giving) -> None:
    phone = village.phone()
    person = person_of(village, phone)
    tells(village, person, "D1")
    seen = phone.asks("/me/messages")["items"][0]
    assert seen["read_at"] is None
    tells(village, person, "D2")
    assert reads(phone, seen["code"]).json == {"unread": 1}
    assert reads(phone, seen["code"]).json == {"unread": 1}
    newest, oldest = phone.asks("/me/messages")["items"]
    assert newest["read_at"] is None
    assert oldest["read_at"] is not None


def test_nobody_reads_or_marks_the_messages_of_another(village: Giving) -> None:
    mine, other = village.phone(), village.phone()
    tells(village, person_of(village, mine), "D1")
    code = mine.asks("/me/messages")["items"][0]["code"]
    assert other.asks("/me/messages") == {"items": [], "next_cursor": None, "unread": 0}
    assert reads(other, code).status_code == 404
    assert mine.asks("/me/messages")["unread"] == 1


def test_who_has_no_session_is_asked_to_open_one(village: Giving) -> None:
    stranger = Phone(village.app.test_client())
    assert stranger.browser.get("/api/v1/me/messages").status_code == 401


BROKEN = [
    ({"title": ""}, "it says nothing"),
    ({"text": "长" * 501}, "it is too long to be read"),
    ({"link": "https://elsewhere.example/"}, "it leads away from us"),
    ({"link": "//elsewhere.example/"}, "it leads away from us without a scheme"),
]


@pytest.mark.parametrize(("told", "reason"), BROKEN, ids=[row[1] for row in BROKEN])
def test_a_message_that_cannot_be_shown_is_not_written(village: Giving, told: dict[str, str], reason: str) -> None:
    person = person_of(village, village.phone())
    with pytest.raises(ValueError, match="message"):
        tells(village, person, "D1", **told)
    assert village.asks(lambda: db.session.query(InboxMessage).count()) == 0, reason


def test_a_forgotten_phone_leaves_the_inbox_whole(village: Giving) -> None:
    phone = village.phone()
    tells(village, person_of(village, phone), "D1")
    phone.browser.delete("/api/v1/session", headers=OURS)
    assert village.asks(lambda: db.session.query(DeviceSession).count()) == 0
    assert village.asks(lambda: db.session.query(InboxMessage).count()) == 1
