"""Payouts to the village by two people, spending with vouchers, corrections, and money that waits for its project."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from backend.core import audit
from backend.core.db import db
from backend.core.errors import NotFound
from backend.core.failpoints import failpoint
from backend.core.ids import new_code
from backend.disbursements.ending import check_waits, locked_payout
from backend.disbursements.models import Payout
from backend.disbursements.references import payout_reference, reallocation_reference
from backend.disbursements.refusals import FourEyes, NothingLeft, ProjectClosed
from backend.disbursements.telling import tell_of_reallocated
from backend.ledger.accounts import NATIONAL, UNALLOCATED, account
from backend.ledger.posting import BalanceTooSmall, PostedTransfer, check_amount, find_transfer, lock_account, post
from backend.ledger.queries import balance_fen
from backend.ledger.reasons import PAYOUT, REALLOCATION
from backend.payments.alerts import end_alert
from backend.people.rights import NATION, Attempt, StaffMember, authorise
from backend.projects.models import Project
from backend.projects.service import lock_project
from backend.refunds.queries import taken_from_unallocated


def propose_payout(*, project: str, amount_fen: int, staff: StaffMember, now: datetime) -> str:
    """Propose to send money of a project on to its village; return the payout's code. No money moves yet.

    `amount_fen` at most what the nation holds of the project now. Refuses `ProjectClosed`, `BalanceTooSmall`.
    """
    found = lock_project(project)  # So that none is proposed while the project closes and ends those that wait.
    authorise(staff, "payouts.propose", NATION, subject=project)
    check_amount(amount_fen)
    if found.closed_at is not None:
        raise ProjectClosed()
    if balance_fen(account(NATIONAL, project)) < amount_fen:
        raise BalanceTooSmall()
    row = Payout(code=new_code(), project_id=found.id, amount_fen=amount_fen, proposed_by=staff.id, proposed_at=now)
    db.session.add(row)
    audit.record(
        action="payouts.propose", actor=staff.code, subject=row.code, now=now, project=project, amount_fen=amount_fen
    )
    failpoint("payout_proposed")
    return row.code


def approve_payout(*, payout: str, staff: StaffMember, now: datetime) -> None:
    """Approve a payout that another person proposed: `00/P → <village>/P`, once (R98).

    The same person approving again changes nothing. Refuses `FourEyes`, `AlreadyApproved` for a third person,
    `PayoutWithdrawn` and `PayoutRefused` when it has ended, `ProjectClosed`, and `BalanceTooSmall` when the money has
    gone elsewhere since.
    """
    authorise(staff, "payouts.approve", NATION, subject=payout)
    project = _locked_project_of(payout)  # The project first, as closing it does: two who lock so never wait in a ring.
    row = locked_payout(payout)
    if row.proposed_by == staff.id:
        raise FourEyes(Attempt(staff_code=staff.code, action="payouts.approve", subject=payout))
    if row.approved_by == staff.id:
        return
    check_waits(row)
    if project.closed_at is not None:
        raise ProjectClosed()
    row.approved_by, row.approved_at = staff.id, now
    post(
        source=account(NATIONAL, project.code),
        target=account(project.village_code, project.code),
        amount_fen=row.amount_fen,
        reason=PAYOUT,
        reference=payout_reference(payout),
        now=now,
    )
    audit.record(action="payouts.approve", actor=staff.code, subject=payout, now=now, amount_fen=row.amount_fen)


def reallocate(*, reference: str, project: str, staff: StaffMember, now: datetime) -> PostedTransfer:
    """Give money that belongs nowhere yet its project: `00/unallocated → 00/P`, once, all that was not given back.

    Whose money it was is told in the same transaction. A repeat for the same project is the same act and tells
    nobody; for another project it is refused (`ReferenceReused`). Refuses `ProjectClosed`, `NothingLeft`, and
    `RefundUnderWay` while a part is promised back to its giver. `reference` is that of the transfer that brought the
    money (law 7).
    """
    authorise(staff, "unallocated.reallocate", NATION, subject=reference)
    arrived = find_transfer(reference)
    if arrived is None or arrived.target_account != UNALLOCATED:
        raise NotFound()
    target = lock_project(project)
    if target.closed_at is not None:
        raise ProjectClosed()
    lock_account(UNALLOCATED)  # So that no refund takes of the same money between the look and the posting.
    left_fen = arrived.amount_fen - taken_from_unallocated(reference)
    if left_fen == 0:
        raise NothingLeft()
    posted = post(
        source=UNALLOCATED,
        target=account(NATIONAL, project),
        amount_fen=left_fen,
        reason=REALLOCATION,
        reference=reallocation_reference(reference),
        now=now,
    )
    if posted.is_new:
        audit.record(action="unallocated.reallocate", actor=staff.code, subject=reference, now=now, project=project)
        told = f"已安排给“{target.title}”"
        end_alert(kind="MONEY_WAITS", subject=reference, staff_id=staff.id, reason=told, now=now)
        tell_of_reallocated(reference, project=target, amount_fen=left_fen, now=now)
    return posted


def _locked_project_of(payout: str) -> Project:
    project_id = select(Payout.project_id).where(Payout.code == payout).scalar_subquery()
    row = db.session.scalars(select(Project).where(Project.id == project_id).with_for_update()).first()
    if row is None:
        raise NotFound()
    return row
