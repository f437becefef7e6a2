"""The desk: opening one masked value for a stated reason, and the log of it for those who watch over it (PIPL 51)."""

from __future__ import annotations

from typing import Any

from flask import Response, g, make_response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core import clock
from backend.openings.queries import READ, openings_in
from backend.openings.service import Asking, open_value
from backend.people.rights import NATION, authorise
from backend.refunds.records import get_refund
from backend.vault.fields import GUARDIAN_NAME, GUARDIAN_PHONE, REFUND_REASON, STAFF, VOLUNTEER_NAME
from backend.volunteers.minors import minor_named
from backend.volunteers.queries import find_activity, require_seat
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.openings import OpeningSchema, shown_openings
from miniapp_api.paging import PageQuery, last_id
from miniapp_api.personal import Personal
from miniapp_api.project_schemas import ListSchema

bp = Blueprint("desk_openings", __name__, description="工作台：查看个人信息的原文，以及查看记录。")


class OpeningFormSchema(Schema):
    """Why a value must be seen: its person reads this, and so does an auditor. No personal data belongs here."""

    reason = fields.String(required=True)


class OpenedNameSchema(Schema):
    """The name of a volunteer, whole; answered once, kept nowhere."""

    value = Personal(VOLUNTEER_NAME, to=STAFF, opened=True, required=True)


class OpenedGuardianSchema(Schema):
    """What the guardian of a minor is called, whole; answered once, kept nowhere."""

    value = Personal(GUARDIAN_NAME, to=STAFF, opened=True, required=True)


class OpenedGuardianPhoneSchema(Schema):
    """The number by which a minor's guardian is reached, whole; answered once, kept nowhere."""

    value = Personal(GUARDIAN_PHONE, to=STAFF, opened=True, required=True)


class OpenedReasonSchema(Schema):
    """What a giver wrote about why he asks his gift back, whole; answered once, kept nowhere."""

    value = Personal(REFUND_REASON, to=STAFF, opened=True, required=True)


class DeskOpeningSchema(OpeningSchema):
    """One look, as an auditor sees it: whose it was, by the public code, and the request. Null: of an erased person."""

    staff_code = fields.String(required=True)
    person_code = fields.String(required=True, allow_none=True)
    request_id = fields.String(required=True)


class DeskOpeningListSchema(ListSchema):
    """The log of a region, newest first."""

    items = fields.List(fields.Nested(DeskOpeningSchema), required=True)


@bp.get("/desk/openings")
@bp.arguments(PageQuery, location="query")
@bp.response(200, DeskOpeningListSchema)
@desk_reads
def list_openings(page: dict[str, Any]) -> dict[str, Any]:
    """List who was shown whose data in the staff member's region, when and why, newest first."""
    staff, limit = require_staff(), page["limit"]
    authorise(staff, READ, staff.region_code)
    rows = openings_in(staff.prefix, before_id=last_id(page), limit=limit + 1)
    return shown_openings(rows, limit=limit)


@bp.post("/desk/activities/<code>/volunteers/<person>/openings")
@bp.arguments(OpeningFormSchema)
@bp.response(201, OpenedNameSchema)
@desk_writes
def open_volunteer_name(form: dict[str, Any], code: str, person: str) -> Response:
    """Show the name of one volunteer on the roll of an activity, once, and write down who saw it and why."""
    return _shown(OpenedNameSchema(), _of_volunteer(form, code, person, VOLUNTEER_NAME))


@bp.post("/desk/activities/<code>/volunteers/<person>/guardian-name/openings")
@bp.arguments(OpeningFormSchema)
@bp.response(201, OpenedGuardianSchema)
@desk_writes
def open_guardian_name(form: dict[str, Any], code: str, person: str) -> Response:
    """Show the name of the guardian of a minor on the roll, once, and write down who saw it and why."""
    return _shown(OpenedGuardianSchema(), _of_volunteer(form, code, person, GUARDIAN_NAME))


@bp.post("/desk/activities/<code>/volunteers/<person>/guardian-phone/openings")
@bp.arguments(OpeningFormSchema)
@bp.response(201, OpenedGuardianPhoneSchema)
@desk_writes
def open_guardian_phone(form: dict[str, Any], code: str, person: str) -> Response:
    """Show the number of the guardian of a minor on the roll, once, and write down who saw it and why."""
    return _shown(OpenedGuardianPhoneSchema(), _of_volunteer(form, code, person, GUARDIAN_PHONE))


@bp.post("/desk/refunds/<code>/openings")
@bp.arguments(OpeningFormSchema)
@bp.response(201, OpenedReasonSchema)
@desk_writes
def open_refund_reason(form: dict[str, Any], code: str) -> Response:
    """Show what the giver wrote about a refund, once, and write down who saw it and why."""
    staff = require_staff()
    authorise(staff, "refunds.read", NATION, subject=code)
    village = get_refund(code).village_code
    asking = Asking(staff=staff, **_asked(form))
    value = open_value(asking, field=REFUND_REASON, row=code, region_code=village, now=clock.now())
    return _shown(OpenedReasonSchema(), value)


def _of_volunteer(form: dict[str, Any], code: str, person: str, field: str) -> str:
    """Return one value of somebody who has a seat; what belongs to a minor may lie under another row of his."""
    staff, village = require_staff(), find_activity(code).village_code
    authorise(staff, "activities.run", village, subject=code)
    require_seat(activity=code, person_code=person)
    row = person if field == VOLUNTEER_NAME else minor_named(person).row
    return open_value(Asking(staff=staff, **_asked(form)), field=field, row=row, region_code=village, now=clock.now())


def _asked(form: dict[str, Any]) -> dict[str, Any]:
    return {**form, "request_id": g.request_id, "nonce": request.headers.get("Idempotency-Key")}


def _shown(schema: Schema, value: str) -> Response:
    """The value stands in this one answer: neither we nor anything on the way keeps it."""
    response = make_response(schema.dump({"value": value}), 201)
    response.headers["Cache-Control"] = "no-store"
    return response
