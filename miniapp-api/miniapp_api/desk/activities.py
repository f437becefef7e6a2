"""Volunteering at the desk: open an activity, show its live code, read the roll, stand in for a missing check-out."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

import qr.codes
from backend.core import clock
from backend.core.errors import NotFound
from backend.people.rights import StaffMember, authorise
from backend.vault.fields import GUARDIAN_NAME, GUARDIAN_PHONE, STAFF, VOLUNTEER_NAME
from backend.volunteers import checking, codes, queries, service
from backend.volunteers.minors import BANDS
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.edge import settings
from miniapp_api.once import once
from miniapp_api.personal import Personal
from miniapp_api.times import LocalTime
from miniapp_api.volunteers import (
    ActivityListSchema,
    ActivitySchema,
    PageSchema,
    ServiceSchema,
    TeamSchema,
    listed,
)

bp = Blueprint("desk_activities", __name__, description="工作台：志愿服务队与活动。")


class TeamFormSchema(Schema):
    """A village's team; without a name it is called after the village."""

    village_code = fields.String(required=True)
    name = fields.String(validate=validate.Length(max=200))


class ActivityFormSchema(Schema):
    """What the desk fills in to publish an activity."""

    village_code = fields.String(required=True)
    title = fields.String(required=True)
    place = fields.String(required=True)
    starts_at = LocalTime(required=True)
    ends_at = LocalTime(required=True)
    seats = fields.Integer(required=True, strict=True)
    target = fields.String(required=True)
    content = fields.String(required=True)
    leader_name = fields.String(required=True)


class ReasonSchema(Schema):
    """Why."""

    reason = fields.String(required=True)


class ConfirmationSchema(ReasonSchema):
    """A leader's word for a missing check-out: whose, how many minutes, and why."""

    person_code = fields.String(required=True)
    minutes = fields.Integer(required=True, strict=True)


class LiveCodeSchema(Schema):
    """The code for the screen at the activity; ask again at `valid_until`."""

    code = fields.String(required=True)
    valid_until = LocalTime(required=True)
    url = fields.String(required=True)
    qr_url = fields.String(required=True)


class RollMinorSchema(Schema):
    """A volunteer under eighteen: the band, so that work is fit for the age, and the guardian, masked.

    `agreed_at`: when the guardian agreed; null where no consent stands, which `verify` names.
    """

    band = fields.String(required=True, metadata={"enum": list(BANDS)})
    guardian_name = Personal(GUARDIAN_NAME, to=STAFF, required=True, allow_none=True)
    guardian_phone = Personal(GUARDIAN_PHONE, to=STAFF, required=True, allow_none=True)
    agreed_at = LocalTime(required=True, allow_none=True)


class RollLineSchema(ServiceSchema):
    """One volunteer on the roll; `name` is masked, and null for one who told none or had it forgotten."""

    person_code = fields.String(required=True)
    name = Personal(VOLUNTEER_NAME, to=STAFF, required=True, allow_none=True)
    signed_up_at = LocalTime(required=True)
    minor = fields.Nested(RollMinorSchema, required=True, allow_none=True)


class RollSchema(Schema):
    """Who has a seat, in the order of signing up."""

    items = fields.List(fields.Nested(RollLineSchema), required=True)


class WindowSchema(Schema):
    """Which half minute's picture."""

    window = fields.Integer(required=True, validate=validate.Range(0, 2**40))


@bp.post("/desk/teams")
@bp.arguments(TeamFormSchema)
@bp.response(201, TeamSchema)
@desk_writes
def create_team(form: dict[str, Any]) -> Response:
    """Register the village's volunteer team, or return the one it has."""
    staff, village = require_staff(), form["village_code"]
    authorise(staff, "activities.open", village)

    def act() -> queries.TeamView | None:
        service.create_team(village_code=village, name=form.get("name"), by=staff.code, now=clock.now())
        return queries.find_team(village)

    return once(scope=_scope(staff), status=201, schema=TeamSchema(), act=act)


@bp.get("/desk/activities")
@bp.arguments(PageSchema, location="query")
@bp.response(200, ActivityListSchema)
@desk_reads
def list_activities(page: dict[str, Any]) -> dict[str, Any]:
    """Return the activities of the staff member's region, the newest first."""
    staff = require_staff()
    authorise(staff, "activities.read", staff.region_code)
    limit = page["limit"]
    views = queries.activities_in(staff.prefix, now=clock.now(), limit=limit + 1, before=page.get("cursor"))
    return listed(views, limit=limit)


