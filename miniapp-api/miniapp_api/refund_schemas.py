"""The shapes of refunds: what the giver sees of his own, what the desk decides about."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.refunds.records import LISTS, OPEN
from backend.refunds.repair_models import STATES as CARD_STATES
from backend.refunds.repair_rules import BANKS
from backend.refunds.workflow import STATES
from backend.vault.fields import OWN, REFUND_REASON, STAFF
from miniapp_api.gift_schemas import WholeFen
from miniapp_api.paging import PageQuery
from miniapp_api.personal import Personal
from miniapp_api.project_schemas import ListSchema, RefusalSchema
from miniapp_api.regions import RegionSchema
from miniapp_api.times import LocalTime


class RefundFormSchema(Schema):
    """How much is asked back, and why."""

    amount_fen = WholeFen()
    reason = Personal(REFUND_REASON, to=OWN, required=True)


class RefundSchema(Schema):
    """One refund, as its giver sees it.

    `asked` and `checked` wait for our people, `approved` and `processing` for the bank; `abnormal` is in our people's
    hands; `success`, `closed` (nothing went back), `refused` and `withdrawn` are ends.
    """

    code = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    reason = Personal(REFUND_REASON, to=OWN, required=True, allow_none=True)
    asked_at = LocalTime(required=True)
    approved_at = LocalTime(required=True, allow_none=True)
    ended_at = LocalTime(required=True, allow_none=True)
    success_at = LocalTime(required=True, allow_none=True)
    refuse_reason = fields.String(required=True, allow_none=True)
    refund_no = fields.String(required=True, allow_none=True)


class MyRefundSchema(RefundSchema):
    """A refund in the copy of one's data: also of which gift, and the end of the card that it went to instead."""

    gift_code = fields.String(required=True)
    card_bank = fields.String(required=True, allow_none=True)
    card_tail = fields.String(required=True, allow_none=True)


class GiftRefundsSchema(Schema):
    """What of a gift can be asked back, and where the rest is.

    `paid_fen` is always the sum of the five others. `refusal` says why nothing can be asked now, null when it can.
    """

    paid_fen = fields.Integer(required=True)
    free_fen = fields.Integer(required=True)
    to_village_fen = fields.Integer(required=True)
    to_fund_fen = fields.Integer(required=True)
    refunding_fen = fields.Integer(required=True)
    refunded_fen = fields.Integer(required=True)
    refusal = fields.Nested(RefusalSchema, required=True, allow_none=True)
    items = fields.List(fields.Nested(RefundSchema), required=True)


class DeskRefundsQuery(PageQuery):
    """Which refunds: those that are not ended, those in trouble, or all."""

    wanted = fields.String(load_default=OPEN, validate=validate.OneOf(LISTS))


class DeskRefundFormSchema(RefundFormSchema):
    """What a giver asked us for by telephone or at the desk; the code of the gift stands on its page."""

    gift_code = fields.String(required=True, validate=validate.Regexp(r"[0-9A-Za-z]{1,16}\Z"))


class RefundRefusalFormSchema(Schema):
    """Why the request is refused; its giver reads it."""

    reason = fields.String(required=True)


class CardFormSchema(Schema):
    """The giver's own debit card, for a refund that his account could not take. Sealed before anything is kept."""

    bank_type = fields.String(required=True, validate=validate.OneOf(list(BANKS)))
    bank_account = fields.String(required=True, load_only=True)
    real_name = fields.String(required=True, load_only=True)


class CardActFormSchema(Schema):
    """Which card is confirmed or taken back: the one that was read, not one that came in its place."""

    card_code = fields.String(required=True, validate=validate.Regexp(r"[0-9A-Za-z]{1,16}\Z"))


class RefundCardSchema(Schema):
    """The newest card of an abnormal refund. `is_mine`: who asks entered it and may not confirm it.

    `entered` waits for a second person, `confirmed` to be sent (at `goes_at`), `taken` for the bank; `done`,
    `refused` and `withdrawn` are ends. `provider_words` is why the provider refused it.
    """

    code = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": list(CARD_STATES)})
    bank = fields.String(required=True)
    card_tail = fields.String(required=True)
    is_mine = fields.Boolean(required=True)
    entered_by = fields.String(required=True)
    entered_at = LocalTime(required=True)
    confirmed_by = fields.String(required=True, allow_none=True)
    confirmed_at = LocalTime(required=True, allow_none=True)
    goes_at = LocalTime(required=True, allow_none=True)
    ended_at = LocalTime(required=True, allow_none=True)
    provider_code = fields.String(required=True, allow_none=True)
    provider_words = fields.String(required=True, allow_none=True)


class DeskRefundSchema(RefundSchema):
    """A refund at the desk. `is_mine`: the staff member who asks has a hand in it and may not approve it (again)."""

    reason = Personal(REFUND_REASON, to=STAFF, required=True, allow_none=True)
    gift_code = fields.String(required=True)
    project_code = fields.String(required=True)
    project_title = fields.String(required=True)
    village = fields.Nested(RegionSchema, required=True)
    paid_fen = fields.Integer(required=True)
    paid_at = LocalTime(required=True)
    free_fen = fields.Integer(required=True)
    is_redirected = fields.Boolean(required=True)
    is_mine = fields.Boolean(required=True)
    asked_by = fields.String(required=True, allow_none=True)
    checked_by = fields.String(required=True, allow_none=True)
    checked_at = LocalTime(required=True, allow_none=True)
    approved_by = fields.String(required=True, allow_none=True)
    refused_by = fields.String(required=True, allow_none=True)
    provider_refund_no = fields.String(required=True, allow_none=True)
    provider_code = fields.String(required=True, allow_none=True)
    card = fields.Nested(RefundCardSchema, required=True, allow_none=True)


class DeskRefundListSchema(ListSchema):
    """Refunds, newest first."""

    items = fields.List(fields.Nested(DeskRefundSchema), required=True)
