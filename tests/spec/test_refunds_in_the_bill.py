"""Refunds are matched by number, over days: the bill dates them by when they were taken on, we by their success."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from backend.core import clock
from backend.core.db import db
from backend.payments.models import SandboxRefund
from backend.reconciliation.worker import reconcile_steps
from tests.world.billing import Bills, Line, Reconciling, flows_of
from tests.world.bookkeeping import local
from tests.world.giving import ClientWire
from tests.world.refunding import Refunding

FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)


class Books(Refunding, Reconciling):
    """A village that gives back, and the day after."""

    def refund_lines(self) -> list[Line]:
        """What the sandbox's book holds of refunds: lines of the bill as they should be."""

        def found() -> list[Line]:
            rows = db.session.scalars(select(SandboxRefund).order_by(SandboxRefund.accepted_at)).all()
            return [
                Line(
                    at=row.accepted_at,
                    order_no=row.out_trade_no,
                    transaction_no="T",
                    fen=row.refund_fen,
                    refund_no=row.refund_no,
                )
                for row in rows
            ]

        return self.asks(found)

    def runs_the_step(self) -> None:
        """The scheduler's step, with the sandbox's own bills."""
        (step,) = reconcile_steps(self.settings, wire=self.wire)
        with self.app.app_context():
            while step.act(self.clock):
                pass


@pytest.fixture
def books(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Books:
    """The village on the first of June."""
    village = Books(app, clock=local("2026-06-01 10:00"))
    village.wire, village.bills = ClientWire(app), Bills()
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    village.sets_aside()
    return village


def test_days_with_refunds_whole_and_in_part_agree_with_the_sandboxs_bills(books: Books) -> None:
    gift, other = books.gives(books.fund, 100_00), books.gives(books.fund, 50_00)
    books.refunded(gift, 30_00)
    books.the_day_after()
    books.refunded(gift, 70_00)
    books.refunded(other, 10_44)  # The bank cannot take it: abnormal, under way still.
    books.the_day_after()
    books.runs_the_step()
    assert [books.day(day).state for day in (FIRST, SECOND)] == ["sealed", "sealed"]
    assert (books.day(FIRST).refunded_fen, books.day(SECOND).refunded_fen) == (30_00, 80_44)
    assert books.differences(FIRST) + books.differences(SECOND) == []
    assert books.day(FIRST).fee_fen == 60 + 30 - 18
    assert books.day(SECOND).fee_fen == -42 - 6
    assert books.wrong() == []


def test_a_refund_taken_on_before_midnight_and_done_after_it_is_no_difference(books: Books) -> None:
    gift = books.gives(books.fund, 100_00)
    books.at("2026-06-01 23:59")
    books.later(seconds=58)
    books.refunded(gift, 30_00)
    (refund,) = books.refund_lines()
    books.bills.tells(FIRST, [*books.lines(FIRST), refund])
    books.at("2026-06-03 14:00")
    books.reconciles()
    assert books.day(FIRST).state == books.day(SECOND).state == "sealed"
    assert books.wrong() == []


def test_a_refund_of_another_amount_or_that_the_provider_closed_is_told(books: Books) -> None:
    gift, other = books.gives(books.fund, 100_00), books.gives(books.fund, 100_00)
    books.refunded(gift, 30_00)
    books.refunded(other, 20_45)  # The provider closes it: nothing was given back.
    first, second = books.refund_lines()
    wrong = replace(first, fen=31_00)
    books.bills.tells(FIRST, [*books.lines(FIRST), wrong, second])
    books.the_day_after()
    books.reconciles()
    assert books.finds(FIRST) == [
        ("refund", first.refund_no, 30_00, 31_00),
        ("refund", second.refund_no, 0, 20_45),
    ]
    assert books.wrong() == []


def test_a_refund_that_no_bill_tells_of_is_told_until_one_does(books: Books) -> None:
    gift = books.gives(books.fund, 100_00)
    books.the_day_after()
    books.refunded(gift, 30_00)
    (refund,) = books.refund_lines()
    books.bills.tells(FIRST, books.lines(FIRST))
    books.the_day_after(at="14:00")
    books.reconciles()
    assert books.finds(SECOND) == [("refund", refund.refund_no, 30_00, None)]
    early = replace(refund, at=refund.at - timedelta(days=1))
    books.bills.tells(FIRST, [*books.lines(FIRST), early])
    books.looks_again(FIRST, anew=True)
    assert books.finds(SECOND, "healed") == [("refund", refund.refund_no, 30_00, None)]
    books.later(hours=1)
    books.reconciles()
    assert books.finds(SECOND, "open") == []
    assert books.wrong() == []


def test_a_refund_that_the_bill_lists_twice_went_out_once(books: Books) -> None:
    gift = books.gives(books.fund, 100_00)
    books.refunded(gift, 30_00)
    (refund,) = books.refund_lines()
    books.bills.tells(FIRST, [*books.lines(FIRST), refund, refund], flows=flows_of([*books.lines(FIRST), refund]))
    books.the_day_after()
    books.reconciles()
    assert books.finds(FIRST) == [("refund", refund.refund_no, 30_00, 30_00)]
    assert books.differences(FIRST)[0].actions == ("explain",)
    assert books.wrong() == []
