"""Reading notices: lists, one notice, the newest of a village or project."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.core.errors import NotFound
from backend.jobs.periods import MONTHLY
from backend.notices.models import PROJECT, VILLAGE, Notice, NoticeHead
from backend.projects.queries import find_project

SINCE_REFUNDS = ("refunded_fen", "refunding_fen")


class NoticeUnknown(NotFound):
    """No notice has this code."""

    detail = "没有找到这份公示。"


@dataclass(frozen=True, kw_only=True)
class NoticeRecord(NoticeHead):
    """A notice as its page shows it; `corrected_by` names the version that came after it, None for the newest."""

    id: int
    corrected_by: str | None
    figures: dict[str, Any]

    @property
    def period(self) -> str:
        """The month, or the last day of a project, as a card shows it."""
        return self.period_key


def get_notice(code: str) -> NoticeRecord:
    """Return one notice. Refuses `NoticeUnknown`."""
    row = db.session.execute(_notices().where(Notice.code == code)).first()
    if row is None:
        raise NoticeUnknown()
    return _record(row[0], corrected_by=row[1])


def scope_of(*, village: str | None, project: str | None) -> tuple[str, str] | None:
    """Return whose notices are meant; a village's fund has those of its village. None means everybody's."""
    if project is not None:
        found = find_project(project)
        is_fund = found is not None and found.is_fund
        return (VILLAGE, found.village_code) if found is not None and is_fund else (PROJECT, project)
    return None if village is None else (VILLAGE, village)


def list_notices(*, scope: tuple[str, str] | None, before_id: int | None, limit: int) -> list[NoticeRecord]:
    """Return notices of one village or project, or of all, newest first; older than `before_id` if given."""
    statement = _notices().order_by(Notice.id.desc()).limit(limit)
    if scope is not None:
        statement = statement.where(Notice.scope == scope[0], Notice.scope_code == scope[1])
    if before_id is not None:
        statement = statement.where(Notice.id < before_id)
    return [_record(row[0], corrected_by=row[1]) for row in db.session.execute(statement)]


def latest_notice(scope: str, code: str) -> NoticeRecord | None:
    """Return the newest notice of a village or project (`scope`), None before its first; a fund has its village's."""
    whose = scope_of(village=code if scope == VILLAGE else None, project=code if scope == PROJECT else None)
    found = list_notices(scope=whose, before_id=None, limit=1)
    return found[0] if found else None


def notice_telling(*, project: str, position: int) -> str | None:
    """Return the code of the newest monthly notice that covers a project's ledger position; None before it is due."""
    scope = scope_of(village=None, project=project)
    assert scope is not None
    statement = (
        select(Notice.code)
        .where(Notice.scope == scope[0], Notice.scope_code == scope[1], Notice.kind == MONTHLY)
        .where(Notice.opening_position < position, Notice.cut_off_position >= position)
        .order_by(Notice.version.desc())
        .limit(1)
    )
    return db.session.scalar(statement)


def _notices() -> Select[Notice, str | None]:
    newer = aliased(Notice)
    return select(Notice, newer.code).outerjoin(newer, newer.corrects == Notice.code)


def _record(row: Notice, *, corrected_by: str | None) -> NoticeRecord:
    names = [name for name in NoticeRecord.__dataclass_fields__ if name not in ("corrected_by", "figures")]
    told = {name: getattr(row, name) for name in names}
    return NoticeRecord(**told, corrected_by=corrected_by, figures=read_figures(row.figures))


def read_figures(text: str) -> dict[str, Any]:
    """Return the figures of a notice as it keeps them; one from before there were refunds tells of none."""
    figures: dict[str, Any] = json.loads(text)
    for sums in (figures, *figures["purses"]):
        for name in SINCE_REFUNDS:
            sums.setdefault(name, 0)
    return figures
