"""Who looked at my data: every time that staff were shown something of mine in the clear, and why (PIPL 44)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.openings.models import PURPOSES
from backend.openings.queries import OpeningRecord, openings_of
from backend.people.rights import NATION, ROLES
from backend.regions.queries import called
from miniapp_api.edge import reads
from miniapp_api.paging import PageQuery, last_id, listed
from miniapp_api.project_schemas import ListSchema
from miniapp_api.sessions import require_person
from miniapp_api.times import LocalTime

bp = Blueprint("openings", __name__, description="谁看过我的信息。")


class OpeningSchema(Schema):
    """One look of a staff member; never the value itself.

    `asked`: he opened one value for the `reason` that he stated; `review`: he read words that wait to be shown,
    `reason` is null; `command`: an operator's command. `row` is the public code of what the value belongs to.
    """

    opened_at = LocalTime(required=True)
    staff_name = fields.String(required=True)
    staff_role = fields.String(required=True, metadata={"enum": list(ROLES)})
    staff_place = fields.String(required=True)
    labels = fields.List(fields.String(), required=True)
    row = fields.String(required=True)
    purpose = fields.String(required=True, metadata={"enum": list(PURPOSES)})
    reason = fields.String(required=True, allow_none=True)


class OpeningListSchema(ListSchema):
    """Who looked, newest first."""

    items = fields.List(fields.Nested(OpeningSchema), required=True)


@bp.get("/me/data/openings")
@bp.arguments(PageQuery, location="query")
@bp.response(200, OpeningListSchema)
@reads
def show_my_openings(page: dict[str, Any]) -> dict[str, Any]:
    """List who of the staff was shown something of mine, when, what and why, newest first."""
    person, limit = require_person(), page["limit"]
    rows = openings_of(person.id, before_id=last_id(page), limit=limit + 1)
    return shown_openings(rows, limit=limit)


def shown_openings(rows: Sequence[OpeningRecord], *, limit: int) -> dict[str, Any]:
    """Return one page of the log, with the places of the staff named."""
    places = called({row.staff_region for row in rows}) | {NATION: "全国"}

    def shown(row: OpeningRecord) -> dict[str, Any]:
        return {**vars(row), "staff_place": places.get(row.staff_region, row.staff_region)}

    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=shown)
