"""Finding a village by two or three characters against a bare look-up by primary key, on both databases."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from miniapp_api.app import create_app
from sqlalchemy import event, select

from backend.core.config import Settings
from backend.core.db import db, reading, writing
from backend.regions import loading
from backend.regions.models import Region
from backend.regions.search import search
from tests.bench.load import say
from tests.world.databases import PostgresqlMaker, SqliteMaker, dispose
from tests.world.postgres import postgresql_server

WORDS = ("李家", "众心村", "王庄", "新村", "大丰 众心", "西团镇众心村")
ROUNDS = 200


def run() -> None:
    """Load all regions into each database and measure."""
    with tempfile.TemporaryDirectory(prefix="happy-home-bench-") as name:
        folder = Path(name)
        for kind in ("template", "sqlite", "postgresql"):
            (folder / kind).mkdir()
        with SqliteMaker(folder / "template").fresh(folder / "sqlite") as settings:
            _measure("SQLite", settings)
        with (
            postgresql_server() as url,
            PostgresqlMaker(folder / "template", url).fresh(folder / "postgresql") as settings,
        ):
            _measure("PostgreSQL", settings)


def _measure(title: str, settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        started = time.perf_counter()
        with writing():
            count = loading.load_all(now=datetime.now(UTC))
        say(f"{title}: {count:,} 个单位装入 loaded in {time.perf_counter() - started:.1f} s (aim < 20)")
        in_database = _watch()
        bare = _times(lambda: db.session.scalar(select(Region.name).where(Region.code == "320904104209")), in_database)
        say(f"  主键查询 primary key      {_percentiles(bare)}")
        for word in WORDS:
            found = _times(lambda word=word: search(word), in_database)  # type: ignore[misc]  # bound at once
            ratio = _middle(found, 0) / _middle(bare, 0)
            say(f"  {word:<{20 - len(word)}} {_percentiles(found)}, {ratio:.0f} x primary key")
    dispose(app)


def _watch() -> Callable[[], float]:
    """Return a reader of the milliseconds that the driver and the database have used so far."""
    state = {"since": 0.0, "spent": 0.0}

    def before(*_: Any) -> None:
        state["since"] = time.perf_counter()

    def after(*_: Any) -> None:
        state["spent"] += (time.perf_counter() - state["since"]) * 1000

    event.listen(db.engine, "before_cursor_execute", before)
    event.listen(db.engine, "after_cursor_execute", after)
    return lambda: state["spent"]


def _times(act: Callable[[], object], in_database: Callable[[], float]) -> list[tuple[float, float]]:
    """Return the milliseconds in the database and in all, of each round."""
    times = []
    for _ in range(ROUNDS):
        with reading():
            before, started = in_database(), time.perf_counter()
            act()
            times.append((in_database() - before, (time.perf_counter() - started) * 1000))
    return times


def _percentiles(times: list[tuple[float, float]]) -> str:
    inside, whole = (sorted(time[side] for time in times) for side in (0, 1))
    at = [(len(times) * percent) // 100 for percent in (50, 95, 99)]
    shown = ["/".join(f"{series[index]:.2f}" for index in at) for series in (inside, whole)]
    return f"p50/p95/p99 ms: in the database {shown[0]}, with Python {shown[1]}"


def _middle(times: list[tuple[float, float]], side: int) -> float:
    return sorted(time[side] for time in times)[len(times) // 2]


if __name__ == "__main__":
    run()
