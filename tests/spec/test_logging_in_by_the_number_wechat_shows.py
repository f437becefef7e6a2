"""In the mini-program one tap lets WeChat show one's number: it leads where a code by message leads, and costs none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from miniapp_api.app import create_app
from sqlalchemy import text
from werkzeug.test import TestResponse

from backend.core import clock
from backend.core.config import Settings
from backend.core.db import db
from tests.world.databases import dispose
from tests.world.entering import PHONE_OF_CODE, Entering, Handset, entering
from tests.world.giving import OURS, ClientWire, Giving, village
from tests.world.simulator import Simulator, simulator
from tests.world.vault import tables_with
from tests.world.weixin import MINI, says

__all__ = ["entering", "village"]
NUMBER = "13800000001"
"""The number of p1, as the simulator begins with it."""


class Shown(Entering):
    """A village whose WeChat is the simulator, on the clock of the world."""

    sim: Simulator

    def code_of(self, who: str, unionid: str | None = None) -> str:
        """A fresh code of `wx.login`."""
        return str(self.sim.does("login", person=who)["code"])

    def tap_of(self, who: str) -> str:
        """Somebody taps the button and says yes; the code that his phone is handed."""
        return str(self.sim.does("phone_code", person=who)["code"])


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator for all these tests."""
    with simulator(tmp_path_factory.mktemp("wechat-sim")) as found:
        yield found


@pytest.fixture
def shown(settings: Settings, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shown]:
    """The village, and a WeChat with empty books."""
    sim.does("reset", seed=1)
    app = create_app(sim.settings(settings))
    here = Shown(app, clock=clock.now())
    here.wire, here.sim = ClientWire(app), sim
    monkeypatch.setattr(clock, "now", lambda: here.clock)
    yield here
    dispose(app)


def taps(phone: Handset, code: str, *, adds: bool = False) -> TestResponse:
    """The phone tells the server what the button handed out."""
    return phone.posts("/login/wechat-phone", {"code": code, "adds": adds})


def told(answer: TestResponse) -> tuple[int, str]:
    """How a refusal is told."""
    return answer.status_code, str((answer.json or {})["code"])


def test_one_tap_leads_to_who_came_by_a_code_to_the_same_number(shown: Shown) -> None:
    old, new = shown.handset(), shown.handset(guest=False)
    gift = old.order(shown.opens_project("屋顶"))
    old.logs_in_by_phone(NUMBER)
    answer = taps(new, shown.tap_of("p1"))
    assert answer.json == {"person": {"code": old.code()}, "joined": False}
    assert [row["code"] for row in new.asks("/me/gifts")["items"]] == [gift["code"]]
    (account,) = new.me()["accounts"]
    assert (account["kind"], account["shown"], account["is_present"]) == ("phone", "138****0001", True)


def test_a_guest_takes_with_him_what_he_gave_and_gets_a_new_token(shown: Shown) -> None:
    phone = shown.handset()
    gift, before, old = phone.order(shown.opens_project("屋顶")), phone.code(), phone.token()
    assert taps(phone, shown.tap_of("p1")).status_code == 200
    assert (phone.code(), phone.me()["is_guest"]) == (before, False)
    assert phone.token() not in ("", old)
    again = shown.handset()
    again.logs_in_by_phone(NUMBER)
    assert [row["code"] for row in again.asks("/me/gifts")["items"]] == [gift["code"]]


def test_who_came_by_wechat_adds_his_number_and_it_leads_back_to_him(shown: Shown) -> None:
    phone = shown.handset()
    phone.logs_in_mini("p1")
    before = phone.code()
    assert taps(phone, shown.tap_of("p1"), adds=True).status_code == 200
    assert [account["kind"] for account in phone.me()["accounts"]] == ["wechat_mini", "phone"]
    assert phone.code() == before
    elsewhere = shown.handset()
    elsewhere.logs_in_by_phone(NUMBER)
    assert elsewhere.code() == before


def test_a_number_is_added_after_a_fresh_login_only(shown: Shown) -> None:
    phone = shown.handset()
    phone.logs_in_mini("p1")
    shown.later(minutes=15)
    assert told(taps(phone, shown.tap_of("p1"), adds=True)) == (403, "LOGIN_AGAIN")


def test_what_the_button_handed_out_opens_once(shown: Shown) -> None:
    code = shown.tap_of("p1")
    assert taps(shown.handset(), code).status_code == 200
    answer = taps(shown.handset(), code)
    assert told(answer) == (401, "PHONE_GRANT_USED")
    assert (answer.json or {})["detail"] == "这次授权已经用过了，请再点一次按钮。"


