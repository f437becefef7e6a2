"""Recomputing projects: budgets that sum, closed projects that hold nothing, purses that have a project."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select

from backend.core.db import db
from backend.ledger.models import Account
from backend.ledger.queries import purse_figures
from backend.projects.models import PlanLine, Project

SHOWN = 20
PURSES_OF_NO_PROJECT = ("unallocated", "fees")


def check_projects() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind."""
    checks: tuple[Callable[[], list[str]], ...] = (_plans_sum, _closed_hold_nothing, _each_purse_has_its_project)
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


def _closed_hold_nothing() -> list[str]:
    closed = db.session.execute(select(Project.code, Project.village_code).where(Project.closed_at.is_not(None)))
    figures = purse_figures((row.code, row.village_code) for row in closed)
    held = {
        code: found.with_nation_fen + found.in_transit_fen + found.with_village_fen for code, found in figures.items()
    }
    return [f"已结项的项目 {code} 还有 {fen} 分没有转入基金" for code, fen in sorted(held.items()) if fen != 0][:SHOWN]


def _each_purse_has_its_project() -> list[str]:
    statement = (
        select(Account.name)
        .outerjoin(Project, Project.code == Account.purse)
        .where(Project.id.is_(None), Account.purse.not_in(PURSES_OF_NO_PROJECT))
        .order_by(Account.name)
        .limit(SHOWN)
    )
    return [f"账户 {name} 没有对应的项目" for name in db.session.scalars(statement)]
