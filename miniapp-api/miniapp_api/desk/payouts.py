"""The national desk: payouts proposed by one and approved by another, and money that waits for its project."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from backend.core import clock
from backend.disbursements import service
from backend.disbursements.queries import PayoutRecord, get_payout, payouts, waiting_money
from backend.people.rights import NATION, authorise
from miniapp_api.desk import schemas
from miniapp_api.desk.guard import desk_reads, desk_writes, require_staff
from miniapp_api.once import once
from miniapp_api.paging import PageQuery, before_id, listed

bp = Blueprint("desk_payouts", __name__, description="工作台：拨付与待分配款项。")


@bp.get("/desk/payouts")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.PayoutListSchema)
@desk_reads
def list_payouts(page: dict[str, Any]) -> dict[str, Any]:
    """List the payouts to villages of the staff member's region, newest first."""
    staff, limit = require_staff(), page["limit"]
    authorise(staff, "payouts.read", staff.region_code)
    rows = payouts(prefix=staff.prefix, before_id=before_id(page), limit=limit + 1)
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=lambda row: row)


@bp.post("/desk/payouts")
@bp.arguments(schemas.PayoutFormSchema)
@bp.response(201, schemas.PayoutSchema)
@desk_writes
def propose(form: dict[str, Any]) -> Response:
    """Propose to send money of a project on to its village; nothing moves before another person approves."""
    staff = require_staff()

    def act() -> PayoutRecord:
        code = service.propose_payout(
            project=form["project_code"], amount_fen=form["amount_fen"], staff=staff, now=clock.now()
        )
        return get_payout(code)

    return once(scope=f"staff:{staff.code}", status=201, schema=schemas.PayoutSchema(), act=act)


@bp.post("/desk/payouts/<code>/approvals")
@bp.response(201, schemas.PayoutSchema)
@desk_writes
def approve(code: str) -> Response:
    """Approve what another person proposed: now the money moves, once."""
    staff = require_staff()

    def act() -> PayoutRecord:
        service.approve_payout(payout=code, staff=staff, now=clock.now())
        return get_payout(code)

    return once(scope=f"staff:{staff.code}", status=201, schema=schemas.PayoutSchema(), act=act)


@bp.get("/desk/unallocated")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.WaitingMoneyListSchema)
@desk_reads
def list_unallocated(page: dict[str, Any]) -> dict[str, Any]:
    """List the money that arrived and has no project yet, newest first."""
    staff, limit = require_staff(), page["limit"]
    authorise(staff, "unallocated.read", NATION)
    rows = waiting_money(before_id=before_id(page), limit=limit + 1)
    return listed(rows, limit=limit, row_id=lambda row: row.id, shown=lambda row: row)


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
