"""What a closed project has left goes to the village's fund; money without a project waits for the national desk."""

from __future__ import annotations

import pytest

from backend.ledger.published import public_reference
from tests.world.desk import NEIGHBOUR, Desk
from tests.world.regions import ZHONGXIN


@pytest.fixture
def fund(desk: Desk) -> str:
    """The fund of the village."""
    return desk.opens_fund()


@pytest.fixture
def lamps(desk: Desk, fund: str) -> str:
    """A project with 400 yuan at the nation and 600 in the village, of which 250 are spent."""
    code = desk.publishes()
    desk.is_given(code, 1000_00)
    desk.pays_out(code, 600_00)
    assert desk.spends(code, 250_00).status_code == 201
    return code


def test_what_a_closed_project_has_left_moves_to_the_fund_of_its_village(desk: Desk, fund: str, lamps: str) -> None:
    assert desk.cadre.does(f"/desk/projects/{lamps}/end").json["state"] == "ended"
    assert desk.cadre.does(f"/desk/projects/{lamps}/close").json["state"] == "closed"

    assert desk.holds(f"00/{lamps}") == desk.holds(f"{ZHONGXIN}/{lamps}") == 0
    assert desk.holds(f"00/{fund}") == 400_00
    assert desk.holds(f"{ZHONGXIN}/{fund}") == 350_00
    page = desk.page(f"/projects/{lamps}")
    assert page["refusal"]["code"] == "NOT_COLLECTING"
    assert page["figures"] == {
        "received_fen": 1000_00,
        "with_nation_fen": 0,
        "in_transit_fen": 0,
        "with_village_fen": 0,
        "spent_fen": 250_00,
        "moved_to_fund_fen": 750_00,
        "refunding_fen": 0,
        "refunded_fen": 0,
    }


def test_the_village_counts_what_moved_to_its_fund_once(desk: Desk, fund: str, lamps: str) -> None:
    desk.is_given(fund, 10_00)
    desk.cadre.does(f"/desk/projects/{lamps}/end")
    desk.cadre.does(f"/desk/projects/{lamps}/close")

    village = desk.page(f"/villages/{ZHONGXIN}")
    assert village["figures"] == {
        "received_fen": 1010_00,
        "with_nation_fen": 410_00,
        "in_transit_fen": 0,
        "with_village_fen": 350_00,
        "spent_fen": 250_00,
        "refunding_fen": 0,
        "refunded_fen": 0,
        "gift_count": 2,
        "project_count": 1,
    }
    assert village["fund"]["received_fen"] == 760_00
    card = desk.page("/villages")["items"][0]
    assert (card["received_fen"], card["project_count"], card["fund_code"]) == (1010_00, 1, fund)


def test_a_project_ends_before_it_closes_and_neither_happens_twice(desk: Desk, fund: str, lamps: str) -> None:
    early = desk.cadre.does(f"/desk/projects/{lamps}/close")
    assert (early.status_code, early.json["code"]) == (409, "STILL_COLLECTING")
    assert desk.cadre.does(f"/desk/projects/{lamps}/end").status_code == 201
    again = desk.cadre.does(f"/desk/projects/{lamps}/end")
    assert (again.status_code, again.json["code"]) == (409, "PROJECT_OVER")
    for step in ("end", "close"):
        answer = desk.cadre.does(f"/desk/projects/{fund}/{step}")
        assert (answer.status_code, answer.json["code"]) == (409, "FUND_STANDS")
        assert desk.cadre.does(f"/desk/projects/absent/{step}").status_code == 404


def test_a_project_whose_days_are_over_closes_without_being_ended(desk: Desk, lamps: str) -> None:
    desk.passes(days=91)
    assert desk.page(f"/projects/{lamps}")["state"] == "ended"
    assert desk.hires("village", ZHONGXIN).does(f"/desk/projects/{lamps}/close").json["state"] == "closed"


def test_money_that_comes_after_closing_is_moved_by_closing_again(desk: Desk, fund: str, lamps: str) -> None:
    for step in ("end", "close"):
        desk.cadre.does(f"/desk/projects/{lamps}/{step}")
    desk.is_given(lamps, 5_00)
    assert "还有 500 分没有转入基金" in "".join(desk.findings())
    assert desk.cadre.does(f"/desk/projects/{lamps}/close").status_code == 201
    assert desk.holds(f"00/{fund}") == 405_00


