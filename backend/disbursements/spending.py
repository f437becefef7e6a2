"""Spending of a village with its voucher, and corrections: another row, never a change (R33, P4)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, select

from backend.core import audit
from backend.core.clock import local_day
from backend.core.db import db, insert_once
from backend.core.errors import NotFound
from backend.core.ids import new_code
from backend.core.text import clean_line
from backend.disbursements.models import SpendingCorrection, SpendingLine
from backend.disbursements.refusals import (
    ChannelUnknown,
    CorrectionTooLarge,
    SpentBeforeStart,
    SpentInFuture,
    VoucherUsed,
)
from backend.ledger.accounts import WORLD, account
from backend.ledger.posting import check_amount, lock_account, post
from backend.ledger.reasons import SPENDING, SPENDING_CORRECTION
from backend.media.models import Picture
from backend.media.service import make_public
from backend.people.rights import StaffMember, authorise
from backend.projects.models import Project
from backend.projects.queries import get_project
from backend.projects.rules import ProjectRecord
from backend.projects.service import move_leftovers

CHANNELS = ("bank", "cash")


def record_spending(
    *,
    project: str,
    title: str,
    amount_fen: int,
    spent_on: date,
    voucher_media: str,
    staff: StaffMember,
    now: datetime,
    channel: str = "bank",
) -> str:
    """Write down what the village bought: `<village>/P → world`, numbered within the project; return its code.

    Needs a voucher of its own (R33). Refuses a day that has not come or lies before the project's start, a voucher
    used before (`VoucherUsed`), and more than the village holds of the project (`BalanceTooSmall`).
    """
    found = get_project(project)
    authorise(staff, "spending.record", found.village_code, subject=project)
    check_amount(amount_fen)
    _check_payment(channel=channel, spent_on=spent_on, project=found, today=local_day(now))
    voucher = make_public(voucher_media, staff=staff, field="voucher_media")
    source = account(found.village_code, project)
    lock_account(source)  # Whoever comes second waits here: the number is read and the balance tested by one alone.
    code = new_code()
    told = {"code": code, "project_id": found.id, "number": _next_number(found.id), "amount_fen": amount_fen}
    told |= {"title": clean_line(title, limit=60, field="title"), "spent_on": spent_on, "channel": channel}
    told |= {"reference": spending_reference(code), "recorded_by": staff.id, "recorded_at": now}
    _add_line(told, voucher=voucher)
    post(
        source=source,
        target=WORLD,
        amount_fen=amount_fen,
        reason=SPENDING,
        reference=spending_reference(code),
        now=now,
        channel=channel,
        provider_date=spent_on,
    )
    audit.record(action="spending.record", actor=staff.code, subject=project, now=now, line=code)
    return code


def spending_reference(code: str) -> str:
    """Return the ledger reference of a spending line."""
    return f"spending:{code}"


def correct_spending(*, line: str, amount_fen: int, reason: str, staff: StaffMember, now: datetime) -> str:
    """Write down that money of a line came back: `world → <village>/P`, linked to it; return the correction's code.

    All corrections of a line together are at most the line. Money that comes back to a closed project goes on to
    the fund at once (R91).
    """
    found = db.session.scalars(select(SpendingLine).where(SpendingLine.code == line)).first()
    if found is None:
        raise NotFound()
    project = db.session.scalars(select(Project).where(Project.id == found.project_id).with_for_update()).one()
    authorise(staff, "spending.correct", project.village_code, subject=line)
    target = account(project.village_code, project.code)
    lock_account(target)
    left_fen = found.amount_fen - _corrected_fen(found.id)
    if amount_fen > left_fen:
        raise CorrectionTooLarge(left_fen=left_fen)
    row = SpendingCorrection(code=new_code(), line_id=found.id, amount_fen=amount_fen, recorded_by=staff.id)
    row.reason = clean_line(reason, limit=200, field="reason")
    row.reference, row.recorded_at = f"correction:{row.code}", now
    post(
        source=WORLD,
        target=target,
        amount_fen=amount_fen,
        reason=SPENDING_CORRECTION,
        reference=row.reference,
        now=now,
        channel=found.channel,
        provider_date=local_day(now),
    )
    db.session.add(row)
    audit.record(action="spending.correct", actor=staff.code, subject=line, now=now, amount_fen=amount_fen)
    if project.closed_at is not None:
        move_leftovers(get_project(project.code), now=now)
    return row.code


def _check_payment(*, channel: str, spent_on: date, project: ProjectRecord, today: date) -> None:
    if channel not in CHANNELS:
        raise ChannelUnknown(field="channel")
    if spent_on > today:
        raise SpentInFuture(field="spent_on")
    if spent_on < project.starts_on:
        raise SpentBeforeStart(field="spent_on")


def _next_number(project_id: int) -> int:
    highest = db.session.scalar(select(func.max(SpendingLine.number)).where(SpendingLine.project_id == project_id))
    return (highest or 0) + 1


def _corrected_fen(line_id: int) -> int:
    total = select(func.coalesce(func.sum(SpendingCorrection.amount_fen), 0))
    return int(db.session.scalar(total.where(SpendingCorrection.line_id == line_id)) or 0)


def _add_line(told: dict[str, object], *, voucher: Picture) -> None:
    """Add the line; the UNIQUE voucher decides, also between two projects in the same instant (law 6)."""
    row = insert_once(SpendingLine).values(**told, voucher_media=voucher.code, voucher_sha256=voucher.sha256)
    if db.session.scalar(row.on_conflict_do_nothing().returning(SpendingLine.id)) is None:
        raise VoucherUsed(field="voucher_media")
