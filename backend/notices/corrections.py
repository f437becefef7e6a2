"""A spending line corrected after its notice: a new version that names the old one and why (令81 art. 16, R130).

The figures stay those of the cut-off, so that the chain of openings and closings holds; the correction is told beside
them, with its own place in the ledger, and counts in the notice of the month in which it was made.
"""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import exists, select

from backend.core.clock import local_day
from backend.core.db import db
from backend.core.ids import new_code
from backend.disbursements.models import SpendingCorrection
from backend.jobs.models import ScheduledRun
from backend.jobs.periods import CORRECTION, Period
from backend.ledger.models import OrderedTransfer, Transfer
from backend.notices import spending
from backend.notices.models import Notice
from backend.notices.service import Draft, as_text

MARK = "（更正说明）"


def pending() -> list[Period]:
    """Return the corrections in the ledger whose notices were not looked at yet, oldest first."""
    is_done = exists().where(
        ScheduledRun.kind == CORRECTION,
        ScheduledRun.period_key == SpendingCorrection.reference,
        ScheduledRun.done_at.is_not(None),
    )
    statement = (
        select(SpendingCorrection.reference, Transfer.posted_at)
        .join(Transfer, Transfer.reference == SpendingCorrection.reference)
        .join(OrderedTransfer, OrderedTransfer.transfer_id == Transfer.id)
        .where(~is_done)
        .order_by(OrderedTransfer.position)
    )
    return [
        Period(due_on=local_day(row.posted_at), kind=CORRECTION, key=row.reference)
        for row in db.session.execute(statement)
    ]


def drafts(reference: str, *, through: int, due: Period, now: datetime) -> list[Draft]:
    """Render a new version of each newest notice that tells the corrected line and was made before its correction."""
    found = spending.find_correction(reference)
    if found is None:
        return []
    newer = select(Notice.corrects).where(Notice.corrects.is_not(None))
    statement = (
        select(Notice)
        .where(Notice.scope_code.in_((found.project_code, found.village_code)), Notice.code.not_in(newer))
        .where(Notice.opening_position < found.line_position, Notice.cut_off_position >= found.line_position)
        .where(Notice.corrected_through < found.position)
        .order_by(Notice.id)
    )
    told = [notice for notice in db.session.scalars(statement) if _tells_of(notice, found.project_code)]
    return [_version(old, reason=found.reason, through=through, due=due, now=now) for old in told]


def purse_codes(figures: dict[str, list[dict[str, str]]]) -> list[str]:
    """Return the codes of the purses that a notice tells of."""
    return [purse["code"] for purse in figures["purses"]]


def later_corrections(codes: list[str], *, opening: int, cut_off: int, through: int) -> list[dict[str, object]]:
    """Return the corrections made after a notice's cut-off, up to `through`, of the lines that it tells."""
    lines = spending.corrected(codes, after=cut_off, through=through, spent_after=opening, spent_through=cut_off)
    return [line.as_told() for line in lines]


def _tells_of(notice: Notice, project_code: str) -> bool:
    return project_code in purse_codes(json.loads(notice.figures))


def _version(old: Notice, *, reason: str, through: int, due: Period, now: datetime) -> Draft:
    figures = json.loads(old.figures)
    figures["later_corrections"] = later_corrections(
        purse_codes(figures), opening=old.opening_position, cut_off=old.cut_off_position, through=through
    )
    return Draft(
        code=new_code(),
        scope=old.scope,
        scope_code=old.scope_code,
        village_code=old.village_code,
        kind=old.kind,
        period_key=old.period_key,
        version=old.version + 1,
        title=old.title.removesuffix(MARK) + MARK,
        due_on=due.due_on,
        published_at=now,
        opening_position=old.opening_position,
        cut_off_position=old.cut_off_position,
        corrected_through=through,
        corrects=old.code,
        correction_reason=reason,
        is_demo=old.is_demo,
        figures=as_text(figures),
    )
