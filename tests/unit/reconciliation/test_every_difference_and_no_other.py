"""Of a bill into which differences of every kind were put, exactly those are found (P19)."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pytest

from backend.core.clock import SHANGHAI
from backend.reconciliation.bills import fee_by_rate, read_fund_bill, read_trade_bill
from backend.reconciliation.funds import Before, compare_funds, sums_of
from backend.reconciliation.matching import Found, OurPayment, OurRefund, Ours, compare, numbered
from tests.world.billing import RATE, Flow, Line, flows_of, fund_csv, trade_csv
from tests.world.figures import dice, figure

DAY = date(2026, 6, 1)
MIDNIGHT = datetime(2026, 6, 1, tzinfo=SHANGHAI)


@dataclass
class Bank:
    """A day at the provider and in our ledger, with what was put wrong between them: (kind, number)."""

    chance: random.Random
    lines: list[Line] = field(default_factory=list)
    payments: dict[tuple[str, str], OurPayment] = field(default_factory=dict)
    refunds: dict[str, OurRefund] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    injected: set[tuple[str, str]] = field(default_factory=set)

    def works_a_day(self, rows: int) -> None:
        """Payments and some refunds of them, from the first second to the last."""
        for number in range(rows):
            at = MIDNIGHT + timedelta(seconds=number * 86_399 // max(rows - 1, 1))
            line = Line(at=at, order_no=f"D{number}", transaction_no=f"T{number}", fen=self.chance.randint(1, 500_00))
            self.lines.append(line)
            self.payments[line.order_no, line.transaction_no] = OurPayment(
                order_no=line.order_no, transaction_no=line.transaction_no, fen=line.fen, day=DAY
            )
            if number % 20 == 0:
                back = replace(line, refund_no=f"R{number}", fen=self.chance.randint(1, line.fen))
                self.lines.append(back)
                self.refunds[back.refund_no] = OurRefund(
                    refund_no=back.refund_no, order_no=back.order_no, fen=back.fen, is_posted=number % 40 == 0, day=DAY
                )

    def goes_wrong(self, times: int) -> None:
        """As many things go wrong as told, each about an order of its own."""
        places = self.chance.sample(range(len(self.lines)), times)
        wrongs = (self.missing, self.extra, self.amount, self.fee, self.refund_lost, self.refund_unknown, self.stranger)
        gone = [wrongs[count % len(wrongs)](place) for count, place in enumerate(places)]
        self.lines = [line for place, line in enumerate(self.lines) if place not in gone]
        self.flows = flows_of(self.lines)

    def missing(self, place: int) -> int:
        """Our ledger lacks a payment, or a refund, of the bill."""
        line = self.lines[place]
        if line.refund_no:
            del self.refunds[line.refund_no]
            self.injected.add(("refund", line.refund_no))
        else:
            del self.payments[line.order_no, line.transaction_no]
            self.injected.add(("missing", line.order_no))
        return -1

    def extra(self, place: int) -> int:
        """The bill lacks what our ledger has."""
        line = self.lines[place]
        if line.refund_no and not self.refunds[line.refund_no].is_posted:  # pragma: no cover - by chance.
            return -1  # A refund on its way stands in neither.
        self.injected.add(("refund", line.refund_no) if line.refund_no else ("extra", line.order_no))
        return place

    def amount(self, place: int) -> int:
        """The bill tells another amount, by as little as a fen."""
        line = self.lines[place]
        self.lines[place] = replace(line, fen=line.fen + self.chance.choice((1, 100, 12_345)))
        self.injected.add(("refund", line.refund_no) if line.refund_no else ("amount", line.order_no))
        return -1

    def fee(self, place: int) -> int:
        """The bill tells another fee than its rate makes."""
        line = self.lines[place]
        by_rate = fee_by_rate(line.fen, RATE)
        self.lines[place] = replace(line, fee=-by_rate - 2 if line.refund_no else by_rate + self.chance.randint(1, 9))
        self.injected.add(("fee", line.refund_no or line.order_no))
        return -1

    def refund_lost(self, place: int) -> int:
        """Our ledger posted a refund that no bill tells of."""
        number = f"X{place}"
        self.refunds[number] = OurRefund(refund_no=number, order_no=f"Y{place}", fen=5, is_posted=True, day=DAY)
        self.injected.add(("refund", number))
        return -1

    def refund_unknown(self, place: int) -> int:
        """The bill tells of a refund that nobody of us made."""
        line = self.lines[place]
        self.lines.append(replace(line, order_no=f"U{place}", refund_no=f"V{place}", fen=7_00, fee=None))
        self.injected.add(("refund", f"V{place}"))
        return -1

    def stranger(self, place: int) -> int:
        """The bill tells of a payment that nobody ordered."""
        self.lines.append(Line(at=self.lines[place].at, order_no=f"S{place}", transaction_no=f"Z{place}", fen=3_00))
        self.injected.add(("missing", f"S{place}"))
        return -1

    def found(self) -> list[Found]:
        """What the comparison finds in the two files."""
        self.flows = self.flows or flows_of(self.lines)
        bill = read_trade_bill(trade_csv(self.lines), day=DAY)
        fund = read_fund_bill(fund_csv(self.flows, held=1_000_00), day=DAY)
        ours = Ours(day=DAY, payments=self.payments, refunds=self.refunds)
        told = compare(bill, ours)
        assert sums_of(fund).flow_fen == sum(flow.fen for flow in self.flows)
        return told + compare_funds(fund, bill, day=DAY, before=Before(held_fen=1_000_00), told=told)


def names(found: list[Found]) -> list[tuple[str, str]]:
    return [(one.kind, one.refund_no or one.order_no or "") for one in found]


@pytest.mark.promise(name="P19")
@pytest.mark.parametrize("round_", range(3))
def test_every_difference_is_found_and_no_other(round_: int) -> None:
    rows = figure("P19", slice=700, full=10_000)
    bank = Bank(dice(f"bill {round_}"))
    bank.works_a_day(rows)
    bank.goes_wrong(rows // 20)
    found = names(bank.found())
    assert len(found) == len(set(found))
    assert set(found) == bank.injected
    assert {kind for kind, _ in found} == {"missing", "extra", "amount", "fee", "refund"}


@pytest.mark.promise(name="P19")
def test_a_bill_that_agrees_has_no_difference() -> None:
    bank = Bank(dice("clean bill"))
    bank.works_a_day(figure("P19", slice=700, full=10_000))
    assert bank.found() == []


def bank_of(*lines: Line, flows: list[Flow] | None = None) -> Bank:
    bank = Bank(dice("small"))
    bank.lines = list(lines)
    for one in lines:
        payment = OurPayment(order_no=one.order_no, transaction_no=one.transaction_no, fen=one.fen, day=DAY)
        bank.payments[one.order_no, one.transaction_no] = payment
    bank.flows = flows_of(lines) if flows is None else flows
    return bank


NOON = MIDNIGHT + timedelta(hours=12)
PAID = Line(at=NOON, order_no="D1", transaction_no="T1", fen=100_00)
OTHER = Line(at=NOON, order_no="D2", transaction_no="T2", fen=50_00)
FLOWS = flows_of([PAID, OTHER])


def test_another_currency_is_another_amount() -> None:
    assert names(bank_of(replace(PAID, currency="USD")).found()) == [("amount", "D1")]


def test_a_coupon_that_makes_less_arrive_than_was_ordered_is_told() -> None:
    bank = bank_of(PAID)
    bank.lines = [replace(PAID, fen=90_00, total=100_00)]
    bank.flows = flows_of(bank.lines)
    assert [(one.ours_fen, one.theirs_fen, one.delta_fen) for one in bank.found()] == [(100_00, 90_00, -10_00)]
    bank.lines = [replace(PAID, total=110_00)]
    bank.flows = flows_of(bank.lines)
    assert [(one.ours_fen, one.theirs_fen, one.delta_fen) for one in bank.found()] == [(100_00, 110_00, 0)]


def test_another_payment_for_the_same_order_is_two_differences() -> None:
    bank = bank_of(PAID)
    bank.lines = [replace(PAID, transaction_no="T9")]
    bank.flows = flows_of(bank.lines)
    assert sorted(names(bank.found())) == [("extra", "D1"), ("missing", "D1")]


FUND_WRONG = [
    (FLOWS[2:], [("fund", "D1")], "a payment that the account never saw"),
    ([*FLOWS, Flow(at=NOON, business_no="T3", fen=1_00, voucher="D3")], [("fund", "D3")], "a payment of no bill"),
    ([replace(FLOWS[0], fen=99_00), *FLOWS[1:]], [("amount", "D1")], "another amount in the account"),
    ([FLOWS[0], replace(FLOWS[1], fen=-61), *FLOWS[2:]], [("fee", "D1")], "another fee in the account"),
    ([*FLOWS, Flow(at=NOON, business_no="5R", fen=-2_00, kind="退款", voucher="R")], [("fund", "R")], "a refund"),
    ([*FLOWS, Flow(at=NOON, business_no="W", fen=-80_00, kind="提现")], [], "a withdrawal is none of ours"),
]


@pytest.mark.parametrize(("flows", "told", "why"), FUND_WRONG, ids=[row[2] for row in FUND_WRONG])
def test_the_account_is_compared_with_the_bill(flows: list[Flow], told: list[tuple[str, str]], why: str) -> None:
    assert names(bank_of(PAID, OTHER, flows=flows).found()) == told, why


def test_what_the_account_books_after_midnight_is_no_difference() -> None:
    late = replace(PAID, at=MIDNIGHT + timedelta(hours=23, minutes=55))
    assert bank_of(late, flows=[]).found() == []
    yesterday = Flow(at=MIDNIGHT + timedelta(minutes=1), business_no="T0", fen=10_00, voucher="D0")
    assert bank_of(PAID, flows=[yesterday, *flows_of([PAID])]).found() == []


def test_the_balance_runs_on_from_row_to_row_whichever_way_the_file_is_sorted() -> None:
    flows = [replace(flow, at=NOON + timedelta(seconds=count)) for count, flow in enumerate(FLOWS)]
    content = fund_csv(flows, held=1_000_00)
    lines = content.decode("utf-8-sig").split("\r\n")
    turned = "\r\n".join([lines[0], *reversed(lines[1:5]), *lines[5:]]).encode()
    ours = bank_of(PAID, OTHER)
    bill = read_trade_bill(trade_csv(ours.lines), day=DAY)
    for file in (content, turned):
        fund = read_fund_bill(file, day=DAY)
        for held, told in ((1_000_00, []), (None, []), (999_99, [("fund", "D1")])):
            before = Before(held_fen=held)
            assert names(compare_funds(fund, bill, day=DAY, before=before, told=[])) == told


BACK = Line(at=NOON, order_no="D1", transaction_no="T1", fen=20_00, refund_no="R1")
TOOK = flows_of([PAID, BACK])
REFUND_WRONG = [
    (TOOK, [], "in two rows"),
    ([*TOOK[:2], replace(TOOK[2], fen=-20_00 + 12)], [], "in one row with its fee"),
    (TOOK[:2], [("fund", "R1")], "not at all"),
    ([*TOOK[:2], replace(TOOK[2], fen=-21_00), *TOOK[3:]], [("fund", "R1")], "with another amount"),
]


@pytest.mark.parametrize(("flows", "told", "why"), REFUND_WRONG, ids=[row[2] for row in REFUND_WRONG])
def test_a_refund_left_the_account_with_its_fee(flows: list[Flow], told: list[tuple[str, str]], why: str) -> None:
    bank = bank_of(PAID, flows=flows)
    bank.lines.append(BACK)
    bank.refunds["R1"] = OurRefund(refund_no="R1", order_no="D1", fen=20_00, is_posted=True, day=DAY)
    assert names(bank.found()) == told, why


def test_the_fee_of_an_amount_that_differs_is_no_second_difference() -> None:
    bank = bank_of(PAID, flows=flows_of([PAID]))
    bank.lines = [replace(PAID, fen=105_00, fee=60)]
    assert names(bank.found()) == [("amount", "D1")]


def test_a_line_that_stands_in_a_bill_twice_is_one_difference_each_time() -> None:
    bank = bank_of(PAID)
    bank.lines = [PAID, PAID, PAID]
    assert names(bank.found()) == [("missing", "D1")] * 2
    assert len({one.subject for one in numbered(bank.found())}) == 2
    bank = bank_of(PAID)
    bank.refunds["R1"] = OurRefund(refund_no="R1", order_no="D1", fen=20_00, is_posted=True, day=DAY)
    bank.lines, bank.flows = [PAID, BACK, BACK], flows_of([PAID, BACK])
    assert names(bank.found()) == [("refund", "R1")]
    assert names(bank_of(PAID, flows=[*flows_of([PAID]), flows_of([PAID])[0]]).found()) == [("fund", "D1")]