def test_a_correction_after_closing_goes_on_to_the_fund(desk: Desk, fund: str, lamps: str) -> None:
    line = desk.page(f"/projects/{lamps}/spending")["items"][0]["code"]
    for step in ("end", "close"):
        desk.cadre.does(f"/desk/projects/{lamps}/{step}")
    desk.cadre.does(f"/desk/spending/{line}/corrections", {"amount_fen": 50_00, "reason": "退货"})
    assert desk.holds(f"{ZHONGXIN}/{lamps}") == 0
    assert desk.holds(f"{ZHONGXIN}/{fund}") == 400_00


def test_a_closed_project_gets_no_payout_and_no_reallocation(desk: Desk, lamps: str) -> None:
    waiting = desk.proposes(lamps, 100_00)
    reference = desk.comes_in("00/unallocated", 7_00, reason="gift_unallocated")
    for step in ("end", "close"):
        desk.cadre.does(f"/desk/projects/{lamps}/{step}")
    refused = (
        desk.approves(waiting),
        desk.payer.does("/desk/payouts", {"project_code": lamps, "amount_fen": 1}),
        desk.payer.does(f"/desk/unallocated/{reference}/reallocations", {"project_code": lamps}),
    )
    assert [(one.status_code, one.json["code"]) for one in refused] == [(409, "PROJECT_CLOSED")] * 3


def test_money_without_a_project_waits_and_is_given_one_once(desk: Desk, fund: str, lamps: str) -> None:
    first, second = (desk.comes_in("00/unallocated", fen, reason="gift_unallocated") for fen in (30_00, 40_00))
    assert [one["amount_fen"] for one in desk.payer.sees("/desk/unallocated").json["items"]] == [30_00, 40_00]
    oldest = desk.payer.sees("/desk/unallocated?limit=1").json
    assert [(one["meant_for"], one["offers"]) for one in oldest["items"]] == [(None, [])], "no order of ours"
    newer = desk.payer.sees(f"/desk/unallocated?cursor={oldest['next_cursor']}").json
    assert [one["reference"] for one in newer["items"]] == [second]

    path = f"/desk/unallocated/{first}/reallocations"
    assert [desk.payer.does(path, {"project_code": lamps}).status_code for _ in range(2)] == [201, 201]
    other = desk.payer.does(path, {"project_code": fund})
    assert (other.status_code, other.json["code"]) == (409, "REFERENCE_REUSED")
    assert desk.holds(f"00/{lamps}") == 430_00
    assert desk.holds("00/unallocated") == 40_00
    desk.is_ordered()
    row = desk.page(f"/projects/{lamps}/transfers")["items"][0]
    assert (row["reason"], row["reference"]) == ("reallocation", f"reallocation:{public_reference(first)}")
    assert [one["reference"] for one in desk.payer.sees("/desk/unallocated").json["items"]] == [second]
    assert desk.page(f"/projects/{lamps}")["figures"]["received_fen"] == 1030_00


@pytest.mark.parametrize(("reference", "reason"), [("absent", "no such money"), ("payout", "money of a project")])
def test_only_money_that_waits_can_be_given_a_project(desk: Desk, lamps: str, reference: str, reason: str) -> None:
    desk.is_ordered()
    rows = desk.page(f"/projects/{lamps}/transfers")["items"]
    told = next((row["reference"] for row in rows if row["reason"] == reference), reference)
    answer = desk.payer.does(f"/desk/unallocated/{told}/reallocations", {"project_code": lamps})
    assert answer.status_code == 404, reason
    assert desk.cadre.sees("/desk/unallocated").status_code == 404


def test_a_village_without_a_fund_has_a_page_that_says_so(desk: Desk) -> None:
    page = desk.page(f"/villages/{NEIGHBOUR}")
    assert (page["fund"], page["projects"], page["team"], page["figures"]["received_fen"]) == (None, [], None, 0)
    assert page["figures"]["project_count"] == 0
    assert desk.app.test_client().get("/api/v1/villages/320904104").status_code == 422
    assert desk.app.test_client().get("/api/v1/villages/999999999999").status_code == 404


def test_followed_villages_are_asked_for_by_name(desk: Desk, fund: str) -> None:
    assert [one["code"] for one in desk.page(f"/villages?codes={ZHONGXIN},{NEIGHBOUR}")["items"]] == [ZHONGXIN]
    assert desk.page("/villages?limit=1")["next_cursor"] is None
    for cursor in ("rubbish", "YmVmb3JlOi01", "5555", "é"):
        answer = desk.app.test_client().get(f"/api/v1/villages?cursor={cursor}")
        assert (answer.status_code, answer.json["code"]) == (422, "CURSOR_INVALID")
