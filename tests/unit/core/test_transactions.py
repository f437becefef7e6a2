"""One writer at a time, one instant for a reader, and nobody writes who did not say so (D1, D2, D3)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import DBAPIError

from backend.core.db import db, insert_once, insert_or_hold, is_sqlite, reading, write_with_retries, writing
from backend.core.errors import StorageUnavailable
from backend.ledger.models import LedgerState, Transfer
from backend.ledger.posting import post
from backend.people.models import LoginFailure
from tests.world.money import NOON, at_once


def raise_counter() -> None:
    state = db.session.scalars(select(LedgerState).with_for_update()).one()
    state.last_position += 1


def test_no_update_is_lost_when_eight_writers_read_and_write_the_same_row(app: Flask) -> None:
    def raise_often() -> None:
        for _ in range(25):
            write_with_retries(raise_counter)

    assert at_once(app, [raise_often] * 8) == []
    with app.app_context(), reading():
        assert db.session.scalar(select(LedgerState.last_position)) == 200


def test_a_payment_heard_eight_times_at_once_is_posted_once(app: Flask) -> None:
    def hear(number: int) -> Callable[[], object]:
        return lambda: write_with_retries(
            lambda: post(
                source="world",
                target="00/roof",
                amount_fen=1000,
                reason="gift",
                reference=f"sandbox:{number}",
                now=NOON,
                channel="sandbox",
                provider_date=date(2026, 6, 1),
            )
        )

    assert at_once(app, [hear(number % 10) for number in range(80)]) == []
    with app.app_context(), reading():
        assert db.session.scalar(select(func.count()).select_from(Transfer)) == 10


def test_a_row_that_somebody_deletes_at_this_moment_is_made_after_all(app: Flask) -> None:
    first = {"login_hash": "a" * 64, "failures": 3, "failed_at": NOON}
    is_gone, seen = threading.Event(), []

    def deletes() -> None:
        with writing():
            db.session.execute(delete(LoginFailure))
            is_gone.set()
            time.sleep(0.3)

    def holds() -> None:
        is_gone.wait()
        with writing():
            db.session.execute(insert_or_hold(LoginFailure, "login_hash", **first | {"failures": 0}))
            seen.append(db.session.scalars(select(LoginFailure)).one().failures)

    with app.app_context():
        write_with_retries(lambda: db.session.execute(insert_once(LoginFailure).values(first)))
    assert at_once(app, [deletes, holds]) == []
    assert seen == [0], "made anew"
    assert at_once(app, [holds]) == []
    assert seen == [0, 0], "and the next time held as it is"


def test_who_did_not_say_that_he_writes_cannot_write(app: Flask) -> None:
    with app.app_context(), reading(), pytest.raises(DBAPIError):
        db.session.execute(text("UPDATE ledger_state SET last_position = 7"))
    with app.app_context(), reading():
        assert db.session.scalar(select(LedgerState.last_position)) == 0


def test_a_read_only_store_refuses_by_name_and_keeps_what_it_had(app: Flask) -> None:
    with app.app_context():
        if is_sqlite():
            refusal = "attempt to write a readonly database"
            assert refusal in str(_write_on_a_read_only_store())
        else:  # pragma: no cover - on PostgreSQL, where nothing is measured.
            assert "read-only transaction" in str(_write_on_a_read_only_store())


def _write_on_a_read_only_store() -> BaseException | None:
    """Make the store read-only under a writing transaction's feet and return the cause of the refusal."""
    with pytest.raises(StorageUnavailable) as refused, writing():
        make = "PRAGMA query_only=ON" if is_sqlite() else "SET TRANSACTION READ ONLY"
        db.session.execute(text(make))
        db.session.execute(text("UPDATE ledger_state SET last_position = 7"))
    db.session.remove()
    return refused.value.__cause__


def test_a_transaction_inside_a_transaction_is_refused(app: Flask) -> None:
    with app.app_context(), writing(), pytest.raises(RuntimeError, match="one transaction"), writing():
        raise AssertionError("unreachable")


def test_a_reader_sees_one_instant_while_others_write(app: Flask) -> None:
    def add_one() -> None:
        write_with_retries(raise_counter)

    with app.app_context(), reading():
        before = db.session.scalar(select(LedgerState.last_position))
        assert at_once(app, [add_one]) == []
        assert db.session.scalar(select(LedgerState.last_position)) == before


def test_every_sqlite_connection_is_durable_and_its_writers_start_immediately(app: Flask) -> None:
    with app.app_context(), writing():
        if is_sqlite():
            assert db.session.scalar(text("PRAGMA synchronous")) == 2
            assert db.session.scalar(text("PRAGMA journal_mode")) == "wal"
            assert db.session.scalar(text("PRAGMA recursive_triggers")) == 1
        else:  # pragma: no cover - on PostgreSQL, where nothing is measured.
            assert db.session.scalar(text("SHOW transaction_isolation")) == "read committed"
