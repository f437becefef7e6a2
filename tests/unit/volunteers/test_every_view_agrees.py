"""Profile, activity page and roll show the same minutes, and `verify` names what is out of joint (P14, P15)."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.db import db
from backend.volunteers.checks import check_volunteers
from backend.volunteers.models import CheckEvent
from backend.volunteers.queries import activity_view, find_activity, my_hours, roll
from tests.world.volunteering import NINE, Volunteering


@pytest.fixture
def village(app: Flask) -> Volunteering:
    return Volunteering(app)


def is_recorded(village: Volunteering, who: int, activity: str, kind: str, minute: float, **told: object) -> None:
    """Put an event straight into the table, as no verb of ours would."""
    at = NINE + timedelta(minutes=minute)
    window = None if kind == "confirmed" else 1

    def act() -> None:
        row = {"activity_id": find_activity(activity).id, "person_id": who, "kind": kind, "at": at, **told}
        db.session.add(CheckEvent(**row, code_window=window, nonce="from-nowhere", recorded_by="nobody"))

    village.writes(act)


def test_every_view_shows_the_same_minutes(village: Volunteering) -> None:
    dice = random.Random(7)
    activities = [village.opens_activity(starts_in=day * 1440, seats=50) for day in range(4)]
    people = [village.somebody() for _ in range(25)]
    for day, code in enumerate(activities):
        for who in people:
            village.at(8, 30, day=day)
            village.signs_up(who, code)
            village.at(9, dice.randrange(60), dice.randrange(60), day=day)
            village.comes(who, code)
            if dice.random() < 0.8:
                village.at(10, dice.randrange(60), dice.randrange(60), day=day)
                village.leaves(who, code)
            elif dice.random() < 0.5:
                village.at(12, day=day)
                village.is_confirmed(who, code, minutes=dice.randrange(60))
    village.at(9, day=9)

    def compare() -> None:
        now = village.clock
        of_roll = {code: [line.service for line in roll(code, now=now)] for code in activities}
        for place, who in enumerate(people):
            hours = my_hours(person_id=who, now=now)
            seen = [activity_view(code, now=now, person_id=who).mine for code in activities]
            mine = {line.activity.code: line.service for line in hours.items}
            assert [mine[code] for code in activities] == seen == [of_roll[code][place] for code in activities]
            assert hours.total_minutes == sum(service.minutes for service in mine.values())
        assert sum(my_hours(person_id=who, now=now).total_minutes for who in people) > 0

    village.asks(compare)
    assert village.findings() == []


def test_verify_recounts_the_seats(village: Volunteering) -> None:
    code = village.opens_activity()
    village.signs_up(village.somebody(), code)
    village.writes(lambda: db.session.execute(text("UPDATE volunteer_activities SET seats_taken = 3")))
    (finding,) = village.findings()
    assert finding == f"活动 {code} 共 5 个名额，记为已用 3 个，报名重算是 1 个"


def test_verify_names_who_was_recorded_without_a_seat(village: Volunteering) -> None:
    is_recorded(village, village.somebody(), village.opens_activity(), "in", 0)
    (finding,) = village.findings()
    assert "没有对应的报名" in finding


def test_verify_names_who_was_in_two_places_at_once(village: Volunteering) -> None:
    first, second = village.opens_activity(), village.opens_activity(starts_in=120)
    who = village.somebody()
    for code, start in ((first, 0), (second, 30)):
        village.at(7)
        village.signs_up(who, code)
        is_recorded(village, who, code, "in", start)
        is_recorded(village, who, code, "out", start + 60)
    (finding,) = village.findings()
    assert finding.endswith("时间重叠")


def test_verify_names_who_left_without_having_come(village: Volunteering) -> None:
    code = village.opens_activity()
    who = village.somebody()
    village.signs_up(who, code)
    is_recorded(village, who, code, "out", 10)
    (finding,) = village.findings()
    assert "有签退而没有签到" in finding


def test_verify_notices_hours_that_exceed_the_clock(village: Volunteering, monkeypatch: pytest.MonkeyPatch) -> None:
    code = village.opens_activity()
    village.serves(village.somebody(), code, until=(10, 0))
    monkeypatch.setattr("backend.volunteers.checks.total_minutes", lambda _: 61)
    (finding,) = village.asks(check_volunteers)
    assert "超过签到签退之间的 60 分钟" in finding
