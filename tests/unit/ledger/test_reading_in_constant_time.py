"""A balance is read without walking through the transfers of its account, however many they are (law 4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from flask import Flask
from sqlalchemy import event, text

from backend.core.db import db, is_sqlite, reading
from backend.donations.queries import newest_gifts
from backend.ledger.queries import balance_fen, cut_off_position, flow_totals
from tests.world.money import NOON, Money


@contextmanager
def plans_of_what_is_read() -> Iterator[list[str]]:
    """Collect the database's plan of every SELECT that is sent meanwhile."""
    sent: list[tuple[str, object]] = []
    plans: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    yield plans
    event.remove(db.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if is_sqlite() else "EXPLAIN "
    for statement, parameters in sent:
        rows = db.session.connection().exec_driver_sql(explain + statement, parameters)  # type: ignore[call-overload]  # as the driver got them
        plans += ["\n".join(str(row[-1]) for row in rows)]


def test_a_balance_and_its_totals_are_read_without_walking_through_the_account(app: Flask) -> None:
    money = Money(app)
    for number in range(30):
        money.comes_in(to="00/roof", fen=1, reference=f"a{number}")
    money.is_ordered()
    money.comes_in(to="00/roof", fen=1, reference="tail")

    with app.app_context(), reading():
        if not is_sqlite():  # pragma: no cover - on PostgreSQL, where nothing is measured.
            db.session.execute(text("SET LOCAL enable_seqscan = off"))
        with plans_of_what_is_read() as plans:
            assert balance_fen("00/roof") == 31
            assert [total.in_fen for total in flow_totals(["00/roof"])] == [31]
            assert cut_off_position(before=NOON) == 0

    assert len(plans) == 4
    for plan in plans:
        assert "SCAN transfers" not in plan
        assert "Seq Scan on transfers" not in plan
        assert "ix_transfers" not in plan


def test_the_newest_gifts_are_read_by_day_without_sorting_all_of_them(app: Flask) -> None:
    with app.app_context(), reading():
        if not is_sqlite():  # pragma: no cover - on PostgreSQL, where nothing is measured.
            db.session.execute(text("SET LOCAL enable_seqscan = off"))
            db.session.execute(text("SET LOCAL enable_sort = off"))
        with plans_of_what_is_read() as plans:
            assert newest_gifts("roof", limit=5) == []
            assert newest_gifts("roof", before=(date(2026, 6, 1), "x"), limit=5) == []

    assert len(plans) == 2
    for plan in plans:
        # What came straight from givers is read first; what was given later is little, and sorted with one page of it.
        lines = plan.partition("UNION ALL")[0].splitlines()
        at = next(number for number, line in enumerate(lines) if "ix_transfers_of_day" in line)
        assert "TEMP B-TREE" not in "".join(lines) if is_sqlite_plan(plan) else "Limit" in parent_of(lines, at)


def is_sqlite_plan(plan: str) -> bool:
    return "CO-ROUTINE" in plan


def parent_of(lines: list[str], at: int) -> str:  # pragma: no cover - on PostgreSQL, where nothing is measured.
    """The step of PostgreSQL's plan that the step at a line hands its rows to."""
    depth = lines[at].index("->")
    return next(line for line in reversed(lines[:at]) if "->" in line and line.index("->") < depth)
