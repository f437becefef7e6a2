"""Announcing, asking and closing: only WeChat's own signed word decides, everything else is asked again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.core.wire import Answer, WireBroken, WireUnreached
from backend.payments.providers import (
    H5,
    MINI,
    QUERY,
    Billing,
    NumberKnown,
    PaymentUnavailable,
    PaysOnPhone,
    PrepayRefused,
    Provider,
    Refunding,
)
from backend.payments.transactions import read_stored
from backend.payments.wechat.caller import CALLS_AT_ONCE
from backend.payments.wechat.pay import WechatPay
from tests.world.wechat_account import (
    MCHID,
    MINI_APP,
    NOW,
    OFFICIAL_APP,
    ORDER,
    account_settings,
    provider,
    refusal,
    signed_answer,
    soon,
    transaction,
    unsigned_answer,
)

NUMBER = ORDER.out_trade_no
HTML = Answer(status=502, headers={"Content-Type": "text/html"}, body=b"<html>502 Bad Gateway</html>")


def wrongly_signed(told: Any, status: int = 200) -> Answer:
    """An answer whose bytes were changed after they had been signed."""
    answer = signed_answer(told, status=status)
    return replace(answer, body=answer.body.replace(b"5000", b"5001") + b" ")


def named_after_nobody(told: Any) -> Answer:
    """An answer under a serial that we do not know."""
    answer = signed_answer(told)
    return replace(answer, headers={**answer.headers, "Wechatpay-Serial": "PUB_KEY_ID_0000000000000000"})


UNTRUSTED = [
    (unsigned_answer(transaction(), status=200), "nobody signed it"),
    (wrongly_signed(transaction()), "changed on its way"),
    (named_after_nobody(transaction()), "an unknown serial"),
    (signed_answer(transaction(), now=soon(seconds=-300)), "signed five minutes ago"),
    (signed_answer(transaction(), now=soon(seconds=300)), "signed in the future"),
    (HTML, "a gateway's page"),
    (unsigned_answer(b"<html></html>", status=404), "a 404 of somebody else's"),
    (signed_answer(transaction(), status=202), "accepted only"),
    (signed_answer({"code": "SYSTEM_ERROR"}, status=500), "a fault on their side"),
    (signed_answer({"code": "FREQUENCY_LIMITED"}, status=429), "too many calls"),
    (unsigned_answer({"code": "SIGN_ERROR"}, status=401), "they do not know our signature"),
    (unsigned_answer({"code": ["ORDER_NOT_EXIST"]}, status=404), "a code that is none"),
    (wrongly_signed({"code": "ORDER_NOT_EXIST"}, status=404), "a refusal that was changed"),
    (signed_answer([1]), "no object"),
    (Answer(status=302, headers={"Location": "http://elsewhere.test"}, body=b"{}"), "a redirect"),
    (WireBroken("ReadTimeout"), "no answer in time"),
]


@pytest.mark.parametrize("answer", [row[0] for row in UNTRUSTED], ids=[row[1] for row in UNTRUSTED])
def test_an_answer_that_is_not_wechat_s_own_is_no_answer(tmp_path: Path, answer: Any) -> None:
    wechat, _ = provider(tmp_path, answer, answer)
    assert wechat.query(NUMBER, now=NOW).state == "unknown"
    with pytest.raises(PaymentUnavailable) as refused:
        wechat.prepay(ORDER, now=NOW)
    assert type(refused.value) is PaymentUnavailable


STATES: list[tuple[str, str]] = [
    ("SUCCESS", "paid"),
    ("REFUND", "paid"),
    ("NOTPAY", "unpaid"),
    ("USERPAYING", "unpaid"),
    ("PAYERROR", "unpaid"),
    ("CLOSED", "closed"),
    ("REVOKED", "closed"),
    ("SOMETHING_NEW", "unknown"),
]


@pytest.mark.parametrize(("word", "state"), STATES, ids=[row[0] for row in STATES])
@pytest.mark.parametrize("by", ["wechat", "platform"])
def test_every_state_of_an_order_is_understood_whichever_key_signed(
    tmp_path: Path, word: str, state: str, by: str
) -> None:
    wechat, wire = provider(tmp_path, signed_answer(transaction(trade_state=word), by=by))
    answer = wechat.query(NUMBER, now=NOW)
    assert answer.state == state
    assert (answer.paid is not None) == (state == "paid")
    assert wire.asked[0][1] == f"http://pay.test/v3/pay/transactions/out-trade-no/{NUMBER}?mchid={MCHID}"


def test_what_a_query_tells_is_kept_without_the_payer_and_read_again_alike(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path, signed_answer(transaction(trade_state="REFUND", trade_type="JSAPI")))
    paid = wechat.query(NUMBER, now=NOW).paid
    assert paid is not None
    assert paid.success_at == datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
    assert "openid" not in paid.body
    assert "oUpF8" not in paid.body
    assert "CMC_DEBIT" not in paid.body
    assert read_stored(paid.body, provider=paid.provider, notice_id=paid.notice_id, told_by=QUERY) == paid


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "ORDERNOTEXIST"])
@pytest.mark.parametrize("is_signed", [True, False])
def test_an_order_that_wechat_never_heard_of_is_unpaid(tmp_path: Path, code: str, is_signed: bool) -> None:
    answer = refusal(code, status=404) if is_signed else unsigned_answer({"code": code}, status=404)
    wechat, _ = provider(tmp_path, answer)
    assert wechat.query(NUMBER, now=NOW).state == "unpaid"


@pytest.mark.parametrize(
    "changed",
    [{"out_trade_no": "D9"}, {"amount": {"total": 1.5, "currency": "CNY"}}, {"amount": None}, {"success_time": "soon"},
     {"transaction_id": "../x"}],
    ids=["another order", "no whole fen", "no amount", "no time", "a number with a path in it"],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_is_unknown(tmp_path: Path, changed: dict[str, Any]) -> None:
    wechat, _ = provider(tmp_path, signed_answer(transaction(**changed)))
    assert wechat.query(NUMBER, now=NOW).state == "unknown"


def test_an_order_is_announced_with_all_that_wechat_must_know(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path, signed_answer({"prepay_id": "wx26112221580621e9b071c00d9e093b0000"}))
    way = wechat.prepay(ORDER, now=NOW)
    assert (way.prepay_id, way.pay_url) == ("wx26112221580621e9b071c00d9e093b0000", None)
    method, url, headers, body = wire.asked[0]
    assert (method, url) == ("POST", "http://pay.test/v3/pay/transactions/jsapi")
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert json.loads(body) == {
        "appid": MINI_APP,
        "mchid": MCHID,
        "description": "捐赠：修屋顶",
        "out_trade_no": NUMBER,
        "time_expire": "2026-06-01T10:30:00+08:00",
        "attach": "wsad0001",
        "notify_url": "https://home.test/api/v1/payments/notices/wechat",
        "amount": {"total": 5000, "currency": "CNY"},
        "payer": {"openid": ORDER.payer_ref},
    }


def test_the_same_order_is_announced_in_the_same_words(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path, WireBroken("cut"), signed_answer({"prepay_id": "wx1"}))
    with pytest.raises(PaymentUnavailable):
        wechat.prepay(ORDER, now=NOW)
    wechat.prepay(ORDER, now=soon(minutes=2))
    assert wire.asked[0][3] == wire.asked[1][3]


def test_a_long_title_is_cut_to_the_bytes_that_wechat_takes_and_no_letter_in_two(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path, signed_answer({"prepay_id": "wx1"}))
    wechat.prepay(replace(ORDER, description="修" * 100 + "\ud83d"), now=NOW)
    sent = json.loads(wire.asked[0][3])
    assert sent["description"] == "修" * 42


REFUSALS = [
    ("OUT_TRADE_NO_USED", 403, NumberKnown),
    ("ORDERPAID", 400, NumberKnown),
    ("ORDER_CLOSED", 400, NumberKnown),
    ("PARAM_ERROR", 400, PrepayRefused),
    ("OPENID_MISMATCH", 500, PrepayRefused),
    ("NO_AUTH", 403, PrepayRefused),
    ("SYSTEM_ERROR", 500, PaymentUnavailable),
    ("RATELIMIT_EXCEEDED", 429, PaymentUnavailable),
    ("SIGN_ERROR", 401, PaymentUnavailable),
]


@pytest.mark.parametrize(("code", "status", "kind"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_each_no_to_an_order_is_told_apart(tmp_path: Path, code: str, status: int, kind: type) -> None:
    wechat, _ = provider(tmp_path, refusal(code, status=status))
    with pytest.raises(PaymentUnavailable) as refused:
        wechat.prepay(ORDER, now=NOW)
    assert type(refused.value) is kind
    assert refused.value.facts == ({"provider_code": code} if kind is PrepayRefused else {})


@pytest.mark.parametrize("told", [{}, {"prepay_id": ""}, {"prepay_id": "wx 1"}, {"prepay_id": 7}])
def test_an_announcement_without_a_number_to_pay_by_is_not_known(tmp_path: Path, told: dict[str, Any]) -> None:
    wechat, _ = provider(tmp_path, signed_answer(told))
    with pytest.raises(PaymentUnavailable):
        wechat.prepay(ORDER, now=NOW)


def test_without_a_payer_nothing_is_announced(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path)
    with pytest.raises(PrepayRefused):
        wechat.prepay(replace(ORDER, payer_ref=None), now=NOW)
    assert wire.asked == []


def test_closing_promises_nothing_and_raises_nothing(tmp_path: Path) -> None:
    answers: list[Answer | Exception] = [signed_answer(None, status=204), refusal("ORDERPAID"), WireBroken("cut"), HTML]
    wechat, wire = provider(tmp_path, *answers)
    for _ in answers:
        wechat.close(NUMBER, now=NOW)
    method, url, _, body = wire.asked[0]
    assert (method, json.loads(body)) == ("POST", {"mchid": MCHID})
    assert url == f"http://pay.test/v3/pay/transactions/out-trade-no/{NUMBER}/close"


def test_a_number_that_could_lead_elsewhere_is_asked_about_nowhere(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path)
    for number in ("../b?x=1", "a/b", "", "号"):
        assert wechat.query(number, now=NOW).state == "unknown"
        wechat.close(number, now=NOW)
        assert wechat.query_refund(number, now=NOW).state == "unknown"
    assert wire.asked == []


def test_the_spare_host_is_asked_only_when_nobody_was_reached_at_the_first(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path, WireUnreached("ConnectTimeout"), signed_answer(transaction()))
    assert wechat.query(NUMBER, now=NOW).state == "paid"
    assert [url.split("/v3")[0] for _, url, *_ in wire.asked] == ["http://pay.test", "http://pay2.test"]
    wechat, wire = provider(tmp_path, WireBroken("ReadTimeout"))
    assert wechat.query(NUMBER, now=NOW).state == "unknown"
    assert len(wire.asked) == 1
    wechat, wire = provider(tmp_path, WireUnreached("ConnectError"), WireUnreached("ConnectError"))
    assert wechat.query(NUMBER, now=NOW).state == "unknown"
    assert len(wire.asked) == 2


def test_without_a_spare_host_only_the_first_is_asked(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path, WireUnreached("ConnectError"))
    caller = replace(wechat.caller, pay=replace(wechat.pay, spare_url=None))
    assert replace(wechat, caller=caller).query(NUMBER, now=NOW).state == "unknown"
    assert len(wire.asked) == 1


def test_when_too_many_of_us_wait_for_wechat_the_next_one_is_told_at_once(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path)
    for _ in range(CALLS_AT_ONCE):
        wechat.caller._places.acquire()
    assert wechat.query(NUMBER, now=NOW).state == "unknown"
    assert wire.asked == []


def test_each_channel_has_its_own_app(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path)
    assert (wechat.app_id_for(MINI), wechat.app_id_for(H5), wechat.merchant) == (MINI_APP, OFFICIAL_APP, MCHID)
    alone = replace(wechat, wechat=replace(account_settings(tmp_path).wechat, official=None))
    with pytest.raises(PaymentUnavailable):
        alone.app_id_for(H5)


def fulfils(whole: Provider, giving_back: Refunding, billing: Billing) -> bool:
    return bool(whole and giving_back and billing)


def test_wechat_pay_is_a_provider_that_refunds_and_bills_and_pays_on_the_phone(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path)
    assert fulfils(wechat, wechat, wechat)
    assert isinstance(wechat, PaysOnPhone)


def test_no_secret_shows_when_the_provider_is_printed(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path)
    assert isinstance(wechat, WechatPay)
    assert "an-apiv3-key" not in repr(wechat)
    assert "RSAPrivateKey" not in repr(wechat)
