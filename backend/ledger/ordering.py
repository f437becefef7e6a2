"""The order job: it gives each committed transfer its place and rolls the balances up (law 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, delete, insert, select, update

from backend.core.db import db, insert_once
from backend.core.failpoints import failpoint
from backend.ledger.accounts import WORLD, purse_of
from backend.ledger.models import Account, Flow, LedgerState, OrderedTransfer, QueuedTransfer, Transfer

CHUNK = 500
Sums = dict[tuple[str, str], list[int]]


def append_order(*, limit: int = CHUNK) -> int:
    """Give places to up to `limit` queued transfers and roll them up; return how many. Runs in a writing transaction.

    Two order jobs at once are one after the other: both lock the single row of `ledger_state`. A debit under way
    holds its account's row, so the roll-up of that account waits for it and never passes it.
    """
    state = db.session.execute(select(LedgerState).with_for_update()).scalar_one()
    queued = (
        select(Transfer.id, Transfer.source_account, Transfer.target_account, Transfer.amount_fen, Transfer.reason)
        .add_columns(Transfer.posted_at)
        .join(QueuedTransfer, QueuedTransfer.transfer_id == Transfer.id)
        .order_by(Transfer.id)
        .limit(limit)
    )
    rows = db.session.execute(queued).all()
    if not rows:
        return 0
    _number(rows, state)
    _roll_up(rows)
    taken = [row.id for row in rows]
    db.session.execute(delete(QueuedTransfer).where(QueuedTransfer.transfer_id.in_(taken)))
    failpoint("places_given")
    return len(rows)


def _number(rows: Sequence[Row[tuple[int, str, str, int, str, datetime]]], state: LedgerState) -> None:
    position, at = state.last_position, state.last_ordered_at
    numbered = []
    for row in rows:
        position += 1
        at = row.posted_at if at is None else max(at, row.posted_at)
        numbered.append({"position": position, "transfer_id": row.id, "ordered_at": at})
    db.session.execute(insert(OrderedTransfer), numbered)
    db.session.execute(update(LedgerState).values(last_position=position, last_ordered_at=at))
    db.session.expire(state)


def _roll_up(rows: Sequence[Row[tuple[int, str, str, int, str, datetime]]]) -> None:
    sums: Sums = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        for name, side in ((row.target_account, 0), (row.source_account, 1)):
            if name != WORLD:
                total = sums[name, row.reason]
                total[side] += row.amount_fen
                total[side + 2] += 1
    balances: dict[str, int] = defaultdict(int)
    for (name, _), (into, out, _, _) in sums.items():
        balances[name] += into - out
    _add_to_balances(balances)
    _add_to_flows(sums)


def _add_to_balances(changes: dict[str, int]) -> None:
    """Raise the balances, in the order of their names, so that two writers never wait for each other."""
    rows = [{"name": name, "purse": purse_of(name), "balance_fen": changes[name]} for name in sorted(changes)]
    statement = insert_once(Account)
    raised = {"balance_fen": Account.balance_fen + statement.excluded.balance_fen}
    db.session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=raised), rows)


def _add_to_flows(sums: Sums) -> None:
    columns = ("in_fen", "out_fen", "in_count", "out_count")
    rows = [
        {"account": name, "reason": reason, **dict(zip(columns, total, strict=True))}
        for (name, reason), total in sorted(sums.items())
    ]
    statement = insert_once(Flow)
    raised = {column: getattr(Flow, column) + statement.excluded[column] for column in columns}
    db.session.execute(statement.on_conflict_do_update(index_elements=["account", "reason"], set_=raised), rows)
