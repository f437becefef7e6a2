"""Whoever tries alone what takes two people is refused, and the try itself is written down: once, and nothing else."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.core import clock
from backend.core.audit import AuditEntry
from backend.core.db import db
from tests.world.billing import Line, Reconciling, make_village
from tests.world.carding import Case, case
from tests.world.desk import Desk, Hand
from tests.world.giving import Giving
from tests.world.refunding import Given, Refunding, gift, village

__all__ = ["case", "gift", "village"]


def everything_else(world: Giving | Desk) -> dict[str, list[Any]]:
    """Every row of every table but the audit log."""
    tables = [table for table in db.metadata.sorted_tables if table is not AuditEntry.__table__]
    return world.asks(lambda: {one.name: sorted(map(str, db.session.execute(select(one)))) for one in tables})


def refusals(world: Giving | Desk) -> list[tuple[str, dict[str, Any]]]:
    """The tries that were written down, oldest first: at what, and what is told of them."""
    rows = select(AuditEntry.subject, AuditEntry.facts).where(AuditEntry.action == "desk.refused")
    found = rows.order_by(AuditEntry.id)
    return world.asks(lambda: [(row.subject, json.loads(row.facts)) for row in db.session.execute(found)])


def tries(world: Giving | Desk, hand: Hand, path: str, form: dict[str, Any] | None = None) -> TestResponse:
    """Try something twice: each try is one row more, and nothing else is written."""
    before, known = everything_else(world), world.asks(lambda: len(db.session.scalars(select(AuditEntry)).all()))
    for _ in range(2):
        answer = hand.does(path, form)
    assert everything_else(world) == before
    assert world.asks(lambda: len(db.session.scalars(select(AuditEntry)).all())) == known + 2
    return answer


def told(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, str((answer.json or {})["code"])


def test_who_proposed_a_payout_and_would_approve_it(desk: Desk, lamps: str) -> None:
    payout = desk.proposes(lamps, 600_00)
    assert told(tries(desk, desk.payer, f"/desk/payouts/{payout}/approvals")) == (403, "FOUR_EYES")
    assert refusals(desk) == [(payout, {"tried": "payouts.approve", "code": "FOUR_EYES"})] * 2


def test_who_asked_for_a_refund_and_would_decide_about_it(village: Refunding, gift: Given) -> None:
    clerk, other = village.hires("clerk"), village.hires("other")
    asked = clerk.does("/desk/refunds", {"gift_code": gift.code, "amount_fen": 5_00, "reason": "电话里说重复捐了"})
    refund = asked.json["code"]
    assert told(tries(village, clerk, f"/desk/refunds/{refund}/approvals")) == (403, "FOUR_EYES")
    assert told(tries(village, clerk, f"/desk/refunds/{refund}/refusal", {"reason": "不退"})) == (403, "FOUR_EYES")
    assert other.does(f"/desk/refunds/{refund}/approvals").json["state"] == "checked"
    assert told(tries(village, other, f"/desk/refunds/{refund}/approvals")) == (403, "FOUR_EYES")
    assert refusals(village) == [(refund, {"tried": "refunds.decide", "code": "FOUR_EYES"})] * 6


def test_who_entered_a_card_and_would_confirm_it(case: Case) -> None:
    path, card = f"/desk/refunds/{case.refund}/card-confirmation", {"card_code": case.entered()}
    assert told(tries(case.village, case.first, path, card)) == (403, "CARD_FOUR_EYES")
    assert refusals(case.village) == [(case.refund, {"tried": "refunds.decide", "code": "CARD_FOUR_EYES"})] * 2


@pytest.fixture
def billed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Reconciling:
    """A village after its first day: the bill tells of one payment more than the ledger."""
    billed = make_village(app, lambda now: monkeypatch.setattr(clock, "now", now))
    stranger = Line(at=billed.clock, order_no="D-stranger", transaction_no="T-stranger", fen=5_00)
    billed.paid_gift(billed.fund, 100_00)
    billed.bills.tells(date(2026, 6, 1), [*billed.lines(), stranger])
    billed.the_day_after()
    billed.reconciles()
    return billed


def test_who_proposed_how_a_difference_ends_and_would_approve_it(billed: Reconciling) -> None:
    payer = Desk(billed.app, clock=billed.clock).payer
    found = payer.sees("/desk/reconciliation/sandbox/2026-06-01/differences").json["items"]
    (missing,) = [one for one in found if one["kind"] == "missing"]
    path, proposal = f"/desk/differences/{missing['code']}", {"action": "take_in", "reason": "确有这笔钱"}
    assert payer.does(f"{path}/proposals", proposal).status_code == 201
    assert told(tries(billed, payer, f"{path}/approvals")) == (403, "FOUR_EYES")
    assert refusals(billed) == [(missing["code"], {"tried": "reconciliation.decide", "code": "FOUR_EYES"})] * 2


def test_who_recorded_money_for_fees_and_would_approve_it(billed: Reconciling) -> None:
    payer = Desk(billed.app, clock=billed.clock).payer
    form = {"amount_fen": 50_00, "received_on": "2026-06-02", "reason": "管理费转入", "voucher_media": payer.voucher()}
    money = payer.does("/desk/fees", form).json["code"]
    assert told(tries(billed, payer, f"/desk/fees/{money}/approvals")) == (403, "FOUR_EYES")
    assert refusals(billed) == [(money, {"tried": "fees.fund", "code": "FOUR_EYES"})] * 2


def test_who_would_open_more_than_thirty_values_within_an_hour(village: Refunding, gift: Given) -> None:
    clerk, refund = village.hires("clerk"), village.asked(gift, 20_00)
    path, why = f"/desk/refunds/{refund}/openings", {"reason": "给捐赠人回电话"}
    assert {clerk.does(path, why).status_code for _ in range(30)} == {201}
    assert told(tries(village, clerk, path, why)) == (429, "OPENED_TOO_MANY")
    assert refusals(village) == [(refund, {"tried": "vault.open", "code": "OPENED_TOO_MANY"})] * 2
