"""Comparing a day's trade bill with our ledger: pure rules, no database (P19, bad input 40).

What is ours is looked up by the provider's own numbers, never by amount or by the order of rows, so that no difference
hides behind another. A payment that both know but date differently (the second before midnight) is listed too, and
is nobody's work: `elsewhere`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from backend.reconciliation.bill_rows import PaymentRow, RefundRow, TradeBill
from backend.reconciliation.bills import fee_by_rate
from backend.reconciliation.models import AMOUNT, EXTRA, FEE, MISSING, REFUND

REFUND_FEE_SLACK_FEN = 1
"""Parts of a refund are rounded one by one: what comes back of the fee may be a fen beside the rate."""
CURRENCY = "CNY"
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class OurPayment:
    """A payment as our ledger has it, with what was posted to correct it: order, provider's number, fen, its day."""

    order_no: str
    transaction_no: str
    fen: int
    day: date


@dataclass(frozen=True, kw_only=True)
class OurRefund:
    """A refund as we know it. `is_posted` when its money has left the ledger; `day` is then the day of its success."""

    refund_no: str
    order_no: str
    fen: int
    is_posted: bool
    day: date | None


@dataclass(frozen=True, kw_only=True)
class Ours:
    """Everything of ours that a day's bill is compared with.

    `payments` and `refunds` hold those of this day and those of any day that the bill names; `listed_elsewhere` are the
    payments and refunds that another day's bill tells of.
    """

    day: date
    payments: Mapping[Key, OurPayment] = field(default_factory=dict)
    refunds: Mapping[str, OurRefund] = field(default_factory=dict)
    payments_elsewhere: frozenset[Key] = frozenset()
    refunds_elsewhere: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Found:
    """One difference. `delta_fen` is what the bill says that we have more than the ledger; `elsewhere` needs nobody."""

    kind: str
    order_no: str | None = None
    transaction_no: str | None = None
    refund_no: str | None = None
    ours_fen: int | None = None
    theirs_fen: int | None = None
    delta_fen: int = 0
    note: str = ""
    elsewhere: bool = False
    nth: int = 0
    """Tells apart what is told several times in the very same words: a bill that lists a line twice."""

    @property
    def subject(self) -> str:
        """What the difference is about, so that the same one found again is the same, and another story is not."""
        names = (self.order_no, self.transaction_no, self.refund_no, self.ours_fen, self.theirs_fen, self.nth or None)
        return "|".join("" if name is None else str(name) for name in names)


