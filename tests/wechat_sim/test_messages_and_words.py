"""Messages that a person allowed, and what WeChat thinks of a text: errcode 0 is no pass."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.wechat_sim.conftest import Asking, Play

TEMPLATE = "all-kinds"


GOOD_FIELDS = {
    "thing1": "修水渠",
    "amount2": "¥12.50",
    "date3": "2026年11月22日 15:01",
    "time4": "15:01",
    "name5": "王小明",
    "phrase6": "已到账",
    "character_string7": "D0123-45",
    "number8": "3.5",
    "letter9": "abc",
    "symbol10": "★",
    "phone_number11": "138-0000",
    "car_number12": "苏J12345",
}


@pytest.fixture(autouse=True)
def _template(play: Play) -> None:
    """A template with a field of every kind."""
    httpx.put(f"{play.running.url}/sim/templates", json={TEMPLATE: list(GOOD_FIELDS)})


def message(play: Play, **more: Any) -> dict[str, Any]:
    told = {"touser": play.openid, "template_id": TEMPLATE, "page": "pages/gift?id=1", "lang": "zh_CN"}
    fields = {name: {"value": value} for name, value in GOOD_FIELDS.items()}
    return told | {"data": fields, "miniprogram_state": "formal"} | more


def test_one_tap_is_one_message(play: Play, asking: Asking) -> None:
    assert asking.calls("/cgi-bin/message/subscribe/send", message(play))["errcode"] == 43101
    play.sim("subscribe", template_id=TEMPLATE)
    assert asking.calls("/cgi-bin/message/subscribe/send", message(play))["errcode"] == 0
    assert asking.calls("/cgi-bin/message/subscribe/send", message(play))["errcode"] == 43101
    (sent,) = play.reads("messages")["messages"]
    assert (sent["person"], sent["data"]) == ("p1", GOOD_FIELDS)


BAD_FIELDS = {
    "thing1": "字" * 21,
    "thing2": "",
    "amount2": "¥12345678901",
    "date3": "明天",
    "time4": "三点",
    "name5": "张" * 11,
    "phrase6": "已经到账了吗",
    "phrase7": "ok",
    "character_string7": "订单",
    "number8": "三",
    "letter9": "甲",
    "unknown1": "x",
    "thing": "没有编号",
}


@pytest.mark.parametrize("name", BAD_FIELDS)
def test_a_field_beyond_its_kind_is_named(play: Play, asking: Asking, name: str) -> None:
    httpx.put(f"{play.running.url}/sim/templates", json={"one": [name]})
    data = {name: {"value": BAD_FIELDS[name]}}
    told = asking.calls("/cgi-bin/message/subscribe/send", message(play, template_id="one", data=data))
    assert (told["errcode"], f"data.{name}.value invalid" in told["errmsg"]) == (47003, True)


BAD_MESSAGES: list[tuple[dict[str, Any], int, str]] = [
    ({"touser": "nobody"}, 40003, "nobody"),
    ({"template_id": "short"}, 40037, "no template"),
    ({"page": "/pages/gift"}, 41030, "a leading slash"),
    ({"data": {}}, 47003, "nothing in it"),
    ({"data": dict.fromkeys(GOOD_FIELDS, "plain")}, 47003, "a value without its shell"),
    ({"lang": "fr_FR"}, 40097, "another language"),
]


@pytest.mark.parametrize(("wrong", "errcode", "reason"), BAD_MESSAGES, ids=[row[2] for row in BAD_MESSAGES])
def test_a_message_that_cannot_be_sent_is_refused(
    play: Play, asking: Asking, wrong: dict[str, Any], errcode: int, reason: str
) -> None:
    play.sim("subscribe", template_id=TEMPLATE)
    told = asking.calls("/cgi-bin/message/subscribe/send", message(play, **wrong))
    assert told["errcode"] == errcode, reason


def test_a_template_has_its_own_fields_all_of_them(play: Play, asking: Asking) -> None:
    play.sim("subscribe", template_id=TEMPLATE)
    fewer = {name: {"value": value} for name, value in list(GOOD_FIELDS.items())[1:]}
    assert asking.calls("/cgi-bin/message/subscribe/send", message(play, data=fewer))["errcode"] == 47003


def test_the_templates_are_told_to_their_owner(play: Play, asking: Asking) -> None:
    token = asking.token()["access_token"]
    rows = asking.gets("/wxaapi/newtmpl/gettemplate", access_token=token)["data"]
    known = {row["priTmplId"]: row for row in rows}
    assert known[play.world.template_id("refund_success")]["title"] == "退款到账通知"
    assert known[play.world.template_id("refund_success")]["content"].startswith("事项:{{thing1.DATA}}\n")
    assert asking.gets("/wxaapi/newtmpl/gettemplate", access_token="x")["errcode"] == 40014


VERDICTS = [
    ("祝大家平安👨‍👩‍👧\n加油", "pass", 100),
    ("来赌博吧", "risky", 20006),
    ("稳赚不赔", "risky", 20008),
    ("加微信聊", "review", 10001),
]


@pytest.mark.parametrize(("text", "suggest", "label"), VERDICTS, ids=[row[1] + str(row[2]) for row in VERDICTS])
def test_errcode_0_is_no_pass(play: Play, asking: Asking, text: str, suggest: str, label: int) -> None:
    play.sim("visit")
    told = asking.calls("/wxa/msg_sec_check", {"content": text, "version": 2, "scene": 2, "openid": play.openid})
    assert (told["errcode"], told["result"]) == (0, {"suggest": suggest, "label": label})
    assert len(told["detail"]) == (1 if suggest == "pass" else 2)


def test_whoever_was_not_here_for_two_hours_is_not_judged(play: Play, asking: Asking) -> None:
    asked = {"content": "好", "version": 2, "scene": 2, "openid": play.openid}
    assert asking.calls("/wxa/msg_sec_check", asked)["errcode"] == 61010
    asking.logs_in(play.sim("login")["code"])
    assert asking.calls("/wxa/msg_sec_check", asked)["errcode"] == 0
    play.sim("visit", seconds_ago=7300)
    assert asking.calls("/wxa/msg_sec_check", asked)["errcode"] == 61010


BAD_TEXTS: list[tuple[dict[str, Any], int, str]] = [
    ({"content": "字" * 2501}, 40097, "2501 characters"),
    ({"content": ""}, 40097, "nothing"),
    ({"openid": "nobody"}, 40003, "nobody"),
    ({"scene": 5}, 40097, "a fifth place"),
    ({"openid": None}, 40097, "no openid"),
]


@pytest.mark.parametrize(("wrong", "errcode", "reason"), BAD_TEXTS, ids=[row[2] for row in BAD_TEXTS])
def test_a_text_that_cannot_be_judged_is_refused(
    play: Play, asking: Asking, wrong: dict[str, Any], errcode: int, reason: str
) -> None:
    play.sim("visit")
    asked = {"content": "好", "version": 2, "scene": 2, "openid": play.openid} | wrong
    assert asking.calls("/wxa/msg_sec_check", asked)["errcode"] == errcode, reason


def test_escapes_are_not_read(play: Play, asking: Asking) -> None:
    asked = {"content": "好", "version": 2, "scene": 2, "openid": play.openid}
    assert asking.calls("/wxa/msg_sec_check", json.dumps(asked).encode())["errcode"] == 47001


def test_version_two_wants_somebody_and_version_one_says_87014(play: Play, asking: Asking) -> None:
    assert asking.calls("/wxa/msg_sec_check", {"content": "好", "version": 2})["errcode"] == 40097
    assert asking.calls("/wxa/msg_sec_check", {"content": "好"}) == {"errcode": 0, "errmsg": "ok"}
    assert asking.calls("/wxa/msg_sec_check", {"content": "毒品"})["errcode"] == 87014


def test_a_person_may_have_to_look(play: Play, asking: Asking) -> None:
    play.sim("visit")
    play.turns(server__review=1)
    asked = {"content": "好", "version": 2, "scene": 2, "openid": play.openid}
    assert asking.calls("/wxa/msg_sec_check", asked)["result"]["suggest"] == "review"
