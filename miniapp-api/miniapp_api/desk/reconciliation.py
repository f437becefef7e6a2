"""The national desk, the day after: days, their differences worked off, and money of the federation's own for fees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Response
from flask_smorest import Blueprint

from backend.core import clock
from backend.core.errors import NotFound
from backend.people.rights import NATION, StaffMember, authorise
from backend.reconciliation import decisions, fees, queries, service
from backend.reconciliation.queries import DifferenceRecord, OwnMoneyRecord
from miniapp_api.desk import reconciliation_schemas as schemas
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.media import media_url
from miniapp_api.once import once
from miniapp_api.paging import PageQuery, last_id, listed

bp = Blueprint("desk_reconciliation", __name__, description="工作台：与支付渠道对账。")


@bp.get("/desk/reconciliation")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.DayListSchema)
@desk_reads
def list_days(page: dict[str, Any]) -> dict[str, Any]:
    """List the days of the payment channel, newest first, with how far each is."""
    _reads()
    limit = page["limit"]
    rows = queries.days(before_id=last_id(page), limit=limit + 1, now=clock.now())
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=vars)


@bp.get("/desk/reconciliation/<channel>/<day>")
@bp.response(200, schemas.DaySchema)
@desk_reads
def show_day(channel: str, day: str) -> dict[str, Any]:
    """Show one day: what its bill says, and how far its reconciliation is."""
    _reads()
    return vars(queries.get_day(channel, _day(day), now=clock.now()))


@bp.get("/desk/reconciliation/<channel>/<day>/differences")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.DifferenceListSchema)
@desk_reads
def list_differences(page: dict[str, Any], channel: str, day: str) -> dict[str, Any]:
    """List the differences of a day in the order in which they were found."""
    staff, limit = _reads(), page["limit"]
    rows = queries.differences(channel, _day(day), after_id=last_id(page), limit=limit + 1)
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=lambda row: _difference(row, staff=staff))


@bp.post("/desk/reconciliation/<channel>/<day>/closing")
@bp.response(201, schemas.DaySchema)
@desk_writes
def close(channel: str, day: str) -> Response:
    """Close a day in which nothing is open; it is sealed when all days before it are."""
    return _of_day(channel, day, service.close_day)


@bp.post("/desk/reconciliation/<channel>/<day>/reopening")
@bp.arguments(schemas.DayReasonFormSchema)
@bp.response(201, schemas.DaySchema)
@desk_writes
def reopen(form: dict[str, Any], channel: str, day: str) -> Response:
    """Open a closed day again, with a reason: it is compared anew, as a new version."""
    return _of_day(channel, day, service.reopen_day, reason=form["reason"])


@bp.post("/desk/reconciliation/<channel>/<day>/without-bill")
@bp.arguments(schemas.DayReasonFormSchema)
@bp.response(201, schemas.DaySchema)
@desk_writes
def go_without(form: dict[str, Any], channel: str, day: str) -> Response:
    """Compare an overdue day with no bill: each payment of it is then a difference to be explained."""
    return _of_day(channel, day, service.go_without_bill, reason=form["reason"])


@bp.post("/desk/differences/<code>/proposals")
@bp.arguments(schemas.ProposalFormSchema)
@bp.response(201, schemas.DifferenceSchema)
@desk_writes
def propose(form: dict[str, Any], code: str) -> Response:
    """Explain a difference, or propose to post its money; the money moves when a second person approves."""
    return _of_difference(code, decisions.propose, action=form["action"], reason=form["reason"])


@bp.post("/desk/differences/<code>/approvals")
@bp.response(201, schemas.DifferenceSchema)
@desk_writes
def approve(code: str) -> Response:
    """Approve what another person proposed: now the money is posted, once."""
    return _of_difference(code, decisions.approve)


@bp.post("/desk/differences/<code>/refusal")
@bp.arguments(schemas.TakeBackFormSchema)
@bp.response(201, schemas.DifferenceSchema)
@desk_writes
def take_back(form: dict[str, Any], code: str) -> Response:
    """Take one's own proposal back, or refuse another's with a reason: nothing moves."""
    return _of_difference(code, decisions.take_back, reason=form["reason"])


@bp.get("/desk/fees")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.OwnMoneyListSchema)
@desk_reads
def list_own_money(page: dict[str, Any]) -> dict[str, Any]:
    """List what was set aside for fees, newest first, with what is left and how much of fees waits for money."""
    staff, limit = _reads(), page["limit"]
    held, waiting = queries.kept_for_fees()
    rows = queries.own_money(before_id=last_id(page), limit=limit + 1)
    found = listed(rows, limit=limit, row_id=lambda row: row.id, shown=lambda row: _own(row, staff=staff))
    return {**found, "held_fen": held, "waiting_fen": waiting}


@bp.post("/desk/fees")
@bp.arguments(schemas.OwnMoneyFormSchema)
@bp.response(201, schemas.OwnMoneySchema)
@desk_writes
def record_own_money(form: dict[str, Any]) -> Response:
    """Record that the federation set money of its own aside for fees; nothing moves before another person approves."""
    return _of_own_money(lambda staff: fees.propose_own_money(**form, staff=staff, now=clock.now()))


@bp.post("/desk/fees/<code>/approvals")
@bp.response(201, schemas.OwnMoneySchema)
@desk_writes
def approve_own_money(code: str) -> Response:
    """Approve money of the federation's own that another person recorded."""

    def act(staff: StaffMember) -> str:
        fees.approve_own_money(code=code, staff=staff, now=clock.now())
        return code

    return _of_own_money(act)


