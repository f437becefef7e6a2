"""Pages for operators and their machines: alive, ready, metrics."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, jsonify, request
from sqlalchemy import exists, select

from backend.core import clock
from backend.core.config import HOUSE
from backend.core.db import db, read_with_retries
from backend.core.errors import NotFound
from backend.jobs import clock_guard
from backend.ledger import guard, queries
from backend.people.models import Staff
from backend.projects.models import Project
from backend.regions.models import RegionsState
from miniapp_api import metrics
from miniapp_api.edge import reads, settings

bp = Blueprint("ops", __name__)
MIGRATIONS = HOUSE / "backend" / "migrations"
QUEUE_WAIT_MAX = timedelta(minutes=1)
Part = Callable[[], str | None]


@bp.get("/healthz")
def health() -> Response:
    """Say that the process is alive; asks nothing of the database."""
    return _uncached(jsonify(status="ok"))


@bp.get("/readyz")
def readiness() -> Response:
    """Say part by part what is ready; 503 while one part is not."""
    wrong = {name: _trouble(part) for name, part in PARTS.items()}
    parts = [{"name": name, "ready": told is None, "detail": told} for name, told in wrong.items()]
    is_ready = not any(wrong.values())
    response = _uncached(jsonify(ready=is_ready, parts=parts))
    response.status_code = 200 if is_ready else 503
    return response


@bp.get("/metrics")
@reads
def numbers() -> Response:
    """Return the counters in Prometheus' text form, where money is real only to who holds METRICS_TOKEN (13.4.5)."""
    wanted = settings().security.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings().is_production if wanted is None else not secrets.compare_digest(given.encode(), wanted.encode()):
        raise NotFound()
    text, kind = metrics.shown()
    return _uncached(Response(text, content_type=kind))


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _trouble(part: Part) -> str | None:
    """Return what is wrong with a part in one sentence; an error is told by its kind alone."""
    try:
        return read_with_retries(part)
    except Exception as error:
        db.session.rollback()
        return f"无法检查（{type(error).__name__}）"


def _database() -> str | None:
    db.session.execute(select(1))
    return None


def _migrations() -> str | None:
    standing = set(MigrationContext.configure(db.session.connection()).get_current_heads())
    return None if standing == heads(MIGRATIONS) else "数据库结构不是最新：flask --app wsgi db upgrade"


@functools.cache
def heads(folder: Path) -> set[str]:
    """Return the newest revisions that the code brings; it does not change while the process runs."""
    return set(ScriptDirectory(str(folder)).get_heads())


def _regions() -> str | None:
    loaded = db.session.scalar(select(RegionsState.unit_count))
    return None if loaded else "还没有装入行政区划：flask --app wsgi load-regions"


def _scheduler() -> str | None:
    return None if clock_guard.is_alive(now=clock.now()) else "定时进程两分钟没有心跳：flask --app wsgi scheduler"


def _ledger_queue() -> str | None:
    oldest = queries.oldest_queued_at()
    if oldest is None or clock.now() - oldest <= QUEUE_WAIT_MAX:
        return None
    return f"有 {queries.queue_length()} 笔转账等待排序超过一分钟"


def _clock() -> str | None:
    state = clock_guard.state()
    if state.paused_at is None:
        return None
    return f"{state.reason}；公示已暂停，核对时间后执行 flask --app wsgi confirm-clock"


def _books() -> str | None:
    state = guard.state()
    if state.stopped_at is None:
        return None
    return f"{state.reason}；已暂停办理，只能查看：flask --app wsgi verify，对平后执行 flask --app wsgi open-books"


def _demo() -> str | None:
    told = exists().where(Staff.is_demo, Staff.disabled_at.is_(None)) | exists().where(Project.is_demo)
    if not settings().is_production or not db.session.scalar(select(told)):
        return None
    return "数据库里有演示故事；正式环境请用新的数据库"


PARTS: dict[str, Part] = {
    "database": _database,
    "migrations": _migrations,
    "regions": _regions,
    "scheduler": _scheduler,
    "ledger_queue": _ledger_queue,
    "clock": _clock,
    "books": _books,
    "demo": _demo,
}
