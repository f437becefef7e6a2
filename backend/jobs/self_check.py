"""Every five minutes the books are recomputed; when they do not add up, nothing more is posted (P3)."""

from __future__ import annotations

from datetime import datetime

import structlog

from backend.core.db import read_with_retries, write_with_retries
from backend.jobs.steps import Step
from backend.ledger import guard
from backend.ledger.checks import check_ledger
from backend.payments.alerts import raise_alert

log = structlog.get_logger()


def check_books(now: datetime) -> int:
    """Recompute the ledger in one snapshot; stop the books and call a person when it is out of joint. Returns zero.

    Reading takes as long as it takes and holds nobody up; only its word is written, in a short transaction.
    """
    findings = read_with_retries(check_ledger)
    if write_with_retries(lambda: _note(findings, now=now)):
        log.error("books_stopped", findings=findings)
    return 0


def _note(findings: list[str], *, now: datetime) -> bool:
    stops = guard.note_check(findings, now=now)
    if stops:
        raise_alert(kind="BOOKS_STOPPED", subject=f"ledger:{now.isoformat()}", now=now, findings=findings[:3])
    return stops


STEP = Step(name="check_books", act=check_books, every_seconds=300, calls_out=True)
