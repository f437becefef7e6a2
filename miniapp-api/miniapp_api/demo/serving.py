"""Volunteers of the story: a day of service that is over, and one that runs on the day after the story's end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from backend.core.clock import local_day, start_of_local_day
from backend.core.db import read_with_retries
from backend.volunteers import codes
from backend.volunteers.checking import check_in, check_out
from backend.volunteers.minors import FROM_14, Minor
from backend.volunteers.queries import activities_in
from backend.volunteers.service import ActivityForm, join_team, open_activity, sign_up
from miniapp_api.demo.cast import cadre_login, staff_member
from miniapp_api.demo.stage import Event, Stage
from miniapp_api.demo.steps import once
from miniapp_api.demo.story import GIVERS, PLACES, Place

PAST_DAYS_AGO, TODAY = 12, -1
TODAY_TITLE = "村道清扫与助餐送饭"
MINORS = {"李小梅": Minor(band=FROM_14, guardian_name="李建军", guardian_phone="13000000000", guardian_agrees=True)}
"""A pupil of the story, whose father agreed; the number is nobody's."""


def activities(place: Place, *, number: int, stage: Stage) -> Iterator[Event]:
    """Yield an activity that was held, with its volunteers, and one that is held on the day after the story."""
    first = len(GIVERS) + sum(len(other.volunteers) for other in PLACES[:number])
    opened = stage.hour(days_ago=PAST_DAYS_AGO + 5, minutes=9 * 60)
    for name, days_ago, title, hours in (
        ("past", PAST_DAYS_AGO, "探访独居老人", (8, 12)),
        ("today", TODAY, TODAY_TITLE, (0, 24)),
    ):
        key = f"activity-{number}-{name}"
        starts = stage.hour(days_ago=days_ago, minutes=hours[0] * 60)
        ends = starts + timedelta(hours=hours[1] - hours[0])
        yield Event(at=opened, key=key, act=partial(_open, place, number, title, starts, ends, opened))
        for index, volunteer in enumerate(place.volunteers):
            who = stage.givers[first + index]
            signed = opened + timedelta(hours=1, minutes=index)
            act = partial(_sign, key, place, who, volunteer, stage, signed)
            yield Event(at=signed, key=f"{key}-sign-{index}", act=act)
            if name == "past":
                yield from _service(key, who, index=index, starts=starts, stage=stage)


def _service(key: str, who: int, *, index: int, starts: datetime, stage: Stage) -> Iterator[Event]:
    came = starts + timedelta(minutes=3 + index)
    left = starts + timedelta(hours=3, minutes=2 * index)
    yield Event(at=came, key=f"{key}-in-{index}", act=partial(_come, key, who, stage, came))
    yield Event(at=left, key=f"{key}-out-{index}", act=partial(_leave, key, who, stage, left))


def keep_one_running(*, now: datetime) -> None:
    """Open the activity of today in 众心村 unless one runs there: the story ended yesterday only once."""
    place, starts = PLACES[0], start_of_local_day(local_day(now))
    last = read_with_retries(lambda: activities_in(place.code, now=now, limit=20))
    if not any(one.starts_at <= now < one.ends_at for one in last):
        ends = starts + timedelta(hours=24)
        once(f"activity-{starts.date()}", partial(_open, place, 0, TODAY_TITLE, starts, ends, now), now=now)


def _open(place: Place, number: int, title: str, starts: datetime, ends: datetime, at: datetime) -> str:
    form = ActivityForm(
        village_code=place.code,
        title=title,
        place="村部门口集合",
        starts_at=starts,
        ends_at=ends,
        seats=20,
        target="独居和高龄老人",
        content="探访、送饭、打扫。请穿平底鞋，自带水杯。",
        leader_name=place.volunteers[0],
    )
    return open_activity(form, by=staff_member(cadre_login(number)).code, now=at).code


def _sign(key: str, place: Place, who: int, name: str, stage: Stage, at: datetime) -> None:
    told: dict[str, Any] = {"person_id": who, "name": name, "minor": MINORS.get(name), "now": at}
    join_team(village_code=place.code, **told)
    sign_up(activity=stage.codes[key], **told)


def _come(key: str, who: int, stage: Stage, at: datetime) -> None:
    check_in(**_told(key, who, stage, at), nonce=f"{key}-in-{who}")


def _leave(key: str, who: int, stage: Stage, at: datetime) -> None:
    check_out(**_told(key, who, stage, at), nonce=f"{key}-out-{who}")


def _told(key: str, who: int, stage: Stage, at: datetime) -> dict[str, Any]:
    activity = stage.codes[key]
    secret = stage.settings.secret_key
    code = codes.code_of(key=codes.activity_key(secret=secret, activity=activity), window=codes.window_of(at))
    return {"activity": activity, "person_id": who, "code": code, "secret": secret, "now": at}
