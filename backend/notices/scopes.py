"""Who must publish: villages whose fund is open, projects that are not closed, projects that have ended (R34, R128)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, exists, func, or_, select

from backend.core.clock import local_day, start_of_local_day
from backend.core.db import db
from backend.jobs.periods import MONTHLY, PROJECT_END, month_bounds, read_end_key
from backend.notices.figures import Purse
from backend.notices.models import PROJECT, VILLAGE, Notice
from backend.projects.models import Project
from backend.projects.rules import FUND
from backend.regions.models import Region
from backend.regions.names import village_name


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A village or a project in the eyes of a notice: its name at publishing, and the purses it tells of."""

    scope: str
    code: str
    village_code: str
    name: str
    is_demo: bool
    purses: tuple[Purse, ...]


def first_open_day() -> date | None:
    """Return the local day on which the first project or fund opened, None before it."""
    first = db.session.scalar(select(func.min(Project.published_at)))
    return None if first is None else local_day(first)


def project_ends() -> list[tuple[str, date]]:
    """Return (code, last day) of every project that has no end notice yet: its planned day, or an earlier end."""
    statement = (
        select(Project.code, Project.ends_on, Project.ended_at)
        .where(Project.kind != FUND)
        .where(~exists().where(Notice.scope == PROJECT, Notice.scope_code == Project.code, Notice.kind == PROJECT_END))
    )
    return [(row.code, _last_day(row.ends_on, row.ended_at)) for row in db.session.execute(statement)]


def _last_day(ends_on: date | None, ended_at: datetime | None) -> date:
    days = [day for day in (ends_on, local_day(ended_at) if ended_at else None) if day is not None]
    return min(days)


def unpublished_in_month(key: str, *, limit: int) -> list[Scope]:
    """Return up to `limit` projects, then villages, that were open in the month and have no notice of it yet."""
    first, after = month_bounds(key)
    start, end = start_of_local_day(first), start_of_local_day(after)
    open_then = select(Project).where(Project.published_at < end).order_by(Project.id).limit(limit)
    not_closed = or_(Project.closed_at.is_(None), Project.closed_at >= start)
    wanted = open_then.where(Project.kind != FUND, not_closed, ~_has_notice(PROJECT, Project.code, key))
    found = [_project(row) for row in db.session.scalars(wanted)]
    if len(found) < limit:
        funds = open_then.where(Project.kind == FUND, ~_has_notice(VILLAGE, Project.village_code, key))
        found += [_village(row, end=end) for row in db.session.scalars(funds.limit(limit - len(found)))]
    return found


def unpublished_end(key: str) -> Scope | None:
    """Return the project that an end key names, None when its end notice is published."""
    code, _ = read_end_key(key)
    row = db.session.scalars(select(Project).where(Project.code == code)).one()
    is_published = select(Notice.id).where(
        Notice.scope == PROJECT, Notice.scope_code == code, Notice.kind == PROJECT_END
    )
    return None if db.session.scalar(is_published.limit(1)) is not None else _project(row)


def _has_notice(scope: str, code: object, key: str) -> Select[tuple[bool]]:
    return exists().where(  # type: ignore[return-value]  # an EXISTS is used as a condition.
        Notice.scope == scope, Notice.scope_code == code, Notice.kind == MONTHLY, Notice.period_key == key
    )


def _project(row: Project) -> Scope:
    purse = Purse(code=row.code, title=row.title, kind=row.kind)
    return Scope(
        scope=PROJECT,
        code=row.code,
        village_code=row.village_code,
        name=row.title,
        is_demo=row.is_demo,
        purses=(purse,),
    )


def _village(fund: Project, *, end: datetime) -> Scope:
    """A village tells of its fund and of every project it ever had, so that one notice begins where the last ended."""
    statement = select(Project).where(Project.village_code == fund.village_code, Project.published_at < end)
    rows = db.session.scalars(statement.order_by(Project.kind != FUND, Project.id)).all()
    return Scope(
        scope=VILLAGE,
        code=fund.village_code,
        village_code=fund.village_code,
        name=_name_of_village(fund.village_code),
        is_demo=fund.is_demo,
        purses=tuple(Purse(code=row.code, title=row.title, kind=row.kind) for row in rows),
    )


def _name_of_village(code: str) -> str:
    name = db.session.scalar(select(Region.name).where(Region.code == code))
    return code if name is None else village_name(name)
