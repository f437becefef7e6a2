"""Giving back: always under our number; accepted is not done, and no is believed only when nothing moved."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.core.wire import Answer, WireBroken
from backend.payments.providers import QUERY, RefundToMake, RefundToRepair, SealedCard
from backend.payments.wechat.refunds import KEY_REPLACED, WORDS_MAX
from tests.world.wechat_account import (
    MCHID,
    NOW,
    PLATFORM_SERIAL,
    PUBLIC_KEY_ID,
    provider,
    refund_word,
    refusal,
    signed_answer,
    signed_by_wechat,
    unsigned_answer,
)

NUMBER = "R0000000000000000000001"
REFUND = RefundToMake(
    refund_no=NUMBER, out_trade_no="D0000000000000000000001", refund_fen=20_00, total_fen=50_00, reason="捐错了"
)
ABSENT = refusal("RESOURCE_NOT_EXISTS", status=404)
STATES = [("PROCESSING", "processing"), ("SUCCESS", "success"), ("CLOSED", "closed"), ("ABNORMAL", "abnormal")]


@pytest.mark.parametrize(("word", "state"), STATES)
@pytest.mark.parametrize("by", ["wechat", "platform"])
def test_a_refund_is_told_alike_whether_it_was_asked_for_or_asked_about(
    tmp_path: Path, word: str, state: str, by: str
) -> None:
    answer = signed_answer(refund_word(status=word), by=by)
    wechat, wire = provider(tmp_path, answer, answer)
    made, asked = wechat.refund(REFUND, now=NOW), wechat.query_refund(NUMBER, now=NOW)
    assert made == asked
    assert (made.state, made.refund_no, made.provider, made.told_by) == (state, NUMBER, "wechat", QUERY)
    assert (made.refund_fen, made.total_fen, made.out_trade_no) == (20_00, 50_00, REFUND.out_trade_no)
    assert (made.merchant, made.provider_refund_no) == (MCHID, "50000000382026060100000000001")
    assert (made.success_at is not None) == (state == "success")
    assert made.notice_id == f"query:50000000382026060100000000001:{state}"
    assert made.received_by == "招商银行储蓄卡0403"
    assert "0403" not in made.body
    assert json.loads(wire.asked[0][3]) == {
        "out_trade_no": REFUND.out_trade_no,
        "out_refund_no": NUMBER,
        "reason": "捐错了",
        "notify_url": "https://home.test/api/v1/payments/notices/wechat",
        "amount": {"refund": 2000, "total": 5000, "currency": "CNY"},
    }
    assert wire.asked[1][1] == f"http://pay.test/v3/refund/domestic/refunds/{NUMBER}"


def test_a_reason_is_cut_to_what_wechat_takes_and_none_is_left_away(tmp_path: Path) -> None:
    answer = signed_answer(refund_word())
    wechat, wire = provider(tmp_path, answer, answer)
    wechat.refund(replace(REFUND, reason="错" * 60), now=NOW)
    wechat.refund(replace(REFUND, reason=""), now=NOW)
    assert json.loads(wire.asked[0][3])["reason"] == "错" * 26
    assert "reason" not in json.loads(wire.asked[1][3])


UNKNOWN: list[tuple[Any, str, str]] = [
    (WireBroken("ReadTimeout"), "", "no answer"),
    (unsigned_answer(refund_word(), status=200), "", "nobody signed it"),
    (Answer(status=502, headers={}, body=b"<html>"), "", "a gateway's page"),
    (signed_answer(refund_word(), status=202), "", "accepted, says a 202"),
    (signed_answer(refund_word(out_refund_no="R9")), "", "another refund"),
    (signed_answer(refund_word(status="NEW")), "", "a state that nobody knows"),
    (signed_answer(refund_word(status=["SUCCESS"])), "", "a state that is no word"),
    (signed_answer(refund_word(success_time=None)), "", "done at no time"),
    (signed_answer(refund_word(amount={"refund": 6000, "total": 5000})), "", "more than was paid"),
    (signed_answer(refund_word(amount={"refund": 20.0, "total": 5000})), "", "no whole fen"),
    (refusal("NOT_ENOUGH", status=403), "NOT_ENOUGH", "our account is empty today"),
    (refusal("SYSTEM_ERROR", status=500), "SYSTEM_ERROR", "a fault on their side"),
    (refusal("FREQUENCY_LIMITED", status=429), "FREQUENCY_LIMITED", "too many calls"),
    (refusal("SIGN_ERROR", status=401), "SIGN_ERROR", "our key is wrong today"),
]


@pytest.mark.parametrize(("answer", "code", "reason"), UNKNOWN, ids=[row[2] for row in UNKNOWN])
def test_what_is_not_known_is_asked_again_under_the_same_number(
    tmp_path: Path, answer: Any, code: str, reason: str
) -> None:
    assert reason
    wechat, _ = provider(tmp_path, answer, answer)
    for told in (wechat.refund(REFUND, now=NOW), wechat.query_refund(NUMBER, now=NOW)):
        assert (told.state, told.refund_no, told.code) == ("unknown", NUMBER, code)


def test_a_no_is_believed_when_wechat_knows_of_no_refund_under_the_number(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path, refusal("USER_ACCOUNT_ABNORMAL", status=403), ABSENT)
    told = wechat.refund(REFUND, now=NOW)
    assert (told.state, told.code, told.provider) == ("refused", "USER_ACCOUNT_ABNORMAL", "wechat")


def test_a_no_to_a_number_under_which_money_moved_is_not_a_no(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path, refusal("INVALID_REQUEST"), signed_answer(refund_word()))
    assert wechat.refund(REFUND, now=NOW).state == "success"


def test_a_no_that_cannot_be_checked_is_not_known(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path, refusal("INVALID_REQUEST"), WireBroken("cut"))
    assert wechat.refund(REFUND, now=NOW).state == "unknown"


def test_a_refund_that_wechat_never_heard_of_is_absent(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path, ABSENT)
    assert wechat.query_refund(NUMBER, now=NOW).state == "absent"


def test_letters_that_no_database_keeps_fall_away(tmp_path: Path) -> None:
    body = json.dumps(refund_word(user_received_account="零\ud83d钱\0")).encode()
    odd = Answer(status=200, headers=signed_by_wechat(body), body=body)
    wechat, _ = provider(tmp_path, odd, signed_answer(refund_word(user_received_account=7)))
    assert wechat.query_refund(NUMBER, now=NOW).received_by == "零钱"
    assert wechat.query_refund(NUMBER, now=NOW).received_by == ""


ABNORMAL = RefundToRepair(
    refund_no=NUMBER,
    provider_refund_no="50000000382026060100000000001",
    bank_type="CMB_DEBIT",
    card=SealedCard(key_serial=PUBLIC_KEY_ID, bank_account="sealed", real_name="sealed too"),
)
STANDS = signed_answer(refund_word(status="ABNORMAL"))


def test_a_card_is_sealed_by_the_certificate_where_that_is_the_key_in_use(tmp_path: Path) -> None:
    answer = signed_answer(refund_word(status="PROCESSING"), by="platform")
    wechat, wire = provider(tmp_path, answer, modes="certificates")
    card = wechat.seal_card(bank_account="6225880137654321", real_name="王小明", now=NOW)
    assert card.key_serial == PLATFORM_SERIAL
    assert wechat.repair_refund(replace(ABNORMAL, card=card), now=NOW).state == "processing"
    assert wire.asked[0][2]["Wechatpay-Serial"] == PLATFORM_SERIAL


def test_a_card_keeps_the_serial_of_its_key_while_another_one_is_in_use_already(tmp_path: Path) -> None:
    answer = signed_answer(refund_word(status="PROCESSING"), by="platform")
    wechat, wire = provider(tmp_path, answer)
    sealed_before = replace(ABNORMAL, card=replace(ABNORMAL.card, key_serial=PLATFORM_SERIAL))
    assert wechat.repair_refund(sealed_before, now=NOW).state == "processing"
    assert wire.asked[0][2]["Wechatpay-Serial"] == PLATFORM_SERIAL


def test_a_card_sealed_by_a_key_that_is_no_longer_ours_is_entered_anew(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path, STANDS, signed_answer(refund_word()))
    old = replace(ABNORMAL, card=replace(ABNORMAL.card, key_serial="PUB_KEY_ID_OLD"))
    told = wechat.repair_refund(old, now=NOW)
    assert (told.state, told.code) == ("refused", KEY_REPLACED)
    assert wechat.repair_refund(old, now=NOW).state == "success", "an earlier attempt had arrived"
    assert {asked[0] for asked in wire.asked} == {"GET"}


def test_a_repair_that_is_refused_tells_how_the_refund_stands(tmp_path: Path) -> None:
    refused = refusal("INVALID_REQUEST")
    wechat, _ = provider(tmp_path, refused, STANDS, refused, signed_answer(refund_word()), WireBroken("cut"))
    told = wechat.repair_refund(ABNORMAL, now=NOW)
    assert (told.state, told.code, told.words) == ("refused", "INVALID_REQUEST", "不行")
    assert wechat.repair_refund(ABNORMAL, now=NOW).state == "success"
    assert wechat.repair_refund(ABNORMAL, now=NOW).state == "unknown"
    assert wechat.repair_refund(replace(ABNORMAL, provider_refund_no="../x"), now=NOW).state == "unknown"


@pytest.mark.parametrize(
    ("message", "words", "why"),
    [
        ("银行卡号6225880137654321不正确", "银行卡号***不正确", "a card number is not kept, whoever repeats it"),
        ("尾号4321的卡已注销", "尾号4321的卡已注销", "its end may be"),
        ("户\n名\ud83d不符", "户名不符", "letters that no database keeps"),
        ("长" * 300, "长" * WORDS_MAX, "an essay"),
        (["不行"], "", "no words at all"),
    ],
)
def test_a_refusal_is_told_in_wechat_s_words_without_a_card_number(
    tmp_path: Path, message: Any, words: str, why: str
) -> None:
    body = json.dumps({"code": "PARAM_ERROR", "message": message}).encode()
    refused = Answer(status=400, headers=signed_by_wechat(body), body=body)
    wechat, _ = provider(tmp_path, refused, STANDS)
    assert wechat.repair_refund(ABNORMAL, now=NOW).words == words, why
