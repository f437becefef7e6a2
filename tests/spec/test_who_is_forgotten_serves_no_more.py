"""Who has himself forgotten leaves his place at what is still to come to another; what he did stays done."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.vault.erasing import erase
from tests.world.volunteering import Volunteering


@pytest.fixture
def village(app: Flask) -> Volunteering:
    """A village whose clock stands at nine."""
    return Volunteering(app)


def test_seats_in_what_is_to_come_are_given_back_and_hours_stay(village: Volunteering) -> None:
    who, other = village.somebody(), village.somebody()
    done, missed = village.opens_activity(hours=1), village.opens_activity(starts_in=60, hours=1)
    running, coming = village.opens_activity(starts_in=120), village.opens_activity(starts_in=300, seats=1)
    for activity in (missed, running, coming):
        village.signs_up(who, activity)
    village.serves(who, done, until=(9, 50))
    village.at(11, 10)
    village.comes(who, running)

    village.writes(lambda: erase(who, actor="me", now=village.clock))

    assert village.sees(coming).seats_left == 1
    village.signs_up(other, coming)
    assert [len(village.roll_of(activity)) for activity in (done, missed, running, coming)] == [1, 1, 1, 1]
    assert village.hours_of(who).total_minutes == 50
    assert village.findings() == []


def test_a_sign_up_at_the_moment_of_forgetting_leaves_no_seat_taken(village: Volunteering) -> None:
    who, activity = village.somebody(), village.opens_activity(seats=1)
    village.signs_up(who, village.opens_activity(starts_in=600))
    forget = lambda: village.writes(lambda: erase(who, actor="me", now=village.clock))  # noqa: E731 - one of two acts.
    village.at_once([forget, lambda: village.signs_up(who, activity)])
    assert village.sees(activity).seats_left == 1
    assert village.findings() == []
