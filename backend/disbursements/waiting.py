"""Money that waits for its project: what its giver had meant, and where it is best given (law 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, exists, func, literal, select
from sqlalchemy.orm import aliased

from backend.core.clock import local_day
from backend.core.db import db
from backend.core.workdays import begun_before, working_day_after
from backend.disbursements.references import reallocation_reference
from backend.donations.models import Gift
from backend.ledger.accounts import UNALLOCATED
from backend.ledger.models import Transfer
from backend.ledger.reasons import REFUND_RETURNED
from backend.payments.alerts import SUBJECT_CHARS_MAX, AlertKind
from backend.payments.models import ExtraPayment, PaymentAlert, PaymentOrder
from backend.projects.queries import find_projects, funds_of
from backend.projects.rules import ProjectRecord, state_of
from backend.refunds.queries import refunded_of_gift
from backend.refunds.workflow import HOLDING

WORKING_DAYS = 3
"""What its giver was told: within so many working days it has a use or goes back (`payments/telling.py`)."""
MONEY_WAITS: AlertKind = "MONEY_WAITS"
AS_POSTED = ("id", "reference", "channel", "provider_date", "posted_at")


@dataclass(frozen=True, kw_only=True)
class WaitingMoney:
    """Money in `00/unallocated` that has no project yet.

    `meant_for` is the project or fund of the giver's order; None where no order of ours stands behind the money.
    `offers` is where it is best given: that project if it still collects, and the mutual-aid fund of its village.
    `due_on` is the last day on which it should get a use, until midnight in Shanghai; `is_overdue` that it has passed.
    """

    id: int
    reference: str
    amount_fen: int
    channel: str | None
    provider_date: date | None
    posted_at: datetime
    due_on: date
    is_overdue: bool
    meant_for: ProjectRecord | None
    offers: tuple[ProjectRecord, ...]


@dataclass(frozen=True, kw_only=True)
class OverdueMoney:
    """Money whose term is over: under which reference it came, and how many fen of it still wait."""

    reference: str
    amount_fen: int
    due_on: date


def waiting_money(*, after_id: int | None, limit: int, now: datetime) -> list[WaitingMoney]:
    """Return the money that arrived and has no project yet, oldest first, less what goes back to its giver (law 7)."""
    rows = db.session.execute(_waiting(after_id=after_id or 0).order_by(Transfer.id).limit(limit)).all()
    wanted, funds = _wanted([row.purse for row in rows if row.purse is not None])
    found = []
    for row in rows:
        told = {name: getattr(row.Transfer, name) for name in AS_POSTED} | {"amount_fen": int(row.left_fen)}
        meant = wanted.get(row.purse)
        fund = None if meant is None else funds.get(meant.village_code)
        due_on = due_day(row.Transfer.posted_at)
        told |= {"due_on": due_on, "is_overdue": local_day(now) > due_on}
        found.append(WaitingMoney(**told, meant_for=meant, offers=offers(meant, fund=fund, now=now)))
    return found


def due_day(posted_at: datetime) -> date:
    """Return the last day of the term in which money without a project is given a use, or back to its giver."""
    return working_day_after(local_day(posted_at), WORKING_DAYS)


def overdue_money(*, limit: int, now: datetime) -> list[OverdueMoney]:
    """Return the money whose term is over and of which no alert was raised yet, oldest first."""
    named = func.substr(Transfer.reference, 1, SUBJECT_CHARS_MAX)
    is_raised = exists().where(PaymentAlert.kind == MONEY_WAITS, PaymentAlert.subject == named)
    is_over = Transfer.posted_at < begun_before(now, count=WORKING_DAYS)
    rows = db.session.execute(_waiting().where(is_over, ~is_raised).order_by(Transfer.id).limit(limit)).all()
    return [
        OverdueMoney(
            reference=row.Transfer.reference, amount_fen=int(row.left_fen), due_on=due_day(row.Transfer.posted_at)
        )
        for row in rows
    ]


def _waiting(*, after_id: int = 0) -> Select[Transfer, str, int]:
    given, paid_before = aliased(Transfer), aliased(PaymentOrder)
    is_given = exists().where(given.reference == literal(reallocation_reference("")) + Transfer.reference)
    refunded = refunded_of_gift(HOLDING)
    return (
        select(
            Transfer,
            func.coalesce(PaymentOrder.purse, paid_before.purse).label("purse"),
            (Transfer.amount_fen - refunded).label("left_fen"),
        )
        .outerjoin(PaymentOrder, PaymentOrder.out_trade_no == Transfer.reference)
        .outerjoin(Gift, Gift.order_id == PaymentOrder.id)
        .outerjoin(ExtraPayment, ExtraPayment.reference == Transfer.reference)
        .outerjoin(paid_before, paid_before.id == ExtraPayment.order_id)
        .where(Transfer.target_account == UNALLOCATED, Transfer.reason != REFUND_RETURNED, ~is_given)
        .where(Transfer.amount_fen > refunded, Transfer.id > after_id)
    )


def offers(meant: ProjectRecord | None, *, fund: ProjectRecord | None, now: datetime) -> tuple[ProjectRecord, ...]:
    """Return where money meant for a project is best given, the nearest to its giver's wish first."""
    still = meant is not None and state_of(meant, now=now) == "collecting"
    near = (meant if still else None, fund)
    return tuple({one.code: one for one in near if one is not None}.values())


def _wanted(purses: Sequence[str]) -> tuple[dict[str, ProjectRecord], dict[str, ProjectRecord]]:
    """Return the projects of purses by code, and the funds of their villages by village."""
    wanted = find_projects(purses)
    funds = find_projects(funds_of(one.village_code for one in wanted.values()).values())
    return wanted, {fund.village_code: fund for fund in funds.values()}
