"""Money that came too late still says what its giver had meant, and where it is best given comes first."""

from __future__ import annotations

from typing import Any

import pytest

from backend.people.staff import create_staff
from tests.world.desk import PASSWORD, SAME_SITE, Hand, password_hash
from tests.world.giving import Giving, village

__all__ = ["village"]


@pytest.fixture
def nation(village: Giving) -> Hand:
    """Somebody at the national desk."""
    told = {"login": "nation", "name": "周一", "role": "national", "region_code": "00"}
    village.writes(lambda: create_staff(**told, password_hash=password_hash(), now=village.clock))
    hand = Hand(village.app.test_client())
    enters(village, hand)
    return hand


def enters(village: Giving, hand: Hand) -> None:
    given = {"login": "nation", "password": PASSWORD}
    assert hand.client.post("/api/v1/desk/session", json=given, headers=SAME_SITE).status_code == 200


def comes_too_late(village: Giving, purse: str) -> None:
    """A gift is ordered, and paid when its order is long over."""
    late = village.phone().order(purse, 30_00)
    village.waits(minutes=45)
    village.hears(village.notice(late))


def waiting(village: Giving, nation: Hand) -> list[dict[str, Any]]:
    enters(village, nation)
    items: list[dict[str, Any]] = nation.sees("/desk/unallocated").json["items"]
    return items


@pytest.mark.parametrize("state", ["ended", "closed"])
def test_money_for_a_project_that_is_over_is_offered_to_the_fund_of_its_village(
    village: Giving, nation: Hand, state: str
) -> None:
    roof = village.opens_project("屋顶")
    comes_too_late(village, roof)
    village.ends(roof)
    if state == "closed":
        village.closes(roof)
    (money,) = waiting(village, nation)
    meant = money["meant_for"]
    assert (meant["code"], meant["title"], meant["village_name"], meant["state"]) == (roof, "屋顶", "众心村", state)
    assert [(one["code"], one["kind"]) for one in money["offers"]] == [(village.fund, "mutual_aid_fund")]

    told = {"project_code": village.fund}
    assert nation.does(f"/desk/unallocated/{money['reference']}/reallocations", told).status_code == 201
    assert (waiting(village, nation), village.holds(village.fund)) == ([], 30_00)


def test_money_for_a_project_that_still_collects_is_offered_to_it_before_the_fund(
    village: Giving, nation: Hand
) -> None:
    roof = village.opens_project("屋顶")
    comes_too_late(village, roof)
    (money,) = waiting(village, nation)
    assert [one["code"] for one in money["offers"]] == [roof, village.fund]
    assert {one["state"] for one in money["offers"]} == {"collecting"}


def test_money_for_the_fund_is_offered_to_the_fund_once(village: Giving, nation: Hand) -> None:
    comes_too_late(village, village.fund)
    (money,) = waiting(village, nation)
    assert (money["meant_for"]["code"], [one["code"] for one in money["offers"]]) == (village.fund, [village.fund])
