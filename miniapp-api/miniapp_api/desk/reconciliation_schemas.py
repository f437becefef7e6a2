"""The forms and answers of the desk's reconciliation."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.reconciliation.models import (
    ACTIONS,
    DAY_STATES,
    DIFFERENCE_STATES,
    KINDS,
    OWN_REFUSED,
    OWN_WITHDRAWN,
    WAITING,
)
from miniapp_api.desk.schemas import CODE, fen
from miniapp_api.project_schemas import ListSchema
from miniapp_api.times import LocalTime

ANSWERS = ("ready", "none", "creating", "bad_hash", "unknown", "broken", "lacking")


class DaySchema(Schema):
    """One day of one payment channel: what its bill says, and how far its reconciliation is.

    `answer` is the provider's last word about the bills; `seal` the hash of the day's seal; `next_at` when it is looked
    at again without anybody's doing.
    """

    channel = fields.String(required=True)
    day = fields.Date(required=True)
    version = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": list(DAY_STATES)})
    answer = fields.String(required=True, allow_none=True, metadata={"enum": [*ANSWERS, None]})
    is_overdue = fields.Boolean(required=True)
    payment_count = fields.Integer(required=True)
    paid_fen = fields.Integer(required=True)
    refund_count = fields.Integer(required=True)
    refunded_fen = fields.Integer(required=True)
    fee_fen = fields.Integer(required=True)
    closing_fen = fields.Integer(required=True, allow_none=True)
    difference_count = fields.Integer(required=True)
    open_count = fields.Integer(required=True)
    fetched_at = LocalTime(required=True, allow_none=True)
    next_at = LocalTime(required=True, allow_none=True)
    closed_at = LocalTime(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    seal = fields.String(required=True, allow_none=True)


class DayListSchema(ListSchema):
    """Days of the payment channel, newest first."""

    items = fields.List(fields.Nested(DaySchema), required=True)


class DifferenceSchema(Schema):
    """One thing that the bill tells otherwise than the ledger, and what was done about it.

    `delta_fen`: what the bill says we have more than the ledger. `actions`: what may be done now; `take_in` and `cover`
    post the money and need a second person.
    """

    code = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    state = fields.String(required=True, metadata={"enum": list(DIFFERENCE_STATES)})
    note = fields.String(required=True)
    order_no = fields.String(required=True, allow_none=True)
    transaction_no = fields.String(required=True, allow_none=True)
    refund_no = fields.String(required=True, allow_none=True)
    ours_fen = fields.Integer(required=True, allow_none=True)
    theirs_fen = fields.Integer(required=True, allow_none=True)
    delta_fen = fields.Integer(required=True)
    action = fields.String(required=True, allow_none=True, metadata={"enum": [*ACTIONS, None]})
    reason = fields.String(required=True, allow_none=True)
    is_mine = fields.Boolean(required=True)
    proposed_by = fields.String(required=True, allow_none=True)
    proposed_at = LocalTime(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    decided_at = LocalTime(required=True, allow_none=True)
    actions = fields.List(fields.String(metadata={"enum": list(ACTIONS)}), required=True)


class DifferenceListSchema(ListSchema):
    """The differences of one day."""

    items = fields.List(fields.Nested(DifferenceSchema), required=True)


class ProposalFormSchema(Schema):
    """How a difference is worked off, and why."""

    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    reason = fields.String(required=True)


class DayReasonFormSchema(Schema):
    """Why a day is opened again, or compared without its bill."""

    reason = fields.String(required=True)


class TakeBackFormSchema(Schema):
    """Why it is refused; who takes his own back needs no reason."""

    reason = fields.String(load_default=None, allow_none=True)


class OwnMoneyFormSchema(Schema):
    """Money of the federation's own, set aside for fees: how much, since when, why, and the voucher's picture."""

    amount_fen = fen()
    received_on = fields.Date(required=True)
    reason = fields.String(required=True)
    voucher_media = fields.String(required=True, validate=CODE)


class OwnMoneySchema(Schema):
    """Money of the federation's own: `waiting` for a second person, `approved`, `withdrawn` or `refused`."""

    code = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    received_on = fields.Date(required=True)
    reason = fields.String(required=True)
    voucher_url = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": [WAITING, "approved", OWN_WITHDRAWN, OWN_REFUSED]})
    is_mine = fields.Boolean(required=True)
    proposed_by = fields.String(required=True)
    proposed_at = LocalTime(required=True)
    approved_by = fields.String(required=True, allow_none=True)
    approved_at = LocalTime(required=True, allow_none=True)
    end_reason = fields.String(required=True, allow_none=True)


class OwnMoneyListSchema(ListSchema):
    """What was set aside for fees, what is left of it, and how much of fees waits for money."""

    items = fields.List(fields.Nested(OwnMoneySchema), required=True)
    held_fen = fields.Integer(required=True)
    waiting_fen = fields.Integer(required=True)
