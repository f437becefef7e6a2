"""Volunteering on the phone: a village's activities, a seat, checking in and out, my hours."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from backend.core import clock
from backend.core.db import write_with_retries
from backend.regions.queries import village_or_refuse
from backend.vault.fields import GUARDIAN_NAME, GUARDIAN_PHONE, OWN, VOLUNTEER_NAME
from backend.volunteers import checking, queries, service
from backend.volunteers.hours import State
from backend.volunteers.minors import BANDS, Minor
from backend.volunteers.refusals import CodeExpired
from miniapp_api.edge import reads, settings, writes
from miniapp_api.once import once
from miniapp_api.personal import Personal
from miniapp_api.sessions import current_person, require_person
from miniapp_api.times import LocalTime

P = ParamSpec("P")
R = TypeVar("R")

bp = Blueprint("volunteers", __name__, description="志愿服务：活动、报名、签到签退、我的时长。")


class ServiceSchema(Schema):
    """Where a volunteer stands in one activity; `is_confirmed`: a leader's word, not a recorded check-out."""

    state = fields.String(required=True, metadata={"enum": [state.value for state in State]})
    minutes = fields.Integer(required=True)
    checked_in_at = LocalTime(required=True, allow_none=True)
    checked_out_at = LocalTime(required=True, allow_none=True)
    is_confirmed = fields.Boolean(required=True)


class ActivityCardSchema(Schema):
    """An activity in a list."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    village_code = fields.String(required=True)
    village_name = fields.String(required=True)
    place = fields.String(required=True)
    starts_at = LocalTime(required=True)
    ends_at = LocalTime(required=True)
    seats = fields.Integer(required=True)
    seats_left = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": ["open", "full", "running", "over", "cancelled"]})


class ActivitySchema(ActivityCardSchema):
    """An activity with everything that 令67 asks to say; `mine` is where the asker stands, or null."""

    target = fields.String(required=True)
    content = fields.String(required=True)
    leader_name = fields.String(required=True)
    mine = fields.Nested(ServiceSchema, required=True, allow_none=True)


class ActivityListSchema(Schema):
    """Activities, the newest first."""

    items = fields.List(fields.Nested(ActivityCardSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PageSchema(Schema):
    """Which part of a list."""

    cursor = fields.String(validate=validate.Length(max=16))
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


class MinorSchema(Schema):
    """Of a volunteer under eighteen: the age band, never a birthday, and the guardian, who agrees by his own tick."""

    band = fields.String(required=True, metadata={"enum": list(BANDS)})
    guardian_name = Personal(GUARDIAN_NAME, to=OWN, required=True, validate=validate.Length(max=100))
    guardian_phone = Personal(GUARDIAN_PHONE, to=OWN, required=True, validate=validate.Length(max=40))
    guardian_agrees = fields.Boolean(required=True)


class NameSchema(Schema):
    """What a volunteer is called on the roll; only the village's desk sees it. `minor`: of who is under eighteen.

    Who is of age leaves `minor` out. Left out of a minor's later sign-up, what was told before stands.
    """

    name = Personal(VOLUNTEER_NAME, to=OWN, required=True, validate=validate.Length(max=100))
    minor = fields.Nested(MinorSchema, load_default=None, allow_none=True)


class CheckCodeSchema(Schema):
    """The six digits that the screen at the activity shows now."""

    code = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{6}\Z"))


class TeamSchema(Schema):
    """A village's volunteer team."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    member_count = fields.Integer(required=True)


class HoursLineSchema(ServiceSchema):
    """One activity on the page "my hours"."""

    activity = fields.Nested(ActivityCardSchema, required=True)


class HoursSchema(Schema):
    """A volunteer's minutes; `confirmed_minutes` is the part of the total that stands on a leader's word."""

    total_minutes = fields.Integer(required=True)
    confirmed_minutes = fields.Integer(required=True)
    items = fields.List(fields.Nested(HoursLineSchema), required=True)


def remembers_wrong_codes(handler: Callable[P, R]) -> Callable[P, R]:
    """Write a wrong code down in a transaction of its own, after the handler's was rolled back (law 13)."""

    @functools.wraps(handler)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except CodeExpired as refusal:
            attempt = refusal.attempt
            write_with_retries(lambda: checking.remember_wrong_code(attempt, now=clock.now()))
            raise

    return inside


