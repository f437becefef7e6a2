"""Which card got the money is told only where the provider took that card: nobody is sent to the wrong bank."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text, update

from backend.core.db import db
from backend.outbox.models import DEAD, OutboxItem
from backend.payments.models import PaymentAlert
from backend.payments.providers import RefundTold, RefundToRepair
from backend.payments.sandbox import SandboxProvider
from backend.refunds.repair_rules import went_to
from tests.world.carding import Case, case
from tests.world.refunding import gift, village

__all__ = ["case", "gift", "village"]
OTHER = "6225880137650000"


def unheard(monkeypatch: pytest.MonkeyPatch, *, arrives: bool) -> None:
    """No answer about cards can be trusted; the cards themselves arrive, or do not."""
    really = SandboxProvider.repair_refund

    def lost(self: SandboxProvider, repair: RefundToRepair, *, now: Any) -> RefundTold:
        if arrives:
            really(self, repair, now=now)
        return RefundTold(state="unknown", refund_no=repair.refund_no)

    monkeypatch.setattr(SandboxProvider, "repair_refund", lost)


def dies(case: Case, card: str) -> None:
    """The worker tried a whole day and gives the card's letter up."""
    ended = {"state": DEAD, "next_at": None, "ended_at": case.village.clock}
    case.changes(update(OutboxItem).where(OutboxItem.key == card).values(ended))


def refusals(case: Case) -> list[str]:
    """For what reason the desk was called about cards, oldest first."""
    facts = select(PaymentAlert.facts).where(PaymentAlert.kind == "REFUND_CARD_REFUSED").order_by(PaymentAlert.id)
    return [
        str(row).split('"code": "')[1].split('"')[0]
        for row in case.village.asks(lambda: db.session.scalars(facts).all())
    ]


def printed(case: Case) -> str:
    """What the papers say."""
    case.village.works()
    return case.village.asks(lambda: str(db.session.execute(text("SELECT * FROM receipts")).all()))


