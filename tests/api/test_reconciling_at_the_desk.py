"""The national desk reads the days, works differences off by two people, closes days and sets money aside for fees."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from backend.core import clock
from tests.world.billing import Line, Reconciling, make_village
from tests.world.desk import Desk, Hand

DAY = "/desk/reconciliation/sandbox/2026-06-01"


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Reconciling:
    """A village after its first day: the bill tells of one payment more than the ledger."""
    village = make_village(app, lambda now: monkeypatch.setattr(clock, "now", now))
    village.paid_gift(village.fund, 100_00)
    stranger = Line(at=village.clock, order_no="D-stranger", transaction_no="T-stranger", fen=5_00)
    village.bills.tells(date(2026, 6, 1), [*village.lines(), stranger])
    village.the_day_after()
    village.reconciles()
    return village


@pytest.fixture
def office(village: Reconciling) -> Desk:
    """The desk, on the village's clock."""
    return Desk(village.app, clock=village.clock)


def find(hand: Hand, kind: str) -> dict[str, object]:
    found = hand.sees(f"{DAY}/differences").json or {}
    (one,) = [one for one in found["items"] if one["kind"] == kind]
    return dict(one)


def test_a_day_is_worked_off_by_two_people_and_closed(village: Reconciling, office: Desk) -> None:
    payer, checker = office.payer, office.checker
    (day,) = (payer.sees("/desk/reconciliation").json or {})["items"]
    assert (day["state"], day["open_count"], day["difference_count"]) == ("open", 2, 2)
    assert (day["paid_fen"], day["fee_fen"], day["seal"], day["is_overdue"]) == (105_00, 63, None, False)
    missing = find(payer, "missing")
    assert (missing["order_no"], missing["theirs_fen"], missing["actions"]) == (
        "D-stranger",
        5_00,
        ["explain", "take_in"],
    )
    path = f"/desk/differences/{missing['code']}"
    told = {"action": "take_in", "reason": "确有这笔钱"}
    assert payer.does(f"{path}/proposals", told).status_code == 201
    assert payer.does(f"{path}/approvals").json["code"] == "FOUR_EYES"  # type: ignore[index]  # a problem
    assert checker.does(f"{path}/refusal", {"reason": "先问一问"}).json["state"] == "open"  # type: ignore[index]  # it
    assert payer.does(f"{path}/proposals", told).json["is_mine"]  # type: ignore[index]  # the difference
    assert checker.does(f"{path}/approvals").json["state"] == "settled"  # type: ignore[index]  # the difference
    assert village.unallocated() == 5_00
    assert payer.does(f"{DAY}/closing").json["code"] == "DAY_HAS_OPEN"  # type: ignore[index]  # a problem
    village.sets_aside()
    village.later(minutes=1)
    village.reconciles()
    closed = payer.does(f"{DAY}/closing").json or {}
    assert (closed["state"], closed["closed_by"], len(closed["seal"])) == ("sealed", "张national", 64)
    opened = payer.does(f"{DAY}/reopening", {"reason": "渠道来电更正"}).json or {}
    assert (opened["state"], opened["version"]) == ("open", 2)
    assert payer.sees(DAY).json["version"] == 2  # type: ignore[index]  # the day
    assert payer.does(f"{DAY}/without-bill", {"reason": "没有"}).json["code"] == "BILL_STILL_COMES"  # type: ignore[index]  # it


def test_money_for_fees_is_set_aside_by_two_people(village: Reconciling, office: Desk) -> None:
    payer, checker = office.payer, office.checker
    before = payer.sees("/desk/fees").json or {}
    assert (before["held_fen"], before["waiting_fen"], before["items"]) == (0, 63, [])
    form = {"amount_fen": 50_00, "received_on": "2026-06-02", "reason": "管理费转入"}
    codes = []
    for _ in range(3):
        answer = payer.does("/desk/fees", form | {"voucher_media": payer.voucher()}).json or {}
        assert (answer["state"], answer["is_mine"]) == ("waiting", True)
        codes.append(answer["code"])
    assert payer.does(f"/desk/fees/{codes[0]}/approvals").json["code"] == "FOUR_EYES"  # type: ignore[index]  # a problem
    assert checker.does(f"/desk/fees/{codes[0]}/approvals").json["state"] == "approved"  # type: ignore[index]  # it
    assert payer.does(f"/desk/fees/{codes[1]}/refusal", {}).json["state"] == "withdrawn"  # type: ignore[index]  # it
    ended = checker.does(f"/desk/fees/{codes[2]}/refusal", {"reason": "凭证不清楚"}).json or {}
    assert (ended["state"], ended["end_reason"]) == ("refused", "凭证不清楚")
    village.later(minutes=1)
    village.reconciles()
    after = payer.sees("/desk/fees?limit=2").json or {}
    assert (after["held_fen"], after["waiting_fen"], len(after["items"])) == (50_00 - 63, 0, 2)
    more = payer.sees(f"/desk/fees?cursor={after['next_cursor']}").json or {}
    assert [one["code"] for one in more["items"]] == [codes[0]]
    assert payer.sees(more["items"][0]["voucher_url"].removeprefix("/api/v1")).status_code == 200


def test_days_are_listed_by_cursor_and_an_unknown_one_is_not_there(village: Reconciling, office: Desk) -> None:
    village.paid_gift(village.fund, 1_00)
    village.the_day_after()
    village.reconciles()
    first = office.payer.sees("/desk/reconciliation?limit=1").json or {}
    rest = office.payer.sees(f"/desk/reconciliation?cursor={first['next_cursor']}").json or {}
    assert [one["day"] for one in first["items"] + rest["items"]] == ["2026-06-02", "2026-06-01"]
    for path in ("sandbox/2020-01-01", "sandbox/today", "wechat/2026-06-01"):
        assert office.payer.sees(f"/desk/reconciliation/{path}").status_code == 404


def test_auditors_read_and_decide_nothing_and_others_see_nothing(village: Reconciling, office: Desk) -> None:
    auditor, cadre = office.hires("auditor"), office.hires("village", village.village)
    code = find(auditor, "missing")["code"]
    proposal = {"action": "explain", "reason": "看看"}
    assert auditor.does(f"/desk/differences/{code}/proposals", proposal).status_code == 403
    for path in ("/desk/reconciliation", DAY, f"{DAY}/differences", "/desk/fees"):
        assert auditor.sees(path).status_code == 200
        assert cadre.sees(path).status_code == 404
        assert Hand(village.app.test_client()).sees(path).status_code == 401
