"""What WeChat calls us about: verified over its very bytes, then opened, then read; nobody is ever called back."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from backend.payments.providers import NOTICE, Paid, RefundTold, Unreadable
from backend.payments.signature import NoticeRefused, ResourceUnreadable, StaleTimestamp
from backend.payments.transactions import read_stored
from backend.payments.wechat.pay import wechat_pay
from tests.world.wechat_account import (
    MCHID,
    NOW,
    PLATFORM_DAYS,
    PLATFORM_SERIAL,
    ScriptedWire,
    account_settings,
    notice_body,
    provider,
    refund_word,
    sealed,
    signed_by_wechat,
    soon,
    transaction,
)

BODY = notice_body(transaction())


@pytest.mark.parametrize(
    ("modes", "by", "is_ours"),
    [("public", "wechat", True), ("public", "platform", False), ("certificates", "platform", True),
     ("certificates", "wechat", False), ("both", "wechat", True), ("both", "platform", True)],
)  # fmt: skip
def test_while_the_keys_are_changed_both_sign_and_otherwise_only_one(
    tmp_path: Path, modes: str, by: str, is_ours: bool
) -> None:
    wechat, _ = provider(tmp_path, modes=modes)
    if is_ours:
        assert isinstance(wechat.read_notice(signed_by_wechat(BODY, by=by), BODY, now=NOW), Paid)
        return
    with pytest.raises(NoticeRefused):
        wechat.read_notice(signed_by_wechat(BODY, by=by), BODY, now=NOW)


def forged(**changed: str) -> dict[str, str]:
    """A true notice's headers, with what a forger changes."""
    return signed_by_wechat(BODY) | {f"Wechatpay-{name.replace('_', '-')}": value for name, value in changed.items()}


FORGED = [
    ({}, "no headers at all"),
    (forged(Signature="WECHATPAY/SIGNTEST/c2lnbg=="), "a probe of WeChat's own"),
    (forged(Signature=""), "no signature"),
    (forged(Signature="AAAA"), "a short signature"),
    (forged(Signature="签名"), "a signature in Chinese"),
    (forged(Serial=""), "no serial"),
    (forged(Serial="zz"), "a serial that is none"),
    (forged(Serial="PUB_KEY_ID_0000000000000000"), "a public key of nobody"),
    (forged(Serial=PLATFORM_SERIAL), "the other key's serial"),
    (forged(Serial="0" * 40), "a serial of noughts"),
    (forged(Nonce="another"), "another nonce"),
    (forged(Nonce="a\nb"), "a nonce of two lines"),
    (forged(Timestamp=str(int(NOW.timestamp()) + 1)), "another second"),
    (forged(Timestamp="١٢٣"), "a time in other digits"),
    (forged(Signature_Type="WECHATPAY2-SM2-WITH-SM3"), "another way of signing"),
    (signed_by_wechat(BODY, by="merchant", serial="PUB_KEY_ID_0119000001092026060100"), "signed with our own key"),
    (signed_by_wechat(BODY + b" "), "signed over other bytes"),
]


@pytest.mark.promise(name="P17")
@pytest.mark.parametrize("headers", [row[0] for row in FORGED], ids=[row[1] for row in FORGED])
def test_a_forged_notice_is_refused_and_nobody_is_called(tmp_path: Path, headers: dict[str, str]) -> None:
    wechat, wire = provider(tmp_path)
    with pytest.raises(NoticeRefused) as refused:
        wechat.read_notice(headers, BODY, now=NOW)
    assert (refused.value.status, refused.value.code) == (401, "FAIL")
    assert wire.asked == []
    assert isinstance(wechat.read_notice(signed_by_wechat(BODY), BODY, now=NOW), Paid)


@pytest.mark.promise(name="P17")
@pytest.mark.parametrize("seconds", [-300, 300, -2 * 365 * 86400, 86400])
def test_a_notice_signed_five_minutes_away_is_refused(tmp_path: Path, seconds: int) -> None:
    wechat, _ = provider(tmp_path)
    with pytest.raises(StaleTimestamp):
        wechat.read_notice(signed_by_wechat(BODY, now=soon(seconds=seconds)), BODY, now=NOW)