@bp.post("/desk/activities")
@bp.arguments(ActivityFormSchema)
@bp.response(201, ActivitySchema)
@desk_writes
def open_activity(form: dict[str, Any]) -> Response:
    """Publish an activity of the village's team."""
    staff, now = require_staff(), clock.now()
    authorise(staff, "activities.open", form["village_code"])

    def act() -> queries.ActivityView:
        opened = service.open_activity(service.ActivityForm(**form), by=staff.code, now=now)
        return queries.activity_view(opened.code, now=now)

    return once(scope=_scope(staff), status=201, schema=ActivitySchema(), act=act)


@bp.post("/desk/activities/<code>/cancellation")
@bp.arguments(ReasonSchema)
@bp.response(201, ActivitySchema)
@desk_writes
def cancel_activity(given: dict[str, Any], code: str) -> Response:
    """Call an activity off, as long as nobody has checked in."""
    staff, now = _may_run(code), clock.now()

    def act() -> queries.ActivityView:
        service.cancel_activity(code=code, reason=given["reason"], by=staff.code, now=now)
        return queries.activity_view(code, now=now)

    return once(scope=_scope(staff), status=201, schema=ActivitySchema(), act=act)


@bp.get("/desk/activities/<code>/code")
@bp.response(200, LiveCodeSchema)
@desk_reads
def live_code(code: str) -> Response:
    """Return the code of this half minute, for the screen at the activity."""
    _may_run(code)
    window = codes.window_of(clock.now())
    told = {
        "code": _digits(code, window),
        "valid_until": codes.window_end(window),
        "url": _url(code, window),
        "qr_url": f"/api/v1/desk/activities/{code}/code.png?window={window}",
    }
    response = make_response(LiveCodeSchema().dump(told))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/desk/activities/<code>/code.png")
@bp.arguments(WindowSchema, location="query")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
@desk_reads
def live_code_picture(given: dict[str, Any], code: str) -> Response:
    """Return the picture of the code, for this half minute and the one before only: tomorrow's is nobody's to see."""
    _may_run(code)
    window, present = given["window"], codes.window_of(clock.now())
    if window not in (present, present - 1):
        raise NotFound()
    response = Response(qr.codes.png(_url(code, window)), mimetype="image/png")
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/desk/activities/<code>/roll")
@bp.response(200, RollSchema)
@desk_reads
def roll(code: str) -> dict[str, Any]:
    """Return who signed up and where each stands. Names are masked: one is opened for a reason."""
    _may_run(code)
    return {"items": [_shown(line) for line in queries.roll(code, now=clock.now())]}


@bp.post("/desk/activities/<code>/confirmations")
@bp.arguments(ConfirmationSchema)
@bp.response(201, ServiceSchema)
@desk_writes
def confirm_minutes(given: dict[str, Any], code: str) -> Response:
    """Stand in for a missing check-out, with minutes and a reason; kept apart from recorded check-outs."""
    staff = _may_run(code)

    def act() -> object:
        nonce = request.headers["Idempotency-Key"]
        return checking.confirm_minutes(activity=code, by=staff.code, nonce=nonce, now=clock.now(), **given)

    return once(scope=_scope(staff), status=201, schema=ServiceSchema(), act=act)


def _may_run(code: str) -> StaffMember:
    """Return who asks, if he may run this activity; another region's is answered as if it did not exist."""
    staff = require_staff()
    authorise(staff, "activities.run", queries.find_activity(code).village_code, subject=code)
    return staff


def _scope(staff: StaffMember) -> str:
    return f"staff:{staff.code}"


def _digits(activity: str, window: int) -> str:
    return codes.code_of(key=codes.activity_key(secret=settings().secret_key, activity=activity), window=window)


def _url(activity: str, window: int) -> str:
    return f"{settings().public_url}/activity?code={activity}&c={_digits(activity, window)}"


def _shown(line: queries.RollLine) -> dict[str, Any]:
    about = {"person_code": line.person_code, "name": line.name, "signed_up_at": line.signed_up_at}
    return {**vars(line.service), **about, "minor": line.minor}
