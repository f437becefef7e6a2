"""A volunteer who had two phones before they were known to be his: his seats and hours are one man's."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.people.joining import join
from backend.volunteers.queries import find_team
from backend.volunteers.refusals import AlreadyCheckedIn, AlreadySignedUp
from backend.volunteers.service import join_team
from tests.world.volunteering import VILLAGE, Volunteering


@pytest.fixture
def work(app: Flask) -> Volunteering:
    """A village with volunteers."""
    return Volunteering(app)


def members(work: Volunteering) -> int:
    """How many people the village's team has."""
    team = work.asks(lambda: find_team(VILLAGE))
    assert team is not None
    return team.member_count


def joined(work: Volunteering, one: int, other: int) -> int:
    """Join two volunteers; return who stands for both."""
    return work.writes(lambda: join(one, other, now=work.clock))


def test_hours_of_both_phones_are_one_sum_and_a_moment_at_two_places_counts_once(work: Volunteering) -> None:
    one, other = work.somebody(), work.somebody()
    here, there = work.opens_activity(), work.opens_activity(starts_in=60)
    work.signs_up(one, here)
    work.signs_up(other, there)
    work.at(9)
    work.comes(one, here)
    work.at(10)
    work.comes(other, there)
    work.at(11)
    work.leaves(one, here)
    work.at(12)
    work.leaves(other, there)
    human = joined(work, one, other)
    assert work.hours_of(human).total_minutes == 180
    assert work.hours_of(other).total_minutes == 180
    assert work.findings() == []


def test_two_seats_in_one_activity_become_one_while_nothing_is_recorded(work: Volunteering) -> None:
    one, other = work.somebody(), work.somebody()
    activity = work.opens_activity(seats=2)
    for who in (one, other):
        work.signs_up(who, activity)
    human = joined(work, one, other)
    assert work.sees(activity).seats_left == 1
    assert work.findings() == []
    work.comes(human, activity)
    work.at(10)
    assert work.leaves(human, activity).minutes == 60


def test_the_seat_that_holds_hours_is_the_one_that_stays(work: Volunteering) -> None:
    one, other = work.somebody(), work.somebody()
    activity = work.opens_activity(seats=2)
    for who in (one, other):
        work.signs_up(who, activity)
    work.comes(other, activity)
    human = joined(work, one, other)
    assert work.sees(activity).seats_left == 1
    work.at(10)
    assert work.leaves(human, activity).minutes == 60
    assert work.findings() == []


def test_two_seats_with_hours_stay_and_each_moment_counts_once(work: Volunteering) -> None:
    one, other = work.somebody(), work.somebody()
    activity = work.opens_activity(seats=3)
    for who in (one, other):
        work.signs_up(who, activity)
        work.comes(who, activity)
    work.at(10)
    work.leaves(one, activity)
    human = joined(work, one, other)
    assert work.sees(activity).seats_left == 1
    work.at(10, 30)
    assert work.leaves(human, activity).minutes == 90
    assert work.hours_of(human).total_minutes == 90
    assert [line.service.minutes for line in work.roll_of(activity)] == [90]
    assert work.findings() == []


def test_a_joined_volunteer_takes_no_second_seat_and_gives_his_one_back_once(work: Volunteering) -> None:
    one, other = work.somebody(), work.somebody()
    activity = work.opens_activity(seats=2)
    work.signs_up(other, activity)
    human = joined(work, one, other)
    with pytest.raises(AlreadySignedUp):
        work.signs_up(human, activity)
    work.gives_seat_back(human, activity)
    work.gives_seat_back(human, activity)
    assert work.sees(activity, who=human).mine is None
    assert work.sees(activity).seats_left == 2
    work.signs_up(human, activity)
    assert work.findings() == []


def test_a_check_out_sent_again_after_the_join_is_the_same_one(work: Volunteering) -> None:
    one, other = work.somebody(), work.somebody()
    activity = work.opens_activity(seats=3)
    for who in (one, other):
        work.signs_up(who, activity)
        work.comes(who, activity)
    work.at(10)
    work.leaves(one, activity, nonce="the-same-nonce")
    human = joined(work, one, other)
    assert work.leaves(human, activity, nonce="the-same-nonce").minutes == 60
    with pytest.raises(AlreadyCheckedIn):
        work.gives_seat_back(human, activity)
    work.at(12, 30)
    work.is_confirmed(other, activity, minutes=120)
    assert work.hours_of(human).total_minutes == 120


def test_a_team_counts_one_human_once(work: Volunteering) -> None:
    one, other = work.somebody(), work.somebody()
    work.opens_activity()
    for who in (one, other):
        work.writes(lambda w=who: join_team(village_code=VILLAGE, person_id=w, name="张小燕", now=work.clock))  # type: ignore[misc]  # bound
    assert members(work) == 2
    joined(work, one, other)
    assert members(work) == 1
