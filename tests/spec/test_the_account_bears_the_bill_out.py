"""What the bill of payments says is borne out by the bill of the account, or a person looks at it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.spec.test_the_day_after import FIRST, gives
from tests.world.billing import Line, Reconciling, accounts, changed, flows_of
from tests.world.bookkeeping import local

__all__ = ["accounts"]


def test_a_bill_that_the_account_does_not_bear_out_settles_nothing(accounts: Reconciling) -> None:
    purse = accounts.opens_project("屋顶")
    for fen in (70_00, 30_00):
        accounts.pays_unseen(accounts.phone().order(purse, fen))
    lines = accounts.lines()
    accounts.bills.tells(FIRST, changed(lines, 0, fen=lines[0].fen + 1_00), flows=flows_of(lines[:1]))
    accounts.the_day_after()
    accounts.reconciles()
    assert accounts.finds(FIRST) == [
        ("missing", lines[0].order_no, None, lines[0].fen + 1_00),
        ("missing", lines[1].order_no, None, lines[1].fen),
    ]
    assert (accounts.holds(purse), accounts.unallocated()) == (0, 0)
    accounts.works()
    accounts.looks_again(FIRST)
    assert sorted(accounts.finds(FIRST)) == sorted(
        [
            ("amount", lines[0].order_no, lines[0].fen, lines[0].fen + 1_00),
            ("fund", lines[1].order_no, lines[1].fen, None),
        ]
    )
    assert accounts.holds(purse) == 100_00
    assert accounts.wrong() == []


@pytest.mark.parametrize(
    ("booked", "told"),
    [(0, []), (1_00, ["amount"]), (None, ["fund"])],
    ids=["as it was paid", "with another amount", "on neither day"],
)
def test_what_is_paid_before_midnight_is_looked_for_in_the_account_of_both_days(
    accounts: Reconciling, booked: int | None, told: list[str]
) -> None:
    purse, second = accounts.opens_project("屋顶"), date(2026, 6, 2)
    accounts.at("2026-06-01 23:58")
    accounts.paid_gift(purse, 10_00)
    late = accounts.lines(FIRST)
    accounts.later(hours=2)
    accounts.paid_gift(purse, 20_00)
    accounts.bills.tells(FIRST, late, flows=[])
    moved = [] if booked is None else [replace(late[0], at=local("2026-06-02 00:01"), fen=10_00 + booked, fee=6)]
    flows = flows_of(moved) + flows_of(accounts.lines(second))
    accounts.bills.tells(second, accounts.lines(second), flows=flows)
    accounts.at("2026-06-03 10:00")
    accounts.reconciles()
    assert accounts.differences(FIRST) == []
    assert [(one.kind, one.order_no) for one in accounts.differences(second)] == [
        (kind, late[0].order_no) for kind in told
    ]
    assert accounts.wrong() == []


def test_a_line_that_the_bill_lists_twice_is_posted_once_and_told(accounts: Reconciling) -> None:
    lines = gives(accounts, 10_00)
    odd = Line(at=lines[0].at, order_no="D-odd", transaction_no="T-odd", fen=5_00)
    accounts.bills.tells(FIRST, [*lines, lines[0], lines[0], odd, odd], flows=flows_of([*lines, odd]))
    accounts.the_day_after()
    accounts.reconciles()
    number = lines[0].order_no
    assert accounts.finds(FIRST) == [
        ("missing", number, 10_00, 10_00),
        ("missing", number, 10_00, 10_00),
        ("missing", "D-odd", None, 5_00),
        ("missing", "D-odd", 5_00, 5_00),
    ]
    assert [one.actions for one in accounts.differences(FIRST)][2:] == [("explain", "take_in"), ("explain",)]
    assert accounts.looks_again(FIRST)
    assert len(accounts.finds(FIRST)) == 4
    assert accounts.wrong() == []
