"""A giver's account is closed: two people send his refund to another card of his own, of which nothing stays here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from backend.core.db import db
from backend.outbox.models import OutboxItem
from backend.payments.models import PaymentAlert
from backend.payments.providers import RefundTold, RefundToRepair
from backend.payments.sandbox import SandboxProvider
from backend.refunds.models import Refund
from backend.refunds.repair_models import RefundRepair
from tests.world.carding import NAME, NUMBER, Case, case
from tests.world.refunding import Given, Refunding, gift, village

__all__ = ["case", "gift", "village"]


def everything(app: Flask) -> Iterator[str]:
    """Every row of every table, as text."""
    with app.app_context():
        for table in db.metadata.sorted_tables:
            yield from (str(tuple(row)) for row in db.session.execute(select(table)))


def test_two_people_send_it_to_the_giver_s_own_card_and_it_arrives(case: Case) -> None:
    card = case.entered()
    seen = case.seen()["card"]
    assert (seen["state"], seen["bank"], seen["card_tail"], seen["is_mine"]) == ("entered", "招商银行", "4321", True)
    confirmed = case.confirms(card)
    assert (confirmed.status_code, confirmed.json["card"]["state"]) == (201, "confirmed")
    assert (confirmed.json["state"], confirmed.json["card"]["confirmed_by"]) == ("abnormal", "赵六")
    assert "尾号 4321" in case.messages()[-1]
    assert "不是您本人的卡" in case.messages()[-1]
    assert "6月2日" in case.messages()[-1]
    assert case.seen()["card"]["goes_at"].startswith("2026-06-02T10:0")
    case.wakes(hours=24)
    case.village.works("outbox:refund_repair")
    assert case.seen()["card"]["state"] == "taken"
    assert case.village.figures(case.gift.project)["refunding_fen"] == 20_44, "it is not there yet"
    case.asks(seconds=61)
    seen = case.seen()
    assert (seen["state"], seen["card"]["state"]) == ("success", "done")
    assert case.messages()[-1].startswith("20.44 元已退到您本人尾号 4321 的银行卡")
    assert case.village.figures(case.gift.project)["refunded_fen"] == 20_44
    assert case.village.verify() == []


def test_the_notice_alone_tells_of_it_as_well(case: Case) -> None:
    case.sent()
    case.village.later(seconds=5)
    case.village.works("outbox:sandbox_notice")
    assert case.seen()["state"] == "success"


def test_the_alert_is_ended_by_who_confirmed_and_only_once_the_money_arrived(case: Case) -> None:
    case.sent()
    assert case.village.alerts() == ["REFUND_ABNORMAL"]
    case.asks(seconds=61)
    assert case.first.sees("/desk/alerts").json["items"] == []
    reason = case.village.asks(lambda: db.session.scalar(select(PaymentAlert.handled_reason)))
    assert reason == "已改退到捐赠人本人的另一张银行卡"


def test_an_alert_that_somebody_has_ended_keeps_his_words(case: Case) -> None:
    (alert,) = case.first.sees("/desk/alerts").json["items"]
    case.first.does(f"/desk/alerts/{alert['code']}/end", {"reason": "已联系捐赠人"})
    case.sent()
    case.asks(seconds=61)
    assert case.village.asks(lambda: db.session.scalar(select(PaymentAlert.handled_reason))) == "已联系捐赠人"


def test_the_paper_says_that_it_went_to_a_card(case: Case) -> None:
    case.sent()
    case.asks(seconds=61)
    case.village.works()
    printed = case.village.asks(lambda: str(db.session.execute(text("SELECT * FROM receipts")).all()))
    assert "款项已退到捐赠人本人的银行卡" in printed
    assert "原路" not in printed


def test_who_entered_a_card_does_not_confirm_it(case: Case) -> None:
    card = case.entered()
    refused = case.confirms(card, case.first)
    assert (refused.status_code, refused.json["code"]) == (403, "CARD_FOUR_EYES")
    assert case.village.works("outbox:refund_repair") == 0


def test_nothing_of_the_card_stays_but_its_end(case: Case, capfd: pytest.CaptureFixture[str]) -> None:
    case.entered(key="a-card-of-his-own")
    assert not [row for row in everything(case.village.app) if NUMBER in row or NAME in row or "8801 3765" in row]
    sealed = case.village.asks(lambda: db.session.scalars(select(RefundRepair.sealed_account)).one())
    card = case.seen()["card"]["code"]
    assert sealed not in str(case.seen())
    case.confirms(card)
    letter = case.village.asks(lambda: db.session.scalars(select(OutboxItem.body).where(OutboxItem.key == card)).one())
    assert letter == f'{{"card": "{card}"}}'
    case.wakes(hours=24)
    case.village.works("outbox:refund_repair")
    kept = case.village.asks(lambda: db.session.execute(select(RefundRepair.sealed_account, RefundRepair.sealed_name)))
    assert kept.one() == (None, None)
    logged = capfd.readouterr().err
    assert "/cards" in logged
    assert [word for word in (NUMBER, NAME, "8801 3765") if word in logged] == []


def test_a_card_is_written_down_once_however_often_it_is_sent(case: Case) -> None:
    once, again = (case.enters(key="one-card-one-key") for _ in range(2))
    assert (once.status_code, again.data) == (201, once.data)
    other = case.enters(key="one-card-one-key", real_name="王大明")
    assert (other.status_code, other.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert case.enters().json["code"] == "CARD_WAITS"


WRONG = [
    ({"bank_account": "6225 8801"}, "CARD_INVALID", "too short"),
    ({"bank_account": "6225-8801-3765-4321-0000"}, "CARD_INVALID", "too long"),
    ({"bank_account": "６２２５８８０１３７６５４３２１"}, "CARD_INVALID", "digits of another alphabet"),
    ({"real_name": "  "}, "TEXT_INVALID", "nobody's"),
    ({"real_name": "王" * 51}, "TEXT_INVALID", "no name is so long"),
    ({"bank_type": "CMB_CREDIT"}, "INVALID_INPUT", "no debit card"),
]


@pytest.mark.parametrize(("changed", "code", "why"), WRONG, ids=[row[2] for row in WRONG])
def test_what_is_no_debit_card_is_refused_without_repeating_it(
    case: Case, changed: dict[str, str], code: str, why: str
) -> None:
    answer = case.enters(**changed)
    assert (answer.status_code, answer.json["code"]) == (422, code), why
    assert "8801" not in answer.text


def test_only_an_abnormal_refund_goes_to_a_card(village: Refunding, gift: Given) -> None:
    case = Case(village, gift, village.approved(gift, 20_00), village.hires("first"), village.hires("other"))
    assert case.enters().json["code"] == "REFUND_NOT_ABNORMAL"
    assert case.confirms("nobody").json["code"] == "CARD_UNKNOWN"


def test_a_provider_that_sends_to_no_card_is_told_so(case: Case) -> None:
    case.village.app.extensions["payment_provider"] = object()
    assert case.enters().json["code"] == "CARDS_NOT_TAKEN"


def test_a_refused_card_comes_back_to_the_desk_with_the_reason_and_another_is_tried(case: Case) -> None:
    case.sent(bank_account="6225880137654344")
    seen = case.seen()
    assert (seen["state"], seen["card"]["state"], seen["card"]["provider_code"]) == (
        "abnormal",
        "refused",
        "PARAM_ERROR",
    )
    assert "户名与卡号不符" in seen["card"]["provider_words"]
    assert case.village.verify() == []
    assert sorted(case.village.alerts()) == ["REFUND_ABNORMAL", "REFUND_CARD_REFUSED"]
    case.sent()
    case.asks(seconds=61)
    assert case.seen()["state"] == "success"
    assert case.first.sees("/desk/alerts").json["items"] == [], "what the second card settled calls nobody any more"


def test_a_wrong_card_is_taken_back_before_it_is_sent(case: Case) -> None:
    card = case.entered()
    assert case.withdraws(card).json["card"]["state"] == "withdrawn"
    assert case.withdraws(card).json["code"] == "CARD_DECIDED"
    assert case.confirms(card).json["code"] == "CARD_DECIDED"
    assert "收回" not in case.messages()[-1], "of a card that nobody confirmed the giver was told nothing"
    assert case.village.verify() == []
    case.entered()


def test_a_card_that_takes_nothing_either_comes_back_after_a_question_not_after_an_old_notice(case: Case) -> None:
    card = case.sent()
    case.village.plays(case.refund, "ABNORMAL")
    case.village.hears_of_refund(case.village.word(case.gift, case.refund, "abnormal"))
    case.asks(seconds=61)
    assert case.seen()["card"]["state"] == "taken", "an answer so soon may be of the old account"
    case.asks(minutes=10)
    seen = case.seen()["card"]
    assert (seen["code"], seen["state"], seen["provider_code"]) == (card, "refused", "ABNORMAL")
    assert case.village.verify() == []
    case.entered()


def test_a_refund_put_right_at_the_provider_ends_the_card_that_waits(case: Case) -> None:
    case.entered()
    case.village.plays(case.refund, "SUCCESS")
    case.asks(minutes=12)
    seen = case.seen()
    assert (seen["state"], seen["card"]["state"]) == ("success", "withdrawn")
    assert case.messages()[-1].startswith("20.44 元退款已成功，到账账户"), "not to the card, nor the way it came"
    assert case.village.verify() == []


def test_a_refund_that_the_provider_closes_ends_its_card(case: Case) -> None:
    case.sent()
    case.village.plays(case.refund, "CLOSED")
    case.asks(minutes=2)
    seen = case.seen()
    assert (seen["state"], seen["card"]["state"], seen["card"]["provider_code"]) == ("closed", "refused", "CLOSED")
    assert case.village.holds(case.gift.project) == 50_00
    assert case.village.verify() == []


def test_a_notice_that_overtakes_the_answer_ends_the_card_once(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    really = SandboxProvider.repair_refund

    def overtaken(self: SandboxProvider, repair: RefundToRepair, *, now: datetime) -> RefundTold:
        told = really(self, repair, now=now)
        case.village.later(seconds=5)
        case.village.works("outbox:sandbox_notice")
        return told

    monkeypatch.setattr(SandboxProvider, "repair_refund", overtaken)
    case.sent()
    seen = case.seen()
    assert (seen["state"], seen["card"]["state"]) == ("success", "done")
    assert case.village.told(case.gift).count("refund.success") == 1
    assert case.village.verify() == []


def test_a_card_that_the_provider_cannot_open_comes_back(case: Case) -> None:
    card = case.entered()
    case.changes(update(RefundRepair).values(sealed_account="bm90IHNlYWxlZA=="))
    case.confirms(card)
    case.wakes(hours=24)
    case.village.works("outbox:refund_repair")
    assert case.seen()["card"]["state"] == "refused"


FORGED = [
    ({"entered_by": "cadre"}, "经办人不是全国账号", "somebody of a village had a hand in it"),
    ({"key": "nobody's letter"}, "却没有要发给渠道", "nothing was ever sent"),
    ({"refund": "closed"}, "与它的退款对不上", "the refund has ended"),
]


@pytest.mark.parametrize(("changed", "finding", "why"), FORGED, ids=[row[2] for row in FORGED])
def test_verify_names_a_card_that_a_hand_in_the_database_changed(
    case: Case, changed: dict[str, str], finding: str, why: str
) -> None:
    card = case.entered()
    case.confirms(card)
    if "key" in changed:
        case.changes(update(OutboxItem).where(OutboxItem.key == card).values(key=changed["key"]))
    elif "refund" in changed:
        ended = {"state": "closed", "ended_at": case.village.clock, "next_ask_at": None}
        case.changes(update(Refund).where(Refund.code == case.refund).values(ended))
    else:
        case.changes(update(RefundRepair).values(entered_by=case.village.cadre.id))
    assert [one for one in case.village.verify() if finding in one], why


def test_two_who_enter_a_card_at_once_enter_one(case: Case) -> None:
    case.enters(case.first)
    assert case.enters(case.second).json["code"] == "CARD_WAITS"
    assert case.village.asks(lambda: db.session.scalar(select(func.count()).select_from(RefundRepair))) == 1


def test_a_confirmed_card_waits_a_day_in_which_the_giver_can_say_that_it_is_not_his(case: Case) -> None:
    card = case.entered()
    case.confirms(card)
    case.wakes(hours=23)
    assert case.village.works("outbox:refund_repair") == 0
    assert case.withdraws(card).json["card"]["state"] == "withdrawn"
    case.wakes(hours=2)
    case.village.works("outbox:refund_repair")
    case.asks(minutes=12)
    seen = case.seen()
    assert (seen["state"], seen["card"]["state"], seen["card"]["goes_at"]) == ("abnormal", "withdrawn", None)
    assert "不再退到尾号" in case.messages()[-1], "who was told that it goes there is told that it does not"
    assert case.village.verify() == []


def test_a_card_that_a_worker_has_in_hand_is_not_taken_back(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    really = SandboxProvider.repair_refund
    answers = []

    def meanwhile(self: SandboxProvider, repair: RefundToRepair, *, now: datetime) -> RefundTold:
        answers.append(case.withdraws(case.seen()["card"]["code"]).json["code"])
        return really(self, repair, now=now)

    monkeypatch.setattr(SandboxProvider, "repair_refund", meanwhile)
    case.sent()
    assert (answers, case.seen()["card"]["state"]) == (["CARD_DECIDED"], "taken")
