"""Recomputing every published notice from the transfers: it equals the ledger at its cut-off for ever (P13, law 11)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Integer, cast, exists, func, or_, select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.jobs.models import ScheduledRun
from backend.jobs.periods import CORRECTION, MONTHLY, PROJECT_END
from backend.notices.corrections import later_corrections, purse_codes
from backend.notices.figures import FiguresOutOfJoint, Purse, figures_of
from backend.notices.models import Notice
from backend.notices.queries import read_figures
from backend.notices.scopes import unpublished_in_month

SHOWN = 20


def check_notices() -> list[str]:
    """Return one sentence for each notice that differs from the ledger or breaks its chain, at most twenty."""
    findings: list[str] = []
    for notice in _all():
        findings += _differences(notice)
        if len(findings) >= SHOWN:
            return findings[:SHOWN]
    return findings + _broken_chains()


def _all() -> Iterator[Notice]:
    last = 0
    while rows := db.session.scalars(select(Notice).where(Notice.id > last).order_by(Notice.id).limit(100)).all():
        yield from rows
        last = rows[-1].id
        db.session.expunge_all()


def _differences(notice: Notice) -> list[str]:
    told = read_figures(notice.figures)
    purses = [Purse(code=purse["code"], title=purse["title"], kind=purse["kind"]) for purse in told["purses"]]
    opening, cut_off = notice.opening_position, notice.cut_off_position
    try:
        true: dict[str, Any] = figures_of(purses, opening=opening, cut_off=cut_off)
    except FiguresOutOfJoint as error:
        return [f"公示 {notice.code} 无法由账本重算：{error}"]
    true["later_corrections"] = later_corrections(
        purse_codes(told), opening=opening, cut_off=cut_off, through=notice.corrected_through
    )
    wrong = sorted(name for name in true.keys() | told.keys() if true.get(name) != told.get(name))
    return [f"公示 {notice.code} 与账本不符：{'、'.join(wrong)}"] if wrong else []


def _broken_chains() -> list[str]:
    """A month begins where the month before it ended: position and balance (first versions hold the chain)."""
    after = aliased(Notice)
    pairs = (
        select(Notice.cut_off_position, Notice.figures, after.opening_position, after.figures, after.code)
        .join(after, (after.scope == Notice.scope) & (after.scope_code == Notice.scope_code))
        .where(Notice.kind == MONTHLY, after.kind == MONTHLY, Notice.version == 1, after.version == 1)
        .where(after.opening_position == Notice.cut_off_position, after.period_key > Notice.period_key)
    )
    return [
        f"公示 {row[4]} 的期初与上期期末不符"
        for row in db.session.execute(pairs)
        if json.loads(row[1])["closing_fen"] != json.loads(row[3])["opening_fen"]
    ][:SHOWN]


def check_periods() -> list[str]:
    """Return one sentence for each period marked as done that was not told, and each notice that no period brought.

    At most twenty of a kind (P12).
    """
    checks = (_done_months_are_told, _done_ends_are_told, _each_notice_has_its_run, _months_follow_each_other)
    return [finding for check in checks for finding in check()]


def _done_months_are_told() -> list[str]:
    done = select(ScheduledRun.period_key).where(ScheduledRun.kind == MONTHLY, ScheduledRun.done_at.is_not(None))
    found: list[str] = []
    for month in db.session.scalars(done.order_by(ScheduledRun.period_key)).all():
        untold = unpublished_in_month(month, limit=SHOWN)
        found += [f"{month} 的公示已标记完成，但 {scope.scope} {scope.code} 没有" for scope in untold]
    return found[:SHOWN]


def _done_ends_are_told() -> list[str]:
    code_of_end = func.substr(ScheduledRun.period_key, len("2026-01-31:") + 1)
    told = (Notice.kind == PROJECT_END) & (Notice.scope_code == code_of_end) & (Notice.version == 1)
    untold = select(ScheduledRun.period_key).outerjoin(Notice, told)
    untold = untold.where(ScheduledRun.kind == PROJECT_END, ScheduledRun.done_at.is_not(None), Notice.id.is_(None))
    return [f"{key} 的项目结束公示已标记完成，但没有" for key in db.session.scalars(untold.limit(SHOWN))]


def _each_notice_has_its_run() -> list[str]:
    """A first version has its month or end, with the same cut-off; a later one a correction up to the same place."""
    of_month = (ScheduledRun.kind == MONTHLY) & (ScheduledRun.period_key == Notice.period_key)
    of_end = (ScheduledRun.kind == PROJECT_END) & (
        ScheduledRun.period_key == Notice.period_key + ":" + Notice.scope_code
    )
    same_cut_off = ScheduledRun.cut_off_position == Notice.cut_off_position
    first = (Notice.version == 1) & (ScheduledRun.kind == Notice.kind) & or_(of_month, of_end) & same_cut_off
    later = (Notice.version > 1) & (ScheduledRun.kind == CORRECTION)
    later &= ScheduledRun.cut_off_position == Notice.corrected_through
    has_run = exists().where(first) | exists().where(later)
    alone = select(Notice.code).where(~has_run).order_by(Notice.id).limit(SHOWN)
    return [f"公示 {code} 没有对应的公示任务" for code in db.session.scalars(alone)]


def _months_follow_each_other() -> list[str]:
    """From the first one on no month is left out, and each begins at the place where the one before it ended."""
    year, month = (cast(func.substr(Notice.period_key, *part), Integer) for part in ((1, 4), (6, 2)))
    number, of_scope = year * 12 + month, (Notice.scope, Notice.scope_code)
    before = func.lag(number).over(partition_by=of_scope, order_by=Notice.period_key)
    ended = func.lag(Notice.cut_off_position).over(partition_by=of_scope, order_by=Notice.period_key)
    steps = (
        select(Notice.code, (number - before).label("step"), (Notice.opening_position - ended).label("jump"))
        .where(Notice.kind == MONTHLY, Notice.version == 1)
        .subquery()
    )
    gaps = select(steps.c.code).where(or_(steps.c.step != 1, steps.c.jump != 0)).limit(SHOWN)
    return [f"公示 {code} 与上一期之间有缺口" for code in db.session.scalars(gaps)]
