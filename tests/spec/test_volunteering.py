"""A village has its own volunteer team, opens activities with seats, and each seat goes to one person (R136-R139)."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.regions.refusals import NotAVillage
from backend.volunteers import refusals, service
from backend.volunteers.queries import activities_in, find_team
from tests.world.volunteering import NEIGHBOUR, NINE, VILLAGE, Volunteering


@pytest.fixture
def village(app: Flask) -> Volunteering:
    """A village whose clock stands at nine."""
    return Volunteering(app)


@pytest.fixture
def someone(village: Volunteering) -> int:
    """Somebody with a phone."""
    return village.somebody()


# The team and its activities ---------------------------------------------------------------------


def test_a_village_has_one_volunteer_team_named_after_it(village: Volunteering) -> None:
    first, second = (
        village.writes(lambda: service.create_team(village_code=VILLAGE, by="desk", now=NINE)) for _ in range(2)
    )
    assert first.code == second.code
    assert first.name == "众心村慈善志愿者服务队"


def test_a_township_has_no_team_of_its_own(village: Volunteering) -> None:
    with pytest.raises(NotAVillage):
        village.writes(lambda: service.create_team(village_code="320904104", by="desk", now=NINE))


def test_joining_the_team_twice_makes_one_member(village: Volunteering, someone: int) -> None:
    with pytest.raises(refusals.TeamUnknown):
        village.writes(lambda: service.join_team(village_code=VILLAGE, person_id=someone, name="小燕", now=NINE))
    village.opens_activity()
    for name in ("小燕", "张小燕"):
        village.writes(
            lambda name=name: service.join_team(village_code=VILLAGE, person_id=someone, name=name, now=NINE)
        )
    team = village.asks(lambda: find_team(VILLAGE))
    assert team is not None
    assert team.member_count == 1
    assert village.asks(lambda: find_team(NEIGHBOUR)) is None


@pytest.mark.parametrize(
    ("hours", "seats", "starts_in", "refusal", "reason"),
    [
        (0, 5, 0, refusals.TimesInvalid, "it ends when it starts"),
        (26, 5, 0, refusals.TimesInvalid, "nobody works for twenty-six hours"),
        (2, 5, -6 * 24 * 60, refusals.TimesInvalid, "it was over before it was published"),
        (2, 0, 0, refusals.SeatsInvalid, "no seat, no activity"),
        (2, 1001, 0, refusals.SeatsInvalid, "more than a village can lead"),
    ],
)
def test_an_activity_has_possible_times_and_seats(
    village: Volunteering, hours: int, seats: int, starts_in: int, refusal: type[Exception], reason: str
) -> None:
    with pytest.raises(refusal):
        village.opens_activity(hours=hours, seats=seats, starts_in=starts_in)


def test_a_village_lists_its_own_activities_the_newest_first(village: Volunteering) -> None:
    mine = [village.opens_activity(starts_in=step * 120) for step in range(3)]
    theirs = village.opens_activity(village=NEIGHBOUR)

    def listed(region: str, **page: str) -> list[str]:
        views = village.asks(lambda: activities_in(region, now=village.clock, limit=2, before=page.get("before")))
        return [view.code for view in views]

    assert listed(VILLAGE) == [mine[2], mine[1]]
    assert listed(VILLAGE, before=mine[1]) == [mine[0]]
    assert listed("320904") == [theirs, mine[2]]
    assert listed("") == listed("320904")
    assert listed(VILLAGE, before="nobody") == []


def test_an_activity_says_whether_one_can_still_come(village: Volunteering, someone: int) -> None:
    code = village.opens_activity(seats=1)
    village.at(8)
    assert village.sees(code).state == "open"
    village.signs_up(someone, code)
    assert (village.sees(code).state, village.sees(code).seats_left) == ("full", 0)
    village.at(9)
    assert village.sees(code).state == "running"
    village.at(11)
    assert village.sees(code).state == "over"


def test_an_activity_can_be_called_off_until_somebody_has_come(village: Volunteering, someone: int) -> None:
    def calls_off(code: str) -> None:
        village.writes(lambda: service.cancel_activity(code=code, reason="下雨", by="desk", now=village.clock))

    rained_off, begun = village.opens_activity(), village.opens_activity(starts_in=120)
    village.signs_up(someone, rained_off)
    calls_off(rained_off)
    calls_off(rained_off)
    assert village.sees(rained_off).state == "cancelled"
    with pytest.raises(refusals.ActivityCancelled):
        village.comes(someone, rained_off)
    with pytest.raises(refusals.ActivityCancelled):
        village.signs_up(village.somebody(), rained_off)
    village.at(10, 30)
    village.signs_up(someone, begun)
    village.comes(someone, begun)
    with pytest.raises(refusals.ActivityHasBegun):
        calls_off(begun)
    village.at(14)
    with pytest.raises(refusals.ActivityOver):
        calls_off(begun)


# Seats -------------------------------------------------------------------------------------------


def test_the_last_seat_goes_to_one_of_two(village: Volunteering) -> None:
    code = village.opens_activity(seats=3)
    people = [village.somebody() for _ in range(8)]

    refused = village.at_once([lambda who=who: village.signs_up(who, code) for who in people])

    assert [type(refusal) for refusal in refused] == [refusals.ActivityFull] * 5
    assert len(village.roll_of(code)) == 3
    assert village.findings() == []


def test_two_phones_of_one_person_take_one_seat(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    refused = village.at_once([lambda: village.signs_up(someone, code)] * 4)
    assert [type(refusal) for refusal in refused] == [refusals.AlreadySignedUp] * 3
    assert village.sees(code).seats_left == 4


def test_a_seat_given_back_goes_to_the_next(village: Volunteering, someone: int) -> None:
    code = village.opens_activity(seats=1)
    village.signs_up(someone, code)
    village.gives_seat_back(someone, code)
    village.gives_seat_back(someone, code)
    assert village.sees(code, who=someone).mine is None
    other = village.somebody()
    village.signs_up(other, code)
    with pytest.raises(refusals.ActivityFull):
        village.signs_up(someone, code)
    village.gives_seat_back(other, code)
    village.signs_up(someone, code)
    assert village.hours_of(someone).items[0].service.state == "signed_up"


def test_only_who_has_a_seat_can_give_one_back(village: Volunteering, someone: int) -> None:
    first, second = village.opens_activity(), village.opens_activity(starts_in=120)
    with pytest.raises(refusals.NotSignedUp):
        village.gives_seat_back(someone, first)
    village.signs_up(someone, second)
    with pytest.raises(refusals.NotSignedUp):
        village.gives_seat_back(someone, first)
    village.at(14)
    with pytest.raises(refusals.ActivityOver):
        village.gives_seat_back(someone, second)


def test_who_has_come_keeps_the_seat(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.signs_up(someone, code)
    village.comes(someone, code)
    with pytest.raises(refusals.AlreadyCheckedIn):
        village.gives_seat_back(someone, code)


def test_nobody_signs_up_for_what_is_over_or_unknown(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.at(11)
    with pytest.raises(refusals.ActivityOver):
        village.signs_up(someone, code)
    with pytest.raises(refusals.ActivityUnknown):
        village.signs_up(someone, "nothing")
