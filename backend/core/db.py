"""The one door to the database: one transaction a request, and writers one at a time on SQLite (laws 13, 14).

Only the edge opens a transaction: `with writing():` or `with reading():`. Whoever forgets meets a database that
refuses to write. Nothing outside this module, the migrations and the bulk loaders asks which database it is.
"""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, Table, TypeDecorator, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.functions import FunctionElement

from backend.core.clock import in_utc
from backend.core.errors import BooksStopped, DatabaseBusy, StorageUnavailable

T = TypeVar("T")
WRITE_LOCK_SECONDS = 10
ATTEMPTS = 3
# SQLite: cannot write, disk full, I/O error; PostgreSQL: disk full, out of memory, read-only.
STORAGE_SIGNS = ("readonly database", "disk is full", "disk I/O error", "No space left", "read-only transaction")
BOOKS_SIGN = "the books are stopped"


class Base(DeclarativeBase):
    """The base of every table; each constraint has a name, so that a migration can drop it on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "autoflush": True})


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, stored in UTC; refuses a datetime without a time zone and always returns one with it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn the instant to UTC; SQLite keeps it as text that sorts by time."""
        return None if value is None else in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back that SQLite does not keep."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class local_date(FunctionElement[str]):  # noqa: N801  # Read as the function in SQL that it is.
    """In SQL, the calendar day in Asia/Shanghai of a stored instant: `clock.local_day` for whole tables."""

    name = "local_date"
    inherit_cache = True


@compiles(local_date, "sqlite")
def _local_date_sqlite(element: local_date, compiler: Any, **how: Any) -> str:
    return f"date({compiler.process(element.clauses, **how)}, '+8 hours')"


@compiles(local_date, "postgresql")
def _local_date_postgresql(element: local_date, compiler: Any, **how: Any) -> str:
    return f"CAST(timezone('Asia/Shanghai', {compiler.process(element.clauses, **how)}) AS DATE)"


def open_engine(engine: Engine) -> None:
    """Hang the transaction rules on an engine; called once for each, when the application is made."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)


def _open_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # The driver would not send BEGIN before a SELECT; we send our own.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA secure_delete=ON")  # A key that was destroyed must not stay legible in a free page.
    connection.execute("PRAGMA busy_timeout=5000")


def _begin_sqlite(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get("writes"))
    info = connection.connection.info
    if info.get("writes") is not writes:
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
        info["writes"] = writes
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get("writes"))
    driver: Any = connection.connection.dbapi_connection
    driver.read_only = not writes
    driver.isolation_level = 2 if writes else 3  # psycopg's READ_COMMITTED and REPEATABLE_READ.


@contextmanager
def writing(*, lock_wait_ms: int | None = None) -> Iterator[Session]:
    """Open the one writing transaction of a request or of a job's chunk; commit at its end, roll back on any error.

    On SQLite every writer, in every process, first takes a file lock: the busy handler is unfair and starves, the
    lock is not. Refuses `DatabaseBusy` when the lock is not had in time, `StorageUnavailable` when the disk is not, and
    `BooksStopped` for a transfer while the books are stopped.
    With `lock_wait_ms`, a row that another transaction holds longer ends this one; SQLite holds no rows.
    """
    refuse_nesting()
    session = db.session()
    with _write_lock(), _named_faults():
        try:
            connection = session.info["connection"] = session.connection(execution_options={"writes": True})
            if lock_wait_ms is not None and not is_sqlite():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {lock_wait_ms}")
            yield session
            session.commit()
        except BaseException:
            db.session.rollback()
            raise
        finally:
            session.info.pop("connection", None)


@contextmanager
def reading() -> Iterator[Session]:
    """Open a read-only transaction that sees one instant of the whole database, from its first statement to its end."""
    refuse_nesting()
    try:
        yield db.session()
    finally:
        db.session.rollback()


def write_with_retries(act: Callable[[], T]) -> T:
    """Run `act` in a writing transaction; when the database dropped it (restart, deadlock), run it again.

    At most three times, with a random pause. `act` must have no effect outside the transaction.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with writing():
                return act()
        except DBAPIError as error:
            if not _is_passing(error):
                raise
            if attempt == ATTEMPTS:
                raise DatabaseBusy() from error
            time.sleep(random.uniform(0.02, 0.1) * attempt)  # noqa: S311 - a pause, not a secret.
    raise AssertionError("unreachable")  # pragma: no cover - the loop returns or raises.


def read_with_retries(act: Callable[[], T]) -> T:
    """Run `act` in a reading transaction; once more when the connection had died in the pool."""
    try:
        with reading():
            return act()
    except DBAPIError as error:
        if not _is_passing(error):
            raise
    try:
        with reading():
            return act()
    except DBAPIError as error:
        raise DatabaseBusy() from error


def insert_once(table: type[Base] | Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that knows `on_conflict_do_nothing` in the dialect of the database at hand."""
    target: Table = table if isinstance(table, Table) else table.__table__  # type: ignore[assignment]  # always a Table.
    if db.engine.dialect.name == "sqlite":
        return sqlite.insert(target)
    return postgresql.insert(target)


def insert_or_hold(table: type[Base] | Table, *key: str, **values: object) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that leaves a row standing which has the same `key` already, and holds it like one of its own.

    For rows that are also deleted: who deletes it at this moment is waited for, and then it is made after all. After
    `on_conflict_do_nothing` it would be neither there nor made.
    """
    row = insert_once(table).values(**values)
    return row.on_conflict_do_update(index_elements=[*key], set_={name: row.excluded[name] for name in key})


def is_sqlite() -> bool:
    """Say whether the store is SQLite. For bulk loaders and search indexes only."""
    return db.engine.dialect.name == "sqlite"


def refuse_nesting() -> None:
    """Raise RuntimeError when a transaction is open here already (law 13)."""
    if db.session().in_transaction():
        raise RuntimeError("one request, one transaction: a transaction is already open here")


def refuse_calling_out() -> None:
    """Raise RuntimeError when a transaction is open here: others would wait for a stranger's answer (law 13).

    Every way to the outside asks this before it sends. Outside of an application nothing can be open.
    """
    try:
        is_open = db.session.registry.has() and db.session().in_transaction()
    except RuntimeError:
        return
    if is_open:
        raise RuntimeError("no network call inside a transaction: one is open here")


def _is_passing(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    return state[:2] in ("40", "57", "08") or (isinstance(error, OperationalError) and "locked" in str(error.orig))


@contextmanager
def _named_faults() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if any(sign in str(error.orig) for sign in STORAGE_SIGNS):
            raise StorageUnavailable() from error
        if BOOKS_SIGN in str(error.orig):
            raise BooksStopped() from error
        raise


_threads_lock = threading.Lock()


@contextmanager
def _write_lock() -> Iterator[None]:
    if not is_sqlite():
        yield
        return
    if not _threads_lock.acquire(timeout=WRITE_LOCK_SECONDS):
        raise DatabaseBusy()
    try:
        with _file_lock(Path(f"{db.engine.url.database}.lock")):
            yield
    finally:
        _threads_lock.release()


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageUnavailable() from error
    try:
        _lock_in_time(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock_in_time(descriptor: int) -> None:
    deadline = time.monotonic() + WRITE_LOCK_SECONDS
    pause = 0.0005
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise DatabaseBusy() from None
            time.sleep(pause)
            pause = min(pause * 2, 0.01)
