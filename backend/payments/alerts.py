"""What a person must look at: one row of a kind for each subject, however often it is heard of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import structlog
from sqlalchemy import func, select, update

from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.errors import NotFound
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.payments.models import PaymentAlert
from backend.people.rights import NATION, StaffMember, authorise

REASON_CHARS_MAX, SUBJECT_CHARS_MAX = 200, 64
AlertKind = Literal[
    "AMOUNT_MISMATCH",
    "APP_MISMATCH",
    "BILL_BROKEN",
    "BILL_LACKING",
    "BOOKS_STOPPED",
    "CLOCK_SKEW",
    "CURRENCY_MISMATCH",
    "DAY_NOT_CLOSED",
    "DECRYPT_FAILED",
    "GIFT_REDIRECTED",
    "MERCHANT_MISMATCH",
    "MONEY_WAITS",
    "NOTICE_ID_REUSED",
    "NOTICE_UNREADABLE",
    "NOT_POSTED_YET",
    "ORDER_UNKNOWN",
    "PAID_AGAIN",
    "PAID_AGAIN_IN_DOUBT",
    "PREPAY_REFUSED",
    "PROJECT_MISMATCH",
    "REFUND_ABNORMAL",
    "REFUND_CARD_REFUSED",
    "REFUND_CONTRADICTED",
    "REFUND_MISMATCH",
    "REFUND_NO_FUNDS",
    "REFUND_UNKNOWN",
    "TRANSACTION_REUSED",
    "WECHAT_UNREACHABLE",
]
"""Every kind there is, so that none is raised that no page of `backend/docs/runbook` tells what to do about."""
log = structlog.get_logger()


class AlertUnknown(NotFound):
    """No open alert has this code; perhaps somebody has dealt with it already."""

    code = "ALERT_UNKNOWN"
    detail = "没有找到这条提醒，可能已经处理过了。"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something that waits for a person: of what kind, about which number, and what was told of it."""

    id: int
    code: str
    kind: str
    subject: str
    facts: dict[str, Any]
    raised_at: datetime


def raise_alert(*, kind: AlertKind, subject: str, now: datetime, **facts: object) -> None:
    """Write one alert in the present transaction; a second one of the same kind about the same subject is none."""
    told = json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str)
    about = {"kind": kind, "subject": subject[:SUBJECT_CHARS_MAX]}
    row = insert_once(PaymentAlert).values(code=new_code(), **about, facts=told, raised_at=now)
    db.session.execute(row.on_conflict_do_nothing())
    log.warning("payment_alert", kind=kind, subject=subject)


def open_alerts(*, before_id: int | None, limit: int) -> list[Alert]:
    """Return the alerts that nobody has dealt with, newest first."""
    statement = select(PaymentAlert).where(PaymentAlert.handled_at.is_(None))
    if before_id is not None:
        statement = statement.where(PaymentAlert.id < before_id)
    statement = statement.order_by(PaymentAlert.id.desc()).limit(limit).execution_options(populate_existing=True)
    return [
        Alert(
            id=row.id,
            code=row.code,
            kind=row.kind,
            subject=row.subject,
            facts=json.loads(row.facts),
            raised_at=row.raised_at,
        )
        for row in db.session.scalars(statement)
    ]


def open_by_kind() -> dict[str, int]:
    """Count, by kind, the alerts that nobody has dealt with."""
    counted = select(PaymentAlert.kind, func.count()).where(PaymentAlert.handled_at.is_(None))
    return {row[0]: row[1] for row in db.session.execute(counted.group_by(PaymentAlert.kind))}


def handle_alert(*, code: str, reason: str, staff: StaffMember, now: datetime) -> None:
    """Note that a person has dealt with an alert, and how. Refuses `AlertUnknown`, also for the second of two."""
    authorise(staff, "alerts.act", NATION, subject=code)
    told = clean_line(reason, limit=REASON_CHARS_MAX, field="reason")
    is_open = (PaymentAlert.code == code) & PaymentAlert.handled_at.is_(None)
    handling = update(PaymentAlert).where(is_open).values(handled_at=now, handled_by=staff.id, handled_reason=told)
    handled = db.session.execute(
        handling.returning(PaymentAlert.kind).execution_options(synchronize_session=False)
    ).scalar()
    if handled is None:
        raise AlertUnknown()
    audit.record(action="alerts.handled", actor=staff.code, subject=code, now=now, kind=handled)


def end_alert(*, kind: AlertKind, subject: str, staff_id: int | None, reason: str, now: datetime) -> None:
    """End an alert whose matter was settled by what `staff_id` did; one that somebody has ended stays as it is.

    Nobody ends it where a check found that what was wrong is right again: then `staff_id` is None.
    """
    its = (PaymentAlert.kind == kind) & (PaymentAlert.subject == subject[:SUBJECT_CHARS_MAX])
    is_open = its & PaymentAlert.handled_at.is_(None)
    ending = update(PaymentAlert).where(is_open).values(handled_at=now, handled_by=staff_id, handled_reason=reason)
    db.session.execute(ending.execution_options(synchronize_session=False))
