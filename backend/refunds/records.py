"""Refunds as their giver and the desk read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.donations.models import Gift
from backend.ledger.accounts import UNALLOCATED
from backend.payments.models import PaymentOrder
from backend.people.models import Staff
from backend.projects.models import Project
from backend.refunds.models import Refund
from backend.refunds.refusals import RefundUnknown
from backend.refunds.workflow import LIVE, WAITING
from backend.vault.fields import REFUND_REASON
from backend.vault.queries import values_of

ALL, OPEN, TROUBLED = "all", "open", "abnormal"
LISTS = (ALL, OPEN, TROUBLED)


@dataclass(frozen=True, kw_only=True)
class RefundRecord:
    """One refund. The names are those of staff, for the desk only; `reason` is the giver's own words, if kept still.

    `is_redirected` says that the money came too late for its project, and waits without one or was given one since.
    """

    id: int
    code: str
    gift_code: str
    project_code: str
    project_title: str
    village_code: str
    paid_fen: int
    paid_at: datetime
    is_redirected: bool
    amount_fen: int
    state: str
    reason: str | None
    asker_id: int | None
    asked_by: str | None
    asked_at: datetime
    checker_id: int | None
    checked_by: str | None
    checked_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    refused_by: str | None
    refuse_reason: str | None
    success_at: datetime | None
    ended_at: datetime | None
    refund_no: str | None
    provider_refund_no: str | None
    provider_code: str | None


def refunds_of_gift(gift: str) -> list[RefundRecord]:
    """Return the refunds of a gift, newest first; there are few."""
    return refunds_of_gifts([gift])


def refunds_of_gifts(gifts: Sequence[str]) -> list[RefundRecord]:
    """Return the refunds of a page of gifts, newest first."""
    rows = db.session.execute(_refunds().where(Gift.code.in_(gifts)).order_by(Refund.id.desc()))
    return _records(rows.all())


def list_refunds(*, wanted: str, before_id: int | None, limit: int) -> list[RefundRecord]:
    """Return refunds for the desk, newest first: all, those that are not ended (`open`), or those in trouble."""
    statement = _refunds().order_by(Refund.id.desc()).limit(limit)
    if wanted == OPEN:
        statement = statement.where(Refund.state.in_((*WAITING, *LIVE)))
    elif wanted == TROUBLED:
        statement = statement.where(Refund.state == TROUBLED)
    if before_id is not None:
        statement = statement.where(Refund.id < before_id)
    return _records(db.session.execute(statement).all())


def get_refund(code: str) -> RefundRecord:
    """Return one refund. Refuses `RefundUnknown`."""
    row = db.session.execute(_refunds().where(Refund.code == code)).first()
    if row is None:
        raise RefundUnknown()
    return _records([row])[0]


def _records(rows: Sequence[Any]) -> list[RefundRecord]:
    reasons = values_of((REFUND_REASON,), (row.code for row in rows))
    return [RefundRecord(**row._mapping, reason=reasons.get((REFUND_REASON, row.code))) for row in rows]


def _refunds() -> Select[*tuple[Any, ...]]:
    asker, checker, approver, refuser = (aliased(Staff) for _ in range(4))
    own = [column for column in Refund.__table__.columns if column.name in RefundRecord.__dataclass_fields__]
    hands = ("asked_by", "checked_by", "approved_by", "refused_by")
    return (
        select(
            *(column for column in own if column.name not in hands),
            Gift.code.label("gift_code"),
            PaymentOrder.purse.label("project_code"),
            Project.title.label("project_title"),
            Project.village_code,
            PaymentOrder.paid_fen,
            PaymentOrder.paid_at,
            (PaymentOrder.target_account == UNALLOCATED).label("is_redirected"),
            Refund.asked_by.label("asker_id"),
            asker.name.label("asked_by"),
            Refund.checked_by.label("checker_id"),
            checker.name.label("checked_by"),
            approver.name.label("approved_by"),
            refuser.name.label("refused_by"),
        )
        .join(Gift, Gift.id == Refund.gift_id)
        .join(PaymentOrder, PaymentOrder.id == Gift.order_id)
        .join(Project, Project.code == PaymentOrder.purse)
        .outerjoin(asker, asker.id == Refund.asked_by)
        .outerjoin(checker, checker.id == Refund.checked_by)
        .outerjoin(approver, approver.id == Refund.approved_by)
        .outerjoin(refuser, refuser.id == Refund.refused_by)
        .execution_options(populate_existing=True)
    )
