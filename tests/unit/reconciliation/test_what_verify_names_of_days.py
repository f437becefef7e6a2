"""Whatever of a reconciled day is changed afterwards, `verify` names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import pytest
from flask import Flask
from miniapp_api.app import create_app
from sqlalchemy import text

from backend.core import clock
from backend.core.db import db, writing
from backend.reconciliation import decisions
from backend.reconciliation.checks import check_reconciliation
from backend.reconciliation.models import COVER, EXPLAIN, TAKE_IN
from tests.conftest import Maker
from tests.world.billing import Line, Reconciling, make_village
from tests.world.databases import dispose

FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)


class Undone(Exception):
    """Thrown to roll back what a test did."""


@pytest.fixture(scope="module")
def story(database: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reconciling]:
    """Two days: one sealed, one with differences of which each kind of decision was made."""
    with database.fresh(tmp_path_factory.mktemp("days")) as settings, pytest.MonkeyPatch.context() as patch:
        app = create_app(settings)
        village = make_village(app, lambda now: patch.setattr(clock, "now", now))
        village.sets_aside()
        live(village)
        yield village
        dispose(app)  # pragma: no cover - after the last of it, in the setting-up of its twin.


def live(village: Reconciling) -> None:
    purse = village.opens_project("屋顶")
    village.paid_gift(purse, 10_00)
    village.bills.tells(FIRST, village.lines())
    village.the_day_after()
    village.reconciles()
    for fen in (20_00, 30_00):
        village.paid_gift(purse, fen)
        village.later(seconds=1)
    more = [Line(at=village.clock, order_no=f"D{n}", transaction_no=f"T{n}", fen=n * 100) for n in (1, 2)]
    back = Line(at=village.clock, order_no="D3", transaction_no="T3", fen=3_00, refund_no="R3")
    held = village.day(FIRST).closing_fen or 0
    village.bills.tells(SECOND, [*village.lines()[1:], *more, back], held=held)
    village.the_day_after()
    village.reconciles()
    acts = {"extra": COVER, "missing": TAKE_IN, "refund": EXPLAIN}
    for one in village.differences(SECOND):
        works_off(village, one.code, EXPLAIN if one.order_no == "D2" else acts[one.kind])


def works_off(village: Reconciling, code: str, action: str) -> None:
    told = {"code": code, "action": action, "reason": "查实"}
    village.writes(lambda: decisions.propose(**told, staff=village.desk, now=village.clock))
    if action != EXPLAIN:
        village.writes(lambda: decisions.approve(code=code, staff=village.second, now=village.clock))


def named(app: Flask, *statements: str) -> str:
    found: list[str] = []
    with app.app_context(), suppress(Undone), writing():
        for statement in statements:
            db.session.execute(text(statement))
        found = check_reconciliation()
        raise Undone
    return "\n".join(found)


def test_what_was_done_is_clean(story: Reconciling) -> None:
    assert (story.day(FIRST).state, story.day(SECOND).state) == ("sealed", "open")
    assert [one.state for one in story.differences(SECOND)].count("settled") == 2
    assert story.wrong() == []


TAMPERED = [
    ("UPDATE reconciled_days SET fee_fen = fee_fen + 1 WHERE day = '2026-06-01'", "手续费账单是", "a fee"),
    ("UPDATE reconciled_days SET paid_fen = paid_fen + 1 WHERE day = '2026-06-02'", "账单净额", "a sum"),
    ("UPDATE reconciled_days SET paid_fen = paid_fen + 1 WHERE day = '2026-06-01'", "与封存时不同", "a sealed sum"),
    ("UPDATE bill_differences SET delta_fen = 7 WHERE order_no = 'D2'", "账单净额", "what was explained"),
    ("UPDATE bill_differences SET delta_fen = 7 WHERE state = 'settled'", "没有相符的转账", "what was posted"),
    (
        "UPDATE bill_differences SET state = 'healed', reference = NULL WHERE state = 'settled'",
        "没有对应的对账记录",
        "1",
    ),
    ("UPDATE own_money SET amount_fen = 1", "没有相符的转账", "the federation's own money"),
    ("UPDATE staff SET role = 'auditor' WHERE login = 'second'", "不是两位全国账号", "who approved"),
    ("UPDATE billed_refunds SET refund_fen = 1", "", "a refund that is a difference counts by our own figure"),
    ("UPDATE reconciled_days SET matched_at = NULL WHERE day = '2026-06-01'", "没有对过账", "a fee of no day"),
]


@pytest.mark.parametrize(("statement", "told", "why"), TAMPERED, ids=[row[2] for row in TAMPERED])
def test_what_is_changed_afterwards_is_named(story: Reconciling, statement: str, told: str, why: str) -> None:
    found = named(story.app, statement)
    assert told in found if told else found == "", why


def test_a_closed_day_with_something_open_is_named(story: Reconciling) -> None:
    opened = "UPDATE bill_differences SET state = 'open' WHERE order_no = 'D2'"
    closed = "UPDATE reconciled_days SET state = 'closed', closed_at = matched_at WHERE day = '2026-06-02'"
    assert "已结账，但还有没处理的差异" in named(story.app, opened, closed)


SEAL = "INSERT INTO day_seals (channel, day, version, previous_hash, body, hash, sealed_at)"
BILL = "INSERT INTO bill_files (channel, day, kind, sha256, size_bytes, packed, fetched_at)"


def test_a_seal_that_does_not_follow_the_chain_is_named(story: Reconciling) -> None:
    slipped = f"{SEAL} SELECT channel, '2026-06-05', 1, 'x', body, 'y', sealed_at FROM day_seals"
    assert "封存与链条不符" in named(story.app, slipped)


def test_a_bill_that_is_not_what_its_hash_says_is_named(story: Reconciling) -> None:
    other = f"{BILL} SELECT channel, day, kind, 'x', 1, packed, fetched_at FROM bill_files WHERE kind = 'trade'"
    assert "与收到时不同" in named(story.app, other)
    broken = other.replace("packed, fetched_at FROM", "CAST('zip' AS {}), fetched_at FROM")
    with story.app.app_context():
        kind = "BLOB" if db.engine.dialect.name == "sqlite" else "BYTEA"
    assert "与收到时不同" in named(story.app, broken.format(kind))