def listed(views: list[queries.ActivityView], *, limit: int) -> dict[str, Any]:
    """Return one page of activities, asked for with one more: the next begins after the last code of this one."""
    page = views[:limit]
    return {"items": page, "next_cursor": page[-1].code if len(views) > limit else None}


@bp.get("/activities/<code>")
@bp.response(200, ActivitySchema)
@reads
def get_activity(code: str) -> queries.ActivityView:
    """Return one activity, and where the asker stands in it."""
    person = current_person()
    return queries.activity_view(code, now=clock.now(), person_id=person.id if person else None)


@bp.get("/villages/<code>/activities")
@bp.arguments(PageSchema, location="query")
@bp.response(200, ActivityListSchema)
@reads
def list_activities(page: dict[str, Any], code: str) -> dict[str, Any]:
    """Return a village's activities, the newest first."""
    village_or_refuse(code)
    limit = page["limit"]
    views = queries.activities_in(code, now=clock.now(), limit=limit + 1, before=page.get("cursor"))
    return listed(views, limit=limit)


@bp.post("/villages/<code>/team/members")
@bp.arguments(NameSchema)
@bp.response(201, TeamSchema)
@writes
def join_team(given: dict[str, Any], code: str) -> Response:
    """Join the village's volunteer team."""
    person = require_person()

    def act() -> queries.TeamView | None:
        service.join_team(village_code=code, person_id=person.id, **_told(given), now=clock.now())
        return queries.find_team(code)

    return once(scope=f"person:{person.code}", status=201, schema=TeamSchema(), act=act)


@bp.post("/activities/<code>/sign-ups")
@bp.arguments(NameSchema)
@bp.response(201, ActivitySchema)
@writes
def sign_up(given: dict[str, Any], code: str) -> Response:
    """Take a seat."""
    person, now = require_person(), clock.now()

    def act() -> queries.ActivityView:
        service.sign_up(activity=code, person_id=person.id, **_told(given), now=now)
        return queries.activity_view(code, now=now, person_id=person.id)

    return once(scope=f"person:{person.code}", status=201, schema=ActivitySchema(), act=act)


@bp.delete("/activities/<code>/sign-ups/mine")
@bp.response(204)
@writes
def cancel_sign_up(code: str) -> None:
    """Give the seat back."""
    service.cancel_sign_up(activity=code, person_id=require_person().id, now=clock.now())


@bp.post("/activities/<code>/check-ins")
@bp.arguments(CheckCodeSchema)
@bp.response(201, ServiceSchema)
@remembers_wrong_codes
@writes
def check_in(given: dict[str, Any], code: str) -> Response:
    """Check in with the code that is shown at the activity now."""
    return _check(checking.check_in, activity=code, code=given["code"])


@bp.post("/activities/<code>/check-outs")
@bp.arguments(CheckCodeSchema)
@bp.response(201, ServiceSchema)
@remembers_wrong_codes
@writes
def check_out(given: dict[str, Any], code: str) -> Response:
    """Check out with the code that is shown at the activity now; the minutes are counted at once."""
    return _check(checking.check_out, activity=code, code=given["code"])


@bp.get("/me/hours")
@bp.response(200, HoursSchema)
@reads
def my_hours() -> dict[str, Any]:
    """Return the asker's hours: the total, and each activity."""
    return hours_of(require_person().id)


def hours_of(person_id: int, *, limit: int = 200) -> dict[str, Any]:
    """Return a person's hours as he sees them; the total is of all, whatever the limit."""
    hours = queries.my_hours(person_id=person_id, now=clock.now(), limit=limit)
    items = [{**vars(line.service), "activity": line.activity} for line in hours.items]
    return {"total_minutes": hours.total_minutes, "confirmed_minutes": hours.confirmed_minutes, "items": items}


def _told(given: dict[str, Any]) -> dict[str, Any]:
    minor = given["minor"]
    return {"name": given["name"], "minor": None if minor is None else Minor(**minor)}


def _check(verb: Callable[..., object], *, activity: str, code: str) -> Response:
    person = require_person()

    def act() -> object:
        return verb(
            activity=activity,
            person_id=person.id,
            code=code,
            nonce=request.headers["Idempotency-Key"],
            secret=settings().secret_key,
            now=clock.now(),
        )

    return once(scope=f"person:{person.code}", status=201, schema=ServiceSchema(), act=act)
