"""Reading projects and funds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, select

from backend.core.db import db
from backend.core.errors import NotFound
from backend.orgs.models import Organisation
from backend.people.models import Staff
from backend.projects.form import Decision, PlanItem
from backend.projects.models import PlanLine, ProgressPost, Project
from backend.projects.rules import FUND, OrganisationRecord, ProjectRecord


class ProjectUnknown(NotFound):
    """No project or fund has this code; at the desk also said of another region's, so its words are the plain ones."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One progress post; `region_code` is the region of the desk that posted it: the public sees no staff name."""

    id: int
    code: str
    text: str
    photo_media: str | None
    posted_at: datetime
    region_code: str


def find_project(code: str) -> ProjectRecord | None:
    """Return the project or fund with this public code, or None."""
    row = db.session.execute(_projects().where(Project.code == code)).first()
    return None if row is None else _record(row)


def get_project(code: str) -> ProjectRecord:
    """Return the project or fund with this public code. Refuses `ProjectUnknown`."""
    found = find_project(code)
    if found is None:
        raise ProjectUnknown()
    return found


def find_projects(codes: Iterable[str]) -> dict[str, ProjectRecord]:
    """Return the projects with these codes by code; an unknown code is left out."""
    rows = db.session.execute(_projects().where(Project.code.in_(sorted(set(codes)))))
    return {row.Project.code: _record(row) for row in rows}


def projects_of(village_code: str) -> list[ProjectRecord]:
    """Return everything of one village, its fund too, newest first."""
    rows = db.session.execute(_projects().where(Project.village_code == village_code).order_by(Project.id.desc()))
    return [_record(row) for row in rows]


def funds_of(village_codes: Iterable[str]) -> dict[str, str]:
    """Return the code of the mutual-aid fund of each village that has one, by village code (R86)."""
    statement = select(Project.village_code, Project.code).where(
        Project.kind == FUND, Project.village_code.in_(sorted(set(village_codes)))
    )
    return {row.village_code: row.code for row in db.session.execute(statement)}


def projects_within(prefix: str, *, before_id: int | None, limit: int) -> list[ProjectRecord]:
    """Return projects and funds of the villages under a region code (empty: everywhere), newest first."""
    statement = _projects().order_by(Project.id.desc()).limit(limit)
    if prefix:
        statement = statement.where(Project.village_code >= prefix, Project.village_code < prefix + ":")
    if before_id is not None:
        statement = statement.where(Project.id < before_id)
    return [_record(row) for row in db.session.execute(statement)]


def funds(*, before_id: int | None, limit: int, villages: Iterable[str] | None = None) -> list[ProjectRecord]:
    """Return villages' funds, newest first; only of `villages` when given."""
    statement = _projects().where(Project.kind == FUND).order_by(Project.id.desc()).limit(limit)
    if villages is not None:
        statement = statement.where(Project.village_code.in_(sorted(set(villages))))
    if before_id is not None:
        statement = statement.where(Project.id < before_id)
    return [_record(row) for row in db.session.execute(statement)]


def plan_of(project_id: int) -> list[PlanItem]:
    """Return the budget of a project, in the order in which its village wrote it."""
    statement = select(PlanLine).where(PlanLine.project_id == project_id).order_by(PlanLine.number)
    return [PlanItem(title=line.title, amount_fen=line.amount_fen) for line in db.session.scalars(statement)]


def decision_of(project_id: int) -> Decision:
    """Return how the villagers decided on a project (R73)."""
    row = db.session.scalars(select(Project).where(Project.id == project_id)).one()
    names = Decision.__dataclass_fields__
    return Decision(**{name: getattr(row, f"decision_{name}") for name in names})


def purses_in(village_codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return (purse, village code) of everything in these villages, their funds too."""
    statement = select(Project.code, Project.village_code).where(Project.village_code.in_(sorted(set(village_codes))))
    return [(row.code, row.village_code) for row in db.session.execute(statement)]


def progress_of(project_id: int, *, before_id: int | None, limit: int) -> list[Progress]:
    """Return the progress posts of a project, newest first (R131)."""
    statement = (
        select(ProgressPost, Staff.region_code)
        .join(Staff, Staff.id == ProgressPost.posted_by)
        .where(ProgressPost.project_id == project_id)
        .order_by(ProgressPost.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        statement = statement.where(ProgressPost.id < before_id)
    return [
        Progress(
            id=row.ProgressPost.id,
            code=row.ProgressPost.code,
            text=row.ProgressPost.text,
            photo_media=row.ProgressPost.photo_media,
            posted_at=row.ProgressPost.posted_at,
            region_code=row.region_code,
        )
        for row in db.session.execute(statement)
    ]


def _projects() -> Select[Project, Organisation]:
    return select(Project, Organisation).outerjoin(Organisation, Organisation.id == Project.organisation_id)


def _record(row: Row[Project, Organisation]) -> ProjectRecord:
    names = [name for name in ProjectRecord.__dataclass_fields__ if name != "organisation"]
    told = {name: getattr(row.Project, name) for name in names}
    return ProjectRecord(**told, organisation=_organisation(row.Organisation))


def _organisation(row: Organisation | None) -> OrganisationRecord | None:
    if row is None:
        return None
    return OrganisationRecord(
        code=row.code, name=row.name, uscc=row.uscc, fundraising_certificate=row.fundraising_certificate
    )
