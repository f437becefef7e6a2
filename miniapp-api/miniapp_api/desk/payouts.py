"""The national desk: payouts proposed by one and approved by another, and money that waits for its project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import Response
from flask_smorest import Blueprint

from backend.core import clock
from backend.disbursements import ending, service
from backend.disbursements.queries import PayoutRecord, get_payout, payouts
from backend.disbursements.waiting import WaitingMoney, waiting_money
from backend.people.rights import NATION, StaffMember, authorise
from backend.projects.rules import ProjectRecord, state_of
from backend.regions.names import village_name
from backend.regions.queries import called, views_of
from miniapp_api.desk import schemas
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.once import once
from miniapp_api.paging import PageQuery, last_id, listed

bp = Blueprint("desk_payouts", __name__, description="工作台：拨付与待分配款项。")


@bp.get("/desk/payouts")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.PayoutListSchema)
@desk_reads
def list_payouts(page: dict[str, Any]) -> dict[str, Any]:
    """List the payouts to villages of the staff member's region, newest first."""
    staff, limit = require_staff(), page["limit"]
    authorise(staff, "payouts.read", staff.region_code)
    rows = payouts(prefix=staff.prefix, before_id=last_id(page), limit=limit + 1)
    shown = _shown(rows, staff=staff)
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=lambda row: shown[row.code])


@bp.post("/desk/payouts")
@bp.arguments(schemas.PayoutFormSchema)
@bp.response(201, schemas.PayoutSchema)
@desk_writes
def propose(form: dict[str, Any]) -> Response:
    """Propose to send money of a project on to its village; nothing moves before another person approves."""
    told = {"project": form["project_code"], "amount_fen": form["amount_fen"]}
    return _once(lambda staff: service.propose_payout(**told, staff=staff, now=clock.now()))


@bp.post("/desk/payouts/<code>/approvals")
@bp.response(201, schemas.PayoutSchema)
@desk_writes
def approve(code: str) -> Response:
    """Approve what another person proposed: now the money moves, once."""

    def act(staff: StaffMember) -> str:
        service.approve_payout(payout=code, staff=staff, now=clock.now())
        return code

    return _once(act)


@bp.post("/desk/payouts/<code>/withdrawal")
@bp.response(201, schemas.PayoutSchema)
@desk_writes
def withdraw(code: str) -> Response:
    """Withdraw what one has proposed oneself, while nobody has approved it: no money moves."""

    def act(staff: StaffMember) -> str:
        ending.withdraw_payout(payout=code, staff=staff, now=clock.now())
        return code

    return _once(act)


@bp.post("/desk/payouts/<code>/refusal")
@bp.arguments(schemas.PayoutRefusalFormSchema)
@bp.response(201, schemas.PayoutSchema)
@desk_writes
def refuse(form: dict[str, Any], code: str) -> Response:
    """Refuse what another person proposed, with a reason: no money moves."""

    def act(staff: StaffMember) -> str:
        ending.refuse_payout(payout=code, reason=form["reason"], staff=staff, now=clock.now())
        return code

    return _once(act)


@bp.get("/desk/unallocated")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.WaitingMoneyListSchema)
@desk_reads
def list_unallocated(page: dict[str, Any]) -> dict[str, Any]:
    """List the money that arrived and has no project yet, oldest first: until when, and what its giver had meant."""
    staff, limit, now = require_staff(), page["limit"], clock.now()
    authorise(staff, "unallocated.read", NATION)
    rows = waiting_money(after_id=last_id(page), limit=limit + 1, now=now)
    names = called(row.meant_for.village_code for row in rows if row.meant_for is not None)
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=lambda row: _waits(row, names=names, now=now))


@bp.post("/desk/unallocated/<reference>/reallocations")
@bp.arguments(schemas.ReallocationFormSchema)
@bp.response(201, schemas.ReallocationSchema)
@desk_writes
def reallocate(form: dict[str, Any], reference: str) -> Response:
    """Give waiting money its project, whole and once."""
    staff = require_staff()

    def act() -> object:
        return service.reallocate(reference=reference, project=form["project_code"], staff=staff, now=clock.now())

    return once(scope=f"staff:{staff.code}", status=201, schema=schemas.ReallocationSchema(), act=act)


def _once(act: Callable[[StaffMember], str]) -> Response:
    """Run a step of a payout once for its Idempotency-Key; `act` returns the payout's code."""
    staff = require_staff()

    def shown() -> dict[str, Any]:
        code = act(staff)
        return _shown([get_payout(code)], staff=staff)[code]

    return once(scope=f"staff:{staff.code}", status=201, schema=schemas.PayoutSchema(), act=shown)


def _shown(rows: Sequence[PayoutRecord], *, staff: StaffMember) -> dict[str, dict[str, Any]]:
    """Return payouts by code as the desk shows them, with their villages: many share a name."""
    views = views_of({row.village_code for row in rows})
    return {
        row.code: {
            **vars(row),
            "village": {**vars(views[row.village_code]), "name": village_name(views[row.village_code].name)},
            "state": row.state,
            "is_mine": row.proposer_id == staff.id,
        }
        for row in rows
    }


def _waits(money: WaitingMoney, *, names: dict[str, str], now: datetime) -> dict[str, Any]:
    def named(one: ProjectRecord) -> dict[str, Any]:
        return {**vars(one), "village_name": names[one.village_code], "state": state_of(one, now=now)}

    meant = None if money.meant_for is None else named(money.meant_for)
    return {**vars(money), "meant_for": meant, "offers": [named(one) for one in money.offers]}
