"""What we sign is what WeChat's own rules ask, to the letter; what we accept and open, another library does too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from wechatpayv3 import WeChatPay as Oracle
from wechatpayv3 import WeChatPayType
from wechatpayv3.utils import build_authorization, load_private_key, rsa_decrypt

from backend.payments.providers import NOTICE, Paid, RefundToRepair
from tests.world.wechat_account import (
    APIV3_KEY,
    MCHID,
    MERCHANT_SERIAL,
    MINI_APP,
    NOW,
    ORDER,
    PLATFORM_SERIAL,
    PUBLIC_KEY_ID,
    certificate_of,
    key_of,
    notice_body,
    private_pem,
    provider,
    public_pem,
    refund_word,
    refusal,
    signed_answer,
    signed_by_wechat,
    transaction,
)

TYPE = {"Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048"}


def oracle(folder: Path, *, by: str) -> Any:
    """Another library's view of the same account, with WeChat's public key or with its platform certificate."""
    told = {
        "wechatpay_type": WeChatPayType.MINIPROG,
        "mchid": MCHID,
        "private_key": private_pem("merchant").decode(),
        "cert_serial_no": MERCHANT_SERIAL,
        "appid": MINI_APP,
        "apiv3_key": APIV3_KEY,
    }
    if by == "wechat":
        return Oracle(**told, public_key=public_pem("wechat").decode(), public_key_id=PUBLIC_KEY_ID)
    certificates = folder / "certificates"
    certificates.mkdir()
    (certificates / f"{PLATFORM_SERIAL}.pem").write_bytes(certificate_of("platform", PLATFORM_SERIAL))
    return Oracle(**told, cert_dir=str(certificates))


def test_every_request_is_signed_as_another_library_would_sign_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [
        signed_answer({"prepay_id": "wx1"}),
        refusal("ORDER_NOT_EXIST", status=404),
        signed_answer(None, status=204),
    ]
    wechat, wire = provider(tmp_path, *answers)
    wechat.prepay(ORDER, now=NOW)
    wechat.query(ORDER.out_trade_no, now=NOW)
    wechat.close(ORDER.out_trade_no, now=NOW)
    monkeypatch.setattr("wechatpayv3.utils.time.time", NOW.timestamp)
    key = load_private_key(private_pem("merchant").decode())
    assert [method for method, *_ in wire.asked] == ["POST", "GET", "POST"]
    for method, url, headers, body in wire.asked:
        nonce = re.search(r'nonce_str="(\w{32})"', headers["Authorization"])
        assert nonce is not None
        path = url.removeprefix("http://pay.test")
        theirs = build_authorization(path, method, MCHID, MERCHANT_SERIAL, key, body.decode(), nonce.group(1))
        assert headers["Authorization"] == theirs
        assert headers["Wechatpay-Serial"] == PUBLIC_KEY_ID


def test_no_nonce_is_used_twice(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path, *[signed_answer(None, status=204)] * 20)
    for _ in range(20):
        wechat.close(ORDER.out_trade_no, now=NOW)
    nonces = {re.findall(r'nonce_str="(\w+)"', headers["Authorization"])[0] for _, _, headers, _ in wire.asked}
    assert len(nonces) == 20


def test_what_the_phone_hands_to_its_cashier_is_signed_as_another_library_would(tmp_path: Path) -> None:
    wechat, _ = provider(tmp_path)
    told = wechat.pay_params("wx201410272009395522657a690389285100", app_id=MINI_APP, now=NOW)
    assert sorted(told) == ["nonceStr", "package", "paySign", "signType", "timeStamp"]
    assert (told["package"], told["signType"]) == ("prepay_id=wx201410272009395522657a690389285100", "RSA")
    signed = [MINI_APP, told["timeStamp"], told["nonceStr"], told["package"]]
    assert told["timeStamp"] == str(int(NOW.timestamp()))
    assert told["paySign"] == oracle(tmp_path, by="wechat").sign(signed)


@pytest.mark.parametrize("by", ["wechat", "platform"])
def test_a_notice_that_we_accept_and_open_another_library_accepts_and_opens_alike(tmp_path: Path, by: str) -> None:
    wechat, wire = provider(tmp_path)
    body = notice_body(transaction())
    headers = signed_by_wechat(body, by=by) | TYPE
    told = wechat.read_notice(headers, body, now=NOW)
    theirs = oracle(tmp_path, by=by).callback(headers, body)["resource"]
    assert isinstance(told, Paid)
    assert (told.out_trade_no, told.transaction_no) == (theirs["out_trade_no"], theirs["transaction_id"])
    assert (told.amount_fen, told.currency) == (theirs["amount"]["total"], theirs["amount"]["currency"])
    assert (told.told_by, told.merchant, told.app_id, told.purse) == (NOTICE, MCHID, MINI_APP, "wsad0001")
    assert wire.asked == []


@pytest.mark.parametrize("by", ["wechat", "platform"])
def test_what_another_library_signs_and_sends_we_understand(tmp_path: Path, by: str) -> None:
    """The oracle's verification is asked about our answers too: both sides read the same bytes."""
    word = json.dumps(transaction(), ensure_ascii=False)
    headers = signed_by_wechat(word.encode(), by=by) | TYPE
    verifies = oracle(tmp_path, by=by)._core._verify_signature
    assert verifies(headers, word) is True
    assert verifies(headers, word + " ") is False


def test_a_giver_s_card_travels_sealed_so_that_only_wechat_reads_it(tmp_path: Path) -> None:
    wechat, wire = provider(tmp_path, signed_answer(refund_word(status="PROCESSING")))
    told = refund_word()
    card = wechat.seal_card(bank_account="6222000000000000", real_name="张三", now=NOW)
    named = {"refund_no": told["out_refund_no"], "provider_refund_no": told["refund_id"]}
    repair = RefundToRepair(**named, bank_type="ICBC_DEBIT", card=card)
    assert wechat.repair_refund(repair, now=NOW).state == "processing"
    method, url, headers, body = wire.asked[0]
    sent = json.loads(body)
    assert (method, headers["Wechatpay-Serial"]) == ("POST", PUBLIC_KEY_ID)
    assert url.endswith(f"/v3/refund/domestic/refunds/{told['refund_id']}/apply-abnormal-refund")
    assert (sent["type"], sent["bank_type"]) == ("USER_BANK_CARD", "ICBC_DEBIT")
    assert rsa_decrypt(sent["bank_account"], key_of("wechat")) == "6222000000000000"
    assert rsa_decrypt(sent["real_name"], key_of("wechat")) == "张三"
    assert card.key_serial == PUBLIC_KEY_ID
    assert card.bank_account not in repr(repair)
