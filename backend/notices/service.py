"""Rendering a notice from the ledger, and publishing it once (R34, R128-R130; 慈善法 79; 令81)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from backend.core.audit import record
from backend.core.db import db, insert_once
from backend.core.ids import new_code
from backend.jobs.periods import Period, read_end_key
from backend.notices.figures import figures_of
from backend.notices.models import Notice, NoticeHead
from backend.notices.scopes import Scope


@dataclass(frozen=True, kw_only=True)
class Draft(NoticeHead):
    """A notice as it will stand, rendered but not yet published; `figures` is the text that is kept."""

    figures: str


def draft_monthly(scope: Scope, period: Period, *, opening: int, cut_off: int, now: datetime) -> Draft:
    """Render the notice of a month: what moved at positions `opening` < p ≤ `cut_off`; zeroes when nothing did."""
    title = f"{scope.name} {int(period.key[:4])}年{int(period.key[5:])}月资金使用公示"
    return _draft(scope, period, period_key=period.key, title=title, opening=opening, cut_off=cut_off, now=now)


def draft_project_end(scope: Scope, period: Period, *, cut_off: int, now: datetime) -> Draft:
    """Render the notice of a project's end: everything since it began (慈善法 79: within three months after it)."""
    day = read_end_key(period.key)[1].isoformat()
    title = f"{scope.name} 项目结束公示"
    return _draft(scope, period, period_key=day, title=title, opening=0, cut_off=cut_off, now=now)


def _draft(
    scope: Scope, period: Period, *, period_key: str, title: str, opening: int, cut_off: int, now: datetime
) -> Draft:
    return Draft(
        code=new_code(),
        scope=scope.scope,
        scope_code=scope.code,
        village_code=scope.village_code,
        kind=period.kind,
        period_key=period_key,
        version=1,
        title=title,
        due_on=period.due_on,
        published_at=now,
        opening_position=opening,
        cut_off_position=cut_off,
        corrected_through=cut_off,
        corrects=None,
        correction_reason=None,
        is_demo=scope.is_demo,
        figures=as_text({**figures_of(scope.purses, opening=opening, cut_off=cut_off), "later_corrections": []}),
    )


def publish(draft: Draft) -> bool:
    """Write a rendered notice down; False when this period of this scope was published already: once is enough."""
    written = insert_once(Notice).values(**asdict(draft)).on_conflict_do_nothing()
    if db.session.execute(written.returning(Notice.id)).first() is None:
        return False
    record(
        action="notice.published",
        actor="scheduler",
        subject=draft.code,
        now=draft.published_at,
        scope=draft.scope,
        scope_code=draft.scope_code,
        kind=draft.kind,
        period=draft.period_key,
        version=draft.version,
    )
    return True


def as_text(figures: Mapping[str, object]) -> str:
    """Return figures as the one JSON text that stands for them."""
    return json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
