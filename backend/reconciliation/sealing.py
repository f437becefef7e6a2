"""Sealing closed days: a hash over what was found and decided, chained to the seal before (law 11).

Days are sealed in their order. A day that was opened again gets a new seal at the end of the chain, which names the
old one. A seal holds figures, codes and hashes only: the numbers of orders and what people wrote stand in it as a hash.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import aliased

from backend.core.clock import local_iso
from backend.core.db import db
from backend.core.failpoints import failpoint
from backend.people.models import Staff
from backend.reconciliation.models import CLOSED, SEALED, BillDifference, BillFile, DaySeal, ReconciledDay

BEGINNING = "0" * 64


def seal_ready(channel: str, *, now: datetime) -> int:
    """Seal the closed days of a channel whose days before are all sealed, the oldest first; return how many."""
    sealed = 0
    while (row := _next(channel)) is not None:
        _seal(row, now=now)
        sealed += 1
    return sealed


def _next(channel: str) -> ReconciledDay | None:
    """A first version waits until no day before it is without a seal; a later version waits for nothing."""
    earlier = aliased(ReconciledDay)
    unsealed = exists().where(
        earlier.channel == channel, earlier.day < ReconciledDay.day, earlier.version == 1, earlier.state != SEALED
    )
    mine = (ReconciledDay.channel == channel) & (ReconciledDay.state == CLOSED)
    ready = select(ReconciledDay).where(mine, (ReconciledDay.version > 1) | ~unsealed)
    return db.session.scalars(ready.order_by(ReconciledDay.day).limit(1).with_for_update()).first()


def _seal(row: ReconciledDay, *, now: datetime) -> None:
    last = select(DaySeal.hash).where(DaySeal.channel == row.channel).order_by(DaySeal.id.desc()).limit(1)
    old = select(DaySeal.hash).where(DaySeal.channel == row.channel, DaySeal.day == row.day)
    previous = db.session.scalar(last) or BEGINNING
    replaces = db.session.scalar(old.order_by(DaySeal.version.desc()).limit(1))
    body = text_of({**facts_of(row), "replaces": replaces})
    told = {"channel": row.channel, "day": row.day, "version": row.version, "replaces": replaces, "body": body}
    digest = hash_of(previous, body)
    db.session.execute(insert(DaySeal).values(**told, previous_hash=previous, hash=digest, sealed_at=now))
    row.state = SEALED
    db.session.flush()
    failpoint("day_sealed")


def facts_of(row: ReconciledDay) -> dict[str, Any]:
    """Return everything that a day's seal covers, as it stands now."""
    bills = select(BillFile.kind, BillFile.sha256).where(BillFile.id.in_((row.trade_bill_id, row.fund_bill_id)))
    lines = select(BillDifference).where(BillDifference.day_id == row.id).order_by(BillDifference.id)
    staff = {one.id: one.code for one in db.session.scalars(select(Staff).where(Staff.id == row.closed_by))}
    sums = ("payment_count", "paid_fen", "refund_count", "refunded_fen", "fee_fen", "flow_fen", "closing_fen")
    return {
        "channel": row.channel,
        "day": row.day.isoformat(),
        "version": row.version,
        "bills": {row.kind: row.sha256 for row in db.session.execute(bills)},
        **{name: getattr(row, name) for name in sums},
        "differences": [_difference(one) for one in db.session.scalars(lines)],
        "closed_at": None if row.closed_at is None else local_iso(row.closed_at),
        "closed_by": staff.get(row.closed_by or 0),
    }


def _difference(row: BillDifference) -> dict[str, Any]:
    names = ("code", "kind", "ours_fen", "theirs_fen", "delta_fen", "state", "is_posted", "action")
    told = [row.subject, row.note, row.reason, row.proposed_by, row.decided_by, row.reference]
    digest = hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()
    return {**{name: getattr(row, name) for name in names}, "told": digest}


def text_of(facts: dict[str, Any]) -> str:
    """Return the one text of facts over which the hash is taken."""
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def hash_of(previous: str, body: str) -> str:
    """Return the hash of a seal: over the one before it and its own text."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
