"""The shapes of a gift: what its giver sees, what everybody sees. What is not named here never leaves the house."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.donations.service import AMOUNT_FEN_MAX
from backend.donations.wording import DISPLAYS
from backend.payments.providers import CHANNELS, H5
from backend.vault.fields import EVERYBODY, GIFT_MESSAGE, GIFT_NAME, OWN
from miniapp_api.cards import ProjectCardSchema
from miniapp_api.personal import Personal
from miniapp_api.times import LocalTime
from miniapp_api.words import WordsStateSchema

AMOUNT_RANGE = "金额是整数分，从 1 到 500000000（0.01 元到 5,000,000 元）。"
STATES = ("payable", "confirming", "paid", "redirected", "expired", "quarantined")


class WholeFen(fields.Integer):
    """An amount in fen: a JSON integer within the range, nothing that could be read as one (bad input 1)."""

    def __init__(self) -> None:
        super().__init__(
            required=True,
            strict=True,
            validate=validate.Range(1, AMOUNT_FEN_MAX, error=AMOUNT_RANGE),
            error_messages=dict.fromkeys(("invalid", "too_large", "null", "required"), AMOUNT_RANGE),
        )


class ShowingSchema(Schema):
    """How a gift is shown. Text is cleaned and measured where it is kept."""

    display = fields.String(validate=validate.OneOf(DISPLAYS))
    name = Personal(GIFT_NAME, to=OWN, allow_none=True)
    hide_amount = fields.Boolean(truthy={True}, falsy={False})
    message = Personal(GIFT_MESSAGE, to=OWN, allow_none=True)
    waives_receipt = fields.Boolean(truthy={True}, falsy={False}, metadata={"description": "放弃捐赠收据（慈善法 38）"})


class GiftOrderSchema(ShowingSchema):
    """What a giver orders; `via` is the code of the link that brought him."""

    amount_fen = WholeFen()
    display = fields.String(load_default="nickname", validate=validate.OneOf(DISPLAYS))
    hide_amount = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    waives_receipt = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    via = fields.String(allow_none=True)
    channel = fields.String(load_default=H5, validate=validate.OneOf(CHANNELS))
    again = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    """The giver was asked whether he means a second gift like the one of a minute ago, and he does."""


class PayParamsSchema(Schema):
    """What the phone hands to WeChat's cashier as it stands, freshly signed."""

    appId = fields.String(required=True)  # noqa: N815 - the cashier's own names.
    timeStamp = fields.String(required=True)  # noqa: N815 - the cashier's own names.
    nonceStr = fields.String(required=True)  # noqa: N815 - the cashier's own names.
    package = fields.String(required=True)
    signType = fields.String(required=True)  # noqa: N815 - the cashier's own names.
    paySign = fields.String(required=True)  # noqa: N815 - the cashier's own names.


class ReceiptSchema(Schema):
    """The receipt of a gift: the newest paper of it. Null before it is issued, and for a giver who wants none."""

    number = fields.String(required=True)
    url = fields.String(required=True)


class StationSchema(Schema):
    """Who holds how much of a gift, as the ledger's account names him."""

    holder = fields.String(required=True)
    amount_fen = fields.Integer(required=True)


class GivenToSchema(Schema):
    """The project that a redirected gift was given to since; null while it waits, and for a gift that was not."""

    code = fields.String(required=True)
    title = fields.String(required=True)


class GiftSchema(Schema):
    """A gift as its own giver sees it. `pay_url` only while it can be paid, where its provider has a page for that.

    `pay_params` only in the answer to an order or a payment, where the provider's cashier is in the phone.
    """

    code = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    display = fields.String(required=True, metadata={"enum": list(DISPLAYS)})
    hide_amount = fields.Boolean(required=True)
    name = Personal(GIFT_NAME, to=OWN, required=True, allow_none=True)
    message = Personal(GIFT_MESSAGE, to=OWN, required=True, allow_none=True)
    words = fields.Nested(WordsStateSchema, required=True)
    project = fields.Nested(ProjectCardSchema, required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    pay_url = fields.String(required=True, allow_none=True)
    pay_params = fields.Nested(PayParamsSchema, required=True, allow_none=True)
    expires_at = LocalTime(required=True)
    paid_at = LocalTime(required=True, allow_none=True)
    redirected_to = fields.Nested(GivenToSchema, required=True, allow_none=True)
    refunded_fen = fields.Integer(required=True)
    refunding_fen = fields.Integer(required=True)
    receipt = fields.Nested(ReceiptSchema, required=True, allow_none=True)
    waives_receipt = fields.Boolean(required=True)
    reused = fields.Boolean(required=True)
    stations = fields.List(fields.Nested(StationSchema), required=True)


class SecretQuery(Schema):
    """A guest's way to a gift: the secret of its receipt link."""

    secret = fields.String()


class GiftLineSchema(Schema):
    """A gift as everybody sees it; a hidden amount is null. `refund`: whether it went back to its giver."""

    code = fields.String(required=True)
    name = Personal(GIFT_NAME, to=EVERYBODY, required=True)
    amount_fen = fields.Integer(required=True, allow_none=True)
    refund = fields.String(required=True, metadata={"enum": ["none", "part", "whole"]})
    message = Personal(GIFT_MESSAGE, to=EVERYBODY, required=True, allow_none=True)
    paid_at = LocalTime(required=True)
    via_share = fields.Boolean(required=True)


class GiftListSchema(Schema):
    """Gifts of a project, newest first."""

    items = fields.List(fields.Nested(GiftLineSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class MyGiftProjectSchema(Schema):
    """What a gift was for."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    village_name = fields.String(required=True)


class MyGiftSchema(Schema):
    """One of my gifts."""

    code = fields.String(required=True)
    project = fields.Nested(MyGiftProjectSchema, required=True)
    amount_fen = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    display = fields.String(required=True, metadata={"enum": list(DISPLAYS)})
    ordered_at = LocalTime(required=True)
    paid_at = LocalTime(required=True, allow_none=True)
    redirected_to = fields.Nested(GivenToSchema, required=True, allow_none=True)
    refunded_fen = fields.Integer(required=True)
    refunding_fen = fields.Integer(required=True)
    receipt_number = fields.String(required=True, allow_none=True)
    receipt_url = fields.String(required=True, allow_none=True)


class MyGiftListSchema(Schema):
    """My gifts, newest first."""

    items = fields.List(fields.Nested(MyGiftSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
