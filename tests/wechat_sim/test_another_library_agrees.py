"""Another's library pays, asks, closes, refunds and reads the bills: the simulator is not alone with its opinion."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from wechat_sim.clock import day_of
from wechat_sim.keys import Keys

from tests.wechat_sim.conftest import House, Play, merchant_of, said


def test_an_order_is_opened_paid_and_asked_after(play: Play) -> None:
    status, told = play.orders(1999, "D20261122A")
    assert (status, told["prepay_id"][:2]) == (200, "wx")
    unpaid = play.asks(out_trade_no="D20261122A")[1]
    assert unpaid["trade_state"] == "NOTPAY"
    assert unpaid["amount"] == {"total": 1999, "payer_currency": "CNY"}

    play.sim("pay", out_trade_no="D20261122A")

    status, told = play.asks(out_trade_no="D20261122A")
    assert (status, told["trade_state"], told["amount"]["payer_total"]) == (200, "SUCCESS", 1999)
    assert told["payer"] == {"openid": play.openid}
    assert play.asks(transaction_id=told["transaction_id"]) == (200, told)


def test_a_closed_order_is_answered_with_nothing_signed(play: Play) -> None:
    play.orders(no="D20261122B")
    assert play.merchant.close("D20261122B")[0] == 204
    assert play.asks(out_trade_no="D20261122B")[1]["trade_state"] == "CLOSED"


def test_a_notice_is_verified_and_opened(play: Play) -> None:
    trade = play.pays(520)
    (heard,) = play.tells()
    told = play.merchant.callback(heard.headers, heard.body)
    assert told["event_type"] == "TRANSACTION.SUCCESS"
    assert told["resource"]["out_trade_no"] == trade.out_trade_no
    assert told["resource"]["amount"]["total"] == 520


def test_a_refund_is_made_and_told_in_its_own_words(play: Play) -> None:
    trade = play.pays(1000)
    play.tells()
    status, told = play.refunds(trade, 400, reason="多付了")
    assert (status, told["status"], told["amount"]["refund"]) == (200, "PROCESSING", 400)

    play.later(seconds=3)

    assert play.refund_status(told["out_refund_no"]) == "SUCCESS"
    (heard,) = play.tells()
    notice = play.merchant.callback(heard.headers, heard.body)
    assert notice["event_type"] == "REFUND.SUCCESS"
    assert notice["resource"]["refund_status"] == "SUCCESS"
    assert "status" not in notice["resource"]
    assert play.asks(out_trade_no=trade.out_trade_no)[1]["trade_state"] == "REFUND"


@pytest.mark.parametrize("packed", ["GZIP", None], ids=["packed", "plain"])
def test_a_statement_is_promised_downloaded_and_has_its_hash(play: Play, packed: str | None) -> None:
    trade = play.pays(1234)
    play.turns(bill__at_once=1)
    path = f"/v3/bill/tradebill?bill_date={day_of(play.now())}&bill_type=ALL" + (
        f"&tar_type={packed}" if packed else ""
    )
    promise = said(play.merchant._core.request(path))[1]
    status, content = play.merchant.download_bill(promise["download_url"])
    assert status == 200
    content = gzip.decompress(content) if packed else content
    assert hashlib.sha1(content).hexdigest() == promise["hash_value"]
    assert f"`{trade.out_trade_no},".encode() in content


def test_the_account_of_a_day_is_told_too(play: Play) -> None:
    play.pays(10_000)
    play.turns(bill__at_once=1)
    promise = said(play.merchant.fundflow_bill(day_of(play.now()).isoformat()))[1]
    rows = gzip.decompress(play.merchant.download_bill(promise["download_url"])[1]).decode("utf-8-sig").split("\r\n")
    assert [row.split(",")[4:8] for row in rows[1:3]] == [
        ["`交易", "`收入", "`100.00", "`100.00"],
        ["`扣除交易手续费", "`支出", "`0.60", "`99.40"],
    ]
    assert rows[-2] == "`2,`1,`100.00,`1,`0.60"


def test_platform_certificates_are_handed_out_sealed(play: Play, keys: Keys, house: House, tmp_path: Path) -> None:
    """The library in certificate mode asks for the certificates and verifies every answer with them."""
    (tmp_path / "any.pem").write_bytes(keys.cert.public_bytes(Encoding.PEM))  # Else its constructor asks WeChat itself.
    merchant = merchant_of(keys, play.running.url, house.url, by_public_key=False, cert_dir=str(tmp_path))
    merchant._core._update_certificates()
    assert [cert.serial_number for cert in merchant._core._certificates] == [keys.cert.serial_number]
    trade = play.pays()
    assert said(merchant.query(out_trade_no=trade.out_trade_no))[0] == 200

    play.turns(callback__switch_to_pubkey=0)
    (heard,) = play.tells()
    assert heard.headers["Wechatpay-Serial"] == keys.cert_serial
    assert merchant.callback(heard.headers, heard.body)["resource"]["out_trade_no"] == trade.out_trade_no


def test_an_abnormal_refund_goes_to_another_card(play: Play) -> None:
    trade = play.pays(1000)
    play.turns(refund__abnormal=1)
    told = play.refunds(trade, 1000)[1]
    play.later(seconds=3)
    assert play.refund_status(told["out_refund_no"]) == "ABNORMAL"
    card = {"bank_type": "CMB_DEBIT", "bank_account": "6225880137654321", "real_name": "王小明"}
    named = {"refund_id": told["refund_id"], "out_refund_no": told["out_refund_no"]}
    status, told = said(play.merchant.abnormal_refund(**named, type="USER_BANK_CARD", **card))
    assert (status, told["status"], told["user_received_account"]) == (200, "PROCESSING", "尾号4321")
    play.later(seconds=3)
    assert play.refund_status(told["out_refund_no"]) == "SUCCESS"


def test_the_parameters_for_the_phone_open_the_cashier(play: Play) -> None:
    prepay_id = play.orders(no="D20261122C")[1]["prepay_id"]
    app_id = play.world.keys.mini.app_id
    told = [app_id, str(int(play.now().timestamp())), "n0nce", f"prepay_id={prepay_id}"]
    params = dict(zip(("appId", "timeStamp", "nonceStr", "package"), told, strict=True))
    params |= {"signType": "RSA", "paySign": play.merchant.sign(told)}
    assert play.sim("request_payment", pay_params=params, act="cancel") == {"errMsg": "requestPayment:fail cancel"}
    of_mini_program = {name: value for name, value in params.items() if name != "appId"}
    assert play.sim("request_payment", pay_params=of_mini_program) == {"errMsg": "requestPayment:ok"}
    spoilt = params | {"nonceStr": "other"}
    assert play.sim("request_payment", pay_params=spoilt)["errMsg"] == "requestPayment:fail 支付验证签名失败"


def test_a_request_signed_by_somebody_else_is_refused(play: Play, keys: Keys) -> None:
    stranger = merchant_of(keys, play.running.url, play.house.url)
    stranger._core._private_key = keys.cert_key
    status, told = stranger.query(out_trade_no="D20261122D")
    assert (status, json.loads(told)["code"]) == (401, "SIGN_ERROR")