def test_what_the_button_handed_out_lives_for_five_minutes(shown: Shown, sim: Simulator) -> None:
    code = shown.tap_of("p1")
    sim.does("knobs", **{"clock.skew_seconds": "300"})
    answer = taps(shown.handset(), code)
    assert told(answer) == (401, "PHONE_GRANT_INVALID")
    assert (answer.json or {})["detail"] == "这次授权已过期，请再点一次按钮。"


def test_the_code_of_a_login_shows_no_number_and_the_other_way_round(shown: Shown) -> None:
    assert told(taps(shown.handset(), shown.code_of("p1"))) == (401, "PHONE_GRANT_INVALID")
    crossed = shown.handset().posts("/login/wechat-mini", {"code": shown.tap_of("p1")})
    assert told(crossed) == (401, "LOGIN_CODE_USED")


def test_nobody_gets_in_on_the_phone_of_another_wechat_user(shown: Shown) -> None:
    """Who is handed a stranger's code must not end up in the stranger's account without knowing."""
    phone = shown.handset()
    phone.logs_in_mini("p2")
    before = phone.code()
    assert told(taps(phone, shown.tap_of("p1"), adds=True)) == (401, "PHONE_GRANT_INVALID")
    assert (phone.code(), len(phone.me()["accounts"])) == (before, 1)


def test_while_wechat_is_silent_the_message_and_giving_stay(shown: Shown, sim: Simulator) -> None:
    phone = shown.handset()
    code = shown.tap_of("p1")
    sim.does("knobs", **{"server.html_502": "1"})
    answer = taps(phone, code)
    assert told(answer) == (503, "WECHAT_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "2"
    phone.order(shown.opens_project("屋顶"))
    assert phone.logs_in_by_phone(NUMBER).status_code == 200


def consents(phone: Handset) -> list[tuple[str, bool]]:
    """What somebody has consented to, and whether that stands."""
    return [(one["purpose"], one["withdrawn_at"] is None) for one in phone.asks("/me/data")["consents"]]


def test_the_tap_is_the_consent_and_it_stands_until_the_number_is_taken_off(shown: Shown) -> None:
    phone = shown.handset()
    taps(phone, shown.tap_of("p1"))
    assert consents(phone) == [("phone_login", True)]
    (account,) = phone.me()["accounts"]
    assert phone.takes_off(account["code"], sure=True).status_code == 204
    assert consents(phone) == [("phone_login", False)]


def test_the_login_is_written_down_and_the_number_nowhere(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    phone = shown.handset()
    answer = taps(phone, shown.tap_of("p1"))
    taps(phone, "made-up")
    with shown.app.app_context(), db.engine.connect() as connection:
        rows = connection.execute(text("SELECT actor, subject, facts FROM audit_log WHERE action = 'people.login'"))
        assert [tuple(row) for row in rows] == [(phone.code(), phone.code(), '{"kind": "phone"}')]
    assert shown.asks(lambda: tables_with(NUMBER)) == set()
    logged = capsys.readouterr()
    assert NUMBER not in answer.text + logged.out + logged.err


ELSEWHERE = [
    ("852", "61234567", "a number of Hong Kong"),
    ("1", "3812345678", "another country whose code and number read together like one of ours"),
    ("86", "1381234567", "a digit is missing"),
    ("86", "02066666666", "a line in a house"),
]


@pytest.mark.parametrize(("country", "number", "reason"), ELSEWHERE, ids=[row[2] for row in ELSEWHERE])
def test_a_number_that_no_message_of_ours_reaches_is_no_way_in(
    entering: Entering, country: str, number: str, reason: str
) -> None:
    shows: dict[str, Any] = {"purePhoneNumber": number, "countryCode": country, "watermark": {"appid": MINI}}
    entering.wechat.lays(PHONE_OF_CODE, says(0, "ok", phone_info=shows))
    answer = taps(entering.handset(), "a-code-of-the-button")
    assert told(answer) == (422, "PHONE_ABROAD"), reason
    assert (answer.json or {})["detail"] == "目前只能用中国大陆的手机号登录。"


def test_where_wechat_gives_no_more_numbers_today_it_is_said(entering: Entering) -> None:
    entering.wechat.lays(PHONE_OF_CODE, says(45009, "reach max api daily quota limit"))
    assert told(taps(entering.handset(), "a-code-of-the-button")) == (503, "WECHAT_QUOTA_SPENT")


def test_without_wechat_there_is_no_such_login(village: Giving) -> None:
    answer = village.app.test_client().post("/api/v1/login/wechat-phone", json={"code": "x"}, headers=OURS)
    assert told(answer) == (409, "WECHAT_LOGIN_UNAVAILABLE")
