"""The database goes away in the middle of a request, for a moment or for longer: nothing is lost, nothing is half."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, event, insert, select, text
from sqlalchemy.exc import OperationalError

from backend.core.db import db, is_sqlite, write_with_retries
from backend.core.errors import DatabaseBusy
from backend.ledger.models import Transfer
from tests.world.giving import Giving, ordered, project_of, village
from tests.world.money import NOON

__all__ = ["village"]


def goes_away() -> None:
    """The server ends our connection, as a restart does; a file says that it is locked, as SQLite does."""
    if is_sqlite():
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database is locked"))
    word = text("SELECT pg_terminate_backend(pg_backend_pid())")  # pragma: no cover - PostgreSQL's own way.
    db.session.execute(word)  # pragma: no cover - so too.


def gift(*, lost: int) -> Callable[[], object]:
    """An act that posts a gift, then loses its database so many times."""
    left = [lost]
    row = {"source_account": "00/well", "target_account": "00/roof", "amount_fen": 5, "reason": "payout"}
    row |= {"reference": "a", "posted_at": NOON}

    def act() -> object:
        made = db.session.execute(insert(Transfer).values(**row).returning(Transfer.id)).scalar_one()
        if left[0]:
            left[0] -= 1
            goes_away()
        return made

    return act


def posted(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Transfer.reference)))


def test_a_database_that_goes_away_once_is_not_noticed_and_the_gift_counts_once(app: Flask) -> None:
    with app.app_context():
        assert write_with_retries(gift(lost=1))
    assert posted(app) == ["a"]


def test_a_database_that_stays_away_is_said_and_nothing_is_half_written(app: Flask) -> None:
    with app.app_context(), pytest.raises(DatabaseBusy) as refused:
        write_with_retries(gift(lost=9))
    assert (refused.value.status, refused.value.retryable) == (503, True)
    assert posted(app) == []
    with app.app_context():
        assert write_with_retries(gift(lost=0)), "afterwards all is as ever"


@contextmanager
def a_store_that_takes_nothing(app: Flask) -> Iterator[None]:
    """Whoever opens a writing transaction meets a store that is read-only, as a full or broken disk becomes."""

    def closes(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            is_file = connection.dialect.name == "sqlite"
            connection.exec_driver_sql("PRAGMA query_only=ON" if is_file else "SET TRANSACTION READ ONLY")

    with app.app_context():
        engine = db.engine
    event.listen(engine, "begin", closes)
    try:
        yield
    finally:
        event.remove(engine, "begin", closes)
        engine.dispose()


def test_a_store_that_takes_nothing_more_is_said_reading_goes_on_and_afterwards_all_is_whole(village: Giving) -> None:
    phone, given = ordered(village)
    told = village.notice(given)
    with a_store_that_takes_nothing(village.app):
        refused = phone.orders(project_of(given), 7_00)
        body = refused.json or {}
        assert (refused.status_code, body["code"], body["retryable"]) == (503, "STORAGE_UNAVAILABLE", True)
        assert village.hears(told).status_code == 503, "the provider, unanswered, tells it again"
        assert phone.asks(f"/projects/{project_of(given)}")["received_fen"] == 0
    assert village.hears(told).status_code == 204
    assert (village.transfers(), village.order_states()) == (1, ["paid"])
