"""Notices as the net and WeChat spoil them: lost, doubled, late, out of order, forged, or telling another story."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from wechat_sim.callbacks import RETRY_SECONDS
from wechat_sim.keys import Keys

from tests.wechat_sim.conftest import Heard, Play


def test_a_notice_is_told_until_it_is_answered_well(play: Play) -> None:
    play.house.answers = [500, 301, 202, 204]
    play.pays()
    for wait in (0, 15, 15, 30):
        play.later(seconds=wait)
        assert len(play.tells()) == 1
    play.later(hours=3)
    assert play.tells() == []
    (event,) = play.reads("callbacks")["callbacks"]
    assert event["state"] == "done"
    assert [row["status"] for row in event["attempts"]] == [500, 301, 202, 204]


def test_the_table_of_retries_is_wechats_and_ends(play: Play) -> None:
    assert sum(RETRY_SECONDS) == 24 * 3600 + 4 * 60
    play.house.status = 500
    play.pays()
    heard = len(play.tells())
    for wait in RETRY_SECONDS:
        play.later(seconds=wait - 1)
        assert play.tells() == []
        play.later(seconds=1)
        heard += len(play.tells())
    play.later(days=2)
    assert play.tells() == []
    assert heard == 16
    assert play.reads("callbacks")["callbacks"][0]["state"] == "given_up"


def test_a_house_that_is_gone_is_told_later(play: Play) -> None:
    play.merchant._notify_url = "http://127.0.0.1:9/nobody"
    play.pays()
    play.tells()
    (event,) = play.reads("callbacks")["callbacks"]
    assert (event["state"], event["attempts"][0]["error"]) == ("waiting", "ConnectError")


def test_time_between_retries_can_be_made_short(play: Play) -> None:
    play.turns(callback__time_scale=0.1)
    play.house.answers = [500]
    play.pays()
    play.tells()
    play.later(seconds=1.5)
    assert len(play.tells()) == 1


def test_a_lost_notice_comes_again_by_the_table(play: Play) -> None:
    play.turns(callback__drop="x1")
    play.pays()
    assert play.tells() == []
    play.later(seconds=15)
    assert len(play.tells()) == 1


def test_an_event_may_be_told_never(play: Play) -> None:
    play.turns(callback__drop_all=1)
    trade = play.pays()
    play.later(days=2)
    assert play.tells() == []
    assert play.asks(out_trade_no=trade.out_trade_no)[1]["trade_state"] == "SUCCESS"


def test_a_notice_may_come_several_times_at_once(play: Play) -> None:
    play.turns(callback__dup=1, callback__dup_times=5)
    play.pays()
    heard = play.tells()
    assert len(heard) == 5
    assert {json.loads(one.body)["id"] for one in heard} == {json.loads(heard[0].body)["id"]}


def test_a_notice_may_be_late(play: Play) -> None:
    play.turns(callback__delay=1, callback__delay_seconds=60)
    play.pays()
    assert play.tells() == []
    play.later(seconds=60)
    assert len(play.tells()) == 1


def test_the_refund_may_be_heard_before_the_payment(play: Play) -> None:
    play.turns(callback__reorder=1)
    trade = play.pays()
    assert play.tells() == []
    play.refunds(trade, 1000)
    play.later(seconds=3)
    assert play.refund_status(f"R{trade.out_trade_no}") == "SUCCESS"
    first, second = play.tells(), play.tells()
    kinds = [play.merchant.callback(one.headers, one.body)["event_type"] for one in first + second]
    assert kinds == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]


def test_without_a_refund_a_held_notice_goes_after_half_a_minute(play: Play) -> None:
    play.turns(callback__reorder=1)
    play.pays()
    play.later(seconds=31)
    assert len(play.tells()) == 1


def test_a_told_event_can_be_told_again(play: Play) -> None:
    first, second = play.pays(), play.pays()
    play.tells()
    assert play.sim("callbacks/resend", out_trade_no=first.out_trade_no) == {"count": 1}
    (heard,) = play.tells()
    assert play.merchant.callback(heard.headers, heard.body)["resource"]["out_trade_no"] == first.out_trade_no
    assert play.sim("callbacks/resend") == {"count": 2}
    assert second.out_trade_no in {row["out_trade_no"] for row in play.reads("callbacks")["callbacks"]}


def opened(keys: Keys, heard: Heard) -> Any:
    sealed = json.loads(heard.body)["resource"]
    parts = (sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), sealed["associated_data"].encode())
    return json.loads(AESGCM(keys.apiv3_key.encode()).decrypt(*parts))


STORIES: list[tuple[str, Callable[[dict[str, Any]], Any], Any]] = [
    ("wrong_amount", lambda told: told["amount"]["total"], 1001),
    ("wrong_appid", lambda told: told["appid"], "wx0000000000000000"),
    ("wrong_mchid", lambda told: told["mchid"], "1900000000"),
    ("wrong_currency", lambda told: told["amount"]["currency"], "USD"),
    ("wrong_state", lambda told: told["trade_state"], "CLOSED"),
    ("unknown_order", lambda told: told["out_trade_no"][:7], "UNKNOWN"),
    ("extra_fields", lambda told: told["new_field"], {"nested": None}),
]


@pytest.mark.parametrize(("knob", "read", "tells"), STORIES, ids=[row[0] for row in STORIES])
def test_another_story_is_signed_as_well_as_the_true_one(
    play: Play, keys: Keys, knob: str, read: Callable[[dict[str, Any]], Any], tells: Any
) -> None:
    play.turns(**{f"callback__{knob}": 1})
    play.pays(1000)
    (heard,) = play.tells()
    assert play.merchant.callback(heard.headers, heard.body) is not None
    assert read(opened(keys, heard)) == tells
    assert play.reads("callbacks")["callbacks"][0]["attempts"][0]["fault"] == knob


def test_a_refunds_notice_can_lie_too(play: Play, keys: Keys) -> None:
    trade = play.pays(1000)
    play.tells()
    play.turns(callback__wrong_state=1, callback__wrong_event=1, callback__wrong_amount=1, callback__wrong_appid=1)
    play.refunds(trade, 400)
    play.later(seconds=3)
    play.refund_status(f"R{trade.out_trade_no}")
    (heard,) = play.tells()
    told = opened(keys, heard)
    assert json.loads(heard.body)["event_type"] == "TRANSACTION.SUCCESS"
    assert (told["refund_status"], told["amount"]["refund"], told["amount"]["total"]) == ("CLOSED", 401, 1001)
    assert "appid" not in told


def test_the_kind_of_event_may_not_be_what_is_in_it(play: Play) -> None:
    play.turns(callback__wrong_event=1)
    play.pays()
    (heard,) = play.tells()
    assert play.merchant.callback(heard.headers, heard.body)["event_type"] == "REFUND.SUCCESS"


def test_another_key_seals_what_nobody_can_open(play: Play) -> None:
    play.turns(callback__wrong_key=1)
    play.pays()
    (heard,) = play.tells()
    assert play.merchant._core._verify_signature(heard.headers, heard.body.decode())
    assert play.merchant.callback(heard.headers, heard.body) is None


def test_a_body_may_be_ten_megabytes(play: Play) -> None:
    play.turns(callback__big_body=1)
    play.pays()
    (heard,) = play.tells()
    assert len(heard.body) > 10_000_000
    assert play.merchant.callback(heard.headers, heard.body) is not None


@pytest.mark.parametrize("knob", ["bad_sig", "truncated"])
def test_what_was_spoilt_on_the_way_verifies_for_nobody(play: Play, knob: str) -> None:
    play.turns(**{f"callback__{knob}": 1})
    play.pays()
    (heard,) = play.tells()
    assert not play.merchant._core._verify_signature(heard.headers, heard.body.decode("utf-8", "replace"))


def test_an_old_notice_is_signed_well_ten_minutes_ago(play: Play) -> None:
    play.turns(callback__stale_ts=1)
    play.pays()
    (heard,) = play.tells()
    assert abs(play.now().timestamp() - 600 - int(heard.headers["Wechatpay-Timestamp"])) < 5
    assert play.merchant.callback(heard.headers, heard.body) is not None


def test_a_serial_may_be_unknown(play: Play, keys: Keys) -> None:
    play.turns(callback__unknown_serial=1)
    play.pays()
    (heard,) = play.tells()
    assert heard.headers["Wechatpay-Serial"] not in (keys.public_key_id, keys.cert_serial)


def test_a_probe_comes_beside_the_notice_and_its_answer_does_not_count(play: Play) -> None:
    play.turns(callback__signtest=1)
    play.pays()
    heard = play.tells()
    probes = [one for one in heard if one.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")]
    assert (len(heard), len(probes)) == (2, 1)
    (event,) = play.reads("callbacks")["callbacks"]
    assert [(row["fault"], row["counts"]) for row in event["attempts"]] == [("", True), ("signtest", False)]


def test_during_the_switch_both_keys_sign(play: Play, keys: Keys) -> None:
    play.turns(callback__switch_to_pubkey=0.5)
    for _ in range(12):
        play.pays()
    serials = {one.headers["Wechatpay-Serial"] for one in play.tells()}
    assert serials == {keys.public_key_id, keys.cert_serial}