def test_a_card_whose_every_answer_was_lost_cannot_be_taken_back_once_it_arrived(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as lost:
        unheard(lost, arrives=True)
        card = case.sent()
    dies(case, card)
    case.village.later(minutes=11)
    refused = case.withdraws(card)
    assert (refused.status_code, refused.json["code"]) == (409, "CARD_MAY_HAVE_GONE")
    assert "可能已经送到" in refused.json["detail"]
    assert case.enters(bank_account=OTHER).json["code"] == "CARD_WAITS", "no other card is told as the one"
    case.asks(minutes=12)
    assert (case.seen()["state"], case.seen()["card"]["state"]) == ("success", "refused")
    assert case.messages()[-1].startswith("20.44 元退款已成功，到账账户"), "nobody knows to which card"
    assert "款项已由支付渠道退出" in printed(case)
    assert refusals(case) == ["MOVED_ON"]
    assert case.village.verify() == []


def test_a_card_that_never_arrived_is_taken_back_ten_minutes_after_the_last_attempt(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as lost:
        unheard(lost, arrives=False)
        card = case.sent()
    assert case.withdraws(card).json["code"] == "CARD_DECIDED", "it may be on its way"
    dies(case, card)
    assert case.withdraws(card).json["code"] == "CARD_MAY_HAVE_GONE", "an answer so soon may be from before"
    case.village.later(minutes=11)
    assert case.withdraws(card).json["card"]["state"] == "withdrawn"
    other = case.sent(bank_account=OTHER)
    case.asks(seconds=61)
    assert (case.seen()["card"]["code"], case.seen()["card"]["state"]) == (other, "done")
    assert case.messages()[-1].startswith("20.44 元已退到您本人尾号 0000 的银行卡")
    assert case.village.verify() == []


def test_a_card_that_was_given_up_without_an_answer_stays_while_the_provider_is_silent(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    unheard(monkeypatch, arrives=False)
    card = case.sent()
    dies(case, card)
    case.village.later(minutes=11)
    silent = RefundTold(state="unknown", refund_no="")
    monkeypatch.setattr(SandboxProvider, "query_refund", lambda *_told, **_named: silent)
    assert case.withdraws(card).json["code"] == "CARD_MAY_HAVE_GONE"


def test_a_card_that_was_taken_back_before_the_yes_to_it_calls_a_person(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = SandboxProvider.repair_refund

    def taken_back(self: SandboxProvider, repair: RefundToRepair, *, now: Any) -> RefundTold:
        told = really(self, repair, now=now)
        ended = "state = 'withdrawn', ended_at = entered_at, sealed_account = NULL, sealed_name = NULL"
        case.changes(text(f"UPDATE refund_repairs SET {ended}"))
        return told

    monkeypatch.setattr(SandboxProvider, "repair_refund", taken_back)
    case.sent()
    assert (case.seen()["card"]["state"], refusals(case)) == ("withdrawn", ["ACCEPTED"])


def test_a_refund_put_right_at_the_provider_before_the_card_was_sent_did_not_go_to_the_card(case: Case) -> None:
    card = case.entered()
    case.confirms(card)
    case.village.plays(case.refund, "SUCCESS")
    case.asks(minutes=12)
    seen = case.seen()
    assert (seen["state"], seen["card"]["state"], seen["card"]["provider_code"]) == ("success", "refused", "MOVED_ON")
    assert case.messages()[-1].startswith("20.44 元退款已成功，到账账户")
    assert refusals(case) == ["MOVED_ON"]
    assert case.village.verify() == []


def test_a_card_that_finds_its_refund_moved_on_is_not_told_as_taken(case: Case) -> None:
    case.confirms(case.entered())
    case.village.plays(case.refund, "PROCESSING")
    case.wakes(hours=24)
    case.village.works("outbox:refund_repair")
    seen = case.seen()
    assert (seen["state"], seen["card"]["state"], seen["card"]["provider_code"]) == ("abnormal", "refused", "MOVED_ON")
    assert "不能确定是不是退到尾号 4321" in case.messages()[-1]
    assert (refusals(case), case.village.verify()) == (["MOVED_ON"], [])


@pytest.mark.parametrize(("received_by", "ends"), [("招商银行借记卡4321", "done"), ("工商银行借记卡0403", "refused")])
def test_the_account_that_the_provider_names_is_believed_before_its_yes(
    case: Case, received_by: str, ends: str
) -> None:
    case.sent()
    case.village.hears_of_refund(case.village.word(case.gift, case.refund, "success", received_by=received_by))
    assert (case.seen()["state"], case.seen()["card"]["state"]) == ("success", ends)
    assert ("尾号 4321" in case.messages()[-1]) == (ends == "done")
    assert refusals(case) == ([] if ends == "done" else ["MOVED_ON"])
    assert case.village.verify() == []


@pytest.mark.parametrize("state", ["confirmed", "taken"])
def test_a_card_of_money_that_went_back_to_us_ends_and_another_can_be_entered(case: Case, state: str) -> None:
    if state == "taken":
        case.sent()
    else:
        case.confirms(case.entered())
    told = case.village.word(case.gift, case.refund, "success", received_by="商户基本账户")
    assert case.village.hears_of_refund(told) == "set_aside"
    seen = case.seen()
    assert (seen["state"], seen["card"]["state"], seen["card"]["provider_code"]) == (
        "abnormal",
        "refused",
        "WENT_TO_US",
    )
    assert refusals(case) == ["WENT_TO_US"]
    assert case.village.verify() == []
    case.entered()


def test_a_card_that_waits_for_its_confirmation_stays_when_money_went_back_to_us(case: Case) -> None:
    case.entered()
    case.village.hears_of_refund(case.village.word(case.gift, case.refund, "success", received_by="商户基本账户"))
    assert (case.seen()["card"]["state"], refusals(case)) == ("entered", [])


@pytest.mark.parametrize(
    ("received_by", "is_it"),
    [
        ("尾号4321", True),
        ("招商银行借记卡4321", True),
        ("招商银行借记卡0403", False),
        ("支付用户零钱", False),
        ("", None),
    ],
)
def test_a_credited_account_is_a_card_or_another_or_not_said(received_by: str, is_it: bool | None) -> None:
    assert went_to(received_by, tail="4321") is is_it


def test_a_card_that_is_refused_calls_a_person_and_its_giver_is_told(case: Case) -> None:
    (alert,) = case.first.sees("/desk/alerts").json["items"]
    case.first.does(f"/desk/alerts/{alert['code']}/end", {"reason": "已联系捐赠人"})
    card = case.sent(bank_account="6225880137654344")
    (alert,) = case.first.sees("/desk/alerts").json["items"]
    assert (alert["kind"], alert["subject"], alert["facts"]["code"]) == ("REFUND_CARD_REFUSED", card, "PARAM_ERROR")
    assert "没有退到尾号 4344 的银行卡" in case.messages()[-1]


def test_a_card_whose_bank_takes_nothing_calls_a_person_and_its_giver_is_told(case: Case) -> None:
    case.sent()
    case.village.plays(case.refund, "ABNORMAL")
    case.asks(minutes=11)
    assert refusals(case) == ["ABNORMAL"]
    assert "没有退到尾号 4321 的银行卡" in case.messages()[-1]
    case.sent(bank_account=OTHER)
    case.asks(seconds=61)
    assert case.messages()[-1].startswith("20.44 元已退到您本人尾号 0000 的银行卡")
