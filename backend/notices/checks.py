"""Recomputing every published notice from the transfers: it equals the ledger at its cut-off for ever (P13, law 11)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from backend.core.db import db
from backend.jobs.periods import MONTHLY
from backend.notices.corrections import later_corrections, purse_codes
from backend.notices.figures import FiguresOutOfJoint, Purse, figures_of
from backend.notices.models import Notice

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
    told: dict[str, Any] = json.loads(notice.figures)
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
