"""Time has a zone, a day is a day in Shanghai, and a public id tells nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from backend.core import clock, ids
from backend.core.db import UtcDateTime, db, reading, writing
from backend.ledger.models import LedgerState


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    before, after = (datetime(2026, 5, 31, 15, 59, tzinfo=UTC), datetime(2026, 5, 31, 16, 0, tzinfo=UTC))

    assert clock.local_day(before) == date(2026, 5, 31)
    assert clock.local_day(after) == date(2026, 6, 1)
    assert clock.start_of_local_day(date(2026, 6, 1)) == after
    assert clock.local_iso(after) == "2026-06-01T00:00:00+08:00"
    assert clock.now().tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        clock.in_utc(datetime(2026, 6, 1, 0, 0))  # noqa: DTZ001 - that is what is refused.


def test_an_instant_comes_back_from_the_database_as_it_went_in(app: Flask) -> None:
    instant = datetime(2026, 6, 1, 0, 0, 0, 123456, tzinfo=clock.SHANGHAI)
    with app.app_context(), writing():
        state = db.session.get_one(LedgerState, 1)
        assert state.last_ordered_at is None
        state.last_ordered_at = instant
    with app.app_context(), reading():
        found = db.session.get_one(LedgerState, 1).last_ordered_at
    assert found == instant
    assert found is not None
    assert found.utcoffset() == UTC.utcoffset(None)
    assert UtcDateTime().process_result_value(None, db_dialect()) is None


def db_dialect() -> object:
    from sqlalchemy.dialects import sqlite

    return sqlite.dialect()  # type: ignore[no-untyped-call]  # the dialect's constructor has no types.


def test_a_public_id_is_random_and_a_token_is_kept_only_as_its_hash() -> None:
    assert len({ids.new_code() for _ in range(1000)}) == 1000
    assert set(ids.new_code(200)) <= set(ids.BASE62)
    token = ids.new_token()
    assert len(token) >= 43
    assert ids.token_hash(token) == ids.token_hash(token) != token
    assert len(ids.token_hash("\ud83d")) == 64
