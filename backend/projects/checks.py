"""Recomputing projects: budgets that sum, closed projects that hold nothing, purses that have a project."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import func, literal, select

from backend.core.db import db
from backend.ledger.accounts import FEES, NATIONAL, REFUNDS, UNALLOCATED
from backend.ledger.models import Account
from backend.ledger.queries import PurseFigures, purse_figures
from backend.projects.models import PlanLine, Project

SHOWN = 20
CHUNK = 500


def check_projects() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind."""
    checks: tuple[Callable[[], list[str]], ...] = (_plans_sum, _purses_add_up, _each_purse_has_its_project)
    return [finding for check in checks for finding in check()]


def _plans_sum() -> list[str]:
    total = func.coalesce(func.sum(PlanLine.amount_fen), 0)
    statement = (
        select(Project.code)
        .outerjoin(PlanLine, PlanLine.project_id == Project.id)
        .where(Project.target_fen.is_not(None))
        .group_by(Project.id, Project.code, Project.target_fen)
        .having(total != Project.target_fen)
        .order_by(Project.code)
        .limit(SHOWN)
    )
    return [f"项目 {code} 的预算各项之和不等于目标" for code in db.session.scalars(statement)]


def _purses_add_up() -> list[str]:
    """What was received lies somewhere, was spent or moved on, to the fen.

    A closed project holds nothing (R91) but what is promised back to givers and on its way to them.
    """
    unequal, held = [], []
    for code, is_closed, found in _purses():
        holds_fen = found.with_nation_fen + found.in_transit_fen + found.with_village_fen
        if found.received_fen != holds_fen + found.spent_fen + found.moved_to_fund_fen:
            unequal.append(f"项目 {code} 收到的钱不等于各处之和")
        left_fen = holds_fen - found.refunding_fen
        if is_closed and left_fen != 0:
            held.append(f"已结项的项目 {code} 还有 {left_fen} 分没有转入基金")
    return unequal[:SHOWN] + held[:SHOWN]


def _purses() -> Iterator[tuple[str, bool, PurseFigures]]:
    """Yield each project's code, whether it is closed, and the figures that everybody sees."""
    last = 0
    columns = (Project.id, Project.code, Project.village_code, Project.closed_at)
    while rows := db.session.execute(select(*columns).where(Project.id > last).order_by(Project.id).limit(CHUNK)).all():
        figures = purse_figures((row.code, row.village_code) for row in rows)
        yield from ((row.code, row.closed_at is not None, figures[row.code]) for row in rows)
        last = rows[-1].id


def _each_purse_has_its_project() -> list[str]:
    """A purse is held by the nation or by the project's own village; only `unallocated` and `fees` belong to none."""
    of_nation, of_village = literal(f"{NATIONAL}/") + Project.code, Project.village_code + "/" + Project.code
    own = (Project.code == Account.purse) & Account.name.in_((of_nation, of_nation + REFUNDS, of_village))
    statement = (
        select(Account.name)
        .outerjoin(Project, own)
        .where(Project.id.is_(None), Account.name.not_in((UNALLOCATED, UNALLOCATED + REFUNDS, FEES)))
        .order_by(Account.name)
        .limit(SHOWN)
    )
    return [f"账户 {name} 没有对应的项目" for name in db.session.scalars(statement)]
