"""What was written down stays as it was: the database refuses to change it, and who gets round that is found."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Column, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from backend.core import audit
from backend.core.db import Base, UtcDateTime, db, read_with_retries, write_with_retries, writing
from backend.jobs.steps import STEPS
from backend.ledger import chain
from backend.ledger.chain import check_chain
from tests.world.money import NOON, Money
from tests.world.whole_story import Story, story

__all__ = ["story"]
HISTORY = (
    ("audit_log", "who did what"),
    ("bill_files", "the provider's own account of a day"),
    ("chain_links", "the chain over ledger and audit log"),
    ("day_seals", "what was found and decided of a day"),
    ("ledger_order", "the place of each transfer"),
    ("notices", "what the village was told"),
    ("receipt_heads", "in whose name papers were issued"),
    ("receipt_refunds", "which paper a refund cancels"),
    ("receipt_waivers", "who wanted no paper"),
    ("receipts", "the papers"),
    ("refund_inbox", "what the provider told of refunds"),
    ("refund_parts", "which transfers a refund made"),
    ("spending_corrections", "what came back from a purchase"),
    ("spending_lines", "what was bought"),
    ("transfers", "the money"),
    ("vault_openings", "who looked at whose words"),
    ("volunteer_events", "who came and went"),
)
A_VALUE: dict[type, Any] = {int: 1, str: "x", bytes: b"x", date: date(2026, 6, 1), bool: True}
WORDS = {"vault_openings": {"purpose": "review"}, "volunteer_events": {"kind": "in", "code_window": 1}}
"""What a table takes no other word for."""


def a_row(table: Table) -> dict[str, Any]:
    """A row that the table takes, for a story in which it stayed empty."""
    made = {column.name: _a_value(column) for column in table.columns if not column.nullable}
    return made | WORDS.get(table.name, {})


def _a_value(column: Column[Any]) -> Any:
    for foreign in column.foreign_keys:
        if db.session.scalar(select(func.max(foreign.column))) is None:
            db.session.execute(insert(foreign.column.table).values(**a_row(foreign.column.table)))
        return db.session.scalar(select(func.max(foreign.column)))
    if isinstance(column.type, UtcDateTime):  # What ends later stands behind what begins.
        return NOON + timedelta(hours=list(column.table.columns).index(column))
    return A_VALUE[column.type.python_type]


def guarded_tables() -> set[str]:
    """The tables whose changes the database refuses, as it says itself."""
    listing = (
        "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%\\_refuses\\_%' ESCAPE '\\'"
        if db.engine.dialect.name == "sqlite"
        else "SELECT event_object_table FROM information_schema.triggers WHERE trigger_name LIKE '%\\_refuses\\_%'"
    )
    return set(db.session.scalars(text(listing)))


@pytest.mark.promise(name="P4")
def test_the_list_of_what_nobody_rewrites_is_whole(app: Flask) -> None:
    with app.app_context():
        assert guarded_tables() == {name for name, _ in HISTORY}


@pytest.mark.promise(name="P4")
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
@pytest.mark.parametrize(("name", "reason"), HISTORY, ids=[row[0] for row in HISTORY])
def test_nobody_changes_or_takes_away_a_row_of_history(story: Story, name: str, reason: str, verb: str) -> None:
    table = Base.metadata.tables[name]
    with story.app.app_context(), pytest.raises(DBAPIError, match="added, never changed"), writing():
        if not db.session.scalar(select(func.count()).select_from(table)):
            db.session.execute(insert(table).values(**a_row(table)))
        column = table.columns.keys()[-1]
        told = f"UPDATE {name} SET {column} = {column}" if verb == "UPDATE" else f"DELETE FROM {name}"
        db.session.execute(text(told))


@pytest.mark.promise(name="P4")
def test_nobody_empties_a_table_of_history_at_one_stroke(story: Story) -> None:
    """SQLite knows no TRUNCATE; there the word itself is refused."""
    for name, _ in HISTORY:
        with story.app.app_context(), pytest.raises(DBAPIError), writing():
            db.session.execute(text(f"TRUNCATE {name} CASCADE"))
    assert story.findings() == ""


@pytest.fixture
def chained(app: Flask) -> Money:
    """A ledger of three transfers, and the act of a person, all of them linked."""
    money = Money(app)
    money.comes_in(to="00/roof", fen=20_00, reference="a")
    money.moves(source="00/roof", to="320904104209/roof", fen=5_00, reference="b")
    money.comes_in(to="00/well", fen=3, reference="c")
    money.is_ordered()
    with app.app_context():
        for number in range(3):
            write_with_retries(lambda: audit.record(action="test", actor="a", subject="b", now=NOON, fen=number))  # noqa: B023 - called at once.
    assert is_linked(money) == 6
    return money


def is_linked(money: Money) -> int:
    """The scheduler's step links until nothing waits; return how many rows it linked."""
    (step,) = (step for step in STEPS if step.name == "chain")
    waits, done = step.has_work, 0
    assert waits is not None
    with money.app.app_context():
        while read_with_retries(lambda: waits(NOON)):
            done += write_with_retries(lambda: step.act(NOON))
    return done


