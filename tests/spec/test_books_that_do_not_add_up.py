"""Books that do not add up are not written any more: reading goes on, and no money that comes meanwhile is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from backend.core.db import db
from backend.core.errors import BooksStopped
from backend.jobs import publishing, self_check
from backend.jobs.steps import Step
from backend.ledger import guard
from tests.world.giving import OURS, Giving, new_key, ordered, project_of, village

__all__ = ["village"]


def is_checked(village: Giving, step: Step = self_check.STEP) -> None:
    """Five minutes are over: the scheduler's check comes round."""
    with village.app.app_context():
        assert step.act(village.clock) == 0


def goes_wrong(village: Giving) -> None:
    """Somebody's hand, or a fault of ours, moves a balance; the check comes round."""
    village.works("order")
    village.writes(lambda: db.session.execute(text("UPDATE accounts SET balance_fen = balance_fen + 1")))
    is_checked(village)


def runs(village: Giving, command: str) -> tuple[int, str]:
    """The operator runs a command; return its exit code and what it said."""
    answer = village.app.test_cli_runner().invoke(args=[command])
    return answer.exit_code, answer.output


def readiness(village: Giving) -> str | None:
    told = village.app.test_client().get("/readyz").json
    return {part["name"]: part["detail"] for part in (told or {})["parts"]}["books"]


def test_books_that_add_up_stay_open_and_the_check_is_noted(village: Giving) -> None:
    village.paid_gift(village.opens_project("屋顶"))
    is_checked(village)
    state = village.asks(guard.state)
    assert (state.stopped_at, state.checked_at) == (None, village.clock)
    assert (village.alerts(), readiness(village)) == ([], None)
    assert runs(village, "open-books") == (0, "账目无误，没有暂停。\n")


@pytest.mark.promise(name="P3")
def test_when_the_books_do_not_add_up_nothing_is_posted_and_a_person_is_called_once(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    village.paid_gift(roof)
    goes_wrong(village)
    before = village.transfers()
    with pytest.raises(BooksStopped):
        village.receives(roof, 5_00)
    is_checked(village)
    assert (village.transfers(), village.alerts()) == (before, ["BOOKS_STOPPED"])
    assert "余额缓存" in (readiness(village) or "")
    assert "open-books" in (readiness(village) or "")


@pytest.mark.promise(name="P3")
def test_a_verified_notice_waits_in_the_inbox_until_the_books_are_open_again(village: Giving) -> None:
    phone, gift = ordered(village)
    village.paid_gift(project_of(gift), 1_00)
    goes_wrong(village)
    village.pays_unseen(gift)
    told = village.notice(gift, transaction_id=village.collected(gift))
    assert [village.hears(told).status_code for _ in range(2)] == [204, 204]
    assert (village.transfers(), village.heard()) == (1, ["settled", "waiting"])
    village.works("settle_waiting")
    assert village.heard() == ["settled", "waiting"], "and goes on waiting"

    code, said = runs(village, "open-books")
    assert (code, "余额缓存" in said, "rebuild-balances" in said) == (1, True, True)
    assert "个账户的余额" in runs(village, "rebuild-balances")[1]
    assert "恢复办理" in runs(village, "open-books")[1]
    village.works()
    assert (village.holds(project_of(gift)), phone.sees(gift)["state"]) == (51_00, "paid")
    assert (village.out_of_joint(), readiness(village)) == ([], None)


@pytest.mark.promise(name="P3")
def test_while_the_books_are_stopped_nobody_is_asked_to_pay_and_everybody_may_read(village: Giving) -> None:
    phone, gift = ordered(village)
    village.paid_gift(project_of(gift), 1_00)
    goes_wrong(village)
    paying = ((f"/projects/{project_of(gift)}/gifts", {"amount_fen": 1}), (f"/gifts/{gift['code']}/payment", {}))
    for path, told in paying:
        headers = {**OURS, "Idempotency-Key": new_key()}
        answer = phone.browser.post(f"/api/v1{path}", json=told, headers=headers)
        assert (answer.status_code, answer.json["code"], answer.json["retryable"]) == (503, "BOOKS_STOPPED", True)
        assert answer.headers["Retry-After"] == "2"
    assert village.order_states() == ["payable", "paid"]
    assert phone.asks(f"/projects/{project_of(gift)}")["received_fen"] == 1_00
    assert village.phone() is not None, "a new phone still gets its session"


def test_while_the_books_are_stopped_no_notice_is_published(village: Giving) -> None:
    village.paid_gift(village.opens_project("屋顶"))
    goes_wrong(village)
    later = village.clock + timedelta(days=40)
    with village.app.app_context(), pytest.raises(publishing.PeriodsPaused, match="open-books"):
        publishing.publish_due(now=later, worker="one")


def test_balances_made_anew_are_those_of_the_transfers(village: Giving) -> None:
    roof = village.opens_project("屋顶")
    for fen in (20_00, 30_00):
        village.receives(roof, fen)
    village.is_paid(roof, 45_00)
    village.works("order")
    village.receives(roof, 1_00)
    before = village.holds(roof)
    village.writes(lambda: db.session.execute(text("UPDATE accounts SET balance_fen = 7")))
    village.writes(lambda: db.session.execute(text("DELETE FROM account_flows")))
    assert runs(village, "rebuild-balances")[0] == 0
    assert village.holds(roof) == before == 6_00
    assert runs(village, "open-books")[0] == 0


def test_an_empty_ledger_has_no_balances_to_make_anew(village: Giving) -> None:
    assert "0 个账户" in runs(village, "rebuild-balances")[1]
