"""A provider tells that money came: once, often, late, wrongly, or not at all; the ledger knows it exactly once."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from backend.ledger.posting import ReferenceReused
from backend.payments import sandbox_book
from backend.payments import settle as settling
from backend.payments.keys import sandbox_key, serial_of
from backend.payments.providers import PaymentUnavailable
from backend.payments.sandbox import signed_by_sandbox
from backend.payments.wire import Answer
from backend.payments.worker import money_steps, provider_of
from tests.world.giving import NOTICES, Giving, Phone, village

__all__ = ["village"]


def ordered(village: Giving, fen: int = 50_00) -> tuple[Phone, dict[str, Any]]:
    """Somebody has ordered a gift; the payment page lies before him."""
    phone = village.phone()
    return phone, phone.order(village.opens_project("屋顶"), fen)


def project_of(gift: dict[str, Any]) -> str:
    return str(gift["project"]["code"])


def test_a_notice_heard_a_hundred_times_posts_once(village: Giving) -> None:
    _, gift = ordered(village)
    told = village.notice(gift)
    assert {village.hears(told).status_code for _ in range(100)} == {204}
    assert (village.holds(project_of(gift)), village.transfers(), village.heard()) == (50_00, 1, ["settled"])


def test_a_notice_heard_by_twenty_ears_at_once_posts_once(village: Giving) -> None:
    _, gift = ordered(village)
    told = village.notice(gift)
    answers: list[int] = []
    ears = [threading.Thread(target=lambda: answers.append(village.hears(told).status_code)) for _ in range(20)]
    for ear in ears:
        ear.start()
    for ear in ears:
        ear.join()
    assert answers == [204] * 20
    assert (village.holds(project_of(gift)), village.transfers()) == (50_00, 1)


def test_two_notices_about_one_payment_post_once(village: Giving) -> None:
    _, gift = ordered(village)
    same = {"transaction_id": "SB00000001"}
    assert village.hears(village.notice(gift, **same)).status_code == 204
    village.later(minutes=10)
    assert village.hears(village.notice(gift, **same)).status_code == 204
    assert (village.heard(), village.transfers(), village.alerts()) == (["settled", "repeated"], 1, [])


def test_a_second_payment_for_one_order_calls_a_person(village: Giving) -> None:
    _, gift = ordered(village)
    village.hears(village.notice(gift))
    village.hears(village.notice(gift))
    assert (village.heard(), village.transfers(), village.alerts()) == (["settled", "quarantined"], 1, ["PAID_AGAIN"])


def test_a_notice_that_comes_before_our_own_answer_is_posted(village: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    real = provider_of(village.settings).__class__.prepay

    def hears_first(self: Any, order: Any) -> str:
        address = real(self, order)
        gift = {"pay_url": address, "amount_fen": order.amount_fen, "project": {"code": roof}}
        assert village.hears(village.notice(gift)).status_code == 204
        return address

    monkeypatch.setattr("backend.payments.sandbox.SandboxProvider.prepay", hears_first)
    gift = phone.order(roof)
    assert (gift["state"], gift["pay_url"], village.holds(roof)) == ("paid", None, 10_00)


def test_a_payment_of_which_no_notice_ever_comes_is_found_by_asking(village: Giving) -> None:
    phone, gift = ordered(village)
    village.pays_unseen(gift)
    assert phone.sees(gift)["state"] == "payable"
    village.waits(seconds=10)
    assert (phone.sees(gift)["state"], village.holds(project_of(gift))) == ("paid", 50_00)
    village.waits(hours=2)
    assert len([call for call in village.wire.calls if "/v1/trades/" in call]) == 1
    assert village.out_of_joint() == []


def test_an_order_that_nobody_pays_is_asked_about_ever_less_and_then_expires(village: Giving) -> None:
    phone, gift = ordered(village)
    village.waits(minutes=45)
    assert phone.sees(gift)["state"] == "expired"
    asked = len(village.wire.calls)
    village.waits(hours=3)
    assert 5 <= asked == len(village.wire.calls) <= 8
    assert village.holds(project_of(gift)) == 0


def test_while_the_provider_is_silent_nobody_is_told_that_it_failed(village: Giving) -> None:
    phone, gift = ordered(village)
    village.pays_unseen(gift)
    village.wire.is_cut = True
    village.waits(hours=2)
    assert phone.sees(gift)["state"] == "confirming"
    village.wire.is_cut = False
    village.waits(hours=1)
    assert phone.sees(gift)["state"] == "paid"


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>502 Bad Gateway</html>", True),
        (200, b'{"trade_state":"SUCCESS"}', True),
        (500, b'{"code":"SYSTEM_ERROR"}', True),
        (200, b'{"out_trade_no":"D1","trade_state":"SUCCESS"}', True),
        (200, b"{}", False),
    ],
    ids=["html", "no order named", "error", "another order", "unsigned"],
)
def test_an_answer_that_cannot_be_trusted_ends_nothing(
    village: Giving, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, bytes, bool]
) -> None:
    phone, gift = ordered(village)
    status, body, is_signed = answer

    def lies(_url: str) -> Answer:
        headers = signed_by_sandbox(village.settings, body, now=village.clock) if is_signed else {}
        return Answer(status=status, headers=headers, body=body)

    monkeypatch.setattr(village.wire, "get", lies)
    village.waits(hours=3)
    assert phone.sees(gift)["state"] == "confirming"
    assert village.transfers() == 0


def test_an_order_closed_by_the_provider_is_closed_here(village: Giving) -> None:
    phone, gift = ordered(village)
    village.works()
    village.later(minutes=31)
    village.works()
    assert village.order_states() == ["closed"]
    assert phone.sees(gift)["state"] == "expired"


FORGED = {
    "no headers": {"Sandbox-Serial": "", "Sandbox-Signature": ""},
    "unknown serial": {"Sandbox-Serial": "PUB_KEY_ID_0000000000000000000000000000000000"},
    "odd serial": {"Sandbox-Serial": "zz"},
    "probe": {"Sandbox-Signature": "WECHATPAY/SIGNTEST/abcdef=="},
    "not base64": {"Sandbox-Signature": "###"},
    "not ascii": {"Sandbox-Signature": "é", "Sandbox-Nonce": "ü"},
    "bad time": {"Sandbox-Timestamp": "yesterday"},
    "negative time": {"Sandbox-Timestamp": "-1"},
    "huge time": {"Sandbox-Timestamp": "9" * 400},
    "other nonce": {"Sandbox-Nonce": "other"},
    "empty nonce": {"Sandbox-Nonce": ""},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_a_forged_notice_is_turned_away_and_nothing_is_asked_of_anybody(
    village: Giving, forged: dict[str, str]
) -> None:
    _, gift = ordered(village)
    answer = village.hears(village.notice(gift), **forged)
    assert answer.status_code == 401
    assert answer.json["code"] in ("FAIL", "STALE_TIMESTAMP")
    assert (village.heard(), village.transfers(), village.wire.calls) == ([], 0, [])


def test_a_notice_whose_bytes_were_changed_is_turned_away(village: Giving) -> None:
    _, gift = ordered(village)
    told = village.notice(gift).encode()
    signed = signed_by_sandbox(village.settings, told, now=village.clock) | {"Content-Type": "application/json"}
    changed = told.replace(b'"total": 5000', b'"total": 9000')
    assert changed != told
    assert village.app.test_client().post(NOTICES, data=changed, headers=signed).status_code == 401


@pytest.mark.parametrize("minutes", [5, -5, 60 * 24 * 730])
def test_a_notice_signed_five_minutes_off_is_stale(village: Giving, minutes: int) -> None:
    _, gift = ordered(village)
    answer = village.hears(village.notice(gift), signed_at=village.clock - timedelta(minutes=minutes))
    assert (answer.status_code, answer.json["code"]) == (401, "STALE_TIMESTAMP")
    assert village.hears(village.notice(gift), signed_at=village.clock - timedelta(seconds=299)).status_code == 204


@pytest.mark.parametrize(
    ("changed", "alert"),
    [
        ({"amount": {"total": 49_99, "currency": "CNY"}}, "AMOUNT_MISMATCH"),
        ({"amount": {"total": 50_00, "currency": "USD"}}, "CURRENCY_MISMATCH"),
        ({"mchid": "1900000000"}, "MERCHANT_MISMATCH"),
        ({"appid": "wx0000"}, "APP_MISMATCH"),
        ({"attach": "anotherone"}, "PROJECT_MISMATCH"),
    ],
)
def test_a_notice_that_contradicts_its_order_posts_nothing_and_calls_a_person(
    village: Giving, changed: dict[str, Any], alert: str
) -> None:
    phone, gift = ordered(village)
    for _ in range(3):
        assert village.hears(village.notice(gift, **changed)).status_code == 204
    assert (village.transfers(), village.alerts()) == (0, [alert])
    assert phone.sees(gift)["state"] == "quarantined"
    assert village.hears(village.notice(gift)).status_code == 204
    assert (village.transfers(), phone.sees(gift)["state"]) == (0, "quarantined")


def test_contradicted_money_that_a_query_confirms_waits_without_a_project(village: Giving) -> None:
    phone, gift = ordered(village)
    village.hears(village.notice(gift, amount={"total": 49_99, "currency": "CNY"}))
    village.pays_unseen(gift)
    village.waits(seconds=10)
    assert (village.holds(project_of(gift)), village.unallocated()) == (0, 50_00)
    assert phone.sees(gift)["state"] == "redirected"
    assert village.alerts() == ["AMOUNT_MISMATCH", "GIFT_REDIRECTED"]
    assert village.out_of_joint() == []


def test_contradicted_money_that_the_provider_does_not_know_is_never_posted(village: Giving) -> None:
    phone, gift = ordered(village)
    village.hears(village.notice(gift, amount={"total": 1, "currency": "CNY"}))
    village.waits(hours=2)
    assert (village.transfers(), phone.sees(gift)["state"]) == (0, "quarantined")


def test_a_query_that_contradicts_the_order_takes_the_money_in_and_calls_a_person(
    village: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, gift = ordered(village)
    real = sandbox_book.transaction_of

    def other_amount(*args: Any, **told: Any) -> dict[str, Any]:
        return real(*args, **told) | {"amount": {"total": 70_00, "currency": "CNY"}}

    village.pays_unseen(gift)
    monkeypatch.setattr(sandbox_book, "transaction_of", other_amount)
    village.waits(seconds=10)
    assert (village.unallocated(), phone.sees(gift)["amount_fen"]) == (70_00, 70_00)
    assert village.alerts() == ["AMOUNT_MISMATCH", "GIFT_REDIRECTED"]


def test_a_query_about_another_merchant_takes_nothing_in(village: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, gift = ordered(village)
    real = sandbox_book.transaction_of
    village.pays_unseen(gift)
    monkeypatch.setattr(
        sandbox_book, "transaction_of", lambda *args, **told: real(*args, **told) | {"mchid": "1900000000"}
    )
    village.waits(hours=3)
    assert (village.transfers(), phone.sees(gift)["state"]) == (0, "quarantined")


def test_a_payment_for_an_unknown_order_is_kept_and_calls_a_person(village: Giving) -> None:
    _, gift = ordered(village)
    for _ in range(2):
        assert village.hears(village.notice(gift, out_trade_no="D404", transaction_id="T1")).status_code == 204
    assert (village.heard(), village.transfers()) == (["unknown", "unknown"], 0)
    assert village.alerts() == ["ORDER_UNKNOWN"]


def test_a_payment_made_after_its_order_expired_is_kept_for_a_new_purpose(village: Giving) -> None:
    phone, gift = ordered(village)
    village.waits(minutes=45)
    assert phone.sees(gift)["state"] == "expired"
    told = village.notice(gift)
    for _ in range(3):
        assert village.hears(told).status_code == 204
    assert (village.holds(project_of(gift)), village.unallocated()) == (0, 50_00)
    assert phone.sees(gift)["state"] == "redirected"
    village.hears(village.notice(gift, transaction_id=json.loads(told)["resource"]["transaction"]["transaction_id"]))
    assert village.unallocated() == 50_00


def test_a_payment_made_in_time_counts_although_we_hear_of_it_late(village: Giving) -> None:
    phone, gift = ordered(village)
    told = village.notice(gift)
    village.later(hours=5)
    assert village.hears(told).status_code == 204
    assert (village.holds(project_of(gift)), phone.sees(gift)["state"]) == (50_00, "paid")


def test_a_verified_notice_that_cannot_be_posted_now_is_kept_and_posted_later(
    village: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, gift = ordered(village)

    def refuses(**_: object) -> None:
        raise ReferenceReused(reference="somebody wrote there by hand")

    with monkeypatch.context() as patch:
        patch.setattr(settling, "post", refuses)
        assert village.hears(village.notice(gift)).status_code == 204
        assert (village.heard(), phone.sees(gift)["state"]) == (["waiting"], "confirming")
        assert village.works("settle_waiting") == 0
    assert village.alerts() == ["NOT_POSTED_YET"]
    assert village.works("settle_waiting") == 1
    assert (village.heard(), village.holds(project_of(gift))) == (["settled"], 50_00)


def test_a_word_of_a_query_that_cannot_be_posted_now_waits_too(
    village: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, gift = ordered(village)
    village.pays_unseen(gift)

    def refuses(**_: object) -> None:
        raise ReferenceReused()

    with monkeypatch.context() as patch:
        patch.setattr(settling, "post", refuses)
        village.waits(seconds=10)
    assert village.heard() == ["waiting"]
    village.works("settle_waiting")
    assert village.holds(project_of(gift)) == 50_00


UNREADABLE = {
    "not json": b"paid!",
    "a list": b"[]",
    "deep": b"[" * 30_000,
    "no id": b'{"event_type":"TRANSACTION.SUCCESS"}',
    "no resource": b'{"id":"SN-1","event_type":"TRANSACTION.SUCCESS"}',
    "not utf-8": b'{"id":"\xff"}',
    "nul": b'{"id":"a\x00"}',
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_signed_notice_that_cannot_be_read_is_kept_and_calls_a_person(village: Giving, body: bytes) -> None:
    for _ in range(2):
        assert village.hears(body).status_code == 204
    assert (village.heard(), village.alerts()) == (["ignored"], ["NOTICE_UNREADABLE"])


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {"total": "5000", "currency": "CNY"}},
        {"amount": {"total": True, "currency": "CNY"}},
        {"amount": {"total": 50.0, "currency": "CNY"}},
        {"amount": {"total": 10**30, "currency": "CNY"}},
        {"amount": []},
        {"success_time": "yesterday"},
        {"success_time": "2026-06-01T10:00:00"},
        {"success_time": 5},
        {"out_trade_no": "D" * 65},
        {"out_trade_no": None},
        {"transaction_id": "a b"},
        {"trade_state": "REFUND"},
    ],
)
def test_a_signed_notice_out_of_shape_posts_nothing(village: Giving, changed: dict[str, Any]) -> None:
    _, gift = ordered(village)
    assert village.hears(village.notice(gift, **changed)).status_code == 204
    assert (village.transfers(), village.heard(), village.alerts()) == (0, ["ignored"], ["NOTICE_UNREADABLE"])


def test_a_notice_of_something_else_is_kept_and_disturbs_nobody(village: Giving) -> None:
    assert village.hears('{"id":"SN-7","event_type":"REFUND.SUCCESS"}').status_code == 204
    assert (village.heard(), village.alerts()) == (["ignored"], [])


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        (b"x" * 70_000, {"Content-Type": "application/json"}, 413),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        (b"", {}, 415),
    ],
)
def test_a_body_that_no_provider_sends_is_turned_away_unread(
    village: Giving, data: bytes, headers: dict[str, str], status: int
) -> None:
    assert village.app.test_client().post(NOTICES, data=data, headers=headers).status_code == status


def test_a_provider_that_we_do_not_have_has_no_door(village: Giving) -> None:
    for name in ("wechat", "none", "sandbox2"):
        answer = village.app.test_client().post(f"/api/v1/payments/notices/{name}", json={})
        assert answer.status_code == 404


@rules(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    body=st.binary(max_size=200),
    serial=st.one_of(st.just("ours"), st.text(max_size=40)),
    timestamp=st.one_of(st.just("now"), st.text(max_size=20)),
    nonce=st.text(max_size=70),
    signature=st.one_of(st.text(max_size=60), st.binary(max_size=300).map(lambda raw: raw.hex())),
)
def test_junk_is_never_answered_with_a_crash(
    village: Giving, body: bytes, serial: str, timestamp: str, nonce: str, signature: str
) -> None:
    key = sandbox_key(village.settings.data_dir)
    told = {
        "Serial": serial_of(key) if serial == "ours" else serial,
        "Timestamp": str(int(village.clock.timestamp())) if timestamp == "now" else timestamp,
        "Nonce": nonce,
        "Signature": signature,
    }
    sent = {name.upper(): value.encode("utf-8", "replace").decode("latin-1") for name, value in told.items()}
    environ = {f"HTTP_SANDBOX_{name}": value for name, value in sent.items()}
    answer = village.app.test_client().post(
        NOTICES, data=body, content_type="application/json", environ_overrides=environ
    )
    assert answer.status_code == 401
    assert village.wire.calls == []


def test_the_notice_is_sent_again_until_it_is_answered(village: Giving) -> None:
    phone, gift = ordered(village)
    phone.presses(gift)
    village.wire.is_cut = True
    for _ in range(3):
        village.works("outbox")
        village.later(seconds=5)
    assert village.owed() == [3]
    village.wire.is_cut = False
    village.later(seconds=15)
    village.works("outbox")
    assert (village.owed(), phone.sees(gift)["state"]) == ([], "paid")


def test_a_notice_that_nobody_takes_for_a_day_is_given_up_but_the_money_is_found_by_asking(village: Giving) -> None:
    phone, gift = ordered(village)
    phone.presses(gift)
    village.wire.is_cut = True
    for _ in range(60):
        village.works("outbox")
        village.later(minutes=31)
    assert village.owed() == []
    village.wire.is_cut = False
    village.works()
    assert phone.sees(gift)["state"] == "paid"


def test_two_workers_send_a_notice_once(village: Giving) -> None:
    phone, gift = ordered(village)
    phone.presses(gift)
    workers = [threading.Thread(target=village.works, args=("outbox",)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len([call for call in village.wire.calls if call.startswith("POST")]) == 1
    assert village.owed() == []


def test_without_a_provider_no_gift_is_ordered_and_receipts_go_on(village: Giving) -> None:
    without = replace(village.settings, payment_provider="none")
    with pytest.raises(PaymentUnavailable):
        provider_of(without)
    assert [step.name for step in money_steps(without)] == ["receipts"]
