"""Reading the ledger: every figure anywhere comes from here, in constant time (laws 4, 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import case, func, literal, or_, select, union_all

from backend.core.db import db
from backend.ledger.accounts import NATIONAL, REFUNDS, WORLD, account, refunds_account
from backend.ledger.models import Account, Flow, LedgerState, OrderedTransfer, QueuedTransfer, Transfer
from backend.ledger.reasons import GIFT, REALLOCATION, REFUND, SPENDING, SPENDING_CORRECTION, SURPLUS_TO_FUND

GIFT_REASONS = (GIFT, REALLOCATION)
# The tail is sought by the queue's row ids and never by account: an account may have ten million transfers.
_IS_QUEUED = Transfer.id.in_(select(QueuedTransfer.transfer_id))


@dataclass(frozen=True, kw_only=True)
class FlowTotal:
    """What came into (`in`) and went out of (`out`) one account for one reason: fen and number of transfers."""

    account: str
    reason: str
    in_fen: int
    out_fen: int
    in_count: int
    out_count: int


@dataclass(frozen=True, kw_only=True)
class PurseFigures:
    """Where the money of one purse is, in fen.

    `received` is what came in and was not given back: always the sum of nation, transit, village, spent and moved.
    `refunding` is the part of the nation's that is promised back to givers, `refunded` what went back to them; the
    number of gifts is that of all that came, those given back too, as the list of gifts shows them.
    """

    received_fen: int = 0
    with_nation_fen: int = 0
    in_transit_fen: int = 0
    with_village_fen: int = 0
    spent_fen: int = 0
    moved_to_fund_fen: int = 0
    refunding_fen: int = 0
    refunded_fen: int = 0
    gift_count: int = 0


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """One transfer with its place in the order."""

    position: int
    posted_at: datetime
    reason: str
    source: str
    target: str
    amount_fen: int
    reference: str
    channel: str | None
    provider_date: date | None


def balance_fen(name: str) -> int:
    """Return what an account holds, in fen: its roll-up plus the tail that is not rolled up yet.

    Before a debit, lock the account first (`posting.lock_account`): then neither another debit nor the roll-up of
    this account can slip between the two readings.
    """
    rolled = db.session.scalar(select(Account.balance_fen).where(Account.name == name)) or 0
    signed = case(
        (Transfer.target_account == name, Transfer.amount_fen),
        (Transfer.source_account == name, -Transfer.amount_fen),
        else_=0,
    )
    tail = select(func.coalesce(func.sum(signed), 0)).where(_IS_QUEUED)
    return int(rolled) + int(db.session.scalar(tail) or 0)


def flow_totals(accounts: Iterable[str]) -> list[FlowTotal]:
    """Return the totals of each account by reason: roll-ups plus tail, in one statement, one snapshot."""
    names = sorted(set(accounts) - {WORLD})
    if not names:
        return []
    rolled = select(Flow.account, Flow.reason, Flow.in_fen, Flow.out_fen, Flow.in_count, Flow.out_count)
    one, none = literal(1), literal(0)
    queued = select(Transfer).where(_IS_QUEUED).cte("queued").prefix_with("MATERIALIZED")
    into = select(queued.c.target_account, queued.c.reason, queued.c.amount_fen, none, one, none)
    out = select(queued.c.source_account, queued.c.reason, none, queued.c.amount_fen, none, one)
    parts = union_all(
        rolled.where(Flow.account.in_(names)),
        into.where(queued.c.target_account.in_(names)),
        out.where(queued.c.source_account.in_(names)),
    ).subquery()
    columns = list(parts.c)
    sums = [func.sum(column) for column in columns[2:]]
    rows = db.session.execute(select(columns[0], columns[1], *sums).group_by(columns[0], columns[1]))
    return [
        FlowTotal(
            account=row[0],
            reason=row[1],
            in_fen=int(row[2]),
            out_fen=int(row[3]),
            in_count=int(row[4]),
            out_count=int(row[5]),
        )
        for row in rows
    ]


def purse_figures(purses: Iterable[tuple[str, str]]) -> dict[str, PurseFigures]:
    """Return the figures of purses given as (purse, village code), one statement for all of them."""
    places = {}
    for purse, village in purses:
        of_nation = account(NATIONAL, purse)
        places[of_nation] = (purse, True)
        places[refunds_account(of_nation)] = (purse, True)
        places[account(village, purse)] = (purse, False)
    sums: dict[str, dict[str, int]] = {
        purse: dict.fromkeys(PurseFigures.__dataclass_fields__, 0) for purse, _ in places.values()
    }
    for total in flow_totals(places):
        purse, is_national = places[total.account]
        _add(sums[purse], total, is_national=is_national)
    return {purse: PurseFigures(**found) for purse, found in sums.items()}


def _add(sums: dict[str, int], total: FlowTotal, *, is_national: bool) -> None:
    sums["with_nation_fen" if is_national else "with_village_fen"] += total.in_fen - total.out_fen
    if total.account.endswith(REFUNDS):
        sums["refunding_fen"] += total.in_fen - total.out_fen
    if total.reason in GIFT_REASONS:
        sums["received_fen"] += total.in_fen - total.out_fen
        sums["gift_count"] += total.in_count - total.out_count
    elif total.reason == SURPLUS_TO_FUND:
        sums["received_fen"] += total.in_fen
        sums["moved_to_fund_fen"] += total.out_fen
    elif total.reason == REFUND:
        sums["received_fen"] -= total.out_fen
        sums["refunded_fen"] += total.out_fen
    elif total.reason in (SPENDING, SPENDING_CORRECTION):
        sums["spent_fen"] += total.out_fen - total.in_fen


def ledger_lines(accounts: Iterable[str], *, before_position: int | None, limit: int) -> list[LedgerLine]:
    """Return the newest transfers that touch one of the accounts, without those that are not ordered yet.

    The next page begins after `before_position`; an unknown position begins nowhere: no rows.
    """
    names = sorted(set(accounts))
    statement = (
        select(Transfer, OrderedTransfer.position)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .where(or_(Transfer.source_account.in_(names), Transfer.target_account.in_(names)))
        .order_by(Transfer.id.desc())
        .limit(limit)
    )
    if before_position is not None:
        # By row id, for its index; a transfer that was ordered late stands beside its neighbours and is not lost.
        last = select(OrderedTransfer.transfer_id).where(OrderedTransfer.position == before_position)
        statement = statement.where(Transfer.id < last.scalar_subquery())
    return [_line(row.Transfer, row.position) for row in db.session.execute(statement)]


def lines_between(accounts: Iterable[str], *, after: int, through: int) -> list[LedgerLine]:
    """Return the transfers of the accounts at positions `after` < p ≤ `through`, in ledger order."""
    names = sorted(set(accounts))
    statement = (
        select(Transfer, OrderedTransfer.position)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .where(or_(Transfer.source_account.in_(names), Transfer.target_account.in_(names)))
        .where(OrderedTransfer.position > after, OrderedTransfer.position <= through)
        .order_by(OrderedTransfer.position)
    )
    return [_line(row.Transfer, row.position) for row in db.session.execute(statement)]


def cut_off_position(*, before: datetime) -> int:
    """Return the last position posted before an instant, 0 when there is none. Once passed, it never changes."""
    statement = (
        select(OrderedTransfer.position)
        .where(OrderedTransfer.ordered_at < before)
        .order_by(OrderedTransfer.ordered_at.desc(), OrderedTransfer.position.desc())
        .limit(1)
    )
    return db.session.scalar(statement) or 0


def last_position() -> int:
    """Return the newest position of the order, 0 while it is empty."""
    return db.session.scalar(select(LedgerState.last_position)) or 0


def newest_posted_at() -> datetime | None:
    """Return the instant of the newest transfer in the order; a clock behind it is wrong (law 10)."""
    return db.session.scalar(select(LedgerState.last_ordered_at))


def queue_length() -> int:
    """Return how many transfers wait for their place in the order."""
    return db.session.scalar(select(func.count()).select_from(QueuedTransfer)) or 0


def oldest_queued_at() -> datetime | None:
    """Return when the longest waiting transfer was posted, None when the queue is empty; old means: no order job."""
    waiting = select(QueuedTransfer.transfer_id).order_by(QueuedTransfer.transfer_id).limit(1).scalar_subquery()
    return db.session.scalar(select(Transfer.posted_at).where(Transfer.id == waiting))


def _line(transfer: Transfer, position: int) -> LedgerLine:
    return LedgerLine(
        position=position,
        posted_at=transfer.posted_at,
        reason=transfer.reason,
        source=transfer.source_account,
        target=transfer.target_account,
        amount_fen=transfer.amount_fen,
        reference=transfer.reference,
        channel=transfer.channel,
        provider_date=transfer.provider_date,
    )
