"""The figures of a notice: one query over the ledger up to its cut-off, added up by pure rules (law 5, law 11).

opening + received - refunded - spent + corrected - moved to the fund + other = closing, to the fen, or nothing is
published. What is received is told whole, also where a part went back to its giver: that stands in a line of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import case, func, or_, select

from backend.core.db import db
from backend.ledger import reasons
from backend.ledger.accounts import NATIONAL, REFUNDS, holder_of, is_in_transit, purse_of
from backend.ledger.models import Account, OrderedTransfer, Transfer
from backend.notices import spending

RECEIVED = (reasons.GIFT, reasons.REALLOCATION, reasons.SURPLUS_TO_FUND)
SPENT = reasons.SPENDING
CORRECTED = reasons.SPENDING_CORRECTION
MOVED = reasons.SURPLUS_TO_FUND
PAID_OUT = reasons.PAYOUT
REFUNDED = reasons.REFUND


class FiguresOutOfJoint(Exception):
    """The figures do not add up: the ledger or a room beside it is wrong, and nothing may be published from it."""


@dataclass(frozen=True, kw_only=True)
class FlowSum:
    """All transfers between two accounts for one reason and channel, before the opening or within the period."""

    source: str
    target: str
    reason: str
    channel: str | None
    is_before: bool
    amount_fen: int
    count: int


@dataclass(kw_only=True)
class Sums:
    """The figures of one purse, or of several together, in fen; `refunding` is a part of what the nation holds."""

    opening_fen: int = 0
    received_fen: int = 0
    refunded_fen: int = 0
    spent_fen: int = 0
    corrected_fen: int = 0
    moved_to_fund_fen: int = 0
    other_fen: int = 0
    paid_out_fen: int = 0
    with_nation_fen: int = 0
    refunding_fen: int = 0
    in_transit_fen: int = 0
    with_village_fen: int = 0
    closing_fen: int = 0


@dataclass(frozen=True, kw_only=True)
class Purse:
    """A project or fund whose money a notice tells of."""

    code: str
    title: str
    kind: str


def figures_of(purses: Iterable[Purse], *, opening: int, cut_off: int) -> dict[str, object]:
    """Return the figures of the purses over positions `opening` < p ≤ `cut_off`, as a notice keeps them.

    They are the same whenever they are computed again (P13). Refuses `FiguresOutOfJoint` when they do not add up.
    """
    shown = list(purses)
    codes = [purse.code for purse in shown]
    flows = flows_of(codes, opening=opening, cut_off=cut_off)
    total = add_up(flows, set(codes))
    spent = spending.spent(codes, after=opening, through=cut_off)
    corrected = spending.corrected(codes, after=opening, through=cut_off, spent_after=0, spent_through=cut_off)
    found: dict[str, object] = asdict(total)
    found["received"] = received_by_source(flows, set(codes))
    found["spent"] = [line.as_told() for line in spent]
    found["corrections"] = [line.as_told() for line in corrected]
    found["purses"] = [{**asdict(purse), **asdict(add_up(flows, {purse.code}))} for purse in shown]
    _check_lines(total, spent=spent, corrected=corrected)
    return found


def flows_of(codes: list[str], *, opening: int, cut_off: int) -> list[FlowSum]:
    """Return what moved in and out of every account of the purses up to `cut_off`: one statement, one snapshot."""
    names = select(Account.name).where(Account.purse.in_(codes))
    is_before = case((OrderedTransfer.position <= opening, 1), else_=0).label("is_before")
    sides = (Transfer.source_account, Transfer.target_account, Transfer.reason, Transfer.channel)
    statement = (
        select(*sides, is_before, func.sum(Transfer.amount_fen), func.count())
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .where(OrderedTransfer.position <= cut_off)
        .where(or_(Transfer.source_account.in_(names), Transfer.target_account.in_(names)))
        .group_by(*sides, is_before)
    )
    rows = db.session.execute(statement).all()
    flows = [
        FlowSum(
            source=row[0],
            target=row[1],
            reason=row[2],
            channel=row[3],
            is_before=bool(row[4]),
            amount_fen=int(row[5]),
            count=int(row[6]),
        )
        for row in rows
    ]
    return sorted(flows, key=lambda flow: (flow.source, flow.target, flow.reason, flow.channel or "", flow.is_before))


def add_up(flows: Iterable[FlowSum], codes: set[str]) -> Sums:
    """Return the figures of the purses `codes` together; what moves between two of them is neither in nor out."""
    sums = Sums()
    balances: dict[str, int] = defaultdict(int)
    for flow in flows:
        is_in, is_out = purse_of(flow.target) in codes, purse_of(flow.source) in codes
        if is_in:
            balances[flow.target] += flow.amount_fen
        if is_out:
            balances[flow.source] -= flow.amount_fen
        if flow.is_before:
            sums.opening_fen += flow.amount_fen * (is_in - is_out)
        elif is_in and is_out:
            sums.paid_out_fen += flow.amount_fen if flow.reason == PAID_OUT else 0
        elif is_in or is_out:
            _add(sums, flow, is_in=is_in)
    _place(sums, balances)
    expected = sums.opening_fen + sums.received_fen - sums.refunded_fen - sums.spent_fen + sums.corrected_fen
    expected += sums.other_fen - sums.moved_to_fund_fen
    if expected != sums.closing_fen or min(balances.values(), default=0) < 0:
        raise FiguresOutOfJoint(f"{sorted(codes)}: expected {expected}, holds {sums.closing_fen}")
    return sums


def _add(sums: Sums, flow: FlowSum, *, is_in: bool) -> None:
    if is_in and flow.reason in RECEIVED:
        sums.received_fen += flow.amount_fen
    elif is_in and flow.reason == CORRECTED:
        sums.corrected_fen += flow.amount_fen
    elif not is_in and flow.reason == SPENT:
        sums.spent_fen += flow.amount_fen
    elif not is_in and flow.reason == REFUNDED:
        sums.refunded_fen += flow.amount_fen
    elif not is_in and flow.reason == MOVED:
        sums.moved_to_fund_fen += flow.amount_fen
    else:
        sums.other_fen += flow.amount_fen if is_in else -flow.amount_fen


def _place(sums: Sums, balances: dict[str, int]) -> None:
    """Say where the money lies at the cut-off: with the nation, between two tiers, with the village."""
    for name, held in balances.items():
        sums.refunding_fen += held if name.endswith(REFUNDS) else 0
        if is_in_transit(name):
            sums.in_transit_fen += held
        elif holder_of(name) == NATIONAL:
            sums.with_nation_fen += held
        else:
            sums.with_village_fen += held
    sums.closing_fen = sums.with_nation_fen + sums.in_transit_fen + sums.with_village_fen


def received_by_source(flows: Iterable[FlowSum], codes: set[str]) -> list[dict[str, object]]:
    """Return what came in within the period by its source (why it moved here) and, within it, by payment channel."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for flow in flows:
        is_from_outside = purse_of(flow.target) in codes and purse_of(flow.source) not in codes
        if is_from_outside and not flow.is_before and flow.reason in RECEIVED:
            total = found[flow.reason][flow.channel or ""]
            total[0] += flow.amount_fen
            total[1] += flow.count
    return [
        {
            "source": reason,
            "amount_fen": sum(total[0] for total in channels.values()),
            "count": sum(total[1] for total in channels.values()),
            "channels": [
                {"channel": channel, "amount_fen": total[0], "count": total[1]}
                for channel, total in sorted(channels.items())
                if channel
            ],
        }
        for reason, channels in sorted(found.items())
    ]


def _check_lines(total: Sums, *, spent: list[spending.Line], corrected: list[spending.Line]) -> None:
    """Every fen that was spent has a line with a voucher, and every fen that came back a correction."""
    told = sum(line.amount_fen for line in spent), sum(line.amount_fen for line in corrected)
    if told != (total.spent_fen, total.corrected_fen):
        raise FiguresOutOfJoint(f"lines say {told}, the ledger ({total.spent_fen}, {total.corrected_fen})")
