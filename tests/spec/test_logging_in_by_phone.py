"""Outside WeChat a one-time code says whose phone it is: for one device, five minutes, five tries, once."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.core.db import db
from backend.people.models import DeviceSession, LoginAccount, PhoneCode
from tests.world.entering import Entering, entering
from tests.world.giving import OURS
from tests.world.vault import tables_with

__all__ = ["entering"]


def test_outside_wechat_a_code_on_the_page_stands_for_the_message_and_says_so(entering: Entering) -> None:
    phone = entering.handset()
    sent = phone.wants_code("+86 138-1234 5678").json or {}
    assert sent["sent_to"] == "138****5678"
    assert entering.handset().asks("/login/ways") == {"wechat_mini": True, "wechat_official": True, "phone": "page"}
    assert phone.tells_code(sent["shown_code"]).status_code == 200
    (account,) = phone.me()["accounts"]
    assert (account["kind"], account["shown"]) == ("phone", "138****5678")


def test_a_code_opens_once_for_one_phone_and_five_minutes(entering: Entering) -> None:
    phone, other = entering.handset(), entering.handset()
    code = (phone.wants_code().json or {})["shown_code"]
    assert other.tells_code(code).status_code == 401
    assert phone.tells_code(code, "13912345678").status_code == 401
    assert phone.tells_code(code).status_code == 200
    assert phone.tells_code(code).status_code == 401
    entering.later(minutes=2)
    late = (other.wants_code().json or {})["shown_code"]
    entering.later(minutes=5)
    assert other.tells_code(late).status_code == 401


def test_a_new_code_ends_the_one_before(entering: Entering) -> None:
    phone = entering.handset()
    first = (phone.wants_code().json or {})["shown_code"]
    entering.later(seconds=61)
    second = (phone.wants_code().json or {})["shown_code"]
    assert first == second or phone.tells_code(first).status_code == 401
    assert phone.tells_code(second).status_code == 200


def test_the_right_code_after_five_wrong_ones_opens_nothing(entering: Entering) -> None:
    phone = entering.handset()
    code = (phone.wants_code().json or {})["shown_code"]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert [phone.tells_code(wrong).status_code for _ in range(5)] == [401] * 5
    assert phone.tells_code(code).status_code == 401


def crowd(app: Flask, token: str, codes: list[str]) -> list[int]:
    """Tell all the codes at one moment from one phone; return the answers."""
    answers: list[int] = []

    def tell(code: str, browser: FlaskClient) -> None:
        browser.set_cookie("session", token)
        told = {"phone": "13812345678", "code": code}
        answers.append(browser.post("/api/v1/login/phone", json=told, headers=OURS).status_code)

    threads = [threading.Thread(target=tell, args=(code, app.test_client())) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def test_of_twenty_tries_at_one_moment_five_are_judged(entering: Entering) -> None:
    phone = entering.handset()
    code = int((phone.wants_code().json or {})["shown_code"])
    assert crowd(entering.app, phone.token(), [f"{(code + n) % 10**6:06d}" for n in range(1, 21)]) == [401] * 20
    assert entering.asks(lambda: db.session.scalars(select(PhoneCode.tries)).all()) == [5]


def test_of_many_who_have_the_right_code_at_one_moment_one_comes_in(entering: Entering) -> None:
    phone = entering.handset()
    code = (phone.wants_code().json or {})["shown_code"]
    answers = crowd(entering.app, phone.token(), [code] * 8)
    assert answers == [200] + [401] * 7
    assert entering.asks(lambda: len(db.session.scalars(select(LoginAccount.id)).all())) == 1


def test_codes_are_sent_once_a_minute_five_times_an_hour_ten_times_a_day(entering: Entering) -> None:
    phone = entering.handset()
    assert phone.wants_code().status_code == 200
    entering.later(seconds=20)
    early = phone.wants_code()
    assert (early.status_code, early.headers["Retry-After"]) == (429, "40")
    assert entering.handset().wants_code().headers["Retry-After"] == "40"
    for _ in range(4):
        entering.later(seconds=60)
        assert phone.wants_code().status_code == 200
    entering.later(seconds=60)
    waits = int(phone.wants_code().headers["Retry-After"])
    entering.later(seconds=waits - 1)
    assert phone.wants_code("13900000001").headers["Retry-After"] == "1"
    entering.later(seconds=1)
    sent = 5
    while phone.wants_code().status_code == 200:
        sent += 1
        entering.later(minutes=13)
    assert sent == 10
    assert int(phone.wants_code().headers["Retry-After"]) > 3600


NO_NUMBERS = [
    ("1381234567", "a digit is missing"),
    ("12812345678", "no mobile number begins so"),
    ("+85261234567", "another country"),
    ("１３８１２３４５６７８９", "twelve full-width digits"),
    ("手机", "no number at all"),
]


@pytest.mark.parametrize(("number", "reason"), NO_NUMBERS, ids=[row[1] for row in NO_NUMBERS])
def test_what_is_no_number_gets_no_code(entering: Entering, number: str, reason: str) -> None:
    answer = entering.handset().wants_code(number)
    assert (answer.status_code, (answer.json or {})["code"]) == (422, "PHONE_INVALID"), reason


def test_full_width_digits_are_digits_to_an_old_thumb(entering: Entering) -> None:
    phone = entering.handset()
    code = (phone.wants_code("１３８ １２３４ ５６７８").json or {})["shown_code"]
    assert phone.tells_code(f" {code} ").status_code == 200


def test_who_has_no_session_opens_one_before_he_gets_a_code(entering: Entering) -> None:
    stranger = entering.handset(guest=False)
    assert stranger.wants_code().status_code == 401
    assert stranger.tells_code("123456").status_code == 401


def test_a_phone_number_is_kept_only_sealed(entering: Entering) -> None:
    phone = entering.handset()
    phone.logs_in_by_phone()
    kept = entering.asks(lambda: db.session.execute(select(LoginAccount.id, LoginAccount.app_id)).one())
    assert kept.app_id == ""
    assert entering.asks(lambda: tables_with("13812345678", "8613812345678")) == set()
    assert entering.asks(lambda: db.session.scalars(select(DeviceSession.account_id)).all()) == [kept.id]
