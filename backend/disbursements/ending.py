"""Payouts that end without money: withdrawn by who proposed them, refused by another, closed with their project.

The row of the payout decides: approving and ending lock it, and whoever comes second meets a named refusal. An end is
written once and never taken back.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from backend.core import audit
from backend.core.db import db
from backend.core.errors import NotFound
from backend.core.text import clean_line
from backend.disbursements.models import CLOSED, REFUSED, WITHDRAWN, Payout
from backend.disbursements.refusals import (
    AlreadyApproved,
    NotTheProposer,
    OwnPayout,
    PayoutRefused,
    PayoutWithdrawn,
    ProjectClosed,
)
from backend.people.rights import NATION, StaffMember, authorise

REASON_LENGTH_MAX = 200
_SAYS = {WITHDRAWN: PayoutWithdrawn, REFUSED: PayoutRefused, CLOSED: ProjectClosed}


def withdraw_payout(*, payout: str, staff: StaffMember, now: datetime) -> None:
    """Withdraw a payout that oneself proposed and nobody has approved; withdrawing it again changes nothing.

    Refuses `NotTheProposer`, `AlreadyApproved`, `PayoutRefused`, and `ProjectClosed` when it ended with its project.
    """
    authorise(staff, "payouts.propose", NATION, subject=payout)
    row = locked_payout(payout)
    if row.proposed_by != staff.id:
        raise NotTheProposer()
    if row.ended_as == WITHDRAWN:
        return
    check_waits(row)
    row.ended_as, row.ended_by, row.ended_at = WITHDRAWN, staff.id, now
    audit.record(action="payouts.withdraw", actor=staff.code, subject=payout, now=now, amount_fen=row.amount_fen)


def refuse_payout(*, payout: str, reason: str, staff: StaffMember, now: datetime) -> None:
    """Refuse a payout that another person proposed, with a reason; the same person again changes nothing.

    Refuses `OwnPayout`, `AlreadyApproved`, `PayoutWithdrawn`, `PayoutRefused` for a third person, and
    `ProjectClosed` when it ended with its project.
    """
    authorise(staff, "payouts.approve", NATION, subject=payout)
    told = clean_line(reason, limit=REASON_LENGTH_MAX, field="reason")
    row = locked_payout(payout)
    if row.proposed_by == staff.id:
        raise OwnPayout()
    if row.ended_as == REFUSED and row.ended_by == staff.id:
        return
    check_waits(row)
    row.ended_as, row.ended_by, row.ended_at, row.end_reason = REFUSED, staff.id, now, told
    audit.record(action="payouts.refuse", actor=staff.code, subject=payout, now=now, amount_fen=row.amount_fen)


def end_payouts_of(project_id: int, *, staff: StaffMember, now: datetime) -> None:
    """End the payouts of a project that still wait: it closes, and what it had goes to the fund.

    The caller has locked the project's row, so none is proposed or approved meanwhile.
    """
    waits = (Payout.project_id == project_id) & Payout.approved_at.is_(None) & Payout.ended_at.is_(None)
    ended = update(Payout).where(waits).values(ended_as=CLOSED, ended_at=now).returning(Payout.code)
    for code in sorted(db.session.scalars(ended.execution_options(synchronize_session=False))):
        audit.record(action="payouts.close", actor=staff.code, subject=code, now=now)


def locked_payout(code: str) -> Payout:
    """Lock a payout's row for its one next step. Refuses `NotFound`."""
    row = db.session.scalars(select(Payout).where(Payout.code == code).with_for_update()).first()
    if row is None:
        raise NotFound()
    return row


def check_waits(row: Payout) -> None:
    """Refuse by name what was approved or has ended; only a payout that waits takes a next step."""
    if row.approved_at is not None:
        raise AlreadyApproved()
    if row.ended_as is not None:
        raise _SAYS[row.ended_as]()