def numbered(found: Iterable[Found]) -> list[Found]:
    """Return the differences with those that are told in the very same words told apart by number."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    told = []
    for one in found:
        times = seen[one.kind, one.subject]
        seen[one.kind, one.subject] += 1
        told.append(replace(one, nth=times) if times else one)
    return told


def compare(bill: TradeBill, ours: Ours) -> list[Found]:
    """Return every difference between a trade bill and our ledger, in the order of the bill, then what it lacks."""
    found: list[Found] = []
    seen: set[object] = set()
    for row in bill.payments:
        key = (row.order_no, row.transaction_no)
        found += [_payment_again(row)] if key in seen else _payment(row, ours)
        seen.add(key)
    found += _unbilled_payments(bill, ours)
    for back in bill.refunds:
        found += [_refund_again(back)] if back.refund_no in seen else _refund(back, ours)
        seen.add(back.refund_no)
    return found + list(_unbilled_refunds(bill, ours))


def _payment_again(row: PaymentRow) -> Found:
    """A line that stands in the bill twice is one payment and one difference; its money is never posted twice."""
    names: dict[str, Any] = {"order_no": row.order_no, "transaction_no": row.transaction_no}
    fen = row.settled_fen
    note = f"账单第 {row.line} 行重复列出，只算一次"
    return Found(kind=MISSING, **names, ours_fen=fen, theirs_fen=fen, delta_fen=fen, note=note)


def _refund_again(row: RefundRow) -> Found:
    names: dict[str, Any] = {"order_no": row.order_no, "refund_no": row.refund_no}
    fen = row.refund_fen
    note = f"账单第 {row.line} 行重复列出，只算一次"
    return Found(kind=REFUND, **names, ours_fen=fen, theirs_fen=fen, delta_fen=-fen, note=note)


def _payment(row: PaymentRow, ours: Ours) -> Iterator[Found]:
    mine = ours.payments.get((row.order_no, row.transaction_no))
    expected = _expected_fee(row.settled_fen, mine.fen if mine else 0, fee_fen=row.fee_fen, rate=row.rate, slack_fen=0)
    names: dict[str, Any] = {"order_no": row.order_no, "transaction_no": row.transaction_no}
    if row.fee_fen != expected:
        yield Found(kind=FEE, **names, ours_fen=expected, theirs_fen=row.fee_fen, note="手续费与费率不符")
    if mine is None:
        yield Found(
            kind=MISSING, **names, theirs_fen=row.settled_fen, delta_fen=row.settled_fen, note="账单有，账本没有"
        )
    elif mine.fen != row.settled_fen or row.currency != CURRENCY:
        delta = row.settled_fen - mine.fen
        told: dict[str, Any] = {"ours_fen": mine.fen, "theirs_fen": row.settled_fen, "delta_fen": delta}
        yield Found(kind=AMOUNT, **names, **told, note="金额不一致" if delta else f"币种 {row.currency[:10]}")
    elif row.total_fen != mine.fen:
        yield Found(kind=AMOUNT, **names, ours_fen=mine.fen, theirs_fen=row.total_fen, note="订单金额不一致")
    elif mine.day != ours.day:
        told = {"ours_fen": mine.fen, "theirs_fen": mine.fen, "delta_fen": mine.fen}
        yield Found(kind=MISSING, **names, **told, note=f"账本记在 {mine.day.isoformat()}", elsewhere=True)


def _expected_fee(told_fen: int, our_fen: int, *, fee_fen: int, rate: int, slack_fen: int) -> int:
    """Return what the fee should be: as it is told, where it fits the rate of the amount told or of our own.

    An amount that differs is one difference, and its fee is not another one.
    """
    by_rate = [fee_by_rate(fen, rate) for fen in (told_fen, our_fen) if fen]
    return fee_fen if any(abs(fee_fen - one) <= slack_fen for one in by_rate) else by_rate[0]


def _unbilled_payments(bill: TradeBill, ours: Ours) -> Iterator[Found]:
    billed = {(row.order_no, row.transaction_no) for row in bill.payments}
    for key, mine in ours.payments.items():
        if mine.day != ours.day or key in billed or mine.fen == 0:
            continue
        yield Found(
            kind=EXTRA,
            order_no=mine.order_no,
            transaction_no=mine.transaction_no,
            ours_fen=mine.fen,
            delta_fen=-mine.fen,
            note="在别日的账单里" if key in ours.payments_elsewhere else "账本有，账单没有",
            elsewhere=key in ours.payments_elsewhere,
        )


def _refund(row: RefundRow, ours: Ours) -> Iterator[Found]:
    names: dict[str, Any] = {"order_no": row.order_no, "transaction_no": row.transaction_no, "refund_no": row.refund_no}
    mine = ours.refunds.get(row.refund_no)
    told_fen, slack = -row.fee_fen, REFUND_FEE_SLACK_FEN
    our_fen = mine.fen if mine else 0
    expected = _expected_fee(row.refund_fen, our_fen, fee_fen=told_fen, rate=row.rate, slack_fen=slack)
    if told_fen != expected:
        yield Found(kind=FEE, **names, ours_fen=-expected, theirs_fen=row.fee_fen, note="退还的手续费与费率不符")
    theirs = row.refund_fen
    if mine is None:
        yield Found(kind=REFUND, **names, theirs_fen=theirs, delta_fen=-theirs, note="账单有这笔退款，我们没有")
    elif (mine.fen, mine.order_no) != (theirs, row.order_no):
        told: dict[str, Any] = {"ours_fen": mine.fen, "theirs_fen": theirs, "delta_fen": mine.fen - theirs}
        yield Found(kind=REFUND, **names, **told, note="退款不一致")


def _unbilled_refunds(bill: TradeBill, ours: Ours) -> Iterator[Found]:
    billed = {row.refund_no for row in bill.refunds}
    for number, mine in ours.refunds.items():
        if mine.day != ours.day or mine.fen == 0 or number in billed or number in ours.refunds_elsewhere:
            continue
        yield Found(
            kind=REFUND,
            order_no=mine.order_no,
            refund_no=number,
            ours_fen=mine.fen,
            delta_fen=mine.fen,
            note="账本有这笔退款，账单没有",
        )