@pytest.mark.parametrize("seconds", [-299, 0, 299])
def test_a_notice_signed_within_five_minutes_is_heard(tmp_path: Path, seconds: int) -> None:
    wechat, _ = provider(tmp_path)
    signed = signed_by_wechat(BODY, now=soon(seconds=seconds))
    assert isinstance(wechat.read_notice(signed, BODY, now=NOW), Paid)


@pytest.mark.parametrize("serial", [PLATFORM_SERIAL.lower(), PLATFORM_SERIAL[1:], f"00{PLATFORM_SERIAL[1:]}"])
def test_a_certificate_s_serial_is_known_in_small_letters_and_without_its_first_nought(
    tmp_path: Path, serial: str
) -> None:
    wechat, _ = provider(tmp_path)
    headers = signed_by_wechat(BODY, by="platform", serial=serial)
    assert isinstance(wechat.read_notice(headers, BODY, now=NOW), Paid)


@pytest.mark.parametrize("days", [-1, 1])
def test_what_an_expired_certificate_signs_is_refused(tmp_path: Path, days: int) -> None:
    wechat, _ = provider(tmp_path, modes="certificates")
    now = PLATFORM_DAYS[days == 1] + timedelta(days=days)
    with pytest.raises(NoticeRefused):
        wechat.read_notice(signed_by_wechat(BODY, by="platform", now=now), BODY, now=now)


def test_a_way_of_signing_that_is_named_is_the_one_we_know(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path)
    headers = forged(Signature_Type="WECHATPAY2-SHA256-RSA2048")
    assert isinstance(wechat.read_notice(headers, BODY, now=NOW), Paid)


def test_a_payment_s_notice_is_kept_without_the_payer_and_read_again_alike(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path)
    paid = wechat.read_notice(signed_by_wechat(BODY), BODY, now=NOW)
    assert isinstance(paid, Paid)
    assert (paid.told_by, paid.amount_fen, paid.provider) == (NOTICE, 50_00, "wechat")
    assert "oUpF8" not in paid.body
    assert read_stored(paid.body, provider="wechat", notice_id=paid.notice_id, told_by=NOTICE) == paid


def test_the_same_word_sealed_anew_is_the_same_word(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path)
    words = [notice_body(transaction(), id="EV-1") for _ in range(2)]
    assert words[0] != words[1]
    first, second = (wechat.read_notice(signed_by_wechat(body), body, now=NOW) for body in words)
    assert first == second


def test_a_wrong_apiv3_key_is_told_apart_from_a_bad_signature(tmp_path: Path) -> None:
    settings = account_settings(tmp_path, WECHAT_PAY_APIV3_KEY="x" * 32)
    wechat = wechat_pay(settings, wire=ScriptedWire())
    with pytest.raises(ResourceUnreadable) as refused:
        wechat.read_notice(signed_by_wechat(BODY), BODY, now=NOW)
    assert (refused.value.status, refused.value.code) == (500, "DECRYPT_FAILED")
    with pytest.raises(NoticeRefused):
        wechat.read_notice(forged(Signature="AAAA"), BODY, now=NOW)


@pytest.mark.parametrize(
    ("event", "word", "state"),
    [("REFUND.SUCCESS", "SUCCESS", "success"), ("REFUND.ABNORMAL", "ABNORMAL", "abnormal"),
     ("REFUND.CLOSED", "CLOSED", "closed")],
)  # fmt: skip
def test_a_refund_s_notice_is_read(tmp_path: Path, event: str, word: str, state: str) -> None:
    wechat, _ = provider(tmp_path)
    body = notice_body(refund_word(state_field="refund_status", refund_status=word, mchid=MCHID), event=event)
    told = wechat.read_notice(signed_by_wechat(body), body, now=NOW)
    assert isinstance(told, RefundTold)
    assert (told.state, told.told_by, told.merchant, told.refund_fen) == (state, NOTICE, MCHID, 20_00)
    assert told.notice_id == json.loads(body)["id"]
    assert "refund_status" in told.body
    assert "0403" not in told.body


