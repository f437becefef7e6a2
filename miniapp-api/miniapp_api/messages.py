"""The in-app inbox: what a person was told, newest first, and noting that it was read."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from backend.core import clock
from backend.messages import queries, service
from miniapp_api.edge import reads, writes
from miniapp_api.paging import PageQuery, last_id, listed
from miniapp_api.sessions import require_person
from miniapp_api.times import LocalTime

bp = Blueprint("messages", __name__, description="站内消息：与本人有关的捐赠、退款和志愿服务通知，以这里为准。")


class MessageSchema(Schema):
    """One message; `link` is a page of ours, or null."""

    code = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    link = fields.String(required=True, allow_none=True)
    told_at = LocalTime(required=True)
    read_at = LocalTime(required=True, allow_none=True)


class MessageListSchema(Schema):
    """A part of the inbox; `unread` counts the whole of it."""

    items = fields.List(fields.Nested(MessageSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    unread = fields.Integer(required=True)


class ReadSchema(Schema):
    """The newest message that was on the screen."""

    up_to = fields.String(required=True, validate=validate.Length(min=1, max=16))


class UnreadSchema(Schema):
    """How many messages are still unread."""

    unread = fields.Integer(required=True)


@bp.get("/me/messages")
@bp.arguments(PageQuery, location="query")
@bp.response(200, MessageListSchema)
@reads
def list_my_messages(page: dict[str, Any]) -> dict[str, Any]:
    """List what this phone's person was told, newest first."""
    person, limit = require_person(), page["limit"]
    rows = queries.messages_of(person.id, before_id=last_id(page), limit=limit + 1)
    part = listed(rows, limit=limit, row_id=lambda message: message.id, shown=lambda message: message)
    return part | {"unread": queries.unread_count(person.id)}


@bp.post("/me/messages/read")
@bp.arguments(ReadSchema)
@bp.response(200, UnreadSchema)
@writes
def read_my_messages(given: dict[str, Any]) -> dict[str, int]:
    """Note that the messages up to this one were read; later ones stay unread. Sent again it changes nothing."""
    person = require_person()
    service.mark_read(person_id=person.id, up_to=given["up_to"], now=clock.now())
    return {"unread": queries.unread_count(person.id)}
