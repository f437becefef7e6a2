"""Making the roll-ups anew from the transfers: the cure when `verify` finds a cache out of joint (law 4)."""

from __future__ import annotations

from sqlalchemy import case, delete, func, insert, select, update

from backend.core.db import db, insert_once
from backend.ledger.accounts import WORLD, purse_of
from backend.ledger.checks import ordered_legs
from backend.ledger.models import Account, Flow, LedgerState


def rebuild_roll_ups() -> int:
    """Recompute every balance and every flow from the ordered transfers; return how many accounts there are.

    Runs in a writing transaction; the order job waits meanwhile. No transfer is touched: those are the truth.
    """
    db.session.execute(select(LedgerState).with_for_update())
    legs = ordered_legs().subquery("legs")
    into, out = (case((legs.c.into == side, legs.c.amount_fen), else_=0) for side in (1, 0))
    sums = func.sum(into), func.sum(out), func.sum(legs.c.into), func.sum(1 - legs.c.into)
    grouped = select(legs.c.account, legs.c.reason, *sums).where(legs.c.account != WORLD)
    columns = ("account", "reason", "in_fen", "out_fen", "in_count", "out_count")
    db.session.execute(delete(Flow))
    db.session.execute(insert(Flow).from_select(columns, grouped.group_by(legs.c.account, legs.c.reason)))
    return _balances_of_flows()


def _balances_of_flows() -> int:
    sums = select(Flow.account, func.sum(Flow.in_fen - Flow.out_fen)).group_by(Flow.account)
    rows = [
        {"name": name, "purse": purse_of(name), "balance_fen": int(fen)}
        for name, fen in db.session.execute(sums.order_by(Flow.account))
    ]
    db.session.execute(update(Account).values(balance_fen=0))
    if rows:
        made = insert_once(Account)
        told = {"balance_fen": made.excluded.balance_fen}
        db.session.execute(made.on_conflict_do_update(index_elements=["name"], set_=told), rows)
    return len(rows)
