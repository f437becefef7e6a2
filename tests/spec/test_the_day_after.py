"""The day after, the provider's bills are compared with the ledger, and each difference is told with number and fen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from backend.jobs import clock_guard
from backend.jobs.clock_guard import Beat
from backend.payments.providers import BillTold
from tests.world.billing import Line, Reconciling, accounts, changed, flows_of, trade_csv
from tests.world.bookkeeping import local

__all__ = ["accounts"]
FIRST = date(2026, 6, 1)


def gives(village: Reconciling, *amounts: int) -> list[Line]:
    """Gifts are paid and settled today; return the bill as it should be."""
    purse = village.opens_project("屋顶")
    for fen in amounts:
        village.paid_gift(purse, fen)
        village.later(seconds=1)
    return village.lines()


def test_a_day_that_agrees_is_closed_and_sealed_by_itself(accounts: Reconciling) -> None:
    lines = gives(accounts, 50_00, 1_234_50, 10_00)
    accounts.bills.tells(FIRST, lines)
    accounts.the_day_after(at="09:59")
    assert accounts.reconciles() == 0
    accounts.the_day_after(at="10:00", days=0)
    assert accounts.reconciles() == 1
    found = accounts.day(FIRST)
    assert (found.state, found.payment_count, found.paid_fen, found.closed_by) == ("sealed", 3, 1_294_50, None)
    assert found.seal is not None
    assert accounts.differences(FIRST) == []
    assert accounts.reconciles() == 0
    assert accounts.wrong() == []


def test_the_fee_is_a_transfer_of_its_own_from_the_federations_own_money(accounts: Reconciling) -> None:
    lines = gives(accounts, 100_00, 50_00)
    accounts.bills.tells(FIRST, lines)
    accounts.the_day_after()
    accounts.reconciles()
    assert accounts.day(FIRST).fee_fen == 60 + 30
    assert accounts.fees_held() == 1_000_00 - 90
    assert accounts.holds(str(lines[0].purse)) == 150_00


def test_what_no_notice_told_the_bill_tells_and_settles(accounts: Reconciling) -> None:
    purse = accounts.opens_project("屋顶")
    accounts.pays_unseen(accounts.phone().order(purse, 70_00))
    accounts.bills.tells(FIRST, accounts.lines())
    accounts.the_day_after()
    accounts.reconciles()
    number = accounts.lines(FIRST)[0].order_no
    assert accounts.finds(FIRST, "healed") == [("missing", number, None, 70_00)]
    assert accounts.holds(purse) == 70_00
    assert accounts.day(FIRST).state == "sealed"
    accounts.works()
    assert accounts.wrong() == []


def test_money_that_came_too_late_is_taken_in_by_the_bill_too(accounts: Reconciling) -> None:
    purse = accounts.opens_project("屋顶")
    gift = accounts.phone().order(purse, 70_00)
    accounts.pays_unseen(gift)
    accounts.ends(purse)
    accounts.bills.tells(FIRST, accounts.lines())
    accounts.the_day_after()
    accounts.reconciles()
    assert accounts.unallocated() == 70_00
    assert accounts.day(FIRST).state == "sealed"


def test_each_kind_of_difference_is_told_with_its_number_and_fen(accounts: Reconciling) -> None:
    lines = gives(accounts, 10_00, 20_00, 30_00, 40_00)
    stranger = Line(at=accounts.clock, order_no="D-stranger", transaction_no="T-stranger", fen=5_00, purse="x")
    refund = Line(
        at=accounts.clock, order_no=lines[3].order_no, transaction_no=lines[3].transaction_no, fen=7_00, refund_no="R1"
    )
    bill = changed(changed(lines[1:], 0, fen=21_00), 1, fee=99)
    accounts.bills.tells(FIRST, [*bill, stranger, refund])
    accounts.the_day_after()
    accounts.reconciles()
    assert sorted(accounts.finds(FIRST), key=str) == sorted(
        [
            ("extra", lines[0].order_no, 10_00, None),
            ("amount", lines[1].order_no, 20_00, 21_00),
            ("fee", lines[2].order_no, 18, 99),
            ("missing", "D-stranger", None, 5_00),
            ("refund", "R1", None, 7_00),
        ],
        key=str,
    )
    assert accounts.day(FIRST).state == "open"
    assert accounts.wrong() == []


def test_a_payment_of_the_last_second_belongs_to_its_own_day(accounts: Reconciling) -> None:
    purse = accounts.opens_project("屋顶")
    accounts.at("2026-06-01 23:59")
    accounts.later(seconds=59)
    accounts.paid_gift(purse, 10_00)
    last = accounts.lines(FIRST)
    accounts.later(seconds=1)
    accounts.paid_gift(purse, 20_00)
    second = date(2026, 6, 2)
    accounts.bills.tells(FIRST, last, flows=[])
    flows = flows_of([replace(one, at=accounts.clock) for one in last]) + flows_of(accounts.lines(second))
    accounts.bills.tells(second, accounts.lines(second), flows=flows)
    accounts.at("2026-06-03 10:00")
    accounts.reconciles()
    assert [len(last), accounts.day(FIRST).paid_fen, accounts.day(second).paid_fen] == [1, 10_00, 20_00]
    assert accounts.differences(FIRST) + accounts.differences(second) == []
    assert accounts.wrong() == []


@pytest.mark.parametrize("late", [False, True], ids=["the earlier bill first", "the later bill first"])
def test_a_payment_that_both_date_differently_is_nobodys_work(accounts: Reconciling, late: bool) -> None:
    lines = gives(accounts, 10_00, 20_00)
    second = date(2026, 6, 2)
    moved = replace(lines[1], at=local("2026-06-02 00:00"))
    accounts.bills.tells(FIRST, lines[:1])
    if late:
        accounts.bills.trade[second] = BillTold(state="creating")
    else:
        accounts.bills.tells(second, [moved], held=10_00 - 6)
    accounts.at("2026-06-03 10:00")
    accounts.reconciles()
    if late:
        assert accounts.finds(FIRST) == [("extra", lines[1].order_no, 20_00, None)]
        accounts.bills.tells(second, [moved], held=10_00 - 6)
        accounts.later(hours=1)
        accounts.reconciles()
    accounts.later(hours=1)
    accounts.reconciles()
    assert accounts.finds(FIRST, "healed") == [("extra", lines[1].order_no, 20_00, None)]
    assert accounts.finds(second, "healed") == [("missing", lines[1].order_no, 20_00, 20_00)]
    assert [accounts.day(FIRST).state, accounts.day(second).state] == ["sealed", "sealed"]
    assert accounts.wrong() == []


def test_before_two_no_bill_means_not_yet(accounts: Reconciling) -> None:
    gives(accounts)
    accounts.phone().order(accounts.fund, 10_00)
    accounts.the_day_after()
    for hour in range(10, 14):
        accounts.at(f"2026-06-02 {hour}:00")
        accounts.reconciles()
        assert (accounts.day(FIRST).state, accounts.day(FIRST).answer) == ("waiting", "creating")
        assert accounts.reconciles() == 0
    accounts.at("2026-06-02 14:00")
    accounts.reconciles()
    assert (accounts.day(FIRST).state, accounts.day(FIRST).answer) == ("sealed", "none")
    assert accounts.alerts() == []


def test_a_day_on_which_we_have_money_is_not_closed_without_its_bill(accounts: Reconciling) -> None:
    lines = gives(accounts, 10_00)
    accounts.the_day_after(at="14:00")
    accounts.reconciles()
    assert (accounts.day(FIRST).state, accounts.day(FIRST).answer) == ("waiting", "lacking")
    assert "BILL_LACKING" in accounts.alerts()
    accounts.bills.tells(FIRST, lines)
    accounts.later(hours=1)
    accounts.reconciles()
    assert accounts.day(FIRST).state == "sealed"


NOT_YET = [
    (BillTold(state="creating"), "creating", 60, "it is being made"),
    (BillTold(state="bad_hash"), "bad_hash", 10, "the file is not what was promised"),
    (BillTold(state="unknown"), "unknown", 10, "nobody answered"),
    (BillTold(state="ready", content=b"<html>"), "broken", 60, "it is no bill"),
]


@pytest.mark.parametrize(("told", "answer", "minutes", "why"), NOT_YET, ids=[row[3] for row in NOT_YET])
def test_what_is_no_bill_is_thrown_away_and_asked_for_again(
    accounts: Reconciling, told: BillTold, answer: str, minutes: int, why: str
) -> None:
    lines = gives(accounts, 10_00)
    accounts.bills.tells(FIRST, lines)
    good, accounts.bills.trade[FIRST] = accounts.bills.trade[FIRST], told
    accounts.the_day_after()
    accounts.reconciles()
    assert (accounts.day(FIRST).state, accounts.day(FIRST).answer) == ("waiting", answer), why
    accounts.bills.trade[FIRST] = good
    accounts.later(minutes=minutes - 1)
    assert accounts.reconciles() == 0
    accounts.later(minutes=1)
    accounts.reconciles()
    assert accounts.day(FIRST).state == "sealed"


def test_after_two_a_broken_bill_calls_a_person(accounts: Reconciling) -> None:
    gives(accounts, 10_00)
    accounts.bills.trade[FIRST] = BillTold(state="ready", content=trade_csv(accounts.lines())[:-20])
    accounts.the_day_after(at="14:00")
    accounts.reconciles()
    assert "BILL_BROKEN" in accounts.alerts()
    accounts.the_day_after()
    accounts.reconciles()
    assert "DAY_NOT_CLOSED" in accounts.alerts()
    assert accounts.day(FIRST).is_overdue


def test_a_trade_bill_without_its_fund_bill_is_compared_and_says_so(accounts: Reconciling) -> None:
    lines = gives(accounts, 10_00)
    accounts.bills.tells(FIRST, lines)
    del accounts.bills.fund[FIRST]
    accounts.the_day_after()
    accounts.reconciles()
    assert accounts.day(FIRST).answer == "creating"
    accounts.at("2026-06-02 14:00")
    accounts.reconciles()
    assert [one.note for one in accounts.differences(FIRST)] == ["没有资金账单"]


def test_after_three_months_the_bill_is_asked_for_no_more(accounts: Reconciling) -> None:
    gives(accounts, 10_00)
    accounts.the_day_after(days=92)
    accounts.reconciles(limit=1)
    assert accounts.day(FIRST).next_at is None


def test_while_the_clock_cannot_be_believed_no_day_is_closed(accounts: Reconciling) -> None:
    gives(accounts)
    accounts.phone().order(accounts.fund, 10_00)
    accounts.the_day_after(at="14:00")
    for hours in (0, 48):
        sign = Beat(host="h", worker="w", boot="b", steady_ms=1, now=accounts.clock.replace(hour=hours % 24))
        accounts.writes(lambda sign=sign: clock_guard.beat(sign))  # type: ignore[misc]  # bound at once
    accounts.writes(lambda: clock_guard._pause("test", now=accounts.clock))
    assert accounts.reconciles() == 0
    assert accounts.bills.asked == []


def test_another_worker_leaves_a_day_alone_that_one_has_in_hand(accounts: Reconciling) -> None:
    lines = gives(accounts, 10_00)
    accounts.bills.trade[FIRST] = BillTold(state="creating")
    accounts.the_day_after()
    accounts.reconciles(worker="one")
    accounts.bills.tells(FIRST, lines)
    accounts.later(minutes=61)
    asked = len(accounts.bills.asked)
    accounts.writes(lambda: _has_in_hand(accounts))
    assert accounts.reconciles(worker="two") == 0
    assert len(accounts.bills.asked) == asked


def _has_in_hand(village: Reconciling) -> None:
    from backend.jobs import service
    from backend.reconciliation.hours import period_of

    service.claim(period_of(village.channel, FIRST), cut_off_position=0, worker="one", now=village.clock)
