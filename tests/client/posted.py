"""Says what stands in the ledger for a channel, as JSON, straight from the table: [reference, reason, fen]."""

from __future__ import annotations

import json
import sys

from sqlalchemy import select

from backend.core.db import db, reading
from backend.ledger.accounts import WORLD
from backend.ledger.models import Transfer
from wsgi import app


def main(channel: str) -> None:
    """Print every transfer of the channel; what left us counts below zero."""
    with app.app_context(), reading():
        rows = db.session.scalars(select(Transfer).where(Transfer.channel == channel).order_by(Transfer.id)).all()
        told = [[row.reference, row.reason, _came(row)] for row in rows]
    sys.stdout.write(json.dumps(told))


def _came(row: Transfer) -> int:
    return row.amount_fen if row.source_account == WORLD else -row.amount_fen


if __name__ == "__main__":
    main(sys.argv[1])
