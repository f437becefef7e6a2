"""A day of real gifts and refunds, and a bill that tells otherwise: the desk lists what differs, no more (P19)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask

from backend.core import clock
from tests.world.billing import Bills, flows_of
from tests.world.bookkeeping import local
from tests.world.desk import Hand
from tests.world.figures import dice, figure, rounds
from tests.world.giving import ClientWire
from tests.world.till import Books, Till

STORY = "bill of a day"
OWN_FEN = 100_000_000_00
"""More than the fees of any of these days."""


@pytest.fixture
def books(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Books:
    """The village on the first of June."""
    village = Books(app, clock=local("2026-06-01 10:00"))
    village.wire, village.bills = ClientWire(app), Bills()
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    village.sets_aside(OWN_FEN)
    return village


def listed(desk: Hand, books: Books, day: date) -> list[dict[str, Any]]:
    """What the desk shows of a day, page by page, without what may be done about it."""
    path, rows, cursor = f"/desk/reconciliation/{books.channel}/{day}/differences", [], "?limit=20"
    while cursor:
        page = desk.sees(path + cursor).json or {}
        rows += page["items"]
        cursor = f"?limit=20&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    names = ("code", "state", "kind", "order_no", "refund_no", "ours_fen", "theirs_fen")
    return [{name: row[name] for name in names} for row in rows]


@pytest.mark.promise(name="P19")
@pytest.mark.timeout(0)
def test_of_a_day_of_real_gifts_each_difference_of_the_bill_is_listed_and_no_other(books: Books) -> None:
    held = 0
    for seed, rows in rounds("bill of a day", figure("P19", slice=150, full=10_000), size=10_000):
        till, wrong = Till(books, dice(STORY, seed=seed), books.clock), rows // 75
        till.receives(rows, unheard=wrong)
        till.gives_back(rows // 10, of=rows - wrong)
        bill = till.bill(wrong)
        books.bills.tells(till.day, bill, held=held)
        held += sum(flow.fen for flow in flows_of(bill))
        books.the_day_after()
        assert books.reconciles() == 1
        desk = books.hires(f"checker{till.day}")
        found = listed(desk, books, till.day)
        told = [tuple(row.values())[1:] for row in found]
        assert len(told) == len(set(told)) == 8 * wrong
        assert set(told) == till.injected
        for anew in (False, True):
            books.later(minutes=20)
            assert books.looks_again(till.day, anew=anew)
            assert listed(desk, books, till.day) == found, "looked at again, it is the same list"
    assert [one for one in books.wrong() if "沙箱" not in one] == []
