"""What happens in one village of the story, as events with an hour and a key; nothing happens before it is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from backend.projects.form import Decision, PlanItem, ProjectForm
from backend.projects.service import close_project, post_progress, publish_project
from backend.sharing.service import make_poster
from miniapp_api.demo import giving, returning, serving, spending
from miniapp_api.demo.cast import cadre_login, staff_member
from miniapp_api.demo.stage import Event, Stage
from miniapp_api.demo.story import PLACES, Place, Told

FUND_DAYS_AGO = 175
FILING = "演示-备案-00000000"
WORKER = "demo-story"


def plot(place: Place, *, stage: Stage) -> Iterator[Event]:
    """Return everything that happens in one village, in no particular order."""
    number = PLACES.index(place)
    chance = random.Random(place.code)  # noqa: S311 - the same story each time.
    fund = f"fund-{number}"
    yield from _publish(fund, _fund_form(place, stage), number=number, days_ago=FUND_DAYS_AGO, stage=stage)
    yield from giving.small_gifts(
        fund, count=place.fund_gifts, since=FUND_DAYS_AGO - 1, until=0, stage=stage, chance=chance
    )
    for index, told in enumerate(place.projects):
        yield from _project(f"project-{number}-{index}", told, place=place, number=number, stage=stage, chance=chance)
    yield from returning.refunds(fund, number=number, stage=stage)
    yield from serving.activities(place, number=number, stage=stage)


def _project(
    key: str, told: Told, *, place: Place, number: int, stage: Stage, chance: random.Random
) -> Iterator[Event]:
    started = told.started_days_ago
    over = max(0, -(told.ends_in_days or 0))
    form = _project_form(told, place, stage)
    yield from _publish(key, form, number=number, days_ago=started, stage=stage)
    yield from giving.large_gifts(key, told.large_gifts, since=started - 1, stage=stage)
    yield from giving.small_gifts(
        key, count=told.small_gifts, since=started - 1, until=over, stage=stage, chance=chance
    )
    yield from spending.spending(key, told, login=cadre_login(number), village=place.short_name, stage=stage)
    for days_ago, text in told.progress:
        at = stage.hour(days_ago=days_ago, minutes=17 * 60)
        yield Event(at=at, key=f"{key}-progress-{days_ago}", act=partial(_post, key, text, number, stage, at))
    if told.is_closed:
        at = stage.hour(days_ago=over - 2, minutes=10 * 60)
        yield Event(at=at, key=f"{key}-close", act=partial(_close, key, number, stage, at))


def _publish(key: str, form: ProjectForm, *, number: int, days_ago: int, stage: Stage) -> Iterator[Event]:
    at = stage.hour(days_ago=days_ago, minutes=9 * 60)

    def act() -> str:
        return publish_project(form=form, staff=staff_member(cadre_login(number)), now=at).code

    def poster() -> None:
        make_poster(project_code=stage.codes[key], place="村部公告栏", actor=WORKER, now=at)

    yield Event(at=at, key=key, act=act)
    yield Event(at=at + timedelta(hours=1), key=f"{key}-poster", act=poster)


def _post(key: str, text: str, number: int, stage: Stage, at: datetime) -> str:
    staff = staff_member(cadre_login(number))
    return post_progress(project=stage.codes[key], text=text, photo_media=None, staff=staff, now=at)


def _close(key: str, number: int, stage: Stage, at: datetime) -> None:
    close_project(project=stage.codes[key], staff=staff_member(cadre_login(number)), now=at)


def _fund_form(place: Place, stage: Stage) -> ProjectForm:
    opened = stage.ends_on - timedelta(days=FUND_DAYS_AGO)
    return ProjectForm(
        title="村社互助基金",
        kind="mutual_aid_fund",
        village_profile=place.profile,
        summary="扶危济困、改善公共设施、丰富文化生活，用在村里，账目公开。",
        story="项目结余和没有指定项目的善款都进互助基金，由村民代表会议商定用途。",
        **_common(place, stage, opened),
    )


def _project_form(told: Told, place: Place, stage: Stage) -> ProjectForm:
    started = stage.ends_on - timedelta(days=told.started_days_ago)
    return ProjectForm(
        title=told.title,
        kind=told.kind,
        village_profile=place.profile,
        summary=told.summary,
        story=told.story,
        target_fen=told.target_fen,
        ends_on=None if told.ends_in_days is None else stage.ends_on + timedelta(days=told.ends_in_days),
        plan=tuple(PlanItem(title=title, amount_fen=fen) for title, fen in told.plan),
        **_common(place, stage, started),
    )


def _common(place: Place, stage: Stage, opened: date) -> dict[str, Any]:
    met = opened - timedelta(days=7)
    return {
        "village_code": place.code,
        "decision": Decision(
            met_on=met, attendees=43, in_favour=41, note="村民代表会议表决通过，会议记录在村部公示七天。"
        ),
        "person_in_charge": "村委会（演示）",
        "phone": "13800000000",
        "starts_on": opened,
        "organisation_code": stage.organisation,
        "filing_number": FILING,
        "truth_pledged": True,
    }
