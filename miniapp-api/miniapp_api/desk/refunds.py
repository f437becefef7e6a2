"""The national desk: refunds asked for, approved by two people or refused, and those that a bank could not take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response
from flask_smorest import Blueprint

from backend.core import clock
from backend.payments.providers import Refunding, Repairing
from backend.people.rights import NATION, StaffMember, authorise
from backend.refunds import repairs, service
from backend.refunds.queries import money_of_gift
from backend.refunds.records import RefundRecord, get_refund, list_refunds
from backend.refunds.refusals import CardsNotTaken
from backend.refunds.repair_records import RepairRecord, newest_cards
from backend.regions.names import village_name
from backend.regions.queries import views_of
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.once import once
from miniapp_api.paging import last_id, listed
from miniapp_api.payments import current_provider, notify_url
from miniapp_api.refund_schemas import (
    CardActFormSchema,
    CardFormSchema,
    DeskRefundFormSchema,
    DeskRefundListSchema,
    DeskRefundSchema,
    DeskRefundsQuery,
    RefundRefusalFormSchema,
)

bp = Blueprint("desk_refunds", __name__, description="工作台：退款的申请、两人审核和异常处理。")


@bp.get("/desk/refunds")
@bp.arguments(DeskRefundsQuery, location="query")
@bp.response(200, DeskRefundListSchema)
@desk_reads
def show_list(page: dict[str, Any]) -> dict[str, Any]:
    """List refunds, newest first: those that are not ended, those in trouble, or all."""
    staff, limit = require_staff(), page["limit"]
    authorise(staff, "refunds.read", NATION)
    rows = list_refunds(wanted=page["wanted"], before_id=last_id(page), limit=limit + 1)
    shown = _shown(rows, staff=staff)
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=lambda row: shown[row.code])


@bp.post("/desk/refunds")
@bp.arguments(DeskRefundFormSchema)
@bp.response(201, DeskRefundSchema)
@desk_writes
def ask(form: dict[str, Any]) -> Response:
    """Write down what a giver asked us for; two other people decide."""
    told = {"gift": form["gift_code"], "amount_fen": form["amount_fen"], "reason": form["reason"]}
    return _once(lambda staff: service.ask_for_giver(**told, staff=staff, now=clock.now()))


@bp.post("/desk/refunds/<code>/approvals")
@bp.response(201, DeskRefundSchema)
@desk_writes
def approve(code: str) -> Response:
    """Approve a request: the first person checks it, the second lets the money go."""
    where = notify_url()
    return _once(
        lambda staff: service.approve_refund(refund=code, staff=staff, now=clock.now(), notify_url=where), code
    )


@bp.post("/desk/refunds/<code>/refusal")
@bp.arguments(RefundRefusalFormSchema)
@bp.response(201, DeskRefundSchema)
@desk_writes
def refuse(form: dict[str, Any], code: str) -> Response:
    """Refuse a request with a reason that its giver reads; no money moves."""
    reason = form["reason"]
    return _once(lambda staff: service.refuse_refund(refund=code, reason=reason, staff=staff, now=clock.now()), code)


@bp.post("/desk/refunds/<code>/questions")
@bp.response(201, DeskRefundSchema)
@desk_writes
def ask_provider(code: str) -> Response:
    """Have the provider asked at once what became of a refund, as after a troubled one was put right with it."""
    return _once(lambda staff: service.ask_again(refund=code, staff=staff, now=clock.now()), code)


@bp.post("/desk/refunds/<code>/cards")
@bp.arguments(CardFormSchema)
@bp.response(201, DeskRefundSchema)
@desk_writes
def enter_card(form: dict[str, Any], code: str) -> Response:
    """Write down the giver's own card for an abnormal refund; somebody else confirms it before it is sent.

    Number and name are sealed by the provider's key at once: of the number its last four digits are kept.
    """
    provider = current_provider()
    if not isinstance(provider, Repairing):
        raise CardsNotTaken()
    told = {**form, "seal": provider.seal_card}
    return _once(
        lambda staff: repairs.enter_card(refund=code, **told, staff=staff, now=clock.now()), code, is_secret=True
    )


@bp.post("/desk/refunds/<code>/card-confirmation")
@bp.arguments(CardActFormSchema)
@bp.response(201, DeskRefundSchema)
@desk_writes
def confirm_card(form: dict[str, Any], code: str) -> Response:
    """Confirm a card that somebody else entered: the refund is sent to it a day later; its giver is told now."""
    card = form["card_code"]
    return _once(lambda staff: repairs.confirm_card(refund=code, card=card, staff=staff, now=clock.now()), code)


@bp.post("/desk/refunds/<code>/card-withdrawal")
@bp.arguments(CardActFormSchema)
@bp.response(201, DeskRefundSchema)
def withdraw_card(form: dict[str, Any], code: str) -> Response:
    """Take back a card that was not sent; another one can be entered then.

    For one of which every answer was lost the provider is asked first, before the transaction: it may have taken it.
    """
    card = form["card_code"]
    number = desk_reads(lambda: repairs.is_to_be_asked(refund=code, card=card, staff=require_staff()))()
    told = {"refund": code, "card": card, "stands": None if number is None else _standing(number)}
    taking_back = desk_writes(
        lambda: _once(lambda staff: repairs.withdraw_card(**told, staff=staff, now=clock.now()), code)
    )
    return taking_back()


def _standing(number: str) -> str | None:
    provider = current_provider()
    return provider.query_refund(number, now=clock.now()).state if isinstance(provider, Refunding) else None


def _once(act: Callable[[StaffMember], str | None], code: str | None = None, *, is_secret: bool = False) -> Response:
    """Run a step of a refund once for its Idempotency-Key and show what became of it."""
    staff = require_staff()

    def shown() -> dict[str, Any]:
        name = act(staff) or code
        assert name is not None, "a step is of a refund, or makes one"
        return _shown([get_refund(name)], staff=staff)[name]

    scope = f"staff:{staff.code}"
    return once(scope=scope, status=201, schema=DeskRefundSchema(), act=shown, is_secret=is_secret)


def _shown(rows: Sequence[RefundRecord], *, staff: StaffMember) -> dict[str, dict[str, Any]]:
    """Return refunds by code as the desk shows them, each with what of its gift is free at this moment."""
    views = views_of({row.village_code for row in rows})
    cards = newest_cards(row.code for row in rows)
    return {
        row.code: {
            **vars(row),
            "village": {**vars(views[row.village_code]), "name": village_name(views[row.village_code].name)},
            "free_fen": money_of_gift(row.gift_code).where.free_fen,
            "is_mine": staff.id in (row.asker_id, row.checker_id),
            "card": _card(cards.get(row.code), staff=staff),
        }
        for row in rows
    }


def _card(row: RepairRecord | None, *, staff: StaffMember) -> dict[str, Any] | None:
    return (
        None
        if row is None
        else {**vars(row), "bank": row.bank, "goes_at": row.goes_at, "is_mine": row.enterer_id == staff.id}
    )
