"""A second payment for one gift, or one that comes too late: it stands in the ledger, and its giver is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from backend.core.db import db
from backend.core.failpoints import failing
from backend.ledger.models import Transfer
from backend.messages.models import InboxMessage
from backend.payments.inbox import hear
from backend.payments.models import ExtraPayment, PaymentOrder
from backend.payments.settle_care import move
from backend.payments.transactions import read_stored
from tests.world.desk import Desk
from tests.world.giving import Giving, ordered, project_of, village


def is_paid(village: Giving, gift: dict[str, Any]) -> str:
    """The giver pays, and the notice arrives; return the provider's number of the payment."""
    village.pays_unseen(gift)
    assert village.hears(village.notice(gift, transaction_id=village.collected(gift))).status_code == 204
    return village.collected(gift)


def messages(village: Giving) -> list[tuple[str, str]]:
    """What givers were told: of what kind, and where it leads."""
    rows = select(InboxMessage.kind, InboxMessage.link).order_by(InboxMessage.id)
    return [tuple(row) for row in village.asks(lambda: db.session.execute(rows).all())]


def word(village: Giving, gift: dict[str, Any], *, told_by: str, **changed: Any) -> Any:
    """A provider's word about a gift, as query or bill would tell it."""
    told = json.loads(village.notice(gift, **changed))["resource"]["transaction"]
    number = f"{told_by}:{told['transaction_id']}"
    return read_stored(json.dumps(told), provider="sandbox", notice_id=number, told_by=told_by)


def hears_word(village: Giving, gift: dict[str, Any], *, told_by: str, **changed: Any) -> str:
    """A query is answered, or a line of the bill is read; return what became of it."""

    with village.app.app_context():
        return hear(word(village, gift, told_by=told_by, **changed), now=village.clock)


def test_a_second_payment_for_a_gift_waits_in_the_ledger_for_a_person_and_its_giver_is_told(village: Giving) -> None:
    phone, gift = ordered(village)
    is_paid(village, gift)
    village.hears(village.notice(gift, transaction_id="SECOND"))
    assert (village.heard(), village.alerts()) == (["settled", "redirected"], ["PAID_AGAIN"])
    assert (village.holds(project_of(gift)), village.unallocated()) == (50_00, 50_00)
    assert messages(village) == [("gift.paid_twice", f"/gift?code={gift['code']}")]
    assert (phone.sees(gift)["state"], phone.sees(gift)["amount_fen"]) == ("paid", 50_00)
    village.works()
    assert village.out_of_joint() == []


@pytest.mark.parametrize("told_by", ["notice", "query", "bill"])
def test_however_often_and_by_whom_a_second_payment_is_told_it_counts_once(village: Giving, told_by: str) -> None:
    _, gift = ordered(village)
    is_paid(village, gift)
    for _ in range(2):
        hears_word(village, gift, told_by="query", transaction_id="SECOND")
    village.hears(village.notice(gift, transaction_id="SECOND"))
    if told_by != "notice":
        assert hears_word(village, gift, told_by="bill", transaction_id="SECOND") == "repeated"
    assert (village.unallocated(), village.transfers()) == (50_00, 2)
    assert len(messages(village)) == 1


def test_a_second_payment_of_another_amount_is_posted_once_the_bill_confirms_it(village: Giving) -> None:
    _, gift = ordered(village)
    is_paid(village, gift)
    another = {"transaction_id": "SECOND", "amount": {"total": 7_00, "currency": "CNY"}}
    village.hears(village.notice(gift, **another))
    assert (village.heard(), village.unallocated()) == (["settled", "quarantined"], 0)
    assert hears_word(village, gift, told_by="bill", **another) == "redirected"
    assert (village.unallocated(), village.alerts()) == (7_00, ["PAID_AGAIN_IN_DOUBT", "PAID_AGAIN"])
    assert village.out_of_joint() == []


