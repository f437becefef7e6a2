"""Projects at the desk: publish from the form, tell the progress, end, close; record spending and correct it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema

from backend.core import clock
from backend.disbursements.queries import get_spending
from backend.disbursements.spending import correct_spending, record_spending
from backend.orgs.service import organisations
from backend.people.rights import StaffMember, authorise
from backend.projects import service
from backend.projects.form import Decision, PlanItem, ProjectForm, warnings_of
from backend.projects.queries import projects_within
from miniapp_api.cards import ProjectCardSchema, card_of, cards_of
from miniapp_api.desk import schemas
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.once import once
from miniapp_api.paging import PageQuery, last_id, listed
from miniapp_api.project_schemas import SpendingLineSchema
from miniapp_api.projects import shown_spending

bp = Blueprint("desk_projects", __name__, description="工作台：项目、进展、支出、更正、结项。")


@bp.get("/desk/projects")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.ProjectCardListSchema)
@desk_reads
def list_projects(page: dict[str, Any]) -> dict[str, Any]:
    """List the projects and funds of the staff member's region, newest first."""
    staff, limit = require_staff(), page["limit"]
    authorise(staff, "projects.read", staff.region_code)
    rows = projects_within(staff.prefix, before_id=last_id(page), limit=limit + 1)
    cards = {one["code"]: one for one in cards_of(rows, now=clock.now())}
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=lambda row: cards[row.code])


@bp.get("/desk/organisations")
@bp.response(200, schemas.DeskOrganisationListSchema)
@desk_reads
def list_organisations() -> dict[str, Any]:
    """List the organisations that the form may name."""
    staff = require_staff()
    authorise(staff, "projects.publish", staff.region_code)
    return {"items": organisations()}


@bp.post("/desk/projects")
@bp.arguments(schemas.ProjectFormSchema)
@bp.response(201, schemas.PublishedSchema)
@desk_writes
def publish(given: dict[str, Any]) -> Response:
    """Publish a project, or open a village's fund, from the ready form."""
    told = dict(given)
    decision = Decision(**told.pop("decision"))
    plan = tuple(PlanItem(**item) for item in told.pop("plan"))
    form = ProjectForm(**told, decision=decision, plan=plan)

    def act(staff: StaffMember) -> dict[str, Any]:
        now = clock.now()
        project = service.publish_project(form=form, staff=staff, now=now)
        return card_of(project, now=now) | {"warnings": warnings_of(form)}

    return _once(schemas.PublishedSchema(), act)


@bp.post("/desk/projects/<code>/progress")
@bp.arguments(schemas.ProgressFormSchema)
@bp.response(201, schemas.CodeSchema)
@desk_writes
def post_progress(form: dict[str, Any], code: str) -> Response:
    """Tell the public how a project goes on."""

    def act(staff: StaffMember) -> dict[str, str]:
        return {"code": service.post_progress(project=code, staff=staff, now=clock.now(), **form)}

    return _once(schemas.CodeSchema(), act)


@bp.post("/desk/projects/<code>/end")
@bp.response(201, ProjectCardSchema)
@desk_writes
def end_project(code: str) -> Response:
    """End the collection of a project before its time."""

    def act(staff: StaffMember) -> dict[str, Any]:
        now = clock.now()
        return card_of(service.end_project(project=code, staff=staff, now=now), now=now)

    return _once(ProjectCardSchema(), act)


@bp.post("/desk/projects/<code>/close")
@bp.response(201, ProjectCardSchema)
@desk_writes
def close_project(code: str) -> Response:
    """Close a project that has ended: what is left moves to the village's fund (R91)."""

    def act(staff: StaffMember) -> dict[str, Any]:
        now = clock.now()
        return card_of(service.close_project(project=code, staff=staff, now=now), now=now)

    return _once(ProjectCardSchema(), act)


@bp.post("/desk/projects/<code>/spending")
@bp.arguments(schemas.SpendingFormSchema)
@bp.response(201, SpendingLineSchema)
@desk_writes
def spend(form: dict[str, Any], code: str) -> Response:
    """Record what the village bought, with its voucher (R33)."""

    def act(staff: StaffMember) -> dict[str, Any]:
        line = record_spending(project=code, staff=staff, now=clock.now(), **form)
        return shown_spending(get_spending(line))

    return _once(SpendingLineSchema(), act)


@bp.post("/desk/spending/<code>/corrections")
@bp.arguments(schemas.CorrectionFormSchema)
@bp.response(201, schemas.CodeSchema)
@desk_writes
def correct(form: dict[str, Any], code: str) -> Response:
    """Record that money of a spending line came back."""

    def act(staff: StaffMember) -> dict[str, str]:
        return {"code": correct_spending(line=code, staff=staff, now=clock.now(), **form)}

    return _once(schemas.CodeSchema(), act)


def _once(schema: Schema, act: Callable[[StaffMember], object]) -> Response:
    """Run an act of the staff member at hand once for its Idempotency-Key."""
    staff = require_staff()
    return once(scope=f"staff:{staff.code}", status=201, schema=schema, act=lambda: act(staff))
