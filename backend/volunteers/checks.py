"""Recomputing seats and hours from what was recorded, and naming what is out of joint (I8, P14, P15)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import aliased

from backend.core.clock import local_day
from backend.core.db import db
from backend.vault.consent import BY_GUARDIAN
from backend.vault.fields import GUARDIAN_NAME, GUARDIAN_PHONE, VOLUNTEER_AGE
from backend.vault.models import Consent, VaultKey, VaultValue
from backend.volunteers.hours import MINUTE, MINUTES_A_DAY_MAX, Event, Interval, services, stays, total_minutes
from backend.volunteers.models import Activity, CheckEvent, SignUp
from backend.volunteers.queries import events_under

SHOWN = 20
PEOPLE_AT_ONCE = 500
FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)


def check_volunteers() -> list[str]:
    """Return one sentence for each thing out of joint, at most twenty of a kind; an empty list is a clean record."""
    of_hours = (_seats_are_recounted(), _everybody_recorded_has_a_seat(), _hours_are_recomputed())
    checks = (*of_hours, _minors_have_a_guardian(), _guardians_agreed_for_somebody())
    return [finding for check in checks for _, finding in zip(range(SHOWN), check, strict=False)]


def _seats_are_recounted() -> Iterator[str]:
    held = and_(SignUp.activity_id == Activity.id, SignUp.cancelled_at.is_(None))
    count = func.count(SignUp.person_id)
    statement = (
        select(Activity.code, Activity.seats, Activity.seats_taken, count.label("held"))
        .outerjoin(SignUp, held)
        .group_by(Activity.id)
        .having((count != Activity.seats_taken) | (count > Activity.seats))
        .limit(SHOWN)
    )
    for row in db.session.execute(statement):
        yield f"活动 {row.code} 共 {row.seats} 个名额，记为已用 {row.seats_taken} 个，报名重算是 {row.held} 个"


def _everybody_recorded_has_a_seat() -> Iterator[str]:
    seat = and_(
        SignUp.activity_id == CheckEvent.activity_id,
        SignUp.person_id == CheckEvent.person_id,
        SignUp.cancelled_at.is_(None),
    )
    statement = select(CheckEvent.id).outerjoin(SignUp, seat).where(SignUp.person_id.is_(None)).limit(SHOWN)
    for row in db.session.execute(statement):
        yield f"签到记录 {row.id} 没有对应的报名"


def _hours_are_recomputed() -> Iterator[str]:
    """Read everybody in blocks, so that a province fits into memory."""
    last = 0
    while True:
        people = select(CheckEvent.person_id).where(CheckEvent.person_id > last).distinct()
        block = db.session.scalars(people.order_by(CheckEvent.person_id).limit(PEOPLE_AT_ONCE)).all()
        if not block:
            return
        for person_id, events in sorted(events_under(block).items()):
            yield from _of_one(person_id, events)
        last = block[-1]


def _minors_have_a_guardian() -> Iterator[str]:
    """Name minors of whom no guardian is known, or for whom no guardian's consent stands (PIPL 31, 民法典 145)."""
    agreed = exists().where(
        Consent.person_id == VaultKey.person_id, Consent.purpose.in_(BY_GUARDIAN), Consent.withdrawn_at.is_(None)
    )
    guardian = aliased(VaultValue)
    of_guardian = guardian.field.in_((GUARDIAN_NAME, GUARDIAN_PHONE)) & (guardian.row == VaultValue.row)
    known = select(func.count()).select_from(guardian).where(of_guardian).scalar_subquery()
    statement = (
        select(VaultValue.row)
        .join(VaultKey, VaultKey.key_id == VaultValue.key_id)
        .where(VaultValue.field == VOLUNTEER_AGE, ~agreed | (known < 2))
        .order_by(VaultValue.row)
        .limit(SHOWN)
    )
    for row in db.session.scalars(statement):
        yield f"未成年志愿者 {row} 没有监护人姓名、电话或同意的记录"


def _guardians_agreed_for_somebody() -> Iterator[str]:
    """Name consents of guardians that stand for a person of whom no age is kept."""
    told = exists().where(
        VaultKey.person_id == Consent.person_id,
        VaultValue.key_id == VaultKey.key_id,
        VaultValue.field == VOLUNTEER_AGE,
    )
    standing = Consent.purpose.in_(BY_GUARDIAN) & Consent.withdrawn_at.is_(None)
    for number in db.session.scalars(select(Consent.id).where(standing, ~told).order_by(Consent.id).limit(SHOWN)):
        yield f"监护人的同意 {number} 没有对应的未成年志愿者"


def _of_one(person_id: int, events: list[Event]) -> Iterator[str]:
    given = stays(events)
    for activity in sorted({event.activity for event in events} - {stay.activity for stay in given}):
        yield f"志愿者 {person_id} 在活动 {activity} 有签退而没有签到"
    for before, after in pairwise(given):
        if after.overlaps(before):
            yield f"志愿者 {person_id} 的活动 {before.activity} 与 {after.activity} 时间重叠"
    served = services(events, ends_at=dict.fromkeys((event.activity for event in events), FAR_FUTURE), now=FAR_FUTURE)
    plain = _plain_minutes(given)
    if total_minutes(served) > plain:
        yield f"志愿者 {person_id} 的时长 {total_minutes(served)} 分钟超过签到签退之间的 {plain} 分钟"


def _plain_minutes(given: list[Interval]) -> int:
    """Return the most that these stays can be: each no longer than the clock, twelve hours for each day touched."""
    clock_minutes = sum((stay.end - stay.start) // MINUTE for stay in given)
    days = {local_day(instant).toordinal() for stay in given for instant in (stay.start, stay.end)}
    between = sum((local_day(stay.end) - local_day(stay.start)).days for stay in given)
    return min(clock_minutes, (len(days) + between) * MINUTES_A_DAY_MAX)
