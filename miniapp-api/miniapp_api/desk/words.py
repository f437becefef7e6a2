"""The desk's list of words that wait for a person: show them, or keep them hidden with a reason."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from backend.content import service
from backend.content.queries import HeldWords, find_words, held_words
from backend.core import clock
from backend.openings.service import Look, note_looks
from backend.people.rights import StaffMember, authorise
from backend.regions.names import village_name
from backend.regions.queries import views_of
from backend.vault.fields import GIFT_MESSAGE, GIFT_NAME, SHARE_NAME, STAFF
from miniapp_api.desk.guard import desk_writes, require_staff
from miniapp_api.once import once
from miniapp_api.paging import PageQuery, last_id, listed
from miniapp_api.personal import Personal
from miniapp_api.regions import RegionSchema
from miniapp_api.times import LocalTime

bp = Blueprint("desk_words", __name__, description="工作台：待审核的留言和署名。")
HELD_FOR = ("review", "risky", "no_account", "not_visited", "silent", "refused")


class HeldWordsSchema(Schema):
    """Words that nobody else sees yet, and why the check did not let them pass."""

    code = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": ["gift", "share"]})
    village = fields.Nested(RegionSchema, required=True)
    name = Personal(GIFT_NAME, to=STAFF, opened=True, required=True, allow_none=True)
    message = Personal(GIFT_MESSAGE, to=STAFF, opened=True, required=True, allow_none=True)
    version = fields.Integer(required=True)
    held_for = fields.String(required=True, metadata={"enum": list(HELD_FOR)})
    label = fields.Integer(required=True, allow_none=True)
    submitted_at = LocalTime(required=True)


class HeldWordsListSchema(Schema):
    """The words that wait, newest first."""

    items = fields.List(fields.Nested(HeldWordsSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ApprovalFormSchema(Schema):
    """Which version of the words was read."""

    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, 2**31 - 1))


class RejectionFormSchema(ApprovalFormSchema):
    """Why the words stay hidden; their writer reads it."""

    reason = fields.String(required=True)


class WordsDecisionSchema(Schema):
    """What was decided."""

    code = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["approved", "rejected"]})


@bp.get("/desk/words")
@bp.arguments(PageQuery, location="query")
@bp.response(200, HeldWordsListSchema)
@desk_writes
def list_words(page: dict[str, Any]) -> dict[str, Any]:
    """List the words of the staff member's region that wait for a person, newest first; that he read them is kept."""
    staff, limit = require_staff(), page["limit"]
    authorise(staff, service.READ, staff.region_code)
    rows = held_words(prefix=staff.prefix, before_id=last_id(page), limit=limit + 1)
    note_looks(map(_look, rows[:limit]), staff=staff, request_id=g.request_id, now=clock.now())
    views = views_of({row.region_code for row in rows})
    villages = {code: {**vars(view), "name": village_name(view.name)} for code, view in views.items()}

    def shown(row: HeldWords) -> dict[str, Any]:
        return {**vars(row), "village": villages[row.region_code]}

    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=shown)


@bp.post("/desk/words/<code>/approval")
@bp.arguments(ApprovalFormSchema)
@bp.response(201, WordsDecisionSchema)
@desk_writes
def approve(form: dict[str, Any], code: str) -> Response:
    """Show the words."""
    return _decided(code, lambda staff: service.approve(code=code, **form, staff=staff, now=clock.now()))


@bp.post("/desk/words/<code>/rejection")
@bp.arguments(RejectionFormSchema)
@bp.response(201, WordsDecisionSchema)
@desk_writes
def reject(form: dict[str, Any], code: str) -> Response:
    """Keep the words hidden, with a reason that their writer reads; the gift itself stays as it is."""
    return _decided(code, lambda staff: service.reject(code=code, **form, staff=staff, now=clock.now()))


def _look(row: HeldWords) -> Look:
    name = GIFT_NAME if row.kind == service.GIFT else SHARE_NAME
    told = {name: row.name, GIFT_MESSAGE: row.message}
    fields_read = tuple(field for field, words in told.items() if words is not None)
    return Look(person_id=row.person_id, row=row.subject, fields=fields_read, region_code=row.region_code)


def _decided(code: str, act: Any) -> Response:
    staff = require_staff()

    def decide() -> dict[str, Any]:
        act(staff)
        row = find_words(code)
        return {"code": code, "state": None if row is None else row.state}

    return once(scope=_scope(staff), status=201, schema=WordsDecisionSchema(), act=decide)


def _scope(staff: StaffMember) -> str:
    return f"staff:{staff.code}"
