"""When a project collects, what the public sees of a phone number, what is unusually long: rules without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from backend.projects.rules import (
    OrganisationRecord,
    ProjectRecord,
    gift_refusal,
    is_collecting,
    is_longer_than_usual,
    masked_phone,
    state_of,
)

CHARITY = OrganisationRecord(code="org", name="慈善总会", uscc="5", fundraising_certificate="公募-1")
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
LAMPS = ProjectRecord(
    id=1,
    code="lamps",
    title="路灯",
    kind="public_works",
    kind_reason=None,
    village_code="320904104209",
    summary="",
    story="",
    village_profile="",
    target_fen=1,
    starts_on=date(2026, 6, 1),
    ends_on=date(2026, 6, 30),
    person_in_charge="王",
    phone="13812345678",
    organisation=CHARITY,
    filing_number="备案-1",
    cover_media=None,
    is_demo=False,
    published_at=NOON,
    ended_at=None,
    closed_at=None,
)
FUND = replace(LAMPS, kind="mutual_aid_fund", target_fen=None, ends_on=None)


@pytest.mark.parametrize(
    ("project", "day", "collects", "reason"),
    [
        (LAMPS, date(2026, 5, 31), False, "not begun"),
        (LAMPS, date(2026, 6, 1), True, "the first day"),
        (LAMPS, date(2026, 6, 30), True, "the last day"),
        (LAMPS, date(2026, 7, 1), False, "over"),
        (FUND, date(2036, 7, 1), True, "a fund has no end"),
        (replace(LAMPS, ended_at=NOON), date(2026, 6, 2), False, "ended before its time"),
        (replace(LAMPS, ended_at=NOON, closed_at=NOON), date(2026, 6, 2), False, "closed"),
    ],
)
def test_a_project_collects_on_its_days(project: ProjectRecord, day: date, collects: bool, reason: str) -> None:
    assert is_collecting(project, on=day) is collects, reason


@pytest.mark.parametrize(
    ("project", "now", "state", "reason"),
    [
        (LAMPS, NOON, "collecting", "in its days"),
        (LAMPS, datetime(2026, 6, 30, 15, 59, tzinfo=UTC), "collecting", "one minute before midnight in the village"),
        (
            LAMPS,
            datetime(2026, 6, 30, 16, 0, tzinfo=UTC),
            "ended",
            "midnight in the village, four in the afternoon in UTC",
        ),
        (replace(LAMPS, ended_at=NOON), NOON, "ended", "ended by hand"),
        (replace(LAMPS, ended_at=NOON, closed_at=NOON), NOON, "closed", "closed"),
    ],
)
def test_the_state_of_a_project_follows_the_village_s_day(
    project: ProjectRecord, now: datetime, state: str, reason: str
) -> None:
    assert state_of(project, now=now) == state, reason


@pytest.mark.parametrize(
    ("project", "code", "reason"),
    [
        (LAMPS, None, "whole"),
        (replace(LAMPS, organisation=None), "NOT_PUBLISHABLE", "nobody receives the money"),
        (
            replace(LAMPS, organisation=replace(CHARITY, fundraising_certificate=None)),
            "NOT_PUBLISHABLE",
            "no certificate",
        ),
        (replace(LAMPS, filing_number=None), "NOT_PUBLISHABLE", "not filed"),
        (replace(LAMPS, ends_on=date(2026, 5, 31)), "NOT_COLLECTING", "over"),
    ],
)
def test_a_gift_is_refused_by_name(project: ProjectRecord, code: str | None, reason: str) -> None:
    refusal = gift_refusal(project, now=NOON)
    assert (refusal and refusal.code) == code, reason


@pytest.mark.parametrize(
    ("phone", "shown"), [("13812345678", "138****5678"), ("0515-1234", "*******34"), ("+8613812345678", "+86****5678")]
)
def test_a_phone_number_is_masked(phone: str, shown: str) -> None:
    assert masked_phone(phone) == shown


@pytest.mark.parametrize(
    ("ends_on", "is_long", "reason"),
    [
        (date(2026, 12, 31), False, "a year"),
        (date(2027, 1, 1), False, "a year of 366 days would have been one"),
        (date(2027, 1, 2), True, "more than a year"),
    ],
)
def test_more_than_a_year_is_unusual(ends_on: date, is_long: bool, reason: str) -> None:
    assert is_longer_than_usual(starts_on=date(2026, 1, 1), ends_on=ends_on) is is_long, reason