REFUND = refund_word(state_field="refund_status", mchid=MCHID)
NONSENSE: list[tuple[bytes, bool, str]] = [
    (b"", False, "nothing"),
    (b"\xff\xfe", False, "no text"),
    (b"[]", False, "no object"),
    (b'{"id": NaN}', False, "not a number"),
    (b"[" * 60_000, False, "a well without a floor"),
    (notice_body(transaction(), id=7), False, "an id that is no text"),
    (notice_body(transaction(), event_type=["TRANSACTION.SUCCESS"]), False, "an event that is no text"),
    (notice_body(transaction(), event_type="PAYSCORE.USER_PAID"), True, "another business of WeChat's"),
    (notice_body(transaction(), resource_type="plain"), False, "nothing sealed"),
    (notice_body(transaction(), resource=None), False, "no resource"),
    (notice_body(transaction(), resource=sealed(b"{}", algorithm="AES")), False, "another seal"),
    (notice_body(transaction(), resource=sealed(b"{}", nonce="short")), False, "a short nonce"),
    (notice_body(transaction(), resource=sealed(b"{}", nonce=7)), False, "a nonce that is no text"),
    (notice_body(transaction(), resource=sealed(b"{}", ciphertext="%%")), False, "no base64"),
    (notice_body(transaction(), resource=sealed(b"{}", ciphertext="QUFB")), False, "too short to be sealed"),
    (notice_body(transaction(), resource=sealed(b"[]")), False, "sealed, but no object"),
    (notice_body(transaction(trade_state="CLOSED")), False, "a payment that was none"),
    (notice_body(transaction(trade_state="REFUND")), False, "a payment that says refund"),
    (notice_body(transaction(amount={"total": True, "currency": "CNY"})), False, "an amount that is a yes"),
    (notice_body(transaction(amount={"total": 0, "currency": "CNY"})), False, "nothing paid"),
    (notice_body(refund_word(mchid=MCHID), event="REFUND.SUCCESS"), False, "a refund in a query's words"),
    (notice_body(REFUND, event="REFUND.CLOSED"), False, "outside closed, inside done"),
    (notice_body(refund_word(state_field="refund_status"), event="REFUND.SUCCESS"), False, "nobody's refund"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "is_expected", "reason"), NONSENSE, ids=[row[2] for row in NONSENSE])
def test_a_true_notice_that_cannot_be_read_is_kept_for_a_person(
    tmp_path: Path, body: bytes, is_expected: bool, reason: str
) -> None:
    assert reason
    wechat, _ = provider(tmp_path)
    told = wechat.read_notice(signed_by_wechat(body), body, now=NOW)
    assert isinstance(told, Unreadable)
    assert (told.is_expected, told.provider) == (is_expected, "wechat")
    assert len(told.notice_id) <= 80


def test_a_lone_half_of_a_letter_beside_the_seal_is_nonsense_and_no_fault(tmp_path: Path) -> None:
    body = json.dumps(json.loads(notice_body(transaction(), resource=sealed(b"{}"))))
    broken = body.replace('"associated_data": "transaction"', '"associated_data": "\\ud83d"').encode()
    wechat, _ = provider(tmp_path)
    assert isinstance(wechat.read_notice(signed_by_wechat(broken), broken, now=NOW), Unreadable)


def test_nothing_stands_beside_a_seal_when_nothing_is_told(tmp_path: Path) -> None:
    resource = sealed(json.dumps(transaction()).encode(), beside="")
    del resource["associated_data"]
    body = notice_body({}, resource=resource)
    wechat, _ = provider(tmp_path)
    assert isinstance(wechat.read_notice(signed_by_wechat(body), body, now=NOW), Paid)