def test_a_known_payment_told_with_another_amount_posts_nothing_and_calls_a_person(village: Giving) -> None:
    _, gift = ordered(village)
    wrong = {"transaction_id": is_paid(village, gift), "amount": {"total": 7_00, "currency": "CNY"}}
    assert hears_word(village, gift, told_by="bill", **wrong) == "quarantined"
    assert (village.transfers(), village.alerts()) == (1, ["AMOUNT_MISMATCH"])


def test_one_payment_of_a_provider_pays_one_order(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    first, second = (village.phone().order(roof, fen) for fen in (10_00, 20_00))
    village.hears(village.notice(second, transaction_id=is_paid(village, first)))
    assert (village.heard(), village.alerts()) == (["settled", "quarantined"], ["TRANSACTION_REUSED"])
    assert (village.holds(roof), village.order_states()) == (10_00, ["paid", "payable"])
    assert village.out_of_joint() == []


def test_late_money_is_told_to_its_giver_once(village: Giving) -> None:
    phone, gift = ordered(village)
    village.waits(minutes=45)
    late = village.notice(gift)
    for _ in range(2):
        village.hears(late)
    assert (phone.sees(gift)["state"], village.unallocated()) == ("redirected", 50_00)
    assert messages(village) == [("gift.redirected", f"/gift?code={gift['code']}")]


@pytest.mark.parametrize("place", ["extra_kept"])
def test_a_second_payment_is_kept_whole_or_told_again(village: Giving, place: str) -> None:
    _, gift = ordered(village)
    is_paid(village, gift)
    second = village.notice(gift, transaction_id="SECOND")
    with failing(f"{place}=raise"):
        assert village.hears(second).status_code == 500
    assert (village.transfers(), village.out_of_joint()) == (1, [])
    assert village.hears(second).status_code == 204
    assert (village.unallocated(), village.out_of_joint()) == (50_00, [])


def test_verify_finds_a_second_payment_that_is_not_in_the_ledger(village: Giving) -> None:
    _, gift = ordered(village)
    is_paid(village, gift)
    order_id = village.asks(lambda: db.session.scalars(select(PaymentOrder.id)).one())
    lost = {"order_id": order_id, "reference": "again-X", "provider": "sandbox", "transaction_no": "X"}
    lost |= {"amount_fen": 5, "paid_at": village.clock, "heard_at": village.clock}
    village.writes(lambda: db.session.execute(insert(ExtraPayment).values(**lost)))
    assert any("again-X" in finding for finding in village.out_of_joint())


def test_verify_finds_unallocated_money_that_no_payment_brought(village: Giving) -> None:
    _, gift = ordered(village)
    is_paid(village, gift)
    village.hears(village.notice(gift, transaction_id="SECOND"))
    village.writes(lambda: db.session.execute(update(ExtraPayment).values(amount_fen=49_99)))
    assert any("again-SECOND" in finding for finding in village.out_of_joint())


def test_the_desk_knows_what_a_second_payment_was_meant_for(desk: Desk, village: Giving) -> None:
    village.clock = desk.clock
    _, gift = ordered(village)
    is_paid(village, gift)
    village.hears(village.notice(gift, transaction_id="SECOND"))
    (waiting,) = desk.payer.sees("/desk/unallocated").json["items"]
    assert (waiting["reference"], waiting["meant_for"]["code"]) == ("again-SECOND", project_of(gift))
    where = f"/desk/unallocated/{waiting['reference']}/reallocations"
    assert desk.payer.does(where, {"project_code": project_of(gift)}).status_code == 201
    assert desk.asks(lambda: db.session.scalars(select(Transfer.amount_fen)).all()) == [50_00, 50_00, 50_00]
    assert village.out_of_joint() == []


def test_an_order_takes_no_way_that_the_table_does_not_know() -> None:
    order = PaymentOrder(state="paid")
    with pytest.raises(RuntimeError, match="from paid to closed"):
        move(order, "closed")


__all__ = ["village"]
