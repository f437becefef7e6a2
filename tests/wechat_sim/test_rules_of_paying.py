"""What WeChat Pay wants of an order: every length, character and range, one story for one number, and its own time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from wechat_sim import crypto
from wechat_sim.clock import rfc3339
from wechat_sim.keys import Keys, random_text

from tests.wechat_sim.conftest import Play, merchant_of, said

GOODS = {"merchant_goods_id": "1", "quantity": 1, "unit_price": 100}
STORE = {"id": "1", "name": "村委会", "area_code": "320904", "address": "众心村"}
TAKEN: list[tuple[dict[str, Any], str]] = [
    ({"description": "字" * 127}, "127 characters, whatever they weigh"),
    ({"description": "一家👨‍👩‍👧一起捐"}, "a family that is one picture"),
    ({"attach": "a" * 128}, "an attachment of 128"),
    ({"out_trade_no": "abc*-_"}, "the six shortest, of every kind"),
    ({"notify_url": "https://example.org/" + "a" * 235}, "an address of 255"),
    ({"notify_url": "http://127.0.0.1:8000/x"}, "this machine by plain http, which WeChat itself would refuse"),
    ({"amount": {"total": 1}}, "one fen, the currency not told"),
    ({"detail": {"cost_price": 1, "invoice_id": "1", "goods_detail": [GOODS]}}, "details"),
    ({"scene_info": {"payer_client_ip": "::1", "device_id": "1", "store_info": STORE}}, "a scene"),
    ({"settle_info": {"profit_sharing": False}, "support_fapiao": True}, "flags"),
]
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"description": "字" * 128}, "/description", "128 characters"),
    ({"description": "a\x00b"}, "/description", "a control character"),
    ({"description": "a\ud83d"}, "/description", "half a character"),
    ({"description": 5}, "/description", "a number for a text"),
    ({"out_trade_no": "abcde"}, "/out_trade_no", "five characters"),
    ({"out_trade_no": "a" * 33}, "/out_trade_no", "thirty-three"),
    ({"out_trade_no": "abc|def"}, "/out_trade_no", "a character about which the documents disagree"),
    ({"out_trade_no": "捐赠一二三四"}, "/out_trade_no", "Chinese"),
    ({"attach": "a" * 129}, "/attach", "an attachment of 129"),
    ({"notify_url": "http://example.org/"}, "/notify_url", "plain http to another machine"),
    ({"notify_url": "https://example.org/?a=1"}, "/notify_url", "a query"),
    ({"notify_url": "https://example.org/" + "a" * 236}, "/notify_url", "an address of 256"),
    ({"amount": {"total": 0}}, "/amount/total", "nothing"),
    ({"amount": {"total": -1}}, "/amount/total", "less than nothing"),
    ({"amount": {"total": 1.5}}, "/amount/total", "half a fen"),
    ({"amount": {"total": 1.0}}, "/amount/total", "a float that is whole"),
    ({"amount": {"total": True}}, "/amount/total", "a truth for a number"),
    ({"amount": {"total": "1"}}, "/amount/total", "a text for a number"),
    ({"amount": {"total": 10**30}}, "/amount/total", "more than there is"),
    ({"amount": {"currency": "CNY"}}, "/amount/total", "no amount"),
    ({"amount": {"total": 1, "currency": "USD"}}, "/amount/currency", "another currency"),
    ({"amount": {"total": 1, "yuan": 1}}, "/amount/yuan", "a field that nobody knows"),
    ({"payer": {"openid": "nobody"}}, "/payer/openid", "a person that nobody knows"),
    ({"payer": "o1"}, "/payer", "a text for an object"),
    ({"mchid": "1900000001"}, "/mchid", "another merchant"),
    ({"time_expire": "2026-01-01 00:00:00"}, "/time_expire", "a time without its zone"),
    ({"time_expire": "2026-02-30T00:00:00+08:00"}, "/time_expire", "a day that is not"),
    ({"detail": {"goods_detail": []}}, "/detail/goods_detail", "an empty list"),
    ({"settle_info": {"profit_sharing": "no"}}, "/settle_info/profit_sharing", "a text for a truth"),
    ({"scene_info": {"payer_client_ip": "x"}}, "/scene_info/payer_client_ip", "no address"),
]


@pytest.mark.parametrize(("told", "reason"), TAKEN, ids=[row[1] for row in TAKEN])
def test_what_the_documents_allow_is_taken(play: Play, told: dict[str, Any], reason: str) -> None:
    assert play.orders(**({"no": told["out_trade_no"]} | told if "out_trade_no" in told else told))[0] == 200, reason


@pytest.mark.parametrize(("told", "field", "reason"), REFUSED, ids=[row[2] for row in REFUSED])
def test_what_they_do_not_is_refused_by_name(play: Play, told: dict[str, Any], field: str, reason: str) -> None:
    status, answer = play.orders(**told)
    assert (status, answer["code"], answer["detail"]["field"]) == (400, "PARAM_ERROR", field), reason
    assert play.world.books.trades == {}


def test_an_app_of_somebody_else_is_refused(play: Play) -> None:
    assert play.orders(appid="wx0000000000000000")[1]["code"] == "APPID_MCHID_NOT_MATCH"
    official = play.world.openid("p1", play.world.keys.official.app_id)
    status, told = play.orders(payer={"openid": official})
    assert (status, told["code"]) == (500, "OPENID_MISMATCH")


def test_the_same_order_again_is_the_same_order_with_a_fresh_prepay_id(play: Play) -> None:
    first, second = (play.orders(500, "D000001")[1]["prepay_id"] for _ in range(2))
    assert first != second
    assert len(play.world.books.trades) == 1


def test_one_number_tells_one_story(play: Play) -> None:
    play.orders(500, "D000001")
    status, told = play.orders(501, "D000001")
    assert (status, told["code"]) == (403, "OUT_TRADE_NO_USED")


def test_when_an_order_ends_is_said_once(play: Play) -> None:
    ends = rfc3339(play.now() + timedelta(hours=1))
    assert play.orders(500, "D000001", time_expire=ends)[0] == 200
    assert play.orders(500, "D000001")[0] == 200
    later = rfc3339(play.now() + timedelta(hours=2))
    assert play.orders(500, "D000001", time_expire=later)[1]["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (timedelta(seconds=5), timedelta(minutes=1)),
        (timedelta(minutes=30), timedelta(minutes=30)),
        (timedelta(days=400), timedelta(days=90)),
        (None, timedelta(days=7)),
    ],
    ids=["less than a minute is a minute", "half an hour", "more than ninety days is ninety", "unsaid is seven days"],
)
def test_the_last_time_to_pay_has_its_bounds(play: Play, asked: timedelta | None, given: timedelta) -> None:
    ends = {} if asked is None else {"time_expire": rfc3339(play.now() + asked)}
    play.orders(500, "D000001", **ends)
    assert abs(play.world.books.trades["D000001"].expires_at - play.now() - given) < timedelta(seconds=3)


def test_past_its_time_an_order_is_unpaid_but_can_no_longer_be_paid(play: Play) -> None:
    play.orders(500, "D000001", time_expire=rfc3339(play.now() + timedelta(minutes=2)))
    play.later(minutes=3)
    assert play.asks(out_trade_no="D000001")[1]["trade_state"] == "NOTPAY"
    assert "截止时间" in play.sim("pay", out_trade_no="D000001")["detail"]
    ends = play.world.books.trades["D000001"].told["time_expire"]
    assert play.orders(500, "D000001", time_expire=ends)[1]["code"] == "INVALID_REQUEST"


def test_a_closed_order_is_closed(play: Play) -> None:
    play.orders(500, "D000001")
    assert said(play.merchant.close("D000001", mchid="1900000001"))[1]["code"] == "PARAM_ERROR"
    play.merchant.close("D000001")
    assert said(play.merchant.close("D000001"))[1]["code"] == "ORDER_CLOSED"
    assert play.orders(500, "D000001")[1]["code"] == "ORDER_CLOSED"
    assert "已关闭" in play.sim("pay", out_trade_no="D000001")["detail"]


def test_a_paid_order_is_neither_paid_nor_closed(play: Play) -> None:
    trade = play.pays(500)
    assert play.orders(500, trade.out_trade_no)[1]["code"] == "ORDERPAID"
    assert said(play.merchant.close(trade.out_trade_no))[1]["code"] == "ORDERPAID"
    assert "已支付" in play.sim("pay", out_trade_no=trade.out_trade_no)["detail"]


def test_an_order_that_nobody_made_does_not_exist(play: Play) -> None:
    assert play.asks(out_trade_no="D000009")[1]["code"] == "ORDER_NOT_EXIST"
    assert said(play.merchant.close("D000009"))[0] == 404
    play.turns(api__old_spelling=1)
    assert play.asks(out_trade_no="D000009")[1]["code"] == "ORDERNOTEXIST"
    assert httpx.post(f"{play.running.url}/sim/pay", json={"out_trade_no": "D000009"}).status_code == 404


def test_a_question_names_the_merchant(play: Play) -> None:
    trade = play.pays()
    status, told = said(play.merchant.query(out_trade_no=trade.out_trade_no, mchid="1900000001"))
    assert (status, told["detail"]["location"]) == (400, "query")


def signed(keys: Keys, url: str, path: str, body: bytes = b"", **wrong: Any) -> httpx.Response:
    """Send a request signed by hand, with one thing wrong."""
    now = str(wrong.pop("time"))
    nonce = wrong.pop("nonce", random_text(32))
    method = "POST" if body else "GET"
    signature = crypto.sign(keys.merchant_key, crypto.lines(method, path, now, nonce, body))
    parts = {"mchid": keys.mchid, "nonce_str": nonce, "signature": signature, "timestamp": now}
    parts |= {"serial_no": keys.merchant_serial} | wrong.pop("parts", {})
    scheme = wrong.pop("scheme", crypto.SCHEME)
    headers = {"Authorization": f"{scheme} " + ",".join(f'{name}="{value}"' for name, value in parts.items())}
    headers |= {"Accept": "application/json", "Content-Type": "application/json"} | wrong.pop("headers", {})
    return httpx.request(method, url + path, content=body, headers={k: v for k, v in headers.items() if v is not None})


BAD_REQUESTS: list[tuple[dict[str, Any], int, str]] = [
    ({"parts": {"mchid": "1900000001"}}, 401, "another merchant"),
    ({"parts": {"serial_no": "0" * 40}}, 401, "another certificate"),
    ({"parts": {"signature": "AAAA"}}, 401, "no signature"),
    ({"parts": {"signature": "a!"}}, 401, "a signature that is no base64"),
    ({"parts": {"more": "1"}}, 401, "a part too many"),
    ({"nonce": "a" * 33}, 401, "a long nonce"),
    ({"parts": {"timestamp": "1"}}, 401, "a short timestamp"),
    ({"scheme": "Bearer"}, 401, "another scheme"),
    ({"late": 320}, 401, "a clock five minutes slow"),
    ({"late": -320}, 401, "a clock five minutes fast"),
    ({"headers": {"Accept": "text/html"}}, 406, "an answer we cannot give"),
    ({"headers": {"User-Agent": ""}}, 403, "nobody who asks"),
    ({"headers": {"Wechatpay-Serial": "PUB_KEY_ID_0000"}}, 400, "a key that WeChat has not"),
    ({"headers": {"Content-Type": "text/plain"}, "body": b"{}"}, 415, "a body that is no JSON by name"),
    ({"body": b"{"}, 400, "a body that is no JSON"),
    ({"body": b"[]"}, 400, "a list for an object"),
    ({"body": b'{"a":1,"a":2}'}, 400, "a key twice"),
    ({"body": b'{"a":NaN}'}, 400, "a number that is none"),
    ({"body": b'{"a":"\xff"}'}, 400, "bytes that are no text"),
]


@pytest.mark.parametrize(("wrong", "status", "reason"), BAD_REQUESTS, ids=[row[2] for row in BAD_REQUESTS])
def test_a_request_that_is_not_right_is_refused(
    play: Play, keys: Keys, wrong: dict[str, Any], status: int, reason: str
) -> None:
    told = dict(wrong)
    body, late = told.pop("body", b""), told.pop("late", 0)
    path = "/v3/pay/transactions/jsapi" if body else f"/v3/pay/transactions/id/1?mchid={keys.mchid}"
    answer = signed(keys, play.running.url, path, body, time=int(play.now().timestamp()) - late, **told)
    assert answer.status_code == status, reason
    assert ("Wechatpay-Signature" in answer.headers) == (status != 401)


def test_the_answer_is_signed_by_the_key_that_was_asked_for(play: Play, keys: Keys) -> None:
    path = f"/v3/pay/transactions/id/1?mchid={keys.mchid}"
    for asked, given in ((None, keys.cert_serial), (keys.cert_serial, keys.cert_serial), (keys.public_key_id,) * 2):
        wanted = {"Wechatpay-Serial": asked}
        answer = signed(keys, play.running.url, path, time=int(play.now().timestamp()), headers=wanted)
        assert answer.headers["Wechatpay-Serial"] == given
        assert answer.headers["Request-ID"]


def test_a_merchant_may_have_no_certificates_or_expired_ones(play: Play, keys: Keys) -> None:
    now, cert = int(play.now().timestamp()), {"Wechatpay-Serial": keys.cert_serial}
    path = f"/v3/pay/transactions/id/1?mchid={keys.mchid}"
    play.turns(keys__cert_expired=1)
    assert signed(keys, play.running.url, path, time=now, headers=cert).json()["code"] == "NOT_ENOUGH"
    play.turns(keys__no_certificates=1)
    assert signed(keys, play.running.url, path, time=now, headers=cert).status_code == 400
    assert signed(keys, play.running.url, path, time=now).headers["Wechatpay-Serial"] == keys.public_key_id
    assert signed(keys, play.running.url, "/v3/certificates", time=now).status_code == 404


def test_an_escaped_path_is_signed_as_it_was_sent(play: Play, keys: Keys) -> None:
    path = f"/v3/pay/transactions/out-trade-no/D%2A00001?mchid={keys.mchid}"
    play.orders(no="D*00001")
    assert signed(keys, play.running.url, path, time=int(play.now().timestamp())).status_code == 200


def test_a_door_that_is_not_there_says_so(play: Play) -> None:
    answer = httpx.get(f"{play.running.url}/v3/profitsharing/orders")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_wrong_clock_of_ours_is_refused(play: Play, keys: Keys) -> None:
    play.turns(clock__skew_seconds=600)
    merchant = merchant_of(keys, play.running.url, play.house.url)
    assert said(merchant.query(out_trade_no="D000001"))[1]["code"] == "SIGN_ERROR"