@bp.post("/desk/fees/<code>/refusal")
@bp.arguments(schemas.TakeBackFormSchema)
@bp.response(201, schemas.OwnMoneySchema)
@desk_writes
def end_own_money(form: dict[str, Any], code: str) -> Response:
    """Take back what one recorded oneself, or refuse what another did, with a reason."""

    def act(staff: StaffMember) -> str:
        fees.end_own_money(code=code, reason=form["reason"], staff=staff, now=clock.now())
        return code

    return _of_own_money(act)


def _reads() -> StaffMember:
    staff = require_staff()
    authorise(staff, "reconciliation.read", NATION)
    return staff


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotFound() from error


def _of_day(channel: str, day: str, act: Callable[..., None], **told: object) -> Response:
    """Do something with a day once for its Idempotency-Key, and show the day."""
    staff, now, asked = require_staff(), clock.now(), _day(day)

    def shown() -> dict[str, Any]:
        act(channel=channel, day=asked, staff=staff, now=now, **told)
        return vars(queries.get_day(channel, asked, now=now))

    return once(scope=f"staff:{staff.code}", status=201, schema=schemas.DaySchema(), act=shown)


def _of_difference(code: str, act: Callable[..., None], **told: object) -> Response:
    staff = require_staff()

    def shown() -> dict[str, Any]:
        act(code=code, staff=staff, now=clock.now(), **told)
        return _difference(queries.get_difference(code), staff=staff)

    return once(scope=f"staff:{staff.code}", status=201, schema=schemas.DifferenceSchema(), act=shown)


def _of_own_money(act: Callable[[StaffMember], str]) -> Response:
    staff = require_staff()

    def shown() -> dict[str, Any]:
        return _own(queries.get_own_money(act(staff)), staff=staff)

    return once(scope=f"staff:{staff.code}", status=201, schema=schemas.OwnMoneySchema(), act=shown)


def _difference(row: DifferenceRecord, *, staff: StaffMember) -> dict[str, Any]:
    return {**vars(row), "is_mine": row.proposer_id == staff.id}


def _own(row: OwnMoneyRecord, *, staff: StaffMember) -> dict[str, Any]:
    return {**vars(row), "voucher_url": media_url(row.voucher_media), "is_mine": row.proposer_id == staff.id}
