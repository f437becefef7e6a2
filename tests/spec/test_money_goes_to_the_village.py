"""The national desk sends money on by two people; the village spends it with vouchers and corrects by adding."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.core.db import db
from tests.world.desk import NEIGHBOUR, Desk, Hand, picture
from tests.world.money import at_once
from tests.world.regions import ZHONGXIN


@pytest.fixture
def paid(desk: Desk, lamps: str) -> str:
    """The same project with its 1,000 yuan in the village."""
    desk.pays_out(lamps, 1000_00)
    return lamps


def test_money_moves_to_the_village_when_a_second_person_approves(desk: Desk, lamps: str) -> None:
    payout = desk.proposes(lamps, 600_00)
    assert desk.holds(f"00/{lamps}") == 1000_00

    own = desk.approves(payout, by=desk.payer)
    assert (own.status_code, own.json["code"]) == (403, "FOUR_EYES")
    assert desk.holds(f"00/{lamps}") == 1000_00

    assert desk.approves(payout).status_code == 201
    assert desk.holds(f"00/{lamps}") == 400_00
    assert desk.holds(f"{ZHONGXIN}/{lamps}") == 600_00
    shown = desk.payer.sees("/desk/payouts").json["items"][0]
    assert (shown["amount_fen"], shown["approved_at"]) == (600_00, "2026-06-01T12:00:00+08:00")


def test_a_payout_approved_again_moves_nothing_more(desk: Desk, lamps: str) -> None:
    payout = desk.proposes(lamps, 600_00)
    assert [desk.approves(payout).status_code for _ in range(3)] == [201, 201, 201]
    third = desk.approves(payout, by=desk.hires("national"))
    assert (third.status_code, third.json["code"]) == (409, "ALREADY_APPROVED")
    assert desk.holds(f"{ZHONGXIN}/{lamps}") == 600_00


def test_the_database_itself_refuses_one_person_in_both_places(desk: Desk, lamps: str) -> None:
    desk.proposes(lamps, 1_00)
    cheat = "UPDATE payouts SET approved_by = proposed_by, approved_at = proposed_at"
    with pytest.raises(DBAPIError, match="four_eyes"):
        desk.writes(lambda: db.session.execute(text(cheat)))


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"amount_fen": 1000_01}, 409, "BALANCE_TOO_SMALL"),
        ({"amount_fen": 0}, 422, "AMOUNT_INVALID"),
        ({"amount_fen": -5}, 422, "AMOUNT_INVALID"),
        ({"amount_fen": "100"}, 422, "AMOUNT_INVALID"),
        ({"amount_fen": 1.5}, 422, "AMOUNT_INVALID"),
        ({"amount_fen": True}, 422, "AMOUNT_INVALID"),
        ({"amount_fen": 1, "project_code": "absent"}, 404, "NOT_FOUND"),
        ({"amount_fen": 1, "approved_by": "me"}, 422, "UNKNOWN_FIELD"),
    ],
)
def test_no_more_is_proposed_than_there_is(
    desk: Desk, lamps: str, form: dict[str, Any], status: int, code: str
) -> None:
    answer = desk.payer.does("/desk/payouts", {"project_code": lamps} | form)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_of_two_payouts_of_the_same_money_one_is_paid(desk: Desk, lamps: str) -> None:
    payouts = [desk.proposes(lamps, 700_00), desk.proposes(lamps, 700_00)]
    hands = [desk.checker, desk.hires("national")]
    answers: list[int] = []

    def approving(payout: str, hand: Hand) -> None:
        answers.append(desk.approves(payout, by=hand).status_code)

    acts = [lambda pair=pair: approving(*pair) for pair in zip(payouts, hands, strict=True)]
    assert at_once(desk.app, acts) == []
    assert sorted(answers) == [201, 409]
    assert desk.holds(f"00/{lamps}") == 300_00


def test_only_the_national_desk_pays_out(desk: Desk, lamps: str) -> None:
    county = desk.hires("county", ZHONGXIN[:6])
    for hand in (desk.cadre, county):
        assert hand.does("/desk/payouts", {"project_code": lamps, "amount_fen": 1}).status_code == 404
        assert desk.approves(desk.proposes(lamps, 1_00), by=hand).status_code == 404
    assert len(county.sees("/desk/payouts").json["items"]) == 2
    assert desk.hires("village", NEIGHBOUR).sees("/desk/payouts").json["items"] == []
    assert desk.approves("absent").status_code == 404


def test_spending_has_a_voucher_and_a_number_of_its_own(desk: Desk, paid: str) -> None:
    first, second = desk.spends(paid, 300_00), desk.spends(paid, 200_50, title="立杆水泥", channel="cash")
    assert (first.status_code, first.json["number"], second.json["number"]) == (201, 1, 2)
    assert desk.holds(f"{ZHONGXIN}/{paid}") == 499_50
    desk.is_ordered()
    lines = desk.page(f"/projects/{paid}/spending")["items"]
    assert [(line["number"], line["title"], line["amount_fen"]) for line in lines] == [
        (2, "立杆水泥", 200_50),
        (1, "路灯 8 盏", 300_00),
    ]
    assert all(desk.app.test_client().get(line["voucher_url"]).status_code == 200 for line in lines)
    assert [line["position"] for line in lines] == [4, 3]


@pytest.mark.parametrize(
    ("changes", "status", "code", "reason"),
    [
        ({"amount_fen": 1000_01}, 409, "BALANCE_TOO_SMALL", "more than the village holds"),
        ({"amount_fen": 0}, 422, "AMOUNT_INVALID", "nothing is no spending"),
        ({"spent_on": "2026-06-02"}, 422, "SPENT_IN_FUTURE", "tomorrow has not come"),
        ({"spent_on": "2026-05-26"}, 422, "SPENT_BEFORE_START", "the project began on 27 May"),
        ({"channel": "favour"}, 422, "INVALID_INPUT", "bank or cash"),
        ({"voucher_media": "A" * 16}, 422, "MEDIA_UNKNOWN", "no such picture"),
        ({"title": "  "}, 422, "TEXT_INVALID", "for something"),
        ({"number": 7}, 422, "UNKNOWN_FIELD", "the number is not chosen"),
    ],
)
def test_spending_that_cannot_be_is_refused(
    desk: Desk, paid: str, changes: dict[str, Any], status: int, code: str, reason: str
) -> None:
    answer = desk.spends(paid, 1_00, **changes)
    assert (answer.status_code, answer.json["code"]) == (status, code), reason
    assert desk.holds(f"{ZHONGXIN}/{paid}") == 1000_00
    assert desk.page(f"/projects/{paid}/spending")["items"] == []


def test_spending_without_a_voucher_is_refused(desk: Desk, paid: str) -> None:
    form = {"title": "路灯", "amount_fen": 1_00, "spent_on": "2026-06-01"}
    answer = desk.cadre.does(f"/desk/projects/{paid}/spending", form)
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID_INPUT")
    assert "voucher_media" in answer.json["fields"]


def test_a_voucher_is_used_once_also_when_it_is_uploaded_anew(desk: Desk, paid: str) -> None:
    photo = picture()
    first, copy = (desk.cadre.uploads(photo).json["code"] for _ in range(2))
    assert desk.spends(paid, 1_00, voucher_media=first).status_code == 201
    for code in (first, copy):
        again = desk.spends(paid, 1_00, voucher_media=code)
        assert (again.status_code, again.json["code"]) == (409, "VOUCHER_USED")


def test_spending_at_the_same_moment_neither_shares_a_number_nor_overdraws(desk: Desk, paid: str) -> None:
    vouchers = [desk.cadre.voucher() for _ in range(6)]
    answers: list[int] = []
    acts = [
        lambda one=one: answers.append(desk.spends(paid, 300_00, voucher_media=one).status_code) for one in vouchers
    ]
    assert at_once(desk.app, acts) == []
    assert sorted(answers) == [201, 201, 201, 409, 409, 409]
    assert sorted(line["number"] for line in desk.page(f"/projects/{paid}/spending")["items"]) == [1, 2, 3]
    assert desk.holds(f"{ZHONGXIN}/{paid}") == 100_00


def test_spending_sent_twice_is_spent_once(desk: Desk, paid: str) -> None:
    form = {"title": "路灯", "amount_fen": 100_00, "spent_on": "2026-06-01", "voucher_media": desk.cadre.voucher()}
    sent = [desk.cadre.does(f"/desk/projects/{paid}/spending", form, key="spent-once").data for _ in range(2)]
    assert sent[0] == sent[1]
    assert desk.holds(f"{ZHONGXIN}/{paid}") == 900_00


def test_a_mistake_is_corrected_by_another_row_and_never_by_more_than_the_line(desk: Desk, paid: str) -> None:
    line = desk.spends(paid, 300_00).json["code"]
    path = f"/desk/spending/{line}/corrections"
    assert desk.cadre.does(path, {"amount_fen": 180_00, "reason": "多记一车砂石"}).status_code == 201
    assert desk.holds(f"{ZHONGXIN}/{paid}") == 880_00

    too_much = desk.cadre.does(path, {"amount_fen": 120_01, "reason": "再更正"})
    assert (too_much.status_code, too_much.json["code"]) == (409, "CORRECTION_TOO_LARGE")
    assert too_much.json["left_fen"] == 120_00
    assert desk.cadre.does(path, {"amount_fen": 0, "reason": "x"}).json["code"] == "AMOUNT_INVALID"
    assert desk.cadre.does("/desk/spending/absent/corrections", {"amount_fen": 1, "reason": "x"}).status_code == 404

    shown = desk.page(f"/projects/{paid}/spending")["items"][0]
    assert (shown["amount_fen"], shown["corrected_fen"]) == (300_00, 180_00)
    figures = desk.page(f"/projects/{paid}")["figures"]
    assert (figures["spent_fen"], figures["with_village_fen"]) == (120_00, 880_00)


@pytest.mark.parametrize("table", ["spending_lines", "spending_corrections"])
@pytest.mark.parametrize("change", ["UPDATE {} SET amount_fen = 1", "DELETE FROM {}"])
def test_nobody_rewrites_what_was_spent_not_even_in_sql(desk: Desk, paid: str, table: str, change: str) -> None:
    line = desk.spends(paid, 300_00).json["code"]
    desk.cadre.does(f"/desk/spending/{line}/corrections", {"amount_fen": 1_00, "reason": "x"})
    with pytest.raises(DBAPIError, match="added, never changed"):
        desk.writes(lambda: db.session.execute(text(change.format(table))))


def test_every_figure_of_a_project_can_be_followed_in_its_transfers(desk: Desk, paid: str) -> None:
    desk.is_given(paid, 50_00)
    line = desk.spends(paid, 300_00).json
    desk.cadre.does(f"/desk/spending/{line['code']}/corrections", {"amount_fen": 80_00, "reason": "退货"})
    desk.is_ordered()

    rows: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = desk.page(f"/projects/{paid}/transfers?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        rows, cursor = rows + page["items"], page["next_cursor"]
    assert [row["position"] for row in rows] == [5, 4, 3, 2, 1]

    def total(reason: str) -> int:
        return sum(row["amount_fen"] for row in rows if row["reason"] == reason)

    figures = desk.page(f"/projects/{paid}")["figures"]
    assert figures["received_fen"] == total("gift") == 1050_00
    assert figures["spent_fen"] == total("spending") - total("spending_correction") == 220_00
    assert figures["with_village_fen"] == total("payout") - figures["spent_fen"] == 780_00
    assert figures["with_nation_fen"] == total("gift") - total("payout") == 50_00
    assert rows[1]["reference"] == line["reference"]
