"""The two bulk writers, which may ask which database it is: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from backend.core.db import db, is_sqlite

CHUNK = 50_000
Told = Callable[[int], None]
_UPSERT = "ON CONFLICT (code) DO UPDATE SET name = excluded.name, parent_code = excluded.parent_code"


def upsert_regions(rows: Iterable[tuple[str, str, str]], told: Told) -> None:
    """Write (code, name, parent code) rows; a unit that is there already takes the new name."""
    if is_sqlite():
        _executemany(f"INSERT INTO regions (code, name, parent_code) VALUES (?, ?, ?) {_UPSERT}", rows, told)
        return
    cursor = _driver().cursor()
    is_first = cursor.execute("SELECT NOT EXISTS (SELECT FROM regions)").fetchone()[0]
    target = "regions" if is_first else "new_regions"
    if not is_first:
        cursor.execute("CREATE TEMPORARY TABLE new_regions (LIKE regions) ON COMMIT DROP")
    _copy(f"COPY {target} (code, name, parent_code) FROM STDIN", rows, told)
    if not is_first:
        cursor.execute(f"INSERT INTO regions SELECT code, name, parent_code FROM new_regions {_UPSERT}")


def insert_endings(rows: Iterable[tuple[int, str, str]], told: Told) -> None:
    """Write (place, ending, code) rows, given in the order of the primary key."""
    if is_sqlite():
        _executemany("INSERT INTO region_endings (place, ending, code) VALUES (?, ?, ?)", rows, told)
        return
    _copy("COPY region_endings (place, ending, code) FROM STDIN", rows, told)


def gather_statistics() -> None:
    """Tell PostgreSQL's planner at once what was loaded; SQLite needs no telling, its key says it all."""
    if not is_sqlite():
        _driver().cursor().execute("ANALYZE regions, region_endings")


def _driver() -> Any:
    """Return the driver's own connection, which is inside the session's transaction."""
    return db.session.connection().connection.dbapi_connection


def _executemany(statement: str, rows: Iterable[Sequence[object]], told: Told) -> None:
    for chunk in _chunks(rows):
        _driver().executemany(statement, chunk)
        told(len(chunk))


def _copy(statement: str, rows: Iterable[Sequence[object]], told: Told) -> None:
    with _driver().cursor().copy(statement) as copy:
        for chunk in _chunks(rows):
            text = "\n".join("\t".join(map(str, row)) for row in chunk).replace("\\", "\\\\")
            copy.write(f"{text}\n")
            told(len(chunk))


def _chunks(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    found = iter(rows)
    while chunk := list(islice(found, CHUNK)):
        yield chunk
