"""Paying for a gift: its provider hears of the order between two transactions, then the phone learns how to pay."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from backend.core import clock
from backend.core.db import read_with_retries, write_with_retries
from backend.core.errors import Refusal
from backend.core.failpoints import failpoint
from backend.donations import queries, service
from backend.donations.queries import GiftRecord, GiftUnknown
from backend.donations.service import OrderedGift
from backend.payments.announcing import announce
from backend.payments.models import PREPAYING
from backend.payments.orders import find_order, mark_payable
from backend.payments.providers import CHANNELS, H5, PaymentUnavailable, PaysOnPhone, PayWay, Provider
from backend.people.accounts import openid_of
from backend.people.humans import is_same_human
from miniapp_api.donations import gift_view
from miniapp_api.gift_schemas import GiftSchema
from miniapp_api.payments import current_provider
from miniapp_api.sessions import require_person

bp = Blueprint("paying", __name__, description="付款：同一笔订单可以反复拿到付款方式，直到付好或到期。")
LOOK_EVERY_SECONDS, LOOKS_MAX = 0.05, 40
AGAIN_AFTER_SECONDS = 2


class PayerUnknown(Refusal):
    """The provider's cashier is in the payer's phone, and the provider does not know him yet: he logs in first."""

    code = "PAYER_UNKNOWN"
    detail = "付款前需要微信确认一下身份，请稍候。"


class PayElsewhere(Refusal):
    """The order was made in the other app of ours; its cashier opens only there."""

    code = "PAY_ELSEWHERE"
    detail = "这笔捐赠是在另一个入口下的单，请回到那里付款，或重新捐一次。"


class PaymentPreparing(Refusal):
    """Another request of the same giver is announcing the order just now: the same again, a moment later (P2)."""

    status = 409
    code = "PAYMENT_PREPARING"
    detail = "正在准备付款，请稍候。"
    retryable = True


class PaymentFormSchema(Schema):
    """By what the payer came; a provider may know him by another app in each."""

    channel = fields.String(load_default=H5, validate=validate.OneOf(CHANNELS))


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A gift whose order stands, committed, and who pays in the provider's own words."""

    ordered: OrderedGift
    payer_ref: str | None


@bp.post("/gifts/<code>/payment")
@bp.arguments(PaymentFormSchema)
@bp.response(200, GiftSchema)
def prepare_payment(form: dict[str, Any], code: str) -> dict[str, Any]:
    """Offer the same order to its giver once more, freshly signed; sent twice it changes nothing (bug 3).

    What has been paid or has ended meanwhile is answered as it stands.
    """
    provider, now = current_provider(), clock.now()
    begun = write_with_retries(lambda: _begin(code, provider, channel=form["channel"], now=now))
    way = pay_way(provider, begun, now=now)
    return write_with_retries(lambda: paid_view(provider, begun.ordered, way, now=now))


def begin(provider: Provider, ordered: OrderedGift, *, person_id: int) -> Begun:
    """Return what an announcement needs. Inside the transaction that ordered. Refuses `PayerUnknown`."""
    return Begun(ordered=ordered, payer_ref=payer_ref(provider, person_id=person_id, app_id=ordered.app_id))


def payer_ref(provider: Provider, *, person_id: int, app_id: str) -> str | None:
    """Return who pays in the provider's words, None where it does not ask. Refuses `PayerUnknown`."""
    if not isinstance(provider, PaysOnPhone):
        return None
    found = openid_of(person_id=person_id, app_id=app_id)
    if found is None:
        raise PayerUnknown(app_id=app_id)
    return found


def pay_way(provider: Provider, begun: Begun, *, now: datetime) -> PayWay | None:
    """Announce the order where that is this request's to do; else wait a moment for who does it. No transaction."""
    failpoint("order_committed")
    if begun.ordered.to_prepay is not None:
        return announce(provider, replace(begun.ordered.to_prepay, payer_ref=begun.payer_ref), now=now)
    if begun.ordered.is_announced_by_another:
        _wait_until_announced(begun.ordered.out_trade_no)
    return None


def paid_view(provider: Provider, ordered: OrderedGift, way: PayWay | None, *, now: datetime) -> dict[str, Any]:
    """Note how the gift is paid, and return it as its giver sees it, with what his phone needs to pay."""
    if way is not None:
        mark_payable(out_trade_no=ordered.out_trade_no, way=way, now=now)
        failpoint("order_payable")
    gift = queries.find_gift(ordered.code, now=now)
    return gift_view(gift, reused=ordered.reused, now=now) | {"pay_params": _pay_params(provider, gift, now=now)}


def _begin(code: str, provider: Provider, *, channel: str, now: datetime) -> Begun:
    person, gift = require_person(), service.find_gift_row(code)
    if not is_same_human(person.id, gift.person_id):
        raise GiftUnknown()
    ordered = service.resume_gift(code, now=now)
    if ordered.app_id != provider.app_id_for(channel):
        raise PayElsewhere()
    return begin(provider, ordered, person_id=person.id)


def _pay_params(provider: Provider, gift: GiftRecord, *, now: datetime) -> dict[str, str] | None:
    if gift.prepay_id is None or not isinstance(provider, PaysOnPhone):
        return None
    return {"appId": gift.app_id} | provider.pay_params(gift.prepay_id, app_id=gift.app_id, now=now)


def _wait_until_announced(out_trade_no: str) -> None:
    """Wait for the request that has the order in its hand. Refuses `PaymentPreparing` when it takes too long."""
    for _ in range(LOOKS_MAX):
        state, is_given_up = read_with_retries(lambda: _how_it_stands(out_trade_no))
        if state != PREPAYING:
            return
        if is_given_up:
            raise PaymentUnavailable()
        time.sleep(LOOK_EVERY_SECONDS)
    raise PaymentPreparing(wait_seconds=AGAIN_AFTER_SECONDS)


def _how_it_stands(out_trade_no: str) -> tuple[str, bool]:
    order = find_order(out_trade_no)
    assert order is not None, "an order is never deleted"
    return order.state, order.announcing_until is None
