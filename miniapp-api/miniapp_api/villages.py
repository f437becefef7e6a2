"""Villages with an open fund: their list, and the page of one with its figures, projects, activities and notices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from backend.core import clock
from backend.ledger.queries import PurseFigures, purse_figures
from backend.notices.models import VILLAGE
from backend.notices.queries import list_notices
from backend.projects.queries import funds, projects_of, purses_in
from backend.projects.rules import ProjectRecord
from backend.regions.names import village_name
from backend.regions.queries import RegionView, views_of, village_or_refuse
from backend.volunteers.queries import activities_in, find_team
from miniapp_api.cards import ProjectCardSchema, cards_of
from miniapp_api.edge import reads
from miniapp_api.etag import etagged
from miniapp_api.notice_schemas import NoticeCardSchema
from miniapp_api.paging import PageQuery, last_id, listed
from miniapp_api.project_schemas import ListSchema, PurseFiguresSchema
from miniapp_api.regions import RegionNameSchema
from miniapp_api.volunteers import ActivityCardSchema, TeamSchema

bp = Blueprint("villages", __name__, description="村：互助基金、项目、活动、公示。")
CODES_MAX = 50
PROJECTS_SHOWN = 50


class VillageCardSchema(Schema):
    """A village with an open fund, in a list."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parents = fields.List(fields.Nested(RegionNameSchema), required=True)
    fund_code = fields.String(required=True)
    received_fen = fields.Integer(required=True)
    project_count = fields.Integer(required=True)
    demo = fields.Boolean(required=True)


class VillageListSchema(ListSchema):
    """Villages, the newest fund first."""

    items = fields.List(fields.Nested(VillageCardSchema), required=True)


class VillageFiguresSchema(PurseFiguresSchema):
    """All the money of a village together; what moved from a project to the fund counts once."""

    class Meta:
        """Inside one village nothing moves away."""

        exclude = ("moved_to_fund_fen",)

    gift_count = fields.Integer(required=True)
    project_count = fields.Integer(required=True)


class VillageSchema(Schema):
    """A village's page; `fund` is null and the lists are empty before it opens its fund."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parents = fields.List(fields.Nested(RegionNameSchema), required=True)
    demo = fields.Boolean(required=True)
    fund = fields.Nested(ProjectCardSchema, required=True, allow_none=True)
    figures = fields.Nested(VillageFiguresSchema, required=True)
    projects = fields.List(fields.Nested(ProjectCardSchema), required=True)
    activities = fields.List(fields.Nested(ActivityCardSchema), required=True)
    team = fields.Nested(TeamSchema, required=True, allow_none=True)
    notices = fields.List(fields.Nested(NoticeCardSchema), required=True)


class VillageQuery(PageQuery):
    """A part of the list, or exactly the villages named in `codes`, at most fifty, with commas between them."""

    codes = fields.String(validate=validate.Length(max=13 * CODES_MAX))


@bp.get("/villages")
@etagged
@bp.arguments(VillageQuery, location="query")
@bp.response(200, VillageListSchema)
@reads
def list_villages(asked: dict[str, Any]) -> dict[str, Any]:
    """List the villages whose fund is open, the newest fund first."""
    named = asked["codes"].split(",")[:CODES_MAX] if asked.get("codes") else None
    limit = CODES_MAX if named else asked["limit"]
    rows = funds(before_id=None if named else last_id(asked), limit=limit + 1, villages=named)
    codes = [fund.village_code for fund in rows]
    sums, views = sums_of(codes), views_of(codes)
    return listed(
        rows,
        limit=limit,
        row_id=lambda fund: fund.id,
        shown=lambda fund: _card(fund, view=views[fund.village_code], sums=sums[fund.village_code]),
    )


@bp.get("/villages/<code>")
@etagged
@bp.response(200, VillageSchema)
@reads
def show_village(code: str) -> dict[str, Any]:
    """Show a village: its fund, its money together, its projects, activities, team and notices (R42, R97)."""
    village, now = village_or_refuse(code), clock.now()
    of_village = projects_of(code)
    cards = cards_of(of_village, now=now)
    fund = next((one for one in cards if one["kind"] == "mutual_aid_fund"), None)
    return {
        **vars(village),
        "name": village_name(village.name),
        "demo": any(project.is_demo for project in of_village),
        "fund": fund,
        "figures": sums_of([code])[code],
        "projects": [one for one in cards if one is not fund][:PROJECTS_SHOWN],
        "activities": activities_in(code, now=now, limit=10),
        "team": find_team(code),
        "notices": list_notices(scope=(VILLAGE, code), before_id=None, limit=5),
    }


def sums_of(village_codes: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return the money of each village together, in two statements for all of them."""
    purses = purses_in(village_codes)
    figures = purse_figures(purses)
    names = (*PurseFigures.__dataclass_fields__, "project_count")
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(names, 0))
    for purse, village in purses:
        for name, value in vars(figures[purse]).items():
            sums[village][name] += value
        sums[village]["project_count"] += 1
    for total in sums.values():
        # What a project gave over was received twice: by the project from its givers, by the fund from the project.
        total["received_fen"] -= total["moved_to_fund_fen"]
        total["project_count"] -= 1  # The fund is not a project, and it is always there before one.
    return sums


def _card(fund: ProjectRecord, *, view: RegionView, sums: dict[str, int]) -> dict[str, Any]:
    return {
        **vars(view),
        "name": village_name(view.name),
        "fund_code": fund.code,
        "received_fen": sums["received_fen"],
        "project_count": sums["project_count"],
        "demo": fund.is_demo,
    }
