"""When no notice comes, the provider is asked; what it owes us it sends again; its silence ends nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from backend.core.wire import Answer
from backend.ledger.posting import ReferenceReused
from backend.payments import sandbox_book
from backend.payments import settle_care as settling
from backend.payments.providers import PaymentUnavailable
from backend.payments.sandbox import SandboxProvider, signed_by_sandbox
from backend.payments.worker import money_steps, provider_of
from tests.world.giving import Giving, ordered, project_of, village

__all__ = ["village"]


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


def test_an_order_whose_project_ends_is_closed_at_the_provider_before_its_giver_hears_of_it(village: Giving) -> None:
    phone, gift = ordered(village)
    village.ends(project_of(gift))
    assert [phone.sees(gift)["state"], phone.asks("/me/gifts")["items"][0]["state"]] == ["confirming"] * 2
    village.works()
    assert (phone.sees(gift)["state"], phone.asks("/me/gifts")["items"]) == ("expired", [])
    assert "没有付款" in phone.presses(gift).text
    with pytest.raises(sandbox_book.TradeEnded):
        village.pays_unseen(gift)
    village.waits(hours=2)
    assert (phone.sees(gift)["state"], village.transfers(), village.out_of_joint()) == ("expired", 0, [])


def test_who_pays_while_the_project_ends_hears_within_a_minute_where_the_money_is(village: Giving) -> None:
    phone, gift = ordered(village)
    village.later(minutes=12)
    village.works()
    village.ends(project_of(gift))
    village.wire.is_cut = True
    village.works()
    assert phone.sees(gift)["state"] == "confirming"
    village.pays_unseen(gift)
    village.wire.is_cut = False
    village.later(minutes=1)
    village.works()
    village.works()
    seen = phone.sees(gift)
    assert (seen["state"], seen["redirected_to"], village.unallocated()) == ("redirected", None, 50_00)


def test_who_pays_between_the_question_and_the_closing_has_paid(
    village: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, gift = ordered(village)
    village.ends(project_of(gift))
    real = SandboxProvider.close

    def closes_too_late(self: SandboxProvider, out_trade_no: str, *, now: datetime) -> None:
        village.pays_unseen(gift)
        real(self, out_trade_no, now=now)

    monkeypatch.setattr(SandboxProvider, "close", closes_too_late)
    village.works()
    assert (phone.sees(gift)["state"], village.unallocated()) == ("redirected", 50_00)


def test_while_the_provider_is_silent_about_an_ended_order_nobody_is_told_that_nothing_was_paid(
    village: Giving,
) -> None:
    phone, gift = ordered(village)
    village.ends(project_of(gift))
    village.wire.is_cut = True
    village.waits(hours=2)
    assert phone.sees(gift)["state"] == "confirming"
    village.wire.is_cut = False
    village.waits(hours=1)
    assert phone.sees(gift)["state"] == "expired"


def test_a_closing_that_the_provider_does_not_carry_out_ends_nothing(
    village: Giving, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, gift = ordered(village)
    village.ends(project_of(gift))
    monkeypatch.setattr(SandboxProvider, "close", lambda *_, **__: None)
    village.waits(minutes=20)
    assert phone.sees(gift)["state"] == "confirming"
    village.waits(minutes=30)
    assert phone.sees(gift)["state"] == "expired"


def test_an_ended_order_whose_word_waits_is_being_confirmed(village: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, gift = ordered(village)
    village.pays_unseen(gift)
    village.ends(project_of(gift))

    def refuses(**_: object) -> None:
        raise ReferenceReused()

    with monkeypatch.context() as patch:
        patch.setattr(settling, "post", refuses)
        village.works("ask_provider")
        assert (village.heard(), village.order_states()) == (["waiting"], ["closed"])
        assert [phone.sees(gift)["state"], phone.asks("/me/gifts")["items"][0]["state"]] == ["confirming"] * 2
    village.works("settle_waiting")
    assert phone.sees(gift)["state"] == "redirected"


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


def test_the_notice_is_sent_again_until_it_is_answered(village: Giving) -> None:
    phone, gift = ordered(village)
    phone.presses(gift)
    village.wire.is_cut = True
    for _ in range(3):
        village.works("outbox:sandbox_notice")
        village.later(seconds=5)
    assert village.owed() == [3]
    village.wire.is_cut = False
    village.later(seconds=15)
    village.works("outbox:sandbox_notice")
    assert (village.owed(), phone.sees(gift)["state"]) == ([], "paid")


def test_a_notice_that_nobody_takes_for_a_day_is_given_up_but_the_money_is_found_by_asking(village: Giving) -> None:
    phone, gift = ordered(village)
    phone.presses(gift)
    village.wire.is_cut = True
    for _ in range(60):
        village.works("outbox:sandbox_notice")
        village.later(minutes=31)
    assert village.owed() == []
    village.wire.is_cut = False
    village.works()
    assert phone.sees(gift)["state"] == "paid"


def test_two_workers_send_a_notice_once(village: Giving) -> None:
    phone, gift = ordered(village)
    phone.presses(gift)
    workers = [threading.Thread(target=village.works, args=("outbox:sandbox_notice",)) for _ in range(4)]
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
