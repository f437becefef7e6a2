"""Recomputing the ledger from its transfers and naming what is out of joint (laws 2-4, P3, P7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import CompoundSelect, case, func, literal, select, text, union_all

from backend.core.db import db
from backend.ledger.accounts import WORLD
from backend.ledger.models import Account, Flow, LedgerState, OrderedTransfer, QueuedTransfer, Transfer

SHOWN = 20


def check_ledger() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind; an empty list is a clean ledger."""
    checks: tuple[Callable[[], list[str]], ...] = (
        _order_is_gap_free,
        _each_transfer_is_ordered_or_queued,
        _order_keeps_time,
        _balances_are_recomputed,
        _flows_are_recomputed,
        _nothing_below_zero,
    )
    return [finding for check in checks for finding in check()]


def _order_is_gap_free() -> list[str]:
    count, highest = db.session.execute(select(func.count(), func.max(OrderedTransfer.position))).one()
    last = db.session.scalar(select(LedgerState.last_position))
    if count == (highest or 0) == last:
        return []
    return [f"账本顺序有缺口：共 {count} 笔，最大位置 {highest or 0}，记录的最后位置 {last}"]


def _each_transfer_is_ordered_or_queued() -> list[str]:
    places = (
        select(Transfer.id, OrderedTransfer.position, QueuedTransfer.transfer_id)
        .outerjoin(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .outerjoin(QueuedTransfer, QueuedTransfer.transfer_id == Transfer.id)
        .where((OrderedTransfer.position.is_(None)) == (QueuedTransfer.transfer_id.is_(None)))
        .limit(SHOWN)
    )
    return [f"转账 {row.id} 既不在顺序也不在队列，或两处都在" for row in db.session.execute(places)]


def _order_keeps_time() -> list[str]:
    before = func.lag(OrderedTransfer.ordered_at).over(order_by=OrderedTransfer.position)
    steps = select(OrderedTransfer.position, OrderedTransfer.ordered_at, before.label("before")).subquery()
    late = select(steps.c.position).where(steps.c.ordered_at < steps.c.before).limit(SHOWN)
    return [f"位置 {row.position} 的时间早于前一位置" for row in db.session.execute(late)]


def ordered_legs() -> CompoundSelect[Any]:
    """Return both sides of every transfer that has its place in the order: account, reason, fen, and whether in."""
    sides = ((Transfer.target_account, 1), (Transfer.source_account, 0))
    legs = (
        select(
            Transfer.id, side.label("account"), Transfer.reason, Transfer.amount_fen, literal(into).label("into")
        ).join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        for side, into in sides
    )
    return union_all(*legs)


def _balances_are_recomputed() -> list[str]:
    legs = ordered_legs().subquery("legs")
    signed = case((legs.c.into == 1, legs.c.amount_fen), else_=-legs.c.amount_fen)
    sums = select(legs.c.account, func.sum(signed).label("fen")).where(legs.c.account != WORLD)
    true = sums.group_by(legs.c.account).subquery()
    wrong = (
        select(func.coalesce(Account.name, true.c.account), Account.balance_fen, true.c.fen)
        .select_from(Account)
        .outerjoin(true, true.c.account == Account.name, full=True)
        .where(func.coalesce(Account.balance_fen, 0) != func.coalesce(true.c.fen, 0))
        .limit(SHOWN)
    )
    return [f"账户 {row[0]} 的余额缓存是 {row[1]} 分，重算是 {row[2]} 分" for row in db.session.execute(wrong)]


def _flows_are_recomputed() -> list[str]:
    legs = ordered_legs().subquery("legs")
    into = func.sum(case((legs.c.into == 1, legs.c.amount_fen), else_=0))
    out = func.sum(case((legs.c.into == 0, legs.c.amount_fen), else_=0))
    counts = func.sum(legs.c.into), func.sum(1 - legs.c.into)
    grouped = select(legs.c.account, legs.c.reason, into, out, *counts).where(legs.c.account != WORLD)
    true = {
        (row[0], row[1]): tuple(map(int, row[2:]))
        for row in db.session.execute(grouped.group_by(legs.c.account, legs.c.reason))
    }
    kept = {
        (flow.account, flow.reason): (flow.in_fen, flow.out_fen, flow.in_count, flow.out_count)
        for flow in db.session.scalars(select(Flow))
    }
    wrong = sorted(key for key in true.keys() | kept.keys() if true.get(key) != kept.get(key))
    return [f"账户 {name} 的“{reason}”汇总与转账不符" for name, reason in wrong[:SHOWN]]


def _nothing_below_zero() -> list[str]:
    found = db.session.execute(text(_RUNNING), {"shown": SHOWN})
    return [
        f"账户 {row.account} 算上排队的转账 {row.place} 低于零（{row.fen} 分）"
        if row.waits
        else f"账户 {row.account} 在位置 {row.place} 低于零（{row.fen} 分）"
        for row in found
    ]


# Waiting transfers follow the ordered ones, in the order of their ids: so they will be numbered.
_RUNNING = """
WITH places AS (
  SELECT transfer_id, 0 AS waits, position AS place FROM ledger_order
  UNION ALL SELECT transfer_id, 1, transfer_id FROM ledger_queue
), legs AS (
  SELECT p.waits, p.place, t.target_account AS account, t.amount_fen AS fen
  FROM transfers t JOIN places p ON p.transfer_id = t.id WHERE t.target_account <> 'world'
  UNION ALL
  SELECT p.waits, p.place, t.source_account, -t.amount_fen
  FROM transfers t JOIN places p ON p.transfer_id = t.id WHERE t.source_account <> 'world'
), running AS (
  SELECT account, waits, place, SUM(fen) OVER (PARTITION BY account ORDER BY waits, place) AS fen FROM legs
)
SELECT account, waits, place, fen FROM running WHERE fen < 0 ORDER BY waits, place LIMIT :shown
"""
