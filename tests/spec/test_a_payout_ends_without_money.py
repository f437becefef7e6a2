"""A mistaken payout is withdrawn by who proposed it or refused by a second person, or ends with its project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from backend.core.db import db
from tests.world.desk import Desk, Hand
from tests.world.money import at_once
from tests.world.regions import ZHONGXIN

REASON = "金额多写了一个零"
ENDS = ("payouts.withdraw", "payouts.refuse", "payouts.close")
CLOSED = "UPDATE projects SET ended_at = published_at, closed_at = published_at WHERE kind <> 'mutual_aid_fund'"


@pytest.fixture
def waiting(desk: Desk, lamps: str) -> str:
    """A payout of 600 yuan that waits for the second person."""
    return desk.proposes(lamps, 600_00)


def shown(desk: Desk, payout: str) -> dict[str, Any]:
    return next(one for one in desk.checker.sees("/desk/payouts").json["items"] if one["code"] == payout)


def refusal(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_who_proposed_a_payout_withdraws_it_and_no_money_moves(desk: Desk, lamps: str, waiting: str) -> None:
    desk.passes(minutes=5)
    answer = desk.withdraws(waiting)
    assert (answer.status_code, answer.json["state"], answer.json["is_mine"]) == (201, "withdrawn", True)
    assert answer.json["ended_at"] == "2026-06-01T12:05:00+08:00"
    assert answer.json["ended_by"] == answer.json["proposed_by"]

    for told in (desk.approves(waiting), desk.refuses(waiting)):
        assert refusal(told) == (409, "PAYOUT_WITHDRAWN")
    assert (desk.holds(f"00/{lamps}"), desk.holds(f"{ZHONGXIN}/{lamps}")) == (1000_00, 0)
    assert desk.findings() == []


def test_a_second_person_refuses_a_payout_with_a_reason_and_no_money_moves(
    desk: Desk, lamps: str, waiting: str
) -> None:
    assert desk.refuses(waiting, reason=f"  {REASON}\n").status_code == 201
    seen = shown(desk, waiting)
    assert (seen["state"], seen["end_reason"], seen["is_mine"]) == ("refused", REASON, False)
    assert (seen["ended_by"], seen["approved_at"]) == ("张national", None)

    third = desk.hires("national")
    for told in (desk.approves(waiting), desk.withdraws(waiting), desk.refuses(waiting, by=third)):
        assert refusal(told) == (409, "PAYOUT_REFUSED")
    assert desk.holds(f"00/{lamps}") == 1000_00
    assert desk.approves(desk.proposes(lamps, 60_00)).status_code == 201
    assert desk.findings() == []


def test_each_row_names_its_village_its_project_and_what_became_of_it(desk: Desk, waiting: str) -> None:
    seen = shown(desk, waiting)
    assert (seen["village"]["name"], seen["village"]["code"]) == ("众心村", ZHONGXIN)
    assert [parent["name"] for parent in seen["village"]["parents"]][:1] == ["江苏省"]
    assert (seen["project_title"], seen["amount_fen"], seen["proposed_by"]) == ("村路太阳能路灯", 600_00, "张national")
    assert (seen["state"], seen["proposed_at"]) == ("waiting", "2026-06-01T12:00:00+08:00")
    assert [seen[name] for name in ("approved_at", "ended_by", "ended_at", "end_reason")] == [None] * 4
    assert desk.approves(waiting).json["state"] == "approved"


def test_a_payout_is_withdrawn_by_its_proposer_only_and_refused_by_everybody_else(desk: Desk, waiting: str) -> None:
    assert refusal(desk.withdraws(waiting, by=desk.checker)) == (403, "NOT_THE_PROPOSER")
    assert refusal(desk.refuses(waiting, by=desk.payer)) == (403, "OWN_PAYOUT")
    county = desk.hires("county", ZHONGXIN[:6])
    for hand in (desk.cadre, county):
        assert desk.withdraws(waiting, by=hand).status_code == desk.refuses(waiting, by=hand).status_code == 404
    auditor = desk.hires("auditor")
    for told in (desk.withdraws(waiting, by=auditor), desk.refuses(waiting, by=auditor)):
        assert refusal(told) == (403, "FORBIDDEN")
    for absent in (desk.withdraws("absent"), desk.refuses("absent")):
        assert refusal(absent) == (404, "NOT_FOUND")
    assert shown(desk, waiting)["state"] == "waiting"
    assert [action for action in ENDS if desk.audit(action)] == []


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "INVALID_INPUT"),
        ({"reason": " \n "}, "TEXT_INVALID"),
        ({"reason": "长" * 201}, "TEXT_INVALID"),
        ({"reason": 7}, "INVALID_INPUT"),
        ({"reason": "x", "amount_fen": 1}, "UNKNOWN_FIELD"),
    ],
)
def test_a_refusal_says_why_in_at_most_two_hundred_characters(
    desk: Desk, waiting: str, form: dict[str, Any], code: str
) -> None:
    assert refusal(desk.checker.does(f"/desk/payouts/{waiting}/refusal", form)) == (422, code)
    assert desk.refuses(waiting, reason="长" * 200).status_code == 201


def test_an_end_told_twice_is_one_end_with_one_answer(desk: Desk, lamps: str) -> None:
    first, second = desk.proposes(lamps, 1_00), desk.proposes(lamps, 2_00)
    path = f"/desk/payouts/{first}/withdrawal"
    sent = [desk.payer.does(path, key="withdraw-once").data for _ in range(2)]
    desk.passes(minutes=1)
    assert sent == [desk.withdraws(first).data] * 2
    assert refusal(desk.payer.client.post(f"/api/v1{path}", headers={"X-Requested-With": "happy-home"}))[0] == 400

    form = {"reason": REASON}
    sent = [desk.checker.does(f"/desk/payouts/{second}/refusal", form, key="refuse-once").data for _ in range(2)]
    assert sent == [desk.refuses(second, reason="换一个说法").data] * 2
    assert [[subject for _, subject in desk.audit(action)] for action in ENDS] == [[first], [second], []]


def test_what_was_approved_is_neither_withdrawn_nor_refused(desk: Desk, lamps: str, waiting: str) -> None:
    desk.approves(waiting)
    for told in (desk.withdraws(waiting), desk.refuses(waiting)):
        assert refusal(told) == (409, "ALREADY_APPROVED")
    assert desk.holds(f"{ZHONGXIN}/{lamps}") == 600_00


Step = Callable[[Desk, str, Hand], TestResponse]
RIVALS: dict[str, tuple[Step, str]] = {
    "withdrawal": (lambda desk, payout, _third: desk.withdraws(payout), "PAYOUT_WITHDRAWN"),
    "refusal": (lambda desk, payout, third: desk.refuses(payout, by=third), "PAYOUT_REFUSED"),
}


@pytest.mark.parametrize("rival", list(RIVALS))
def test_of_an_approval_and_an_end_at_the_same_moment_exactly_one_happens(desk: Desk, lamps: str, rival: str) -> None:
    step, loses_to_it = RIVALS[rival]
    third = desk.hires("national")
    desk.checker.sees("/desk/payouts")
    for _ in range(4):
        payout, before = desk.proposes(lamps, 100_00), desk.holds(f"{ZHONGXIN}/{lamps}")
        answers: dict[str, TestResponse] = {}
        acts = (
            lambda payout=payout, answers=answers: answers.update(approval=desk.approves(payout)),
            lambda payout=payout, answers=answers: answers.update(end=step(desk, payout, third)),
        )
        assert at_once(desk.app, acts) == []
        moved_fen = desk.holds(f"{ZHONGXIN}/{lamps}") - before
        happened = (answers["approval"].status_code, answers["end"].status_code)
        told = [answer.json["code"] for answer in answers.values() if answer.status_code == 409]
        either = {(201, 409): (100_00, ["ALREADY_APPROVED"]), (409, 201): (0, [loses_to_it])}
        assert (moved_fen, told) == either[happened]
    assert desk.findings() == []


def closes(desk: Desk, project: str) -> list[int]:
    return [desk.cadre.does(f"/desk/projects/{project}/{step}").status_code for step in ("end", "close")]


def test_closing_a_project_ends_the_payouts_that_wait_for_it(desk: Desk, lamps: str, waiting: str) -> None:
    paid = desk.proposes(lamps, 100_00)
    desk.approves(paid)
    withdrawn = desk.proposes(lamps, 100_00)
    desk.withdraws(withdrawn)
    assert closes(desk, lamps) == [201, 201]

    assert [shown(desk, one)["state"] for one in (waiting, paid, withdrawn)] == ["closed", "approved", "withdrawn"]
    assert (shown(desk, waiting)["ended_by"], shown(desk, waiting)["ended_at"]) == (None, "2026-06-01T12:00:00+08:00")
    for told in (desk.approves(waiting), desk.withdraws(waiting), desk.refuses(waiting)):
        assert refusal(told) == (409, "PROJECT_CLOSED")
    assert [subject for _, subject in desk.audit("payouts.close")] == [waiting]
    assert desk.holds(f"00/{lamps}") == desk.holds(f"{ZHONGXIN}/{lamps}") == 0
    assert desk.findings() == []


def test_of_closing_and_a_payout_at_the_same_moment_no_payout_is_left_waiting(desk: Desk, lamps: str) -> None:
    desk.passes(days=91)
    desk.cadre = desk.hires("village", ZHONGXIN)
    desk.checker.sees("/desk/payouts")
    waiting = desk.proposes(lamps, 600_00)
    answers: dict[str, TestResponse] = {}
    form = {"project_code": lamps, "amount_fen": 1_00}
    acts = (
        lambda: answers.update(approval=desk.approves(waiting)),
        lambda: answers.update(close=desk.cadre.does(f"/desk/projects/{lamps}/close")),
        lambda: answers.update(proposal=desk.payer.does("/desk/payouts", form)),
    )
    assert at_once(desk.app, acts) == []
    assert answers["close"].status_code == 201
    states = {one["state"] for one in desk.checker.sees("/desk/payouts").json["items"]}
    assert "waiting" not in states
    assert (answers["approval"].status_code == 201) == ("approved" in states)
    assert desk.holds(f"00/{lamps}") == desk.holds(f"{ZHONGXIN}/{lamps}") == 0
    assert desk.findings() == []


def test_a_payout_that_closing_forgot_is_not_approved_either(desk: Desk, waiting: str) -> None:
    desk.writes(lambda: db.session.execute(text(CLOSED)))
    assert refusal(desk.approves(waiting)) == (409, "PROJECT_CLOSED")
    assert desk.withdraws(waiting).status_code == 201


BROKEN = [
    ("UPDATE payouts SET approved_at = ended_at, approved_by = {other}", "one_end", "既已批准又已终止"),
    ("UPDATE payouts SET ended_by = NULL", "ended_by", "的终止记录不完整"),
    ("UPDATE payouts SET ended_by = {other}", "ended_by", "的终止记录不完整"),
    ("UPDATE payouts SET ended_as = 'lost'", "ended_by", "的终止记录不完整"),
    ("UPDATE payouts SET ended_at = NULL", "ended_whole", "的终止记录不完整"),
    ("UPDATE payouts SET end_reason = 'x'", "end_reason", "的终止记录不完整"),
]


@pytest.mark.parametrize(("cheat", "rule", "named"), BROKEN, ids=[row[0][19:60] for row in BROKEN])
def test_the_database_refuses_an_end_that_is_none_and_verify_would_name_it(
    desk: Desk, waiting: str, cheat: str, rule: str, named: str
) -> None:
    desk.withdraws(waiting)
    desk.hires("national")
    cheat = cheat.format(other="(SELECT max(id) FROM staff)")
    with pytest.raises(DBAPIError, match=f"ck_payouts_{rule}"):
        desk.writes(lambda: db.session.execute(text(cheat)))
    desk.writes(lambda: cheats(cheat, rule))
    assert f"拨付 {waiting} {named}" in "".join(desk.findings())


def cheats(statement: str, rule: str) -> None:
    """Run a statement that the database would refuse."""
    let_pass, hold_again = {
        "sqlite": ("PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints = OFF"),
        "postgresql": (f"ALTER TABLE payouts DROP CONSTRAINT ck_payouts_{rule}", "SELECT 1"),
    }[db.engine.dialect.name]
    for one in (let_pass, statement, hold_again):
        db.session.execute(text(one))


WRONG = [
    ("UPDATE payouts SET approved_by = NULL, approved_at = NULL", "没有对应的拨付记录", "money without an approval"),
    (CLOSED, "还在等待批准，但项目已经结项", "a payout that waits for a closed project"),
    ("UPDATE staff SET role = 'auditor' WHERE id = {checker}", "不是全国账号", "a refusal by somebody else"),
]


@pytest.mark.parametrize(("statement", "named", "reason"), WRONG, ids=[row[2] for row in WRONG])
def test_what_became_of_a_payout_is_compared_with_the_ledger(
    desk: Desk, lamps: str, statement: str, named: str, reason: str
) -> None:
    desk.pays_out(lamps, 1_00)
    refused = desk.proposes(lamps, 2_00)
    desk.refuses(refused, by=desk.hires("national"))
    desk.proposes(lamps, 3_00)
    desk.is_ordered()
    assert desk.findings() == []
    refuser = desk.asks(lambda: db.session.scalar(text("SELECT ended_by FROM payouts WHERE ended_by IS NOT NULL")))
    desk.writes(lambda: db.session.execute(text(statement.format(checker=refuser))))
    assert named in "".join(desk.findings()), reason


def test_what_waited_for_a_closed_project_before_there_were_ends_has_ended_with_it(
    desk: Desk, app: Flask, lamps: str, waiting: str
) -> None:
    withdrawn = desk.proposes(lamps, 1_00)
    desk.withdraws(withdrawn)
    with app.app_context():
        flask_migrate.downgrade(revision="0010")
    desk.writes(lambda: db.session.execute(text(CLOSED)))
    with app.app_context():
        flask_migrate.upgrade()
    rows = desk.checker.sees("/desk/payouts").json["items"]
    assert [(one["code"], one["state"], one["ended_at"]) for one in rows] == [
        (waiting, "closed", "2026-06-01T12:00:00+08:00")
    ]
