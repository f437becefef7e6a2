"""The card of a refund elsewhere: in the giver's copy, while the books are stopped, and before the operator."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from backend.core.db import db
from backend.ledger import guard
from backend.outbox import delivery
from backend.outbox.sending import Message, Outcome, Sender
from backend.refunds.repair_models import KIND, RefundRepair
from tests.world.carding import Case, case
from tests.world.refunding import gift, village

__all__ = ["case", "gift", "village"]


def test_the_giver_s_copy_of_his_data_has_the_refund_and_the_end_of_the_card(case: Case) -> None:
    case.sent()
    (kept,) = case.gift.phone.asks("/me/data/copy")["refunds"]
    assert (kept["code"], kept["gift_code"], kept["reason"]) == (case.refund, case.gift.code, "写错了一个零")
    assert (kept["card_bank"], kept["card_tail"]) == ("招商银行", "4321")


def state(case: Case) -> str:
    """How the card stands; two days later nobody is logged in at the desk any more."""
    return case.village.asks(lambda: db.session.scalars(select(RefundRepair.state)).one())


def silent(_message: Message, *, now: datetime) -> Outcome:
    """The provider says nothing."""
    return Outcome("again", "unknown")


def test_while_the_books_are_stopped_no_card_leaves_us_and_no_patience_is_used_up(case: Case) -> None:
    assert case.confirms(case.entered()).status_code == 201
    case.village.writes(lambda: guard.note_check(["一处不对"], now=case.village.clock))
    case.village.works("outbox:refund_repair")
    case.village.later(hours=48)
    assert state(case) == "confirmed"
    opened = case.village.app.test_cli_runner().invoke(args=["open-books"])
    assert opened.exit_code == 0, opened.output
    with case.village.app.app_context():
        delivery.deliver_due(kind=KIND, sender=Sender(send=silent), now=case.village.clock, chance=lambda: 0.5)
    case.village.later(seconds=2)
    case.village.works("outbox:refund_repair")
    assert state(case) == "taken"


def test_a_card_that_was_to_go_later_has_its_whole_day_from_then(case: Case) -> None:
    assert case.confirms(case.entered()).status_code == 201
    case.village.writes(lambda: guard.note_check(["一处不对"], now=case.village.clock))
    opened = case.village.app.test_cli_runner().invoke(args=["open-books"])
    assert opened.exit_code == 0, opened.output
    for hours in (24, 12):
        case.village.later(hours=hours)
        with case.village.app.app_context():
            delivery.deliver_due(kind=KIND, sender=Sender(send=silent), now=case.village.clock, chance=lambda: 0.5)
    case.village.later(hours=11)
    case.village.works("outbox:refund_repair")
    assert state(case) == "taken"


def test_the_operator_finds_the_card_under_the_refund_s_number(case: Case) -> None:
    case.sent()
    told = case.village.app.test_cli_runner().invoke(args=["trace", case.refund])
    assert "改退到招商银行尾号 4321：taken" in told.output
