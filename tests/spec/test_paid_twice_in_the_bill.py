"""A payment that came twice for one gift stands twice in the bill and twice in the ledger: nothing differs."""

from __future__ import annotations

import pytest

from backend.core.clock import local_day
from tests.world.billing import Line, Reconciling, accounts
from tests.world.giving import Phone

__all__ = ["accounts"]
SECOND = "SB2SECONDPAYMENT00000000000"


def gives_twice(village: Reconciling) -> tuple[Phone, dict[str, object], list[Line]]:
    """Somebody gives, and his bank pays the same order a second time; return what the bill says of the day."""
    phone = village.phone()
    gift = phone.order(village.opens_project("屋顶"), 30_00)
    phone.presses(gift)
    village.works()
    (first,) = village.lines()
    second = Line(at=first.at, order_no=first.order_no, transaction_no=SECOND, fen=30_00, purse=first.purse)
    return phone, gift, [first, second]


@pytest.mark.parametrize("is_told", [True, False], ids=["by a notice", "by the bill alone"])
def test_a_second_payment_of_a_gift_is_no_difference_of_the_bill(accounts: Reconciling, is_told: bool) -> None:
    _, gift, lines = gives_twice(accounts)
    day = local_day(accounts.clock)
    if is_told:
        assert accounts.hears(accounts.notice(gift, transaction_id=SECOND)).status_code == 204
        accounts.works()
    accounts.bills.tells(day, lines)
    accounts.the_day_after()
    accounts.reconciles()
    accounts.works()
    assert accounts.finds(day, "open", "proposed") == []
    assert (accounts.unallocated(), accounts.day(day).state) == (30_00, "sealed")
    assert [one for one in accounts.wrong() if "沙箱" not in one] == []


def test_a_second_payment_that_the_bill_lacks_is_found(accounts: Reconciling) -> None:
    _, gift, lines = gives_twice(accounts)
    day = local_day(accounts.clock)
    accounts.hears(accounts.notice(gift, transaction_id=SECOND))
    accounts.bills.tells(day, lines[:1])
    accounts.the_day_after()
    accounts.reconciles()
    assert accounts.finds(day) == [("extra", lines[0].order_no, 30_00, None)]
