"""api.weixin.qq.com as it answers: codes for one use, tokens that are shared, pictures or errors, bad moments."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import zxingcpp
from PIL import Image

from tests.wechat_sim.conftest import Asking, Play


def test_a_login_code_tells_who_and_only_once(play: Play, asking: Asking) -> None:
    code = play.sim("login", person="p2")["code"]
    told = asking.logs_in(code)
    assert told["openid"] == play.world.openid("p2", asking.mini.app_id)
    assert set(told) == {"openid", "session_key", "unionid"}
    assert asking.logs_in(code)["errcode"] == 40163


def test_an_openid_belongs_to_one_app_and_the_unionid_to_all(play: Play, asking: Asking) -> None:
    (person, *_) = play.reads("people")["people"]
    assert len(set(person["openids"].values())) == 2
    assert asking.logs_in(play.sim("login")["code"])["unionid"] == person["unionid"]


BAD_LOGINS: list[tuple[dict[str, str], int, str]] = [
    ({"appid": ""}, 41002, "no app"),
    ({"appid": "wx0"}, 40013, "another app"),
    ({"secret": ""}, 41004, "no secret"),
    ({"secret": "0" * 32}, 40125, "another secret"),
    ({"grant_type": "client_credential"}, 40002, "another grant"),
    ({"js_code": "x"}, 40029, "another code"),
]


@pytest.mark.parametrize(("wrong", "errcode", "reason"), BAD_LOGINS, ids=[row[2] for row in BAD_LOGINS])
def test_a_wrong_login_has_its_number(
    play: Play, asking: Asking, wrong: dict[str, str], errcode: int, reason: str
) -> None:
    asked = asking.proves(asking.mini) | {"js_code": play.sim("login")["code"]} | wrong
    told = asking.gets("/sns/jscode2session", **asked)
    assert told["errcode"] == errcode, reason
    assert " rid: " in told["errmsg"]


def test_a_code_ends_and_is_for_one_app_and_one_thing(play: Play, asking: Asking) -> None:
    old = play.sim("login")["code"]
    play.later(minutes=5)
    assert asking.logs_in(old)["errcode"] == 40029
    assert asking.logs_in(play.sim("login", appid=asking.official.app_id)["code"])["errcode"] == 40029
    assert asking.logs_in(play.sim("phone_code")["code"])["errcode"] == 40029


def test_a_person_at_risk_is_blocked(play: Play, asking: Asking) -> None:
    assert play.sim("people", id="p1", is_risky=True)["nickname"] == "王小明"
    assert asking.logs_in(play.sim("login")["code"])["errcode"] == 40226


def test_a_hundred_logins_a_minute_are_enough(play: Play, asking: Asking) -> None:
    codes = [play.sim("login")["code"] for _ in range(101)]
    assert [asking.logs_in(code).get("errcode") for code in codes][-2:] == [None, 45011]


def test_the_stable_token_is_the_same_until_its_last_five_minutes(play: Play, asking: Asking) -> None:
    first = asking.token()
    assert (len(first["access_token"]), first["expires_in"]) == (512, 7200)
    play.later(minutes=100)
    assert asking.token()["access_token"] == first["access_token"]
    play.later(minutes=16)
    second = asking.token()
    assert second["access_token"] != first["access_token"]
    for told in (first, second):
        answer = asking.posts("/wxa/getwxacodeunlimit", {"scene": "a"}, access_token=told["access_token"])
        assert answer.headers["Content-Type"] == "image/jpeg"
    play.later(minutes=5)
    old = asking.posts("/wxa/getwxacodeunlimit", {"scene": "a"}, access_token=first["access_token"])
    assert old.json()["errcode"] == 42001


def test_force_ends_the_old_one_but_not_twice_in_half_a_minute(play: Play, asking: Asking) -> None:
    first = asking.token()["access_token"]
    second = asking.token(force_refresh=True)["access_token"]
    assert first != second == asking.token(force_refresh=True)["access_token"]
    old = asking.posts("/wxa/getwxacodeunlimit", {"scene": "a"}, access_token=first)
    assert old.json()["errcode"] == 40001
    for _ in range(19):
        play.later(seconds=31)
        assert "access_token" in asking.token(force_refresh=True)
    play.later(seconds=31)
    assert asking.token(force_refresh=True)["errcode"] == 45009


def test_plain_tokens_end_each_other_and_leave_the_stable_one(play: Play, asking: Asking) -> None:
    stable = asking.token()["access_token"]
    proof = asking.proves(asking.mini, "client_credential")
    first, second = (asking.gets("/cgi-bin/token", **proof)["access_token"] for _ in range(2))
    assert first != second
    play.later(minutes=5)
    answers = [asking.posts("/wxa/getwxacodeunlimit", {"scene": "a"}, access_token=one) for one in (first, second)]
    assert [answer.headers["Content-Type"] for answer in answers] == ["application/json", "image/jpeg"]
    assert asking.token()["access_token"] == stable


BAD_TOKENS: list[tuple[dict[str, str], int, str]] = [
    ({}, 41001, "none"),
    ({"access_token": "x"}, 40014, "no token"),
    ({"access_token": "x" * 512}, 40001, "a stranger's"),
]


@pytest.mark.parametrize(("query", "errcode", "reason"), BAD_TOKENS, ids=[row[2] for row in BAD_TOKENS])
def test_without_its_token_nothing_is_done(asking: Asking, query: dict[str, str], errcode: int, reason: str) -> None:
    assert asking.posts("/wxa/getwxacodeunlimit", {"scene": "a"}, **query).json()["errcode"] == errcode, reason


def test_the_token_of_one_app_opens_nothing_of_the_other(asking: Asking) -> None:
    token = asking.token(asking.official)["access_token"]
    assert asking.posts("/wxa/getwxacodeunlimit", {"scene": "a"}, access_token=token).json()["errcode"] == 48001


def test_another_system_may_end_every_token(play: Play, asking: Asking) -> None:
    token = asking.token()["access_token"]
    play.sim("revoke_tokens")
    assert asking.posts("/wxa/getwxacodeunlimit", {"scene": "a"}, access_token=token).json()["errcode"] == 40001
    assert asking.token()["access_token"] != token


@pytest.mark.parametrize("more", [{}, {"is_hyaline": True, "line_color": {"r": 10, "g": 90, "b": 30}, "width": 1280}])
def test_the_round_code_holds_its_scene(play: Play, asking: Asking, more: dict[str, Any]) -> None:
    scene = "k0123456789AbCdEfGhIj-_"
    told = {"scene": scene, "page": "pages/project/show", "check_path": False, "env_version": "trial"} | more
    answer = asking.posts("/wxa/getwxacodeunlimit", told, access_token=asking.token()["access_token"])
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.size == (more.get("width", 430),) * 2
    assert picture.mode == ("RGBA" if more else "RGB")
    assert picture.getpixel((0, 0)) == ((255, 255, 255, 0) if more else (255, 255, 255))
    (read,) = zxingcpp.read_barcodes(picture.convert("RGB"))
    assert parse_qs(urlsplit(read.text).query)["scene"] == [scene]
    assert play.reads("made")["made"][0]["scene"] == scene
    assert scene in httpx.get(read.text).text


BAD_CODES: list[tuple[dict[str, Any], int, str]] = [
    ({"scene": "a" * 33}, 40169, "33 characters"),
    ({"scene": "a%20"}, 40169, "a percent sign"),
    ({"scene": "捐"}, 40169, "Chinese"),
    ({"scene": "a", "page": "/pages/index"}, 41030, "a leading slash"),
    ({"scene": "a", "page": "pages/index?x=1"}, 41030, "a query"),
    ({"scene": "a", "width": 279}, 40097, "too small"),
    ({"scene": "a", "env_version": "beta"}, 40097, "a version that is not"),
    ({"scene": "a", "line_color": {"r": 256, "g": 0, "b": 0}}, 40097, "a colour that is not"),
    ({"page": "pages/index"}, 40097, "no scene"),
]


@pytest.mark.parametrize(("told", "errcode", "reason"), BAD_CODES, ids=[row[2] for row in BAD_CODES])
def test_a_round_code_that_cannot_be_is_an_error_in_json(
    asking: Asking, told: dict[str, Any], errcode: int, reason: str
) -> None:
    assert asking.calls("/wxa/getwxacodeunlimit", told)["errcode"] == errcode, reason


def test_what_is_no_json_is_an_error(asking: Asking) -> None:
    assert asking.calls("/wxa/getwxacodeunlimit", b"{")["errcode"] == 47001


def test_before_the_release_only_an_unchecked_page_has_a_code(play: Play, asking: Asking) -> None:
    play.turns(server__unpublished=1)
    token = asking.token()["access_token"]
    assert asking.calls("/wxa/getwxacodeunlimit", {"scene": "a"})["errcode"] == 41030
    unchecked = asking.posts("/wxa/getwxacodeunlimit", {"scene": "a", "check_path": False}, access_token=token)
    assert unchecked.headers["Content-Type"] == "image/jpeg"
    assert asking.calls("/wxa/generatescheme", {})["errcode"] == 85079


def test_links_open_the_mini_program_for_thirty_days_at_most(play: Play, asking: Asking) -> None:
    where = {"path": "pages/index", "query": "a=1&b=%E6%B8%A0", "env_version": "release"}
    link = asking.calls("/wxa/generate_urllink", {**where, "expire_type": 1, "expire_interval": 30})
    scheme = asking.calls("/wxa/generatescheme", {"jump_wxa": where, "is_expire": True})
    assert link["url_link"].startswith("https://wxaurl.cn/")
    assert scheme["openlink"].startswith("weixin://dl/business/?t=")
    assert [row["kind"] for row in play.reads("made")["made"]] == ["url_link", "scheme"]
    in_a_day = int(play.now().timestamp()) + 86_400
    assert asking.calls("/wxa/generate_urllink", {"expire_type": 0, "expire_time": in_a_day})["errcode"] == 0


def test_no_more_links_than_a_days_number(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wechat_sim.links.MADE_A_DAY", 1)
    assert [asking.calls("/wxa/generate_urllink", {})["errcode"] for _ in range(2)] == [0, 85400]


BAD_LINKS: list[tuple[dict[str, Any], int, str]] = [
    ({"path": "页面"}, 40165, "a path in Chinese"),
    ({"query": "捐=1"}, 40212, "a query that is not escaped"),
    ({"query": "a" * 1025}, 40212, "a query of 1025"),
    ({"expire_type": 1, "expire_interval": 31}, 85401, "31 days"),
    ({"expire_type": 0, "expire_time": 1}, 85401, "long ago"),
    ({"expire_type": 2}, 40097, "a third way to end"),
]


@pytest.mark.parametrize(("told", "errcode", "reason"), BAD_LINKS, ids=[row[2] for row in BAD_LINKS])
def test_a_link_that_cannot_be_is_refused(asking: Asking, told: dict[str, Any], errcode: int, reason: str) -> None:
    assert asking.calls("/wxa/generate_urllink", told)["errcode"] == errcode, reason


def test_a_phone_number_is_told_once_and_to_its_own_app(play: Play, asking: Asking) -> None:
    code = play.sim("phone_code", person="p2")["code"]
    told = asking.calls("/wxa/business/getuserphonenumber", {"code": code})
    assert told["phone_info"]["purePhoneNumber"] == "13800000002"
    assert told["phone_info"]["watermark"]["appid"] == asking.mini.app_id
    assert asking.calls("/wxa/business/getuserphonenumber", {"code": code})["errcode"] == 40163
    other = {"code": play.sim("phone_code", person="p2")["code"], "openid": play.openid}
    assert asking.calls("/wxa/business/getuserphonenumber", other)["errcode"] == 40029


def test_the_ticket_of_pages_is_the_official_accounts(asking: Asking) -> None:
    token = asking.token(asking.official)["access_token"]
    first, second = (asking.gets("/cgi-bin/ticket/getticket", access_token=token, type="jsapi") for _ in range(2))
    assert first["ticket"] == second["ticket"]
    assert asking.gets("/cgi-bin/ticket/getticket", access_token=token, type="wx_card")["errcode"] == 40097
    mini = asking.token()["access_token"]
    assert asking.gets("/cgi-bin/ticket/getticket", access_token=mini, type="jsapi")["errcode"] == 48001


FAULTS = [("busy", -1), ("quota", 45009), ("token_revoked", 40001), ("token_expired", 42001)]


@pytest.mark.parametrize(("knob", "errcode"), FAULTS, ids=[row[0] for row in FAULTS])
def test_wechat_has_bad_moments(play: Play, asking: Asking, knob: str, errcode: int) -> None:
    token = asking.token()["access_token"]
    play.sim("knobs", **{f"server.{knob}@generate_urllink": "x1"})
    answers = [asking.posts("/wxa/generate_urllink", {}, access_token=token).json()["errcode"] for _ in range(2)]
    assert answers == [errcode, 0]


def test_faults_of_tokens_meet_only_what_carries_one(play: Play, asking: Asking) -> None:
    play.turns(server__token_revoked=1, server__token_expired=1)
    assert "access_token" in asking.token()


def test_wechat_may_be_silent_or_somebody_elses_page(play: Play, asking: Asking) -> None:
    play.world.stall = lambda _: None
    play.turns(server__timeout="x1")
    with pytest.raises(httpx.RemoteProtocolError):
        asking.token()
    play.turns(server__html_502="x1")
    assert asking.posts("/cgi-bin/stable_token", {}).status_code == 502
