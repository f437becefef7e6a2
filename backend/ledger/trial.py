"""The trial balance: what every account holds, summed from the transfers themselves and from no cache (law 4)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import func, literal, select, union_all

from backend.core.db import db
from backend.ledger.models import Transfer


@dataclass(frozen=True, kw_only=True)
class TrialBalance:
    """How many transfers there are, how many accounts hold something, and one hash over every account's fen."""

    transfers: int
    accounts: int
    sha256: str


def trial_balance() -> TrialBalance:
    """Sum every account, `world` included, in one snapshot. The sum over all of them is zero by construction."""
    into = select(Transfer.target_account.label("account"), Transfer.amount_fen.label("fen"), literal(1).label("one"))
    out = select(Transfer.source_account, -Transfer.amount_fen, literal(0))
    legs = union_all(into, out).subquery()
    sums = select(legs.c.account, func.sum(legs.c.fen), func.sum(legs.c.one)).group_by(legs.c.account)
    rows = sorted((str(name), int(fen), int(count)) for name, fen, count in db.session.execute(sums))
    digest = hashlib.sha256()
    for name, fen, _ in rows:
        digest.update(f"{name}\t{fen}\n".encode())
    return TrialBalance(transfers=sum(row[2] for row in rows), accounts=len(rows), sha256=digest.hexdigest())
