"""The database's own ways to write a snapshot and to read it back; the one room that must know which one it is."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL, make_url

from backend.core.db import db, is_sqlite, reading
from backend.ledger.trial import TrialBalance, trial_balance

FILES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


class DumpFailed(Exception):
    """The database could not be written out or read back. The text is one sentence for the operator, in Chinese."""


def kind() -> str:
    """Return which database stands here: sqlite or postgresql."""
    return "sqlite" if is_sqlite() else "postgresql"


def dump_to(folder: Path) -> tuple[str, TrialBalance]:
    """Write one snapshot of the whole database; return its revision and the trial balance of that very snapshot.

    Writers go on meanwhile. Opens its own reading transaction.
    """
    with reading():
        if is_sqlite():
            _copy_sqlite(folder / FILES["sqlite"])
        else:
            snapshot = db.session.scalar(text("SELECT pg_export_snapshot()"))
            words = ("--format=custom", f"--snapshot={snapshot}", "--no-owner", "--no-privileges")
            _run_pg("pg_dump", *words, f"--file={folder / FILES['postgresql']}")
        revision = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        return str(revision), trial_balance()


def is_empty() -> bool:
    """Say whether the database holds no table at all: only there may a backup be read back."""
    with reading():
        return not inspect(db.session.connection()).get_table_names()


def load_from(folder: Path) -> None:
    """Read a snapshot back into an empty database. Nothing is open here, and nobody else works on it."""
    source = folder / FILES[kind()]
    if is_sqlite():
        _load_sqlite(source)
    else:
        _run_pg("pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", str(source))


def _copy_sqlite(path: Path) -> None:
    """Copy what this transaction sees: the source is the connection whose snapshot is held, so both are one."""
    db.session.execute(text("SELECT count(*) FROM alembic_version"))  # The snapshot begins with the first read.
    held: sqlite3.Connection = db.session.connection().connection.dbapi_connection  # type: ignore[assignment]  # the driver's own connection.
    with contextlib.closing(sqlite3.connect(path)) as copy:
        held.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # One file, without a log beside it.
    _synced(path)


def _load_sqlite(source: Path) -> None:
    target = Path(str(db.engine.url.database))
    db.session.remove()
    db.engine.dispose()
    half = target.with_name(f"{target.name}.restoring")
    shutil.copyfile(source, half)
    if not _is_whole(half):
        half.unlink()
        raise DumpFailed("备份里的数据库文件没有通过完整性检查；请换一份备份。")
    _synced(half)
    for beside in ("-wal", "-shm"):
        Path(f"{target}{beside}").unlink(missing_ok=True)
    half.replace(target)


def _is_whole(path: Path) -> bool:
    """Say whether the file is a database without a fault, and not just an empty one."""
    with contextlib.closing(sqlite3.connect(path)) as copy:
        try:
            told = [row[0] for row in copy.execute("PRAGMA integrity_check")]
            return told == ["ok"] and copy.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        except sqlite3.DatabaseError:
            return False


def _synced(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _run_pg(program: str, *words: str) -> None:
    """Run PostgreSQL's own program; the password goes by environment, never by the list of processes."""
    url = make_url(db.engine.url)
    found = shutil.which(program)
    if found is None:
        raise DumpFailed(f"找不到 {program}：apt-get install -y postgresql-client")
    with _connection_of(url) as (target, environment):
        words = (*words, target) if program == "pg_dump" else (f"--dbname={target}", *words)
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program with words of ours.
            [found, *words], env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [""]
        raise DumpFailed(f"{program} 没有成功：{lines[-1]}")


@contextlib.contextmanager
def _connection_of(url: URL) -> Iterator[tuple[str, dict[str, str]]]:
    environment = dict(os.environ)
    if url.password is not None:
        environment["PGPASSWORD"] = str(url.password)
    plain = url.set(drivername="postgresql", password=None)
    yield plain.render_as_string(hide_password=False), environment
