"""The shapes of a project's public page. What is not named here never leaves the house."""

from __future__ import annotations

from marshmallow import Schema, fields

from miniapp_api.cards import ProjectCardSchema
from miniapp_api.gift_schemas import GiftLineSchema
from miniapp_api.notice_schemas import NoticeCardSchema
from miniapp_api.regions import RegionSchema
from miniapp_api.times import LocalTime


class OrganisationSchema(Schema):
    """Who receives the money (慈善法 25)."""

    name = fields.String(required=True)
    uscc = fields.String(required=True)
    fundraising_certificate = fields.String(required=True, allow_none=True)


class PlanItemSchema(Schema):
    """One line of the budget."""

    title = fields.String(required=True)
    amount_fen = fields.Integer(required=True)


class DecisionSchema(Schema):
    """How the villagers decided (R73)."""

    met_on = fields.Date(required=True)
    attendees = fields.Integer(required=True)
    in_favour = fields.Integer(required=True)
    note = fields.String(required=True)


class ContactSchema(Schema):
    """Whom to ask; the number is masked (R66)."""

    name = fields.String(required=True)
    phone_masked = fields.String(required=True)


class RefusalSchema(Schema):
    """Why no gift is taken now."""

    code = fields.String(required=True)
    detail = fields.String(required=True)


class PurseFiguresSchema(Schema):
    """Where the money is now; received is the sum of nation, transit, village, spent, and what moved to the fund.

    What went back to givers is not received any more (`refunded_fen`); what is promised back to them is a part of what
    the nation holds (`refunding_fen`).
    """

    received_fen = fields.Integer(required=True)
    with_nation_fen = fields.Integer(required=True)
    refunding_fen = fields.Integer(required=True)
    refunded_fen = fields.Integer(required=True)
    in_transit_fen = fields.Integer(required=True)
    with_village_fen = fields.Integer(required=True)
    spent_fen = fields.Integer(required=True)
    moved_to_fund_fen = fields.Integer(required=True)


class SpendingLineSchema(Schema):
    """One thing bought, its voucher, and its place in the ledger (None for the second until it has one)."""

    code = fields.String(required=True)
    number = fields.Integer(required=True)
    title = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    corrected_fen = fields.Integer(required=True)
    spent_on = fields.Date(required=True)
    voucher_url = fields.String(required=True)
    reference = fields.String(required=True)
    position = fields.Integer(required=True, allow_none=True)


class ProgressPostSchema(Schema):
    """One progress post; `posted_by` is the place whose desk wrote it."""

    code = fields.String(required=True)
    text = fields.String(required=True)
    photo_url = fields.String(required=True, allow_none=True)
    posted_at = LocalTime(required=True)
    posted_by = fields.String(required=True)


class TransferSchema(Schema):
    """One row of the ledger; of a gift only the day is told, and a public reference instead of the payment's number."""

    position = fields.Integer(required=True)
    posted_at = LocalTime(required=True)
    reason = fields.String(required=True)
    source = fields.String(required=True)
    target = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    reference = fields.String(required=True)


class ListSchema(Schema):
    """One page of a list, newest first."""

    next_cursor = fields.String(required=True, allow_none=True)


class SpendingListSchema(ListSchema):
    """What a project bought."""

    items = fields.List(fields.Nested(SpendingLineSchema), required=True)


class ProgressListSchema(ListSchema):
    """How a project went on."""

    items = fields.List(fields.Nested(ProgressPostSchema), required=True)


class TransferListSchema(ListSchema):
    """The ledger of one purse."""

    items = fields.List(fields.Nested(TransferSchema), required=True)


class ProjectSchema(ProjectCardSchema):
    """A project's page."""

    kind_reason = fields.String(required=True, allow_none=True)
    summary = fields.String(required=True)
    story = fields.String(required=True)
    village_profile = fields.String(required=True)
    decision = fields.Nested(DecisionSchema, required=True)
    village = fields.Nested(RegionSchema, required=True)
    organisation = fields.Nested(OrganisationSchema, required=True, allow_none=True)
    filing_number = fields.String(required=True, allow_none=True)
    starts_on = fields.Date(required=True)
    plan = fields.List(fields.Nested(PlanItemSchema), required=True)
    contact = fields.Nested(ContactSchema, required=True)
    surplus_rule = fields.String(required=True, metadata={"enum": ["to_fund"]})
    accepts_gifts = fields.Boolean(required=True)
    refusal = fields.Nested(RefusalSchema, required=True, allow_none=True)
    figures = fields.Nested(PurseFiguresSchema, required=True)
    spending = fields.List(fields.Nested(SpendingLineSchema), required=True)
    progress = fields.List(fields.Nested(ProgressPostSchema), required=True)
    gifts = fields.List(fields.Nested(GiftLineSchema), required=True)
    latest_notice = fields.Nested(NoticeCardSchema, required=True, allow_none=True)
