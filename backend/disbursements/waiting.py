"""Money that waits for its project: what its giver had meant, and where it is best given (law 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, func, literal, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.disbursements.references import reallocation_reference
from backend.donations.models import Gift
from backend.ledger.accounts import UNALLOCATED
from backend.ledger.models import Transfer
from backend.ledger.reasons import REFUND_RETURNED
from backend.payments.models import ExtraPayment, PaymentOrder
from backend.projects.queries import find_projects, funds_of
from backend.projects.rules import ProjectRecord, state_of
from backend.refunds.queries import refunded_of_gift
from backend.refunds.workflow import HOLDING


@dataclass(frozen=True, kw_only=True)
class WaitingMoney:
    """Money in `00/unallocated` that has no project yet.

    `meant_for` is the project or fund of the giver's order; None where no order of ours stands behind the money.
    `offers` is where it is best given: that project if it still collects, and the mutual-aid fund of its village.
    """

    id: int
    reference: str
    amount_fen: int
    channel: str | None
    provider_date: date | None
    posted_at: datetime
    meant_for: ProjectRecord | None
    offers: tuple[ProjectRecord, ...]


def waiting_money(*, before_id: int | None, limit: int, now: datetime) -> list[WaitingMoney]:
    """Return the money that arrived and has no project yet, newest first, less what goes back to its giver (law 7)."""
    given, paid_before = aliased(Transfer), aliased(PaymentOrder)
    is_given = exists().where(given.reference == literal(reallocation_reference("")) + Transfer.reference)
    refunded = refunded_of_gift(HOLDING)
    statement = (
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
        .where(Transfer.amount_fen > refunded)
        .order_by(Transfer.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        statement = statement.where(Transfer.id < before_id)
    rows = db.session.execute(statement).all()
    wanted, funds = _wanted([row.purse for row in rows if row.purse is not None])
    apart = ("meant_for", "offers")
    names = [name for name in WaitingMoney.__dataclass_fields__ if name not in apart]
    found = []
    for row in rows:
        told = {name: getattr(row.Transfer, name) for name in names} | {"amount_fen": int(row.left_fen)}
        meant = wanted.get(row.purse)
        fund = None if meant is None else funds.get(meant.village_code)
        found.append(WaitingMoney(**told, meant_for=meant, offers=offers(meant, fund=fund, now=now)))
    return found


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
