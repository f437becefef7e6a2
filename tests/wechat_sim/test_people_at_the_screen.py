"""People at a browser: who am I, logging in at the official account, the cashier, and a page signed for WeChat."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.wechat_sim.conftest import Play

BACK = "http://127.0.0.1:8000/login?to=%2Fme"


@pytest.fixture
def browser(play: Play) -> httpx.Client:
    """A browser without cookies."""
    return httpx.Client(base_url=play.running.url)


def asked(play: Play, **more: str) -> dict[str, str]:
    told = {"appid": play.world.keys.official.app_id, "redirect_uri": BACK, "response_type": "code"}
    return told | {"scope": "snsapi_base", "state": "abc123"} | more


def exchanged(play: Play, address: str) -> Any:
    app, code = play.world.keys.official, parse_qs(urlsplit(address).query)["code"][0]
    proof = {"appid": app.app_id, "secret": app.secret, "code": code, "grant_type": "authorization_code"}
    return httpx.get(f"{play.running.url}/sns/oauth2/access_token", params=proof).json()


def test_who_logs_in_chooses_to_be_somebody_once(play: Play, browser: httpx.Client) -> None:
    page = browser.get("/connect/oauth2/authorize", params=asked(play))
    assert (page.status_code, "张大爷🌾" in page.text) == (200, True)
    sent = browser.post("/connect/oauth2/authorize", data=asked(play) | {"person": "p3"})
    address = sent.headers["Location"]
    assert parse_qs(urlsplit(address).query)["to"] == ["/me"]
    assert parse_qs(urlsplit(address).query)["state"] == ["abc123"]
    told = exchanged(play, address)
    assert told["openid"] == play.world.openid("p3", play.world.keys.official.app_id)
    assert exchanged(play, address)["errcode"] == 40163
    assert browser.get("/connect/oauth2/authorize", params=asked(play)).status_code == 302, "remembered"


def test_a_profile_is_asked_for_each_time_and_told_to_its_token(play: Play, browser: httpx.Client) -> None:
    wanted = asked(play, scope="snsapi_userinfo")
    browser.post("/connect/oauth2/authorize", data=wanted | {"person": "p1"})
    assert "昵称" in browser.get("/connect/oauth2/authorize", params=wanted).text
    address = browser.get("/connect/oauth2/authorize", params=wanted | {"sim_person": "p1"}).headers["Location"]
    told = exchanged(play, address)
    assert told["scope"] == "snsapi_userinfo"

    def profile(**wrong: str) -> Any:
        proof = {"access_token": told["access_token"], "openid": told["openid"]} | wrong
        return browser.get("/sns/userinfo", params=proof).json()

    assert profile()["nickname"] == "王小明"
    assert profile(openid="nobody")["errcode"] == 40003
    assert profile(access_token="x")["errcode"] == 40001


WRONG: list[tuple[dict[str, str], str]] = [
    ({"appid": "wx0"}, "appid"),
    ({"response_type": "token"}, "response_type"),
    ({"scope": "all"}, "scope"),
    ({"state": "a b"}, "state"),
    ({"redirect_uri": "https://evil.example/"}, "redirect_uri"),
]


@pytest.mark.parametrize(("wrong", "name"), WRONG, ids=[row[1] for row in WRONG])
def test_a_wrong_login_page_does_not_open(play: Play, browser: httpx.Client, wrong: dict[str, str], name: str) -> None:
    told = asked(play, **wrong)
    for page in (
        browser.get("/connect/oauth2/authorize", params=told | {"sim_person": "p1"}),
        browser.post("/connect/oauth2/authorize", data=told | {"person": "p1"}),
    ):
        assert (page.status_code, name in page.text) == (400, True)


def test_nobody_is_nobody(play: Play, browser: httpx.Client) -> None:
    assert browser.post("/connect/oauth2/authorize", data=asked(play) | {"person": "p9"}).status_code == 400
    assert browser.post("/people", data={"person": "p9"}).status_code == 404
    assert httpx.post(f"{play.running.url}/sim/login", json={"person": "p9"}).status_code == 404
    assert httpx.post(f"{play.running.url}/sim/login", json={"appid": "wx0"}).status_code == 422
    assert httpx.post(f"{play.running.url}/sim/login", json=["p1"]).status_code == 400


def test_a_browser_is_somebodys_wechat(play: Play, browser: httpx.Client) -> None:
    assert browser.get("/").headers["Location"] == "/people"
    assert "就是我" not in browser.get("/people").text
    browser.post("/people", data={"person": "p2"})
    assert "就是我" in browser.get("/people").text
    shown = browser.post("/people", data={"person": "p2", "code": "phone"}, follow_redirects=True)
    (code,) = [text for text, row in play.world.books.codes.items() if row.kind == "phone"]
    assert code in shown.text


def test_new_people_come(play: Play) -> None:
    told = play.sim("people", nickname="赵六", phone="13900000000")
    assert told["phone"] == "13900000000"
    assert len(play.reads("people")["people"]) == 4
    assert play.sim("login", person=told["id"])["code"]


def params_of(play: Play, prepay_id: str, **wrong: str) -> dict[str, str]:
    told = {"appId": play.world.keys.mini.app_id, "timeStamp": str(int(play.now().timestamp())), "nonceStr": "n0nce"}
    told |= {"package": f"prepay_id={prepay_id}"} | wrong
    sign = play.merchant.sign([told[name] for name in ("appId", "timeStamp", "nonceStr", "package")])
    return told | {"signType": "RSA", "paySign": sign} | wrong


def ordered(play: Play, fen: int = 1999) -> str:
    return str(play.orders(fen, "D000001")[1]["prepay_id"])


def test_the_cashier_shows_payee_and_sum_and_takes_the_money(play: Play, browser: httpx.Client) -> None:
    params = params_of(play, ordered(play))
    shown = browser.post("/cashier/open", json={"pay_params": params}).json()
    assert (shown["payee"], shown["amount"], shown["payer"]) == ("幸福家园模拟慈善会", "19.99", "王小明")
    assert shown["is_paid_twice"] is False
    assert browser.post("/cashier/act", json={"pay_params": params, "act": "pay"}).json() == {"result": "ok"}
    assert "已支付" in browser.post("/cashier/open", json={"pay_params": params}).json()["refused"]
    assert "已支付" in browser.post("/cashier/act", json={"pay_params": params, "act": "pay"}).json()["refused"]


def test_another_persons_phone_does_not_pay(play: Play, browser: httpx.Client) -> None:
    params = params_of(play, ordered(play))
    browser.post("/people", data={"person": "p2"})
    refused = browser.post("/cashier/act", json={"pay_params": params, "act": "pay"}).json()["refused"]
    assert refused == "下单账号与支付账号不一致，请核实后再支付"


def test_the_cashier_warns_of_the_same_sum_twice_until_somebody_asked(play: Play, browser: httpx.Client) -> None:
    trade = play.pays(1999)
    params = params_of(play, ordered(play))
    assert browser.post("/cashier/open", json={"pay_params": params}).json()["is_paid_twice"] is True
    play.asks(out_trade_no=trade.out_trade_no)
    assert browser.post("/cashier/open", json={"pay_params": params}).json()["is_paid_twice"] is False


BAD_PARAMS: list[tuple[dict[str, str], str, str]] = [
    ({"appId": "wx0"}, "appId", "another app"),
    ({"timeStamp": "1"}, "timeStamp", "no time"),
    ({"signType": "MD5"}, "signType", "another way to sign"),
    ({"nonceStr": "n" * 33}, "nonceStr", "a long nonce"),
    ({"paySign": "AAAA"}, "签名失败", "another signature"),
    ({"package": "prepay_id=wx000"}, "prepay_id", "an order that is not"),
    ({"more": "1"}, "缺少参数", "a parameter too many"),
]


@pytest.mark.parametrize(("wrong", "text", "reason"), BAD_PARAMS, ids=[row[2] for row in BAD_PARAMS])
def test_what_was_not_signed_right_opens_no_cashier(
    play: Play, browser: httpx.Client, wrong: dict[str, str], text: str, reason: str
) -> None:
    params = params_of(play, ordered(play), **wrong)
    assert text in browser.post("/cashier/open", json={"pay_params": params}).json()["refused"], reason


def test_a_prepay_id_is_its_apps_and_lives_for_two_hours(play: Play, browser: httpx.Client) -> None:
    prepay_id = ordered(play)
    other = params_of(play, prepay_id, appId=play.world.keys.official.app_id)
    assert "不匹配" in browser.post("/cashier/open", json={"pay_params": other}).json()["refused"]
    play.later(hours=2, seconds=1)
    old = params_of(play, prepay_id)
    assert "已过期" in browser.post("/cashier/open", json={"pay_params": old}).json()["refused"]


def test_a_closed_order_opens_no_cashier(play: Play, browser: httpx.Client) -> None:
    params = params_of(play, ordered(play))
    play.merchant.close("D000001")
    assert "已关闭" in browser.post("/cashier/open", json={"pay_params": params}).json()["refused"]


def test_junk_at_the_cashier_is_refused(browser: httpx.Client) -> None:
    assert browser.post("/cashier/open", content=b"{").status_code == 400
    assert "缺少参数" in browser.post("/cashier/open", json={"pay_params": 5}).json()["refused"]
    assert "cashier.js" in browser.get("/cashier").text


def test_a_page_is_signed_with_the_ticket_that_was_lent(play: Play, browser: httpx.Client) -> None:
    app = play.world.keys.official
    proof = {"grant_type": "client_credential", "appid": app.app_id, "secret": app.secret}
    token = browser.post("/cgi-bin/stable_token", json=proof).json()["access_token"]
    ticket = browser.get("/cgi-bin/ticket/getticket", params={"access_token": token, "type": "jsapi"}).json()["ticket"]
    text = f"jsapi_ticket={ticket}&noncestr=abc&timestamp=1700000000&url=http://127.0.0.1:8000/p?a=1"
    told = {"appId": app.app_id, "nonceStr": "abc", "timestamp": 1700000000, "url": "http://127.0.0.1:8000/p?a=1"}
    told |= {"signature": hashlib.sha1(text.encode()).hexdigest()}
    answer = browser.post("/jssdk/check", json=told, headers={"Origin": "http://127.0.0.1:8000"})
    assert answer.json() == {"ok": True}
    assert answer.headers["Access-Control-Allow-Origin"] == "http://127.0.0.1:8000"
    assert browser.post("/jssdk/check", json=told | {"nonceStr": "abd"}).json() == {"ok": False}
    assert browser.post("/jssdk/check", json=told | {"appId": "wx0"}).json() == {"ok": False}
    assert browser.options("/jssdk/check").status_code == 200


def test_the_bridge_is_one_plain_script(browser: httpx.Client) -> None:
    script = browser.get("/bridge.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "eval(" not in script.text
    assert "getBrandWCPayRequest" in script.text
