"""WeChat Pay calls: what is truly its own is stored and settled once, all else is turned away and calls nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniapp_api.app import create_app

from backend.core.config import BadSetting, Settings
from backend.payments.wechat.pay import wechat_pay
from backend.payments.worker import money_steps
from tests.world.databases import dispose
from tests.world.wechat_account import (
    MCHID,
    account_settings,
    notice_body,
    refund_word,
    sealed,
    signed_answer,
    signed_by_wechat,
    transaction,
)
from tests.world.wechat_village import Village, village, word_of

__all__ = ["village"]


def test_a_paid_gift_reaches_its_project_once_however_often_wechat_tells(village: Village) -> None:
    order = village.orders()
    for _ in range(5):
        body = notice_body(word_of(order), id="EV-1")
        answer = village.is_told(body)
        assert (answer.status_code, answer.data) == (204, b"")
    assert (village.holds(order.purse), village.transfers(), village.heard()) == (50_00, 1, ["settled"])
    assert village.pay_wire.asked == []
    assert village.out_of_joint() == []


def test_when_no_notice_comes_the_worker_asks_wechat(village: Village) -> None:
    order = village.orders()
    village.later(seconds=11)
    village.pay_wire.answers = [signed_answer(word_of(order), now=village.clock)]
    with village.app.app_context():
        for step in money_steps(village.settings, wire=village.pay_wire):
            if step.name == "ask_provider":
                step.act(village.clock)
    assert (village.holds(order.purse), village.order_states()) == (50_00, ["paid"])


def test_a_probe_of_wechat_s_own_is_turned_away_like_any_forger(village: Village) -> None:
    body = notice_body(transaction())
    probe = signed_by_wechat(body) | {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/c2lnbg=="}
    answer = village.is_told(body, probe)
    assert (answer.status_code, answer.json) == (401, {"code": "FAIL", "message": "签名验证失败"})
    assert (village.heard(), village.alerts(), village.pay_wire.asked) == ([], [], [])


def test_a_wrong_apiv3_key_calls_a_person_once_and_wechat_tells_it_again(
    village: Village, settings: Settings, tmp_path: Path
) -> None:
    order = village.orders()
    body = notice_body(word_of(order))
    right = village.app.extensions["payment_provider"]
    wrong = account_settings(tmp_path / "wrong", WECHAT_PAY_APIV3_KEY="z" * 32)
    village.app.extensions["payment_provider"] = wechat_pay(wrong, wire=village.pay_wire)
    for _ in range(3):
        answer = village.is_told(body)
        assert (answer.status_code, (answer.json or {})["code"]) == (500, "DECRYPT_FAILED")
        assert "APIv3" in (answer.json or {})["message"]
    assert (village.heard(), village.transfers(), village.alerts()) == ([], 0, ["DECRYPT_FAILED"])
    village.app.extensions["payment_provider"] = right
    assert village.is_told(body).status_code == 204
    assert village.holds(order.purse) == 50_00


def test_the_notice_of_a_refund_that_nobody_ordered_calls_a_person_and_moves_nothing(village: Village) -> None:
    word = refund_word(state_field="refund_status", mchid=MCHID)
    assert village.is_told(notice_body(word, event="REFUND.SUCCESS")).status_code == 204
    assert village.alerts() == ["REFUND_UNKNOWN"]
    assert village.transfers() == 0


def test_money_for_an_order_that_nobody_made_calls_a_person(village: Village) -> None:
    assert village.is_told(notice_body(transaction())).status_code == 204
    assert (village.heard(), village.alerts()) == (["unknown"], ["ORDER_UNKNOWN"])


def test_a_wrong_key_file_ends_the_start_with_a_sentence(settings: Settings, tmp_path: Path) -> None:
    has = account_settings(tmp_path, house=settings)
    (tmp_path / "wechat" / "pub_key.pem").write_bytes(b"nonsense")
    with pytest.raises(BadSetting, match="WECHAT_PAY_PUBLIC_KEY_FILE"):
        create_app(has)


def test_a_house_with_wechat_makes_its_provider_before_the_first_request(settings: Settings, tmp_path: Path) -> None:
    app = create_app(account_settings(tmp_path, house=settings))
    assert app.extensions["payment_provider"].name == "wechat"
    dispose(app)


def test_only_a_seal_that_does_not_open_is_a_fault_of_ours(village: Village) -> None:
    body = notice_body(transaction(), resource=sealed(b"{}", key="q" * 32))
    assert village.is_told(body).status_code == 500
