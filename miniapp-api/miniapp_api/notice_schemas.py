"""The shapes of notices. Whole fen, public ids, vouchers: nothing about a person (law 11)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.notices.models import PROJECT, VILLAGE
from miniapp_api.times import LocalTime


class NoticeCardSchema(Schema):
    """A notice as a line shows it; `due_on` is when it was due, `published_at` when it appeared."""

    code = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["monthly", "project_end"]))
    scope = fields.String(required=True, validate=validate.OneOf([VILLAGE, PROJECT]))
    scope_code = fields.String(required=True)
    title = fields.String(required=True)
    period = fields.String(required=True)
    version = fields.Integer(required=True)
    published_at = LocalTime(required=True)
    due_on = fields.Date(required=True)
    corrects = fields.String(required=True, allow_none=True)
    corrected_by = fields.String(required=True, allow_none=True)


class NoticeChannelSchema(Schema):
    """What came in by one payment channel."""

    channel = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    count = fields.Integer(required=True)


class NoticeReceivedSchema(Schema):
    """What came in for one reason."""

    source = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    count = fields.Integer(required=True)
    channels = fields.List(fields.Nested(NoticeChannelSchema), required=True)


class NoticeLineSchema(Schema):
    """A spending line or a correction of one, with its place in the ledger."""

    number = fields.Integer(required=True)
    title = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    spent_on = fields.Date(required=True)
    voucher_url = fields.String(required=True)
    reference = fields.String(required=True)
    position = fields.Integer(required=True)
    project_code = fields.String(required=True)
    reason = fields.String()


class NoticeSumsSchema(Schema):
    """Whole fen: opening + received - refunded - spent + corrected - moved to the fund + other = closing.

    What is promised back to givers (`refunding_fen`) is a part of what the nation holds.
    """

    opening_fen = fields.Integer(required=True)
    received_fen = fields.Integer(required=True)
    refunded_fen = fields.Integer(required=True)
    spent_fen = fields.Integer(required=True)
    corrected_fen = fields.Integer(required=True)
    moved_to_fund_fen = fields.Integer(required=True)
    other_fen = fields.Integer(required=True)
    paid_out_fen = fields.Integer(required=True)
    in_transit_fen = fields.Integer(required=True)
    with_nation_fen = fields.Integer(required=True)
    refunding_fen = fields.Integer(required=True)
    with_village_fen = fields.Integer(required=True)
    closing_fen = fields.Integer(required=True)


class NoticePurseSchema(NoticeSumsSchema):
    """The same figures for one project or fund of a village."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    kind = fields.String(required=True)


class NoticeFiguresSchema(NoticeSumsSchema):
    """The figures of a notice; `later_corrections` came after its cut-off and are told by a new version."""

    received = fields.List(fields.Nested(NoticeReceivedSchema), required=True)
    spent = fields.List(fields.Nested(NoticeLineSchema), required=True)
    corrections = fields.List(fields.Nested(NoticeLineSchema), required=True)
    later_corrections = fields.List(fields.Nested(NoticeLineSchema), required=True)
    purses = fields.List(fields.Nested(NoticePurseSchema), required=True)


class NoticeSchema(NoticeCardSchema):
    """A whole notice: figures of the ledger at positions `opening_position` < p ≤ `cut_off_position`."""

    village_code = fields.String(required=True)
    correction_reason = fields.String(required=True, allow_none=True)
    figures = fields.Nested(NoticeFiguresSchema, required=True)
    opening_position = fields.Integer(required=True)
    cut_off_position = fields.Integer(required=True)
    corrected_through = fields.Integer(required=True)
    demo = fields.Boolean(required=True)


class NoticeListSchema(Schema):
    """Notices, newest first."""

    items = fields.List(fields.Nested(NoticeCardSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
