"""Money is written down once, never changed, never conjured up; and every figure can be recomputed from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.core.db import db, read_with_retries, reading, writing
from backend.ledger.posting import AmountInvalid, BalanceTooSmall, ReferenceReused
from backend.ledger.queries import PurseFigures, cut_off_position, ledger_lines, lines_between, purse_figures
from tests.world.money import NOON, Money, at_once

VILLAGE = "320904104209"


@pytest.fixture
def money(app: Flask) -> Money:
    return Money(app)


def test_a_gift_is_held_for_its_project_and_for_no_other(money: Money) -> None:
    money.comes_in(to="00/roof", fen=20_00, reference="a")

    assert money.holds_fen("00/roof") == 20_00
    assert money.holds_fen("00/well") == 0


def test_a_payment_heard_of_twice_counts_once(money: Money) -> None:
    first = money.comes_in(to="00/roof", fen=20_00, reference="a")
    money.later(minutes=3)
    again = money.comes_in(to="00/roof", fen=20_00, reference="a")

    assert (first.is_new, again.is_new) == (True, False)
    assert again.id == first.id
    assert money.holds_fen("00/roof") == 20_00


OTHER_STORIES = [
    ({"fen": 20_01}, "another amount"),
    ({"to": "00/well"}, "another target"),
    ({"reason": "reallocation"}, "another reason"),
]


@pytest.mark.parametrize(("change", "reason"), OTHER_STORIES, ids=[row[1] for row in OTHER_STORIES])
def test_a_repeat_that_tells_another_story_is_refused(money: Money, change: dict[str, object], reason: str) -> None:
    told: dict[str, object] = {"to": "00/roof", "fen": 20_00, "reference": "a"}
    money.comes_in(**told)  # type: ignore[arg-type]  # a table of cases

    with pytest.raises(ReferenceReused):
        money.comes_in(**told | change)  # type: ignore[arg-type]  # a table of cases
    assert money.holds_fen("00/roof") == 20_00, reason


def test_a_repeated_debit_is_a_repeat_even_when_the_account_is_empty_by_now(money: Money) -> None:
    money.comes_in(to="00/roof", fen=5_00, reference="a")
    first = money.moves(source="00/roof", to=f"{VILLAGE}/roof", fen=5_00, reference="b")

    assert money.moves(source="00/roof", to=f"{VILLAGE}/roof", fen=5_00, reference="b").id == first.id
    with pytest.raises(ReferenceReused):
        money.moves(source="00/roof", to=f"{VILLAGE}/roof", fen=4_00, reference="b")


def test_a_debit_under_the_reference_of_a_credit_is_refused(money: Money) -> None:
    money.comes_in(to="00/roof", fen=5_00, reference="a")
    with pytest.raises(ReferenceReused):
        money.moves(source="00/roof", to="00/well", fen=5_00, reference="a")


AMOUNTS = [
    (0, "nothing"),
    (-1, "less than nothing"),
    (10**13 + 1, "more than the ledger can hold"),
    (True, "a truth is not a number"),
    (1.5, "a half fen"),
    ("1", "a text"),
]


@pytest.mark.parametrize(("amount", "reason"), AMOUNTS, ids=[row[1] for row in AMOUNTS])
def test_an_amount_is_a_whole_number_of_fen_within_the_limit(money: Money, amount: int, reason: str) -> None:
    with pytest.raises(AmountInvalid):
        money.comes_in(to="00/roof", fen=amount, reference="a")
    assert money.holds_fen("00/roof") == 0, reason


def test_only_the_world_may_go_below_zero(money: Money) -> None:
    money.comes_in(to="00/roof", fen=5_00, reference="a")

    with pytest.raises(BalanceTooSmall):
        money.moves(source="00/roof", to=f"{VILLAGE}/roof", fen=5_01, reference="b")
    assert money.holds_fen("00/roof") == 5_00


def test_no_overdraft_under_any_race(money: Money) -> None:
    money.comes_in(to="00/roof", fen=10, reference="a")

    def pay(number: int) -> Callable[[], object]:
        return lambda: money.moves(source="00/roof", to=f"{VILLAGE}/roof", fen=3, reference=f"p{number}")

    def order() -> object:
        return money.is_ordered(limit=2)

    refused = at_once(money.app, [pay(number) for number in range(8)] + [order, order])
    assert [type(error) for error in refused] == [BalanceTooSmall] * 5
    assert money.holds_fen("00/roof") == 1
    money.is_ordered()
    assert money.findings() == []


TAMPERING = [
    ("UPDATE transfers SET amount_fen = 1", "raising an amount"),
    ("DELETE FROM transfers", "losing a gift"),
    ("UPDATE ledger_order SET position = position + 7", "changing the order"),
    ("DELETE FROM ledger_order", "losing the order"),
    ("UPDATE audit_log SET actor = 'nobody'", "denying an act"),
    ("DELETE FROM audit_log", "losing an act"),
]


@pytest.mark.parametrize(("statement", "reason"), TAMPERING, ids=[row[1] for row in TAMPERING])
def test_no_one_can_rewrite_history_not_even_in_sql(money: Money, statement: str, reason: str) -> None:
    money.comes_in(to="00/roof", fen=5_00, reference="a")
    money.is_ordered()
    _acts_once(money)

    with money.app.app_context(), pytest.raises(DBAPIError, match="never changed"), writing():
        db.session.execute(text(statement))
    assert money.holds_fen("00/roof") == 5_00, reason


def _acts_once(money: Money) -> None:
    from backend.core import audit

    with money.app.app_context(), writing():
        audit.record(action="test", actor="a", subject="b", now=NOON, amount_fen=1)


def test_money_of_the_world_names_its_channel_and_date_and_other_money_does_not(money: Money) -> None:
    insert = (
        "INSERT INTO transfers (source_account, target_account, amount_fen, reason, reference, posted_at)"
        " VALUES ('world', '00/roof', 5, 'gift', 'x', '2026-06-01 04:00:00+00:00')"
    )
    with money.app.app_context(), pytest.raises(DBAPIError, match="channel_of_world"), writing():
        db.session.execute(text(insert))
    assert money.holds_fen("00/roof") == 0


def test_every_transfer_gets_one_place_in_one_order_without_a_gap(money: Money) -> None:
    for number in range(7):
        money.comes_in(to="00/roof", fen=number + 1, reference=f"a{number}")

    assert money.is_ordered(limit=3) == 7
    with money.app.app_context():
        lines = read_with_retries(lambda: lines_between(["00/roof"], after=0, through=99))
    assert [line.position for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert [line.amount_fen for line in lines] == [1, 2, 3, 4, 5, 6, 7]


def test_a_balance_is_the_same_before_and_after_it_is_rolled_up(money: Money) -> None:
    money.comes_in(to="00/roof", fen=70, reference="a")
    money.is_ordered()
    money.moves(source="00/roof", to=f"{VILLAGE}/roof", fen=30, reference="b")

    before = (money.holds_fen("00/roof"), money.holds_fen(f"{VILLAGE}/roof"))
    money.is_ordered()
    assert before == (money.holds_fen("00/roof"), money.holds_fen(f"{VILLAGE}/roof")) == (40, 30)


def test_two_order_jobs_at_once_give_each_transfer_one_place(money: Money) -> None:
    for number in range(20):
        money.comes_in(to="00/roof", fen=1, reference=f"a{number}")

    assert at_once(money.app, [lambda: money.is_ordered(limit=3)] * 4) == []
    assert money.findings() == []
    with money.app.app_context():
        assert read_with_retries(lambda: cut_off_position(before=NOON + timedelta(days=1))) == 20


def test_a_cut_off_is_one_position_that_never_moves_once_it_is_passed(money: Money) -> None:
    money.comes_in(to="00/roof", fen=1, reference="a")
    money.later(days=1)
    money.comes_in(to="00/roof", fen=1, reference="b")
    money.is_ordered()
    midnight = NOON + timedelta(hours=12)

    money.clock = NOON + timedelta(minutes=1)  # A clock that ran late writes a row of the day before.
    money.comes_in(to="00/roof", fen=1, reference="c")
    money.is_ordered()

    with money.app.app_context():
        assert read_with_retries(lambda: cut_off_position(before=midnight)) == 1
        assert read_with_retries(lambda: cut_off_position(before=NOON)) == 0
    assert money.findings() == []


def test_what_was_received_is_always_somewhere(money: Money) -> None:
    money.comes_in(to="00/roof", fen=100, reference="a")
    money.comes_in(to="00/roof", fen=50, reference="b")
    money.moves(source="00/roof", to=f"{VILLAGE}/roof", fen=120, reference="c")
    money.moves(source=f"{VILLAGE}/roof", to="world", fen=90, reference="d", reason="spending")
    money.moves(source="world", to=f"{VILLAGE}/roof", fen=10, reference="e", reason="spending_correction")
    money.is_ordered()
    money.moves(source="00/roof", to="00/fund", fen=30, reference="f", reason="surplus_to_fund")

    with money.app.app_context():
        found = read_with_retries(lambda: purse_figures([("roof", VILLAGE), ("fund", VILLAGE)]))
    assert found["roof"] == PurseFigures(
        received_fen=150, with_village_fen=40, spent_fen=80, moved_to_fund_fen=30, gift_count=2
    )
    assert found["fund"] == PurseFigures(received_fen=30, with_nation_fen=30)


def test_the_ledger_of_a_project_is_read_page_by_page_newest_first(money: Money) -> None:
    for number in range(5):
        money.comes_in(to="00/roof", fen=number + 1, reference=f"a{number}")
    money.comes_in(to="00/well", fen=9, reference="w")
    money.is_ordered()
    money.comes_in(to="00/roof", fen=6, reference="not ordered yet")

    with money.app.app_context(), reading():
        first = ledger_lines(["00/roof"], before_position=None, limit=3)
        rest = ledger_lines(["00/roof"], before_position=first[-1].position, limit=3)
        nowhere = ledger_lines(["00/roof"], before_position=99, limit=3)
    assert [(line.position, line.amount_fen) for line in first + rest] == [(5, 5), (4, 4), (3, 3), (2, 2), (1, 1)]
    assert nowhere == []


OUT_OF_JOINT = [
    ("UPDATE accounts SET balance_fen = balance_fen + 1", "余额缓存", "a balance that was raised"),
    ("UPDATE account_flows SET in_fen = in_fen + 1", "汇总与转账不符", "a total that was raised"),
    ("DELETE FROM account_flows", "汇总与转账不符", "a total that was lost"),
    ("INSERT INTO ledger_queue (transfer_id) VALUES (1)", "既不在顺序也不在队列", "a transfer in two places"),
    ("UPDATE ledger_state SET last_position = 9", "缺口", "a position that no transfer has"),
    (
        "INSERT INTO transfers (source_account, target_account, amount_fen, reason, reference, posted_at)"
        " VALUES ('00/well', '00/roof', 5, 'payout', 'x', '2026-06-01 04:00:00+00:00')",
        "既不在顺序也不在队列",
        "a transfer slipped in beside the order",
    ),
]


@pytest.mark.parametrize(("statement", "named", "reason"), OUT_OF_JOINT, ids=[row[2] for row in OUT_OF_JOINT])
def test_verify_names_what_is_out_of_joint(money: Money, statement: str, named: str, reason: str) -> None:
    money.comes_in(to="00/roof", fen=5_00, reference="a")
    money.is_ordered()
    assert money.findings() == []

    with money.app.app_context(), writing():
        db.session.execute(text(statement))
    assert any(named in finding for finding in money.findings()), reason


def test_verify_finds_an_account_below_zero_and_an_order_against_time(money: Money) -> None:
    money.comes_in(to="00/roof", fen=5, reference="a")
    money.is_ordered()
    slipped_in = (
        "INSERT INTO transfers (id, source_account, target_account, amount_fen, reason, reference, posted_at)"
        " VALUES (77, '00/well', '00/roof', 5, 'payout', 'x', '2026-05-01 04:00:00+00:00')",
        "INSERT INTO ledger_order (position, transfer_id, ordered_at) VALUES (2, 77, '2026-05-01 04:00:00+00:00')",
    )
    with money.app.app_context(), writing():
        for statement in slipped_in:
            db.session.execute(text(statement))

    findings = "\n".join(money.findings())
    assert "00/well 在位置 2 低于零" in findings
    assert "位置 2 的时间早于前一位置" in findings


def test_the_operator_verifies_with_one_command(money: Money) -> None:
    run = money.app.test_cli_runner()
    assert "核对无误" in run.invoke(args=["verify"]).output

    money.comes_in(to="00/roof", fen=5_00, reference="a")
    money.is_ordered()
    with money.app.app_context(), writing():
        db.session.execute(text("UPDATE accounts SET balance_fen = 7"))
    answer = run.invoke(args=["verify"])
    assert answer.exit_code == 1
    assert "余额缓存" in answer.output
