"""A volunteer checks in and out where the work is, and finds hours that are right to the minute (R138)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.core.db import db
from backend.vault.fields import VOLUNTEER_NAME
from backend.vault.service import drop_all
from backend.volunteers import refusals
from tests.world.volunteering import NEIGHBOUR, NINE, Volunteering


@pytest.fixture
def village(app: Flask) -> Volunteering:
    """A village whose clock stands at nine."""
    return Volunteering(app)


@pytest.fixture
def someone(village: Volunteering) -> int:
    """Somebody with a phone."""
    return village.somebody()


# Coming and going --------------------------------------------------------------------------------


def test_a_morning_of_work_is_counted_to_the_minute(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.at(8, 55)
    village.serves(someone, code, until=(10, 42))
    hours = village.hours_of(someone)
    assert (hours.total_minutes, hours.confirmed_minutes) == (107, 0)
    assert hours.items[0].service.state == "served"


def test_a_code_of_a_minute_ago_no_longer_checks_in(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.signs_up(someone, code)
    photographed = village.code_shown(code)
    village.at(9, 1)
    with pytest.raises(refusals.CodeExpired):
        village.comes(someone, code, code=photographed)
    assert village.roll_of(code)[0].service.state == "signed_up"


def test_the_code_of_another_activity_does_not_check_in(village: Volunteering, someone: int) -> None:
    code, other = village.opens_activity(), village.opens_activity(village=NEIGHBOUR)
    village.signs_up(someone, code)
    with pytest.raises(refusals.CodeExpired):
        village.comes(someone, code, code=village.code_shown(other))


def test_after_five_wrong_codes_one_waits_ten_minutes(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    neighbour = village.somebody()
    for who in (someone, neighbour):
        village.signs_up(who, code)
    for second in range(5):
        village.at(9, 0, second)
        with pytest.raises(refusals.CodeExpired):
            village.comes(someone, code, code="000000" if village.code_shown(code) != "000000" else "000001")
    with pytest.raises(refusals.TooManyWrongCodes):
        village.comes(someone, code)
    village.comes(neighbour, code)
    village.at(9, 10, 1)
    village.comes(someone, code)


def test_the_same_check_in_sent_again_counts_once(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.signs_up(someone, code)
    first = village.comes(someone, code, nonce="the-first")
    shown = village.code_shown(code)
    village.at(9, 30)
    again = village.comes(someone, code, code=shown, nonce="the-first")
    assert again.checked_in_at == first.checked_in_at == NINE
    village.leaves(someone, code, nonce="the-end")
    village.at(10)
    assert village.leaves(someone, code, code=shown, nonce="the-end").minutes == 30


def test_a_second_check_in_or_check_out_is_refused(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.serves(someone, code, until=(10, 0))
    with pytest.raises(refusals.AlreadyCheckedIn):
        village.comes(someone, code)
    with pytest.raises(refusals.AlreadyCheckedOut):
        village.leaves(someone, code)


def test_a_double_tap_checks_in_once(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.signs_up(someone, code)
    refused = village.at_once([lambda: village.comes(someone, code)] * 4)
    assert [type(refusal) for refusal in refused] == [refusals.AlreadyCheckedIn] * 3
    village.at(9, 30)
    refused = village.at_once([lambda: village.leaves(someone, code, nonce="one-tap-on-one-phone")] * 4)
    assert refused == []
    assert village.hours_of(someone).total_minutes == 30


def test_who_has_not_come_cannot_leave(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.signs_up(someone, code)
    with pytest.raises(refusals.CheckOutBeforeCheckIn):
        village.leaves(someone, code)
    village.at(9, 30)
    village.comes(someone, code)
    village.at(9, 20)
    with pytest.raises(refusals.CheckOutBeforeCheckIn):
        village.leaves(someone, code)


def test_without_a_seat_nobody_checks_in(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    with pytest.raises(refusals.NotSignedUp):
        village.comes(someone, code)
    village.signs_up(someone, code)
    village.gives_seat_back(someone, code)
    with pytest.raises(refusals.NotSignedUp):
        village.comes(someone, code)


@pytest.mark.parametrize(
    ("hour", "minute", "refusal", "reason"),
    [
        (7, 59, refusals.CheckInNotOpen, "more than an hour before the work begins"),
        (8, 0, None, "an hour before, to prepare"),
        (10, 59, None, "late, but there is still something to do"),
        (11, 0, refusals.ActivityOver, "the work is done"),
    ],
)
def test_check_in_is_open_around_the_work(
    village: Volunteering, someone: int, hour: int, minute: int, refusal: type[Exception] | None, reason: str
) -> None:
    code = village.opens_activity()
    village.at(7)
    village.signs_up(someone, code)
    village.at(hour, minute)
    if refusal is None:
        assert village.comes(someone, code).state == "checked_in", reason
        return
    with pytest.raises(refusal):
        village.comes(someone, code)


def test_check_out_is_open_for_four_hours_after_the_end(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    other = village.somebody()
    for who in (someone, other):
        village.signs_up(who, code)
        village.comes(who, code)
    village.at(15)
    assert village.leaves(someone, code).minutes == 6 * 60
    village.at(15, 0, 1)
    with pytest.raises(refusals.CheckOutClosed):
        village.leaves(other, code)


# Two places at once ------------------------------------------------------------------------------


def test_nobody_signs_up_for_two_activities_at_one_time(village: Volunteering, someone: int) -> None:
    first, second, after = (village.opens_activity(starts_in=minutes) for minutes in (0, 60, 120))
    village.signs_up(someone, first)
    with pytest.raises(refusals.Overlap) as refused:
        village.signs_up(someone, second)
    assert refused.value.facts == {"activity": first}
    village.signs_up(someone, after)
    village.at(8)
    village.comes(someone, first)
    village.at(9, 30)
    village.leaves(someone, first)
    with pytest.raises(refusals.Overlap):
        village.signs_up(someone, second)
    village.gives_seat_back(someone, after)
    village.signs_up(someone, second)


def test_nobody_is_in_two_places_at_once(village: Volunteering, someone: int) -> None:
    first, second = village.opens_activity(), village.opens_activity(starts_in=120)
    for code in (first, second):
        village.signs_up(someone, code)
    village.comes(someone, first)
    village.at(10, 30)
    with pytest.raises(refusals.Overlap):
        village.comes(someone, second)
    village.leaves(someone, first)
    village.comes(someone, second)
    village.at(13)
    village.leaves(someone, second)
    assert village.hours_of(someone).total_minutes == 90 + 150
    assert village.findings() == []


def test_a_forgotten_check_out_does_not_keep_anybody_from_the_next_work(village: Volunteering, someone: int) -> None:
    first, second = village.opens_activity(), village.opens_activity(starts_in=120)
    for code in (first, second):
        village.signs_up(someone, code)
    village.comes(someone, first)
    village.at(11, 5)
    village.comes(someone, second)
    village.at(11, 30)
    with pytest.raises(refusals.Overlap):
        village.leaves(someone, first)
    village.is_confirmed(someone, first, minutes=110)
    village.at(12, 5)
    village.leaves(someone, second)
    hours = village.hours_of(someone)
    assert (hours.total_minutes, hours.confirmed_minutes) == (170, 110)


# A forgotten check-out ---------------------------------------------------------------------------


def test_a_forgotten_check_out_counts_nothing_until_confirmed(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.signs_up(someone, code)
    village.comes(someone, code)
    village.at(9, day=1)
    assert village.sees(code, who=someone).mine == village.roll_of(code)[0].service
    assert village.roll_of(code)[0].service.state == "awaiting_confirmation"
    assert village.hours_of(someone).total_minutes == 0

    confirmed = village.is_confirmed(someone, code, minutes=90, nonce="the-leaders-word")
    again = village.is_confirmed(someone, code, minutes=90, nonce="the-leaders-word")

    assert confirmed == again
    assert (confirmed.state, confirmed.minutes, confirmed.is_confirmed) == ("served", 90, True)
    assert confirmed.checked_out_at is None
    assert village.hours_of(someone).confirmed_minutes == 90
    with pytest.raises(refusals.AlreadyCheckedOut):
        village.is_confirmed(someone, code, minutes=100)
    assert village.findings() == []


def test_a_leader_stands_in_only_for_what_is_missing(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.signs_up(someone, code)
    with pytest.raises(refusals.NotCheckedIn):
        village.is_confirmed(someone, code, minutes=60)
    village.comes(someone, code)
    with pytest.raises(refusals.ActivityNotOver):
        village.is_confirmed(someone, code, minutes=60)
    village.at(11)
    for minutes in (-1, 121):
        with pytest.raises(refusals.MinutesInvalid) as refused:
            village.is_confirmed(someone, code, minutes=minutes)
        assert refused.value.facts["highest"] == 120
    village.leaves(someone, code)
    with pytest.raises(refusals.AlreadyCheckedOut):
        village.is_confirmed(someone, code, minutes=60)


def test_a_leader_cannot_confirm_more_than_twelve_hours(village: Volunteering, someone: int) -> None:
    code = village.opens_activity(hours=20)
    village.signs_up(someone, code)
    village.comes(someone, code)
    village.at(9, day=2)
    with pytest.raises(refusals.MinutesInvalid):
        village.is_confirmed(someone, code, minutes=721)
    assert village.is_confirmed(someone, code, minutes=720).minutes == 720


# What stands, stands -----------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["UPDATE volunteer_events SET at = at", "DELETE FROM volunteer_events"])
def test_no_one_can_rewrite_who_came_and_when_not_even_in_sql(village: Volunteering, someone: int, act: str) -> None:
    code = village.opens_activity()
    village.serves(someone, code, until=(10, 0))
    with pytest.raises(DBAPIError, match="added, never changed"):
        village.writes(lambda: db.session.execute(text(act)))
    assert village.hours_of(someone).total_minutes == 60


def test_hours_stay_when_a_name_is_forgotten(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.serves(someone, code, until=(10, 0))
    village.writes(lambda: drop_all(person_id=someone, fields=(VOLUNTEER_NAME,)))
    (line,) = village.roll_of(code)
    assert (line.name, line.service.minutes) == (None, 60)


def test_the_phones_clock_has_no_say(village: Volunteering, someone: int) -> None:
    code = village.opens_activity()
    village.signs_up(someone, code)
    came = village.comes(someone, code)
    assert came.checked_in_at == village.clock == NINE
    assert came.checked_in_at.utcoffset() == timedelta(0)
