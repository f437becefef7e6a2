"""A giver's own refunds: what can be asked back, asking, withdrawing."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from backend.core import clock
from backend.donations import queries as gifts
from backend.donations.queries import GiftUnknown
from backend.people.humans import is_same_human
from backend.refunds import service
from backend.refunds.queries import money_of_gift
from backend.refunds.records import refunds_of_gift
from backend.refunds.refusals import RefundUnknown
from miniapp_api.edge import reads, writes
from miniapp_api.once import once
from miniapp_api.refund_schemas import GiftRefundsSchema, RefundFormSchema
from miniapp_api.sessions import require_person

bp = Blueprint("refunds", __name__, description="退款：只退还没有拨付的部分，原路退回，两人审核。")


@bp.get("/gifts/<code>/refunds")
@bp.response(200, GiftRefundsSchema)
@reads
def show_refunds(code: str) -> dict[str, Any]:
    """Show what of one's own gift can be asked back, where the rest is, and what was asked."""
    _own(code)
    return _view(code)


@bp.post("/gifts/<code>/refunds")
@bp.arguments(RefundFormSchema)
@bp.response(201, GiftRefundsSchema)
@writes
def ask(form: dict[str, Any], code: str) -> Response:
    """Ask for one's own gift, or a part of it, back. Nothing moves before two people have approved it."""
    person = require_person()

    def act() -> dict[str, Any]:
        service.ask_refund(gift=code, person_id=person.id, now=clock.now(), **form)
        return _view(code)

    return once(scope=f"person:{person.code}", status=201, schema=GiftRefundsSchema(), act=act)


@bp.post("/gifts/<code>/refunds/<refund>/withdrawal")
@bp.response(201, GiftRefundsSchema)
@writes
def withdraw(code: str, refund: str) -> Response:
    """Withdraw what one has asked for, while it is not approved."""
    person = require_person()

    def act() -> dict[str, Any]:
        if refund not in {row.code for row in refunds_of_gift(code)}:
            raise RefundUnknown()
        service.withdraw_refund(refund=refund, person_id=person.id, now=clock.now())
        return _view(code)

    return once(scope=f"person:{person.code}", status=201, schema=GiftRefundsSchema(), act=act)


def _own(code: str) -> None:
    if not is_same_human(gifts.find_gift(code, now=clock.now()).person_id, require_person().id):
        raise GiftUnknown()


def _view(code: str) -> dict[str, Any]:
    money = money_of_gift(code)
    return {
        **vars(money),
        **vars(money.where),
        "refusal": service.refusal_to_ask(code, now=clock.now()),
        "items": refunds_of_gift(code),
    }
