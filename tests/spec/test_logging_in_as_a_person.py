"""People come back by WeChat or by their phone; giving needs neither, and what a guest gave goes with him."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from backend.core.db import db
from tests.world.entering import CODE2SESSION, Entering, Handset, entering
from tests.world.giving import OURS, Giving, village
from tests.world.weixin import OFFICIAL

__all__ = ["entering", "village"]


def test_a_guest_logs_in_by_the_mini_program_and_stays_who_he_is(entering: Entering) -> None:
    phone = entering.handset()
    before = phone.code()
    answer = phone.logs_in_mini("阿芳")
    assert answer.json == {"person": {"code": before}, "joined": False}
    (account,) = phone.me()["accounts"]
    assert (account["kind"], account["shown"], account["is_present"]) == ("wechat_mini", None, True)
    assert phone.me()["is_guest"] is False


def test_a_login_gives_the_phone_a_new_token_and_ends_the_old_one(entering: Entering) -> None:
    phone = entering.handset()
    old = phone.token()
    phone.logs_in_mini("阿芳")
    assert phone.token() not in ("", old)
    thief = entering.handset(guest=False)
    thief.browser.set_cookie("session", old)
    assert thief.browser.get("/api/v1/me/account").status_code == 401


def test_the_mini_program_gets_its_token_by_hand(entering: Entering) -> None:
    code = entering.code_of("阿芳")
    headers = {**OURS, "X-Session-Transport": "bearer"}
    answer = entering.app.test_client().post("/api/v1/login/wechat-mini", json={"code": code}, headers=headers)
    assert "Set-Cookie" not in answer.headers
    bearer = {"Authorization": f"Bearer {(answer.json or {})['token']}"}
    assert entering.app.test_client().get("/api/v1/me/account", headers=bearer).status_code == 200


def test_session_key_and_openid_leave_the_server_nowhere(entering: Entering) -> None:
    phone = entering.handset()
    told = phone.logs_in_mini("阿芳").text + phone.browser.get("/api/v1/me/account").text
    assert "c2VjcmV0" not in told
    assert "openid-" not in told
    with entering.app.app_context(), db.engine.connect() as connection:
        tables = ("login_accounts", "device_sessions", "audit_log")
        kept = [str(row) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}"))]
    assert not [row for row in kept if "openid-" in row or "c2VjcmV0" in row]


def test_a_code_that_was_used_asks_the_phone_for_another(entering: Entering) -> None:
    code = entering.code_of("阿芳")
    assert entering.handset().posts("/login/wechat-mini", {"code": code}).status_code == 200
    again = entering.handset().posts("/login/wechat-mini", {"code": code})
    assert (again.status_code, (again.json or {})["code"]) == (401, "LOGIN_CODE_USED")
    assert (entering.handset().posts("/login/wechat-mini", {"code": "made-up"}).json or {})["code"] == "LOGIN_CODE_USED"


def test_while_wechat_is_silent_a_guest_can_go_on(entering: Entering) -> None:
    entering.wechat.lays(CODE2SESSION, 502)
    phone = entering.handset()
    answer = phone.logs_in_mini("阿芳")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    phone.order(entering.opens_project("屋顶"))


def test_inside_wechat_the_browser_goes_there_and_comes_back_logged_in(entering: Entering) -> None:
    phone = entering.handset()
    before = phone.code()
    away = phone.browser.get("/login/wechat?next=/gifts?a=1%26b=2")
    place = urlsplit(away.headers["Location"])
    asked = parse_qs(place.query)
    assert (place.path, place.fragment) == ("/connect/oauth2/authorize", "wechat_redirect")
    assert (asked["scope"], asked["appid"]) == (["snsapi_base"], [OFFICIAL])
    assert asked["redirect_uri"] == [f"{entering.settings.public_url}/login/wechat/callback"]
    back = phone.comes_back(entering.code_of("阿芳"), asked["state"][0])
    assert (back.status_code, back.headers["Location"]) == (302, "/gifts?a=1&b=2")
    assert phone.code() == before
    assert [account["kind"] for account in phone.me()["accounts"]] == ["wechat_official"]


def state_of(phone: Handset, page: str = "/gifts") -> str:
    return parse_qs(urlsplit(phone.browser.get(f"/login/wechat?next={page}").headers["Location"]).query)["state"][0]


def test_the_way_back_opens_once_in_the_browser_that_began_and_for_ten_minutes(entering: Entering) -> None:
    phone, stranger = entering.handset(), entering.handset()
    state = state_of(phone)
    assert stranger.comes_back(entering.code_of("骗子"), state).status_code == 403
    state_of(stranger)
    assert stranger.comes_back(entering.code_of("骗子"), state).status_code == 403
    assert phone.comes_back(entering.code_of("阿芳"), state).status_code == 302
    assert phone.comes_back(entering.code_of("阿芳"), state).status_code == 403
    late = state_of(phone)
    entering.later(minutes=10)
    assert phone.comes_back(entering.code_of("阿芳"), late).status_code == 403
    assert phone.comes_back("", state_of(phone)).status_code == 403


ELSEWHERE = [
    ("https://elsewhere.example/", "another host"),
    ("//elsewhere.example/", "another host without a scheme"),
    ("/\\elsewhere.example/", "a backslash that browsers read as a slash"),
    ("/%5Cx\t/../", "a control character"),
    ("javascript:alert(1)", "a script"),
    ("gifts", "no address of a page"),
    ("/login/wechat", "the login itself, for ever"),
    ("/api/v1/session", "no page"),
    ("/" + "a" * 255, "too long to keep"),
]


@pytest.mark.parametrize(("page", "reason"), ELSEWHERE, ids=[row[1] for row in ELSEWHERE])
def test_after_the_login_nobody_is_sent_elsewhere(entering: Entering, page: str, reason: str) -> None:
    answer = entering.handset().browser.get("/login/wechat", query_string={"next": page})
    assert answer.status_code == 422, reason
    assert "Location" not in answer.headers


def test_without_wechat_its_login_says_that_it_is_not_set_up(village: Giving) -> None:
    browser = village.app.test_client()
    answer = browser.post("/api/v1/login/wechat-mini", json={"code": "x"}, headers=OURS)
    assert (answer.status_code, (answer.json or {})["code"]) == (409, "WECHAT_LOGIN_UNAVAILABLE")
    assert browser.get("/login/wechat?next=/gifts").status_code == 409
    assert (browser.get("/api/v1/login/ways").json or {})["wechat_official"] is False


def test_logging_out_ends_the_session_and_leaves_the_gifts(entering: Entering) -> None:
    phone = entering.handset()
    gift = phone.order(entering.opens_project("屋顶"))
    phone.logs_in_mini("阿芳")
    phone.browser.delete("/api/v1/session", headers=OURS)
    assert phone.browser.get("/api/v1/me/gifts").status_code == 401
    phone.logs_in_mini("阿芳")
    assert [row["code"] for row in phone.asks("/me/gifts")["items"]] == [gift["code"]]


def test_a_login_holds_for_seven_days(entering: Entering) -> None:
    phone = entering.handset()
    phone.logs_in_mini("阿芳")
    entering.later(days=7)
    assert phone.browser.get("/api/v1/me/account").status_code == 401


def test_i_see_my_phones_and_log_the_others_out(entering: Entering) -> None:
    here, there = entering.handset(), entering.handset()
    here.logs_in_mini("阿芳")
    there.logs_in_mini("阿芳")
    assert sorted(phone["is_here"] for phone in here.me()["phones"]) == [False, True]
    assert here.browser.delete("/api/v1/me/phones", headers=OURS).json == {"ended": 1}
    assert there.browser.get("/api/v1/me/account").status_code == 401
    assert len(here.me()["phones"]) == 1


def test_an_account_taken_off_opens_nothing_and_its_phones_are_logged_out(entering: Entering) -> None:
    here, there = entering.handset(), entering.handset()
    here.logs_in_mini("阿芳")
    there.logs_in_mini("阿芳")
    here.logs_in_by_phone(adds=True)
    mini = next(account["code"] for account in here.me()["accounts"] if account["kind"] == "wechat_mini")
    assert here.takes_off(mini).status_code == 204
    assert there.browser.get("/api/v1/me/account").status_code == 401
    assert [account["kind"] for account in here.me()["accounts"]] == ["phone"]
    stranger = entering.handset(guest=False)
    stranger.logs_in_mini("阿芳")
    assert stranger.code() != here.code()


def test_the_last_way_in_goes_only_when_its_owner_is_sure_and_this_phone_stays(entering: Entering) -> None:
    phone = entering.handset()
    phone.logs_in_mini("阿芳")
    before, (account,) = phone.code(), phone.me()["accounts"]
    assert (phone.takes_off(account["code"]).json or {})["code"] == "LAST_WAY_IN"
    assert phone.takes_off(account["code"], sure=True).status_code == 204
    entering.later(days=100)
    assert (phone.code(), phone.me()["is_guest"]) == (before, True)
    assert phone.takes_off(account["code"]).status_code == 403


def test_nobody_takes_off_what_is_not_his(entering: Entering) -> None:
    mine, other = entering.handset(), entering.handset()
    mine.logs_in_mini("阿芳")
    other.logs_in_mini("老王")
    (account,) = mine.me()["accounts"]
    assert other.takes_off(account["code"], sure=True).status_code == 404


def test_opening_or_closing_a_way_in_needs_a_fresh_login(entering: Entering) -> None:
    phone = entering.handset()
    phone.logs_in_mini("阿芳")
    (account,) = phone.me()["accounts"]
    entering.later(minutes=15)
    assert (phone.takes_off(account["code"], sure=True).json or {})["code"] == "LOGIN_AGAIN"
    assert (phone.logs_in_by_phone(adds=True).json or {})["code"] == "LOGIN_AGAIN"
    phone.logs_in_mini("阿芳")
    assert phone.logs_in_by_phone("13900000001", adds=True).status_code == 200


def test_every_login_is_written_down_and_says_who_and_how_and_nothing_more(entering: Entering) -> None:
    phone = entering.handset()
    phone.logs_in_mini("阿芳")
    phone.posts("/login/wechat-mini", {"code": "made-up"})
    with entering.app.app_context(), db.engine.connect() as connection:
        found = connection.execute(text("SELECT actor, subject, facts FROM audit_log WHERE action = 'people.login'"))
        assert [tuple(row) for row in found] == [(phone.code(), phone.code(), '{"kind": "wechat_mini"}')]
