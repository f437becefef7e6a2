"""Differences are worked off: explained with a reason, or posted by two people; then the day is closed and sealed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.core import clock
from backend.core.clock import local_day
from backend.core.db import db
from backend.core.errors import NotFound, Refusal
from backend.disbursements.service import reallocate
from backend.ledger.posting import AmountInvalid, BalanceTooSmall
from backend.media.service import PictureUnknown
from backend.people.rights import RightMissing, StaffMember
from backend.reconciliation import decisions, fees, refusals, service
from backend.reconciliation.decisions import difference_reference
from backend.reconciliation.models import COVER, EXPLAIN, TAKE_IN
from backend.reconciliation.queries import kept_for_fees
from tests.world.billing import Line, Reconciling, accounts, make_village

__all__ = ["accounts"]
FIRST = date(2026, 6, 1)


def stranger(village: Reconciling, fen: int = 5_00) -> Line:
    return Line(at=village.clock, order_no="D-stranger", transaction_no="T-stranger", fen=fen, purse="x")


def with_bill(village: Reconciling, *, given: tuple[int, ...] = (), more: tuple[Line, ...] = (), lacks: int = 0) -> str:
    """A day with gifts, whose bill has more or lacks lines; return the code of its first difference, if any."""
    purse = village.opens_project("屋顶")
    village.phone().order(purse, 1_00)  # With the first order a channel's days begin.
    for fen in given:
        village.paid_gift(purse, fen)
    village.bills.tells(FIRST, [*village.lines()[lacks:], *more])
    village.the_day_after()
    village.reconciles()
    found = village.differences(FIRST)
    return found[0].code if found else ""


def does(village: Reconciling, act: Callable[..., None], *, by: StaffMember | None = None, **told: object) -> None:
    village.writes(lambda: act(**told, staff=by or village.desk, now=village.clock))


def refused(village: Reconciling, why: type[Refusal], act: Callable[..., None], **told: object) -> None:
    with pytest.raises(why):
        does(village, act, **told)  # type: ignore[arg-type]  # gathered by name


def test_an_explained_difference_needs_a_reason_and_moves_nothing(accounts: Reconciling) -> None:
    code, before = with_bill(accounts, more=(stranger(accounts),)), accounts.transfers()
    refused(accounts, Refusal, decisions.propose, code=code, action=EXPLAIN, reason=" ")
    for _ in range(2):
        does(accounts, decisions.propose, code=code, action=EXPLAIN, reason="银行测试款，已由银行收回")
    assert accounts.transfers() == before
    assert accounts.finds(FIRST, "explained") == [("missing", "D-stranger", None, 5_00)]
    refused(accounts, refusals.DifferenceDone, decisions.propose, code=code, action=TAKE_IN, reason="收下")
    refused(accounts, refusals.DifferenceDone, decisions.approve, code=code)
    assert accounts.wrong() == []


def test_money_that_nobody_ordered_is_taken_in_by_two_people_and_finds_its_project(accounts: Reconciling) -> None:
    code = with_bill(accounts, more=(stranger(accounts),))
    take = {"code": code, "action": TAKE_IN, "reason": "确有这笔钱，订单找不到"}
    refused(accounts, refusals.NothingProposed, decisions.approve, code=code)
    for _ in range(2):
        does(accounts, decisions.propose, **take)
    assert accounts.unallocated() == 0
    refused(accounts, refusals.FourEyes, decisions.approve, code=code)
    refused(accounts, refusals.DifferenceProposed, decisions.propose, code=code, action=EXPLAIN, reason="另一种说法")
    for _ in range(2):
        does(accounts, decisions.approve, by=accounts.second, code=code)
    assert accounts.unallocated() == 5_00
    accounts.looks_again(FIRST)
    assert accounts.finds(FIRST, "settled") == [("missing", "D-stranger", None, 5_00)]
    does(accounts, reallocate, reference=difference_reference(code), project=accounts.fund)
    assert (accounts.unallocated(), accounts.holds(accounts.fund)) == (0, 5_00)
    does(accounts, service.close_day, channel="sandbox", day=FIRST)
    assert accounts.day(FIRST).state == "sealed"
    assert accounts.wrong() == []


def test_what_is_lacking_is_covered_from_the_federations_own_money_not_from_the_gift(accounts: Reconciling) -> None:
    code = with_bill(accounts, given=(40_00,), lacks=1)
    purse, held = accounts.opens_project("水井"), accounts.fees_held()
    refused(accounts, refusals.ActionUnfit, decisions.propose, code=code, action=TAKE_IN, reason="收下")
    does(accounts, decisions.propose, code=code, action=COVER, reason="渠道确认没有收到这笔钱")
    does(accounts, decisions.approve, by=accounts.second, code=code)
    assert accounts.fees_held() == held - 40_00
    assert accounts.holds(purse) == 0
    accounts.looks_again(FIRST)
    assert accounts.finds(FIRST) == []
    assert accounts.wrong() == []


def test_a_refund_that_only_the_bill_knows_is_covered_too(accounts: Reconciling) -> None:
    refund = Line(at=accounts.clock, order_no="D1", transaction_no="T1", fen=7_00, refund_no="R1")
    code = with_bill(accounts, more=(refund,))
    does(accounts, decisions.propose, code=code, action=COVER, reason="商户平台上手工退了款")
    does(accounts, decisions.approve, by=accounts.second, code=code)
    accounts.looks_again(FIRST)
    assert accounts.finds(FIRST, "open", "proposed") == []
    assert accounts.wrong() == []


def test_nothing_is_covered_with_money_that_is_not_there(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    village = make_village(app, lambda now: monkeypatch.setattr(clock, "now", now))
    code = with_bill(village, given=(40_00,), lacks=1)
    does(village, decisions.propose, code=code, action=COVER, reason="没有收到")
    refused(village, BalanceTooSmall, decisions.approve, by=village.second, code=code)
    assert village.finds(FIRST, "proposed") == [("extra", village.lines(FIRST)[0].order_no, 40_00, None)]


def test_a_proposal_is_taken_back_by_its_proposer_or_refused_by_another_with_a_reason(accounts: Reconciling) -> None:
    code = with_bill(accounts, more=(stranger(accounts),))
    for by, reason in ((accounts.desk, None), (accounts.second, "先问渠道")):
        does(accounts, decisions.propose, code=code, action=TAKE_IN, reason="收下")
        if by is accounts.second:
            refused(accounts, refusals.NotTheProposer, decisions.take_back, by=by, code=code, reason=" ")
        does(accounts, decisions.take_back, by=by, code=code, reason=reason)
        assert accounts.finds(FIRST) == [("missing", "D-stranger", None, 5_00)]
    refused(accounts, refusals.NothingProposed, decisions.take_back, code=code, reason=None)
    assert accounts.unallocated() == 0


def test_only_the_national_desk_works_differences_off(accounts: Reconciling) -> None:
    code = with_bill(accounts, more=(stranger(accounts),))
    refused(accounts, NotFound, decisions.propose, by=accounts.cadre, code=code, action=EXPLAIN, reason="不是我的事")
    auditor = accounts.writes(lambda: accounts._staff("auditor", "auditor", "00"))
    refused(accounts, RightMissing, decisions.propose, by=auditor, code=code, action=EXPLAIN, reason="看看")
    refused(accounts, NotFound, decisions.propose, code="nothing", action=EXPLAIN, reason="没有")


def test_a_day_is_closed_by_a_person_once_nothing_is_open(accounts: Reconciling) -> None:
    code = with_bill(accounts, given=(10_00,), more=(stranger(accounts),))
    close = {"channel": "sandbox", "day": FIRST}
    refused(accounts, refusals.DayHasOpen, service.close_day, **close)
    does(accounts, decisions.propose, code=code, action=EXPLAIN, reason="银行测试款")
    accounts.looks_again(FIRST)
    assert accounts.day(FIRST).state == "open"
    for _ in range(2):
        does(accounts, service.close_day, **close)
    assert (accounts.day(FIRST).state, accounts.day(FIRST).closed_by) == ("sealed", "李四")
    refused(accounts, NotFound, service.close_day, channel="sandbox", day=date(2020, 1, 1))


def test_a_day_that_is_not_compared_yet_is_not_closed(accounts: Reconciling) -> None:
    accounts.paid_gift(accounts.fund, 10_00)
    accounts.the_day_after()
    accounts.reconciles()
    refused(accounts, refusals.DayNotMatched, service.close_day, channel="sandbox", day=FIRST)
    refused(accounts, refusals.DayNotClosed, service.reopen_day, channel="sandbox", day=FIRST, reason="看看")


def test_days_are_sealed_in_their_order_each_naming_the_one_before(accounts: Reconciling) -> None:
    code = with_bill(accounts, given=(10_00,), more=(stranger(accounts),))
    held = accounts.day(FIRST).closing_fen or 0
    second = local_day(accounts.clock)
    accounts.paid_gift(accounts.fund, 20_00)
    accounts.bills.tells(second, accounts.lines(), held=held)
    accounts.the_day_after()
    accounts.reconciles()
    assert [accounts.day(FIRST).state, accounts.day(second).state] == ["open", "closed"]
    does(accounts, decisions.propose, code=code, action=EXPLAIN, reason="银行测试款")
    does(accounts, service.close_day, channel="sandbox", day=FIRST)
    assert [accounts.day(FIRST).state, accounts.day(second).state] == ["sealed", "sealed"]
    assert accounts.wrong() == []


def test_a_day_opened_again_gets_a_new_seal_that_names_the_old(accounts: Reconciling) -> None:
    with_bill(accounts, given=(10_00,))
    old = accounts.day(FIRST).seal
    does(accounts, service.reopen_day, channel="sandbox", day=FIRST, reason="渠道补了一笔")
    assert (accounts.day(FIRST).state, accounts.day(FIRST).version) == ("open", 2)
    accounts.bills.tells(FIRST, [*accounts.lines(FIRST), stranger(accounts)])
    accounts.looks_again(FIRST)
    assert accounts.finds(FIRST) == []
    does(accounts, service.close_day, channel="sandbox", day=FIRST)
    assert accounts.day(FIRST).state == "sealed"
    named = "SELECT replaces FROM day_seals ORDER BY id DESC LIMIT 1"
    assert accounts.asks(lambda: db.session.scalar(text(named))) == old
    assert accounts.wrong() == []


def test_a_bill_that_came_anew_and_tells_more_opens_a_sealed_day(accounts: Reconciling) -> None:
    with_bill(accounts, given=(10_00,))
    assert accounts.looks_again(FIRST, anew=True)
    assert accounts.day(FIRST).state == "sealed"
    late = accounts.lines(FIRST)[0].at
    accounts.bills.tells(FIRST, [*accounts.lines(FIRST), Line(at=late, order_no="D2", transaction_no="T2", fen=3_00)])
    accounts.looks_again(FIRST, anew=True)
    assert (accounts.day(FIRST).state, accounts.day(FIRST).version) == ("open", 2)
    assert accounts.finds(FIRST) == [("missing", "D2", None, 3_00)]
    assert accounts.day(FIRST).fee_fen == 6 + 2
    assert accounts.wrong() == []


def test_a_difference_that_comes_back_is_open_again(accounts: Reconciling) -> None:
    with_bill(accounts, given=(10_00,), more=(stranger(accounts),))
    accounts.bills.tells(FIRST, accounts.lines(FIRST))
    accounts.looks_again(FIRST, anew=True)
    assert accounts.finds(FIRST, "healed") == [("missing", "D-stranger", None, 5_00)]
    early = accounts.lines(FIRST)[0].at
    again = Line(at=early, order_no="D-stranger", transaction_no="T-stranger", fen=5_00, purse="x")
    accounts.bills.tells(FIRST, [*accounts.lines(FIRST), again])
    accounts.looks_again(FIRST, anew=True)
    assert accounts.finds(FIRST) == [("missing", "D-stranger", None, 5_00)]


def test_a_fee_waits_for_money_and_is_listed_never_taken_from_a_gift(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = make_village(app, lambda now: monkeypatch.setattr(clock, "now", now))
    code = with_bill(village, given=(100_00,))
    assert village.finds(FIRST) == [("fee", None, 0, 60)]
    assert village.asks(kept_for_fees) == (0, 60)
    assert village.wrong() == []
    assert village.differences(FIRST)[0].actions == ()
    refused(village, refusals.ActionUnfit, decisions.propose, code=code, action=EXPLAIN, reason="算了")
    village.later(minutes=1)
    village.sets_aside(50_00)
    village.reconciles()
    assert village.finds(FIRST, "healed") == [("fee", None, 0, 60)]
    assert village.asks(kept_for_fees) == (50_00 - 60, 0)
    assert village.day(FIRST).state == "sealed"
    assert village.wrong() == []


def test_a_fee_that_comes_back_goes_to_the_federations_own_money(accounts: Reconciling) -> None:
    refund = Line(at=accounts.clock, order_no="D1", transaction_no="T1", fen=100_00, refund_no="R1")
    with_bill(accounts, more=(refund,))
    assert accounts.fees_held() == 1_000_00 + 60
    assert accounts.wrong() == []


def test_own_money_is_recorded_by_one_and_approved_by_another_with_a_voucher(accounts: Reconciling) -> None:
    code = accounts.records_own_money(30_00)
    assert accounts.fees_held() == 1_000_00
    refused(accounts, refusals.FourEyes, fees.approve_own_money, code=code)
    for _ in range(2):
        does(accounts, fees.approve_own_money, by=accounts.second, code=code)
    assert accounts.fees_held() == 1_030_00
    refused(accounts, refusals.OwnMoneyDone, fees.end_own_money, code=code, reason=None)
    refused(accounts, NotFound, fees.approve_own_money, code="nothing")


def test_own_money_is_withdrawn_or_refused_before_it_is_approved(accounts: Reconciling) -> None:
    mine, other = accounts.records_own_money(), accounts.records_own_money()
    for _ in range(2):
        does(accounts, fees.end_own_money, code=mine, reason=None)
    refused(accounts, Refusal, fees.end_own_money, by=accounts.second, code=other, reason=None)
    does(accounts, fees.end_own_money, by=accounts.second, code=other, reason="凭证不清楚")
    for code in (mine, other):
        refused(accounts, refusals.OwnMoneyDone, fees.approve_own_money, by=accounts.second, code=code)
    assert accounts.fees_held() == 1_000_00


def test_own_money_needs_a_day_that_has_come_an_amount_and_a_voucher(accounts: Reconciling) -> None:
    with pytest.raises(refusals.ReceivedInFuture):
        accounts.records_own_money(received_on=date(2026, 6, 2))
    with pytest.raises(AmountInvalid):
        accounts.records_own_money(0)
    with pytest.raises(PictureUnknown):
        accounts.records_own_money(voucher_media="x" * 16)
    with pytest.raises(PictureUnknown):
        accounts.records_own_money(voucher_media=accounts.voucher(accounts.cadre) + "x")


def test_an_overdue_day_without_a_bill_is_compared_with_none(accounts: Reconciling) -> None:
    accounts.paid_gift(accounts.fund, 10_00)
    number = accounts.lines()[0].order_no
    accounts.the_day_after(at="14:00")
    accounts.reconciles()
    none = {"channel": "sandbox", "day": FIRST, "reason": "渠道说账单已丢失"}
    refused(accounts, refusals.BillStillComes, service.go_without_bill, **none)
    accounts.the_day_after()
    does(accounts, service.go_without_bill, **none)
    accounts.reconciles()
    assert accounts.finds(FIRST) == [("extra", number, 10_00, None)]
    refused(accounts, refusals.BillStillComes, service.go_without_bill, **none)
    assert accounts.wrong() == []


@pytest.mark.parametrize("table", ["bill_files", "day_seals"])
def test_the_database_refuses_to_change_a_bill_or_a_seal(accounts: Reconciling, table: str) -> None:
    with_bill(accounts, given=(10_00,))
    for statement in (f"UPDATE {table} SET channel = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError):
            accounts.writes(lambda statement=statement: db.session.execute(text(statement)))  # type: ignore[misc]  # bound at once
