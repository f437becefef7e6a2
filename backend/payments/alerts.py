"""What a person must look at: one row of a kind for each subject, however often it is heard of."""

from __future__ import annotations

import json
from datetime import datetime

import structlog

from backend.core.db import db, insert_once
from backend.payments.models import PaymentAlert

log = structlog.get_logger()


def raise_alert(*, kind: str, subject: str, now: datetime, **facts: object) -> None:
    """Write one alert in the present transaction; a second one of the same kind about the same subject is none."""
    told = json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str)
    row = insert_once(PaymentAlert).values(kind=kind, subject=subject[:64], facts=told, raised_at=now)
    db.session.execute(row.on_conflict_do_nothing())
    log.warning("payment_alert", kind=kind, subject=subject)
