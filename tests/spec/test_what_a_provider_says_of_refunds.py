"""A provider's words about refunds: in any order, any number of times, lost, doubled, or wrong; the sums stay exact."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, select

from backend.core.db import db
from backend.payments.models import SandboxRefund
from backend.payments.providers import RefundTold
from backend.refunds import sending, service
from backend.refunds.models import HeardRefund
from tests.world.giving import project_of
from tests.world.refunding import Given, Refunding, gift, village

__all__ = ["gift", "village"]


def test_a_notice_told_a_hundred_times_gives_back_once(village: Refunding, gift: Given) -> None:
    refund = village.approved(gift, 20_00)
    village.works()
    village.later(seconds=5)
    notice = village.notice_of_refund(refund)
    assert {village.hears(notice).status_code for _ in range(100)} == {204}
    assert (gift.state(), village.figures(gift.project)["refunded_fen"]) == ("success", 20_00)
    assert village.told(gift) == ["refund.approved", "refund.success"]
    assert village.verify() == []


def test_without_any_notice_the_poller_hears_of_it(village: Refunding, gift: Given) -> None:
    refund = village.approved(gift, 20_00)
    village.works("outbox:refund")
    village.later(seconds=60)
    assert village.works("ask_refunds") == 1
    assert village.row(refund).state == "success"
    assert village.works("ask_refunds") == 0, "there is nothing left to ask"


def test_a_request_that_was_lost_on_its_way_is_sent_again_under_its_number(village: Refunding, gift: Given) -> None:
    refund = village.approved(gift, 20_00)
    village.later(seconds=61)
    assert village.works("ask_refunds") == 1, "the provider never heard of it, and is told"
    assert village.row(refund).state == "processing"
    village.works()
    village.later(seconds=65)
    village.works()
    assert village.figures(gift.project)["refunded_fen"] == 20_00
    assert village.verify() == []


def test_a_provider_that_forgot_what_it_took_is_not_asked_for_it_again(village: Refunding, gift: Given) -> None:
    refund = village.approved(gift, 20_00)
    village.works("outbox:refund")
    assert village.row(refund).state == "processing"
    village.writes(lambda: db.session.execute(delete(SandboxRefund)))
    village.later(seconds=61)
    assert village.works("ask_refunds") == 1
    assert village.asks(lambda: db.session.scalar(select(func.count()).select_from(SandboxRefund))) == 0
    assert (village.row(refund).state, gift.sees()["free_fen"]) == ("processing", 30_00)


@pytest.mark.parametrize("state", ["processing", "abnormal"])
def test_a_refusal_of_what_was_accepted_frees_no_money_and_calls_a_person(
    village: Refunding, gift: Given, state: str
) -> None:
    refund = village.approved(gift, 20_00)
    for word in ("processing", state, "refused"):
        village.hears_of_refund(village.word(gift, refund, word))
    assert (village.row(refund).state, gift.sees()["free_fen"]) == (state, 30_00)
    assert "REFUND_CONTRADICTED" in village.alerts()


def test_a_provider_that_does_not_answer_is_asked_again(village: Refunding, gift: Given) -> None:
    refund = village.approved(gift, 20_00)
    village.works("outbox:refund")
    village.wire.is_cut = True
    village.later(seconds=61)
    village.works("ask_refunds")
    assert village.row(refund).state == "processing"
    village.wire.is_cut = False
    village.later(seconds=61)
    village.works("ask_refunds")
    assert village.row(refund).state == "success"


ORDERS = [
    (["processing", "abnormal", "success"], "success", "as P9 tells it"),
    (["abnormal", "processing", "abnormal", "success", "success"], "success", "doubled and out of order"),
    (["success", "processing", "abnormal"], "success", "the last word came first"),
    (["abnormal", "closed"], "closed", "given up in the end"),
    (["closed", "abnormal", "processing", "closed"], "closed", "the last word came first"),
    (["refused"], "closed", "a plain no"),
]


@pytest.mark.parametrize(("words", "end", "why"), ORDERS, ids=[row[2] for row in ORDERS])
def test_words_in_any_order_lead_to_the_same_end(
    village: Refunding, gift: Given, words: list[str], end: str, why: str
) -> None:
    refund = village.approved(gift, 20_00)
    for state in words:
        village.hears_of_refund(village.word(gift, refund, state))
    assert village.row(refund).state == end, why
    back = 20_00 if end == "success" else 0
    assert village.figures(gift.project)["received_fen"] == 50_00 - back
    assert village.holds(gift.project) == 50_00 - back
    assert [kind for kind in village.alerts() if kind != "REFUND_ABNORMAL"] == []
    assert [one for one in village.verify() if "沙箱" not in one] == []


def test_what_a_bank_cannot_take_stays_promised_and_calls_a_person(village: Refunding, gift: Given) -> None:
    refund = village.approved(gift, 20_44)
    village.works()
    village.later(seconds=65)
    village.works()
    assert (gift.state(), village.alerts()) == ("abnormal", ["REFUND_ABNORMAL"])
    assert (village.holds(gift.project), village.figures(gift.project)["refunding_fen"]) == (29_56, 20_44)
    assert gift.asks_back(29_57).json["code"] == "REFUND_TOO_LARGE"

    village.plays(refund, "SUCCESS")
    village.writes(lambda: service.ask_again(refund=refund, staff=village.desk, now=village.clock))
    village.works("ask_refunds")
    assert village.told(gift) == ["refund.approved", "refund.abnormal", "refund.success"]
    assert village.verify() == []


def test_what_the_provider_closed_can_be_asked_for_anew(village: Refunding, gift: Given) -> None:
    village.refunded(gift, 20_45)
    assert (gift.state(), village.holds(gift.project)) == ("closed", 50_00)
    assert village.told(gift) == ["refund.approved", "refund.closed"]
    village.refunded(gift, 50_00)
    figures = village.figures(gift.project)
    assert (figures["received_fen"], figures["refunded_fen"], village.holds(gift.project)) == (0, 50_00, 0)
    assert village.verify() == []


WRONG = [
    ({"refund_fen": 20_01}, "REFUND_MISMATCH", "another amount"),
    ({"total_fen": 49_99}, "REFUND_MISMATCH", "another payment's total"),
    ({"out_trade_no": "D000"}, "REFUND_MISMATCH", "another order"),
    ({"transaction_no": "SB0"}, "REFUND_MISMATCH", "another payment"),
    ({"merchant": "somebody"}, "REFUND_MISMATCH", "another merchant"),
    ({"provider": "wechat"}, "REFUND_MISMATCH", "another provider"),
    ({"success_at": None}, "REFUND_MISMATCH", "money that went back at no time"),
    ({"refund_no": "R000"}, "REFUND_UNKNOWN", "a refund that we never ordered"),
]


@pytest.mark.parametrize(("changed", "kind", "why"), WRONG, ids=[row[2] for row in WRONG])
def test_a_word_that_contradicts_what_we_ordered_moves_nothing(
    village: Refunding, gift: Given, changed: dict[str, object], kind: str, why: str
) -> None:
    refund = village.approved(gift, 20_00)
    village.hears_of_refund(village.word(gift, refund, "success", **changed))
    assert (village.row(refund).state, village.alerts()) == ("approved", [kind]), why
    kept = village.asks(lambda: db.session.scalars(select(HeardRefund.outcome)).all())
    assert kept == ["unknown" if kind == "REFUND_UNKNOWN" else "set_aside"]
    assert village.verify() == []


@pytest.mark.parametrize(("first", "second"), [("success", "closed"), ("closed", "success"), ("success", "refused")])
def test_two_words_of_which_one_is_untrue_call_a_person(
    village: Refunding, gift: Given, first: str, second: str
) -> None:
    refund = village.approved(gift, 20_00)
    village.hears_of_refund(village.word(gift, refund, first))
    before = village.transfers()
    assert village.hears_of_refund(village.word(gift, refund, second)) == "set_aside"
    assert (village.row(refund).state, village.transfers(), village.alerts()) == (
        first,
        before,
        ["REFUND_CONTRADICTED"],
    )


def test_an_empty_account_at_the_provider_is_told_to_a_person_and_tried_again(village: Refunding, gift: Given) -> None:
    refund = village.approved(gift, 20_00)

    class Poor:
        """A provider at which our account holds nothing."""

        def refund(self, told: object, *, now: object) -> RefundTold:
            """Say so."""
            return RefundTold(state="unknown", refund_no=village.no(refund), code="NOT_ENOUGH")

    message = type("Message", (), {"body": village.row(refund).body})
    with village.app.app_context():
        sender = sending.RefundSender(provider=Poor(), name="sandbox")  # type: ignore[arg-type]  # it asks nothing else.
        assert sender(message, now=village.clock).state == "again"  # type: ignore[arg-type]  # only the body is read.
    assert (village.row(refund).state, village.alerts()) == ("approved", ["REFUND_NO_FUNDS"])


def test_a_refund_told_before_its_payment_has_the_payment_asked_for_at_once(village: Refunding) -> None:
    """Bad input 25: both end in the order in which they happened."""
    phone = village.phone()
    gift = phone.order(village.opens_project("屋顶"), 50_00)
    village.pays_unseen(gift)
    no = village.trade_no(gift)
    told = RefundTold(
        state="success",
        refund_no="R-made-elsewhere",
        provider="sandbox",
        told_by="notice",
        notice_id="SN-1",
        out_trade_no=no,
        refund_fen=50_00,
        total_fen=50_00,
        success_at=village.clock,
        body="{}",
    )
    assert village.hears_of_refund(told) == "unknown"
    village.works("ask_provider")
    assert phone.sees(gift)["state"] == "paid"
    assert village.holds(project_of(gift)) == 50_00
    assert village.alerts() == ["REFUND_UNKNOWN"], "the desk and the bill settle what nobody here ordered"
    assert village.hears_of_refund(told) == "unknown"
    assert village.alerts() == ["REFUND_UNKNOWN"], "once"


def test_the_payment_notice_may_come_after_that_of_the_refund(village: Refunding) -> None:
    phone = village.phone()
    order = phone.order(village.opens_project("屋顶"), 50_00)
    phone.presses(order)
    village.later(seconds=11)
    village.works("ask_provider")
    gift = Given(phone, order["code"], project_of(order), village.trade_no(order))
    refund = village.approved(gift, 50_00)
    village.works("ask_refunds")
    village.later(seconds=61)
    village.works("ask_refunds")
    village.later(seconds=61)
    village.works("ask_refunds")
    assert village.row(refund).state == "success"
    village.works()
    assert (phone.sees(order)["state"], village.figures(gift.project)["refunded_fen"]) == ("paid", 50_00)
    assert village.alerts() == []
    assert village.verify() == []