def findings(money: Money) -> list[str]:
    """What `verify` says of the chain."""
    with money.app.app_context():
        return read_with_retries(check_chain)


def behind_the_triggers(money: Money, *statements: str) -> list[str]:
    """Somebody with every right on the database takes the guards away and acts; what does `verify` say?"""
    with money.app.app_context(), writing():
        if db.engine.dialect.name == "sqlite":
            for name in db.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                db.session.execute(text(f"DROP TRIGGER {name}"))
        else:  # pragma: no cover - on PostgreSQL, where nothing is measured.
            db.session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            db.session.execute(text(statement))
    return findings(money)


ONE_BIT = (
    ("transfers", "amount_fen", "amount_fen + 1", "one fen more"),
    ("transfers", "source_account", "'00/foog'", "from another purse"),
    ("transfers", "target_account", "'320904104209/soof'", "to another purse"),
    ("transfers", "reason", "'payouu'", "for another reason"),
    ("transfers", "reference", "'c2'", "under another number"),
    ("transfers", "posted_at", "'2026-06-01 04:00:01.000000+00:00'", "a second later"),
    ("ledger_order", "ordered_at", "'2026-06-01 04:00:01.000000+00:00'", "a second later in the order"),
    ("audit_log", "actor", "'b'", "by somebody else"),
    ("audit_log", "action", "'tesu'", "another act"),
    ("audit_log", "subject", "'c'", "upon something else"),
    ("audit_log", "facts", "'{\"fen\": 3}'", "with other facts"),
    ("audit_log", "done_at", "'2026-06-01 04:00:01.000000+00:00'", "at another time"),
)


@pytest.mark.promise(name="P4")
@pytest.mark.parametrize(("table", "column", "value", "reason"), ONE_BIT, ids=[row[3] for row in ONE_BIT])
def test_one_bit_changed_behind_the_triggers_is_found(
    chained: Money, table: str, column: str, value: str, reason: str
) -> None:
    key = "transfer_id" if table == "ledger_order" else "id"
    (finding,) = behind_the_triggers(chained, f"UPDATE {table} SET {column} = {value} WHERE {key} = 2")
    assert "第 2 行与校验链不符" in finding, reason


TAKEN_OR_SLIPPED_IN = (
    (("DELETE FROM audit_log WHERE id = 2",), "第 2 行不见了", "an act that never was"),
    (("DELETE FROM ledger_order WHERE position = 2",), "第 2 行不见了", "a transfer without its place"),
    (("DELETE FROM chain_links WHERE position = 2",), "第 2 环缺失", "a link taken out"),
    (("DELETE FROM chain_links WHERE chain = 'ledger' AND position = 2",), "第 2 行没有校验环", "a row without a link"),
    (
        ("UPDATE chain_links SET sha256 = '" + "0" * 64 + "' WHERE chain = 'ledger' AND position = 2",),
        "第 3 行与校验链不符",
        "a link made anew without those after it",
    ),
)


@pytest.mark.promise(name="P4")
@pytest.mark.parametrize(("acts", "told", "reason"), TAKEN_OR_SLIPPED_IN, ids=[row[2] for row in TAKEN_OR_SLIPPED_IN])
def test_what_was_taken_out_or_slipped_in_is_found(
    chained: Money, acts: tuple[str, ...], told: str, reason: str
) -> None:
    assert any(told in finding for finding in behind_the_triggers(chained, *acts)), reason


@pytest.mark.promise(name="P4")
def test_whoever_changes_everything_makes_many_findings_and_no_endless_list(chained: Money) -> None:
    for number in range(30):
        chained.comes_in(to="00/roof", fen=1, reference=f"more{number}")
    chained.is_ordered()
    assert is_linked(chained) == 30
    assert len(behind_the_triggers(chained, "UPDATE transfers SET amount_fen = amount_fen + 1")) == chain.SHOWN


@pytest.mark.promise(name="P4")
def test_a_chain_that_nobody_touched_holds_and_goes_on(chained: Money) -> None:
    assert findings(chained) == []
    chained.comes_in(to="00/roof", fen=1, reference="d")
    assert findings(chained) == [], "what has no place yet needs no link"
    chained.is_ordered()
    assert is_linked(chained) == 1
    assert findings(chained) == []


@pytest.mark.promise(name="P4")
def test_an_act_that_was_committed_after_its_neighbours_is_linked_behind_them(chained: Money) -> None:
    row = {"done_at": NOON, "actor": "a", "action": "b", "subject": "c", "facts": "{}"}
    for number in (50, 49):
        with chained.app.app_context(), writing():
            db.session.execute(insert(audit.AuditEntry).values(id=number, **row))
        assert is_linked(chained) == 1
    assert findings(chained) == []
