"""Money that has no use three working days after it came calls a person, once, until it has one or goes back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from backend.core.db import db
from backend.disbursements import service
from backend.jobs.models import ClockGuard
from backend.ledger.posting import post
from backend.payments.alerts import handle_alert, open_alerts, open_by_kind
from backend.payments.models import PaymentAlert
from tests.world.refunding import Given, Refunding, village

__all__ = ["village"]
KIND = "MONEY_WAITS"


def comes_too_late(village: Refunding, fen: int = 30_00) -> Given:
    """A gift is ordered, its project ends, and then it is paid."""
    phone = village.phone()
    gift = phone.order(village.opens_project("屋顶"), fen)
    village.ends(gift["project"]["code"])
    village.pays_unseen(gift)
    village.hears(village.notice(gift, transaction_id=village.collected(gift)))
    return Given(phone, gift["code"], gift["project"]["code"], village.trade_no(gift))


def gives_it(village: Refunding, reference: str, project: str) -> None:
    """The national desk gives waiting money its project."""
    told = {"reference": reference, "project": project, "staff": village.desk, "now": village.clock}
    village.writes(lambda: service.reallocate(**told))


def is_called(village: Refunding) -> int:
    """The scheduler looks; return how many alerts about money that waits are open."""
    village.works("money_waits")
    return village.asks(open_by_kind).get(KIND, 0)


def ended(village: Refunding) -> list[tuple[int | None, str | None]]:
    """By whom and how each alert about money that waited ended."""
    rows = select(PaymentAlert.handled_by, PaymentAlert.handled_reason).where(PaymentAlert.kind == KIND)
    return [tuple(row) for row in village.asks(lambda: db.session.execute(rows).all())]


def waiting(village: Refunding) -> list[dict[str, Any]]:
    """What the national desk sees of the money that waits."""
    hand = village.hires(f"clerk-{next(village.numbers)}")
    items: list[dict[str, Any]] = hand.sees("/desk/unallocated").json["items"]
    return items


@pytest.mark.parametrize(
    ("begins", "last_minute", "over", "reason"),
    [
        ("2026-06-01 10:00", "2026-06-04 23:59", "2026-06-05 00:00", "Monday to Thursday"),
        ("2026-06-05 10:00", "2026-06-10 23:59", "2026-06-11 00:00", "Friday, over the weekend, to Wednesday"),
        ("2026-06-06 10:00", "2026-06-10 23:59", "2026-06-11 00:00", "Saturday to Wednesday"),
        ("2026-06-02 00:10", "2026-06-05 23:59", "2026-06-06 00:00", "Tuesday in the village, Monday in Greenwich"),
    ],
)
def test_nobody_is_called_before_the_third_working_day_is_over_and_one_is_after_it(
    village: Refunding, begins: str, last_minute: str, over: str, reason: str
) -> None:
    village.at(begins)
    comes_too_late(village)
    village.at(last_minute)
    assert is_called(village) == 0, reason
    assert [(one["due_on"], one["is_overdue"]) for one in waiting(village)] == [(last_minute[:10], False)]
    village.at(over)
    assert is_called(village) == 1, reason
    assert [(one["due_on"], one["is_overdue"]) for one in waiting(village)] == [(last_minute[:10], True)]


def test_however_often_the_scheduler_looks_it_calls_once_for_each_sum(village: Refunding) -> None:
    for fen in (30_00, 40_00):
        comes_too_late(village, fen)
    village.at("2026-06-05 08:00")
    assert [is_called(village) for _ in range(3)] == [2] * 3
    assert village.works("money_waits") == 0


def test_the_alert_tells_the_number_the_sum_and_when_it_was_due(village: Refunding) -> None:
    late = comes_too_late(village)
    village.at("2026-06-05 08:00")
    is_called(village)
    (alert,) = village.asks(lambda: [one for one in open_alerts(before_id=None, limit=9) if one.kind == KIND])
    assert (alert.subject, alert.facts) == (late.no, {"amount_fen": 30_00, "due_on": "2026-06-04"})


def test_what_waits_longest_stands_first(village: Refunding) -> None:
    first = comes_too_late(village)
    village.at("2026-06-05 08:00")
    second = comes_too_late(village)
    seen = [(one["reference"], one["due_on"], one["is_overdue"]) for one in waiting(village)]
    assert seen == [(first.no, "2026-06-04", True), (second.no, "2026-06-10", False)]


def test_it_calls_no_more_when_the_money_has_a_use(village: Refunding) -> None:
    late = comes_too_late(village)
    village.at("2026-06-05 08:00")
    assert is_called(village) == 1
    gives_it(village, late.no, village.fund)
    assert is_called(village) == 0
    assert ended(village) == [(village.desk.id, "已安排给“众心村互助基金”")]


def test_what_got_its_use_in_time_calls_nobody(village: Refunding) -> None:
    gives_it(village, comes_too_late(village).no, village.fund)
    village.at("2026-06-05 08:00")
    assert is_called(village) == 0


def test_a_second_payment_and_money_that_nobody_ordered_call_too(village: Refunding) -> None:
    gift = village.gives(village.opens_project("屋顶"), 50_00)
    village.hears(village.notice(gift.phone.sees({"code": gift.code}) | {"pay_url": gift.no}, transaction_id="SECOND"))
    day = {"now": village.clock, "channel": "sandbox", "provider_date": village.clock.date()}
    told = {"target": "00/unallocated", "amount_fen": 5_00, "reason": "gift_unallocated", "reference": "unknown-1"}
    village.writes(lambda: post(source="world", **told, **day))
    village.at("2026-06-05 08:00")
    assert is_called(village) == 2
    for reference, left in (("again-SECOND", 1), ("unknown-1", 0)):
        gives_it(village, reference, village.fund)
        assert is_called(village) == left


def test_it_calls_on_while_a_part_went_back_and_ends_when_the_whole_did(village: Refunding) -> None:
    late = comes_too_late(village)
    village.at("2026-06-05 08:00")
    assert is_called(village) == 1
    village.refunded(late, 10_00)
    assert (is_called(village), ended(village)) == (1, [(None, None)])
    village.refunded(late, 20_00)
    assert (is_called(village), ended(village)) == (0, [(village.second.id, "已全部退回捐款人")])
    assert village.verify() == []


def test_what_is_on_its_way_back_calls_nobody_and_calls_once_it_did_not_arrive(village: Refunding) -> None:
    late = comes_too_late(village)
    refund = village.approved(late, 30_00)
    village.at("2026-06-05 08:00")
    assert (is_called(village), waiting(village)) == (0, [])
    village.hears_of_refund(village.word(late, refund, "closed"))
    assert (is_called(village), len(waiting(village))) == (1, 1)


def test_whoever_ended_it_by_hand_is_not_called_again(village: Refunding) -> None:
    comes_too_late(village)
    village.at("2026-06-05 08:00")
    is_called(village)
    (code,) = village.asks(lambda: [one.code for one in open_alerts(before_id=None, limit=9) if one.kind == KIND])
    told = {"code": code, "reason": "村里还在商量", "staff": village.desk}
    village.writes(lambda: handle_alert(**told, now=village.clock))
    assert is_called(village) == 0
    assert [one["is_overdue"] for one in waiting(village)] == [True]


def test_while_the_clock_is_not_believed_nobody_is_called(village: Refunding) -> None:
    comes_too_late(village)
    village.at("2026-06-05 08:00")
    village.writes(lambda: db.session.execute(update(ClockGuard).values(paused_at=village.clock, reason="跳变")))
    assert is_called(village) == 0
    village.writes(lambda: db.session.execute(update(ClockGuard).values(paused_at=None, reason=None)))
    assert is_called(village) == 1
