"""The desk's list of what needs a person: messages that nobody took, and alerts about payments."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core import clock
from backend.outbox import queries as letters
from backend.outbox import service as outbox
from backend.payments import alerts
from backend.people.rights import NATION, authorise
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.paging import PageQuery, last_id, listed
from miniapp_api.project_schemas import ListSchema
from miniapp_api.times import LocalTime

bp = Blueprint("desk_troubles", __name__, description="工作台：没有送达的消息与支付提醒。")


class LetterSchema(Schema):
    """A message that nobody took: what it is about and why, never what it says."""

    code = fields.String(required=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    owed_since = LocalTime(required=True)
    tried_at = LocalTime(required=True, allow_none=True)
    ended_at = LocalTime(required=True)
    attempts = fields.Integer(required=True)
    last_error = fields.String(required=True, allow_none=True)


class LetterListSchema(ListSchema):
    """Messages that nobody took, newest first."""

    items = fields.List(fields.Nested(LetterSchema), required=True)


class ReasonFormSchema(Schema):
    """Why, or what was done; whoever looks later reads it."""

    reason = fields.String(required=True)


class AlertSchema(Schema):
    """Something about a payment that waits for a person; `facts` are names and figures, nothing about a giver."""

    code = fields.String(required=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    facts = fields.Dict(keys=fields.String(), required=True)
    raised_at = LocalTime(required=True)


class AlertListSchema(ListSchema):
    """Alerts that nobody has dealt with, newest first."""

    items = fields.List(fields.Nested(AlertSchema), required=True)


@bp.get("/desk/letters")
@bp.arguments(PageQuery, location="query")
@bp.response(200, LetterListSchema)
@desk_reads
def list_letters(page: dict[str, Any]) -> dict[str, Any]:
    """List the messages to the outside that nobody took."""
    authorise(require_staff(), "outbox.read", NATION)
    limit = page["limit"]
    rows = letters.dead_letters(before_id=last_id(page), limit=limit + 1)
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=vars)


@bp.post("/desk/letters/<code>/attempts")
@bp.response(204)
@desk_writes
def try_again(code: str) -> Response:
    """Send a message once more: the same key, the same body. A second press finds it under way already: 404."""
    outbox.try_again(code=code, staff=require_staff(), now=clock.now())
    return Response(status=204)


@bp.post("/desk/letters/<code>/end")
@bp.arguments(ReasonFormSchema)
@bp.response(204)
@desk_writes
def let_go(form: dict[str, Any], code: str) -> Response:
    """Send a message no more, and keep why."""
    outbox.let_go(code=code, reason=form["reason"], staff=require_staff(), now=clock.now())
    return Response(status=204)


@bp.get("/desk/alerts")
@bp.arguments(PageQuery, location="query")
@bp.response(200, AlertListSchema)
@desk_reads
def list_alerts(page: dict[str, Any]) -> dict[str, Any]:
    """List what about payments waits for a person."""
    authorise(require_staff(), "alerts.read", NATION)
    limit = page["limit"]
    rows = alerts.open_alerts(before_id=last_id(page), limit=limit + 1)
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=vars)


@bp.post("/desk/alerts/<code>/end")
@bp.arguments(ReasonFormSchema)
@bp.response(204)
@desk_writes
def end_alert(form: dict[str, Any], code: str) -> Response:
    """Note that an alert is dealt with, and how."""
    alerts.handle_alert(code=code, reason=form["reason"], staff=require_staff(), now=clock.now())
    return Response(status=204)
