"""Reading the volunteers' room: activities, rolls and hours. Minutes come from `hours.services` and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from backend.core.db import db
from backend.core.errors import NotFound
from backend.people.humans import head_id, heads_of, rows_of, same_human
from backend.people.models import Person
from backend.regions.queries import called
from backend.vault.fields import VOLUNTEER_NAME
from backend.vault.queries import values_of
from backend.volunteers.hours import Event, Kind, Service, State, services, total_minutes
from backend.volunteers.minors import KnownMinor, minors_of
from backend.volunteers.models import Activity, CheckEvent, SignUp, Team, TeamMember
from backend.volunteers.refusals import ActivityUnknown

VILLAGE_CODE_LENGTH = 12


@dataclass(frozen=True, kw_only=True)
class ActivityView:
    """An activity as everybody sees it; `mine` is where the asker stands in it, or None."""

    code: str
    title: str
    village_code: str
    village_name: str
    place: str
    starts_at: datetime
    ends_at: datetime
    seats: int
    seats_left: int
    target: str
    content: str
    leader_name: str
    state: str
    mine: Service | None = None


@dataclass(frozen=True, kw_only=True)
class HoursLine:
    """One activity on the page "my hours"."""

    activity: ActivityView
    service: Service


@dataclass(frozen=True, kw_only=True)
class MyHours:
    """A volunteer's hours. What a leader confirmed is part of the total and also stands apart (features, row 47)."""

    total_minutes: int
    confirmed_minutes: int
    items: Sequence[HoursLine]


@dataclass(frozen=True, kw_only=True)
class RollLine:
    """One volunteer on the roll of an activity, for the desk only; `minor` of who told that he is under eighteen."""

    person_code: str
    name: str | None
    signed_up_at: datetime
    service: Service
    minor: KnownMinor | None = None


@dataclass(frozen=True, kw_only=True)
class TeamView:
    """A village's team and how many have joined it."""

    code: str
    name: str
    member_count: int


def find_activity(code: str) -> Activity:
    """Return the activity; refuses `ActivityUnknown`."""
    activity = db.session.scalar(select(Activity).where(Activity.code == code))
    if activity is None:
        raise ActivityUnknown()
    return activity


def find_team(village_code: str) -> TeamView | None:
    """Return the village's team, or None when it has none yet (R136)."""
    statement = (
        select(Team.code, Team.name, func.count(head_id(TeamMember.person_id).distinct()))
        .outerjoin(TeamMember, TeamMember.team_id == Team.id)
        .where(Team.village_code == village_code)
        .group_by(Team.id)
    )
    row = db.session.execute(statement).first()
    return None if row is None else TeamView(code=row[0], name=row[1], member_count=row[2])


def events_of(person_ids: Iterable[int]) -> dict[int, list[Event]]:
    """Return what was recorded of each of these volunteers, in every activity, under whatever row of theirs."""
    heads = heads_of(person_ids)
    rows = rows_of(heads.values())
    recorded: dict[int, list[Event]] = defaultdict(list)
    for row_id, events in events_under(rows).items():
        recorded[rows[row_id]] += events
    return {person: recorded[head] for person, head in heads.items() if recorded[head]}


def events_under(person_ids: Iterable[int]) -> dict[int, list[Event]]:
    """Return what was recorded under each of these rows of `people`, whoever else they turned out to be."""
    statement = (
        select(CheckEvent.person_id, Activity.code, CheckEvent.kind, CheckEvent.at, CheckEvent.minutes)
        .join(Activity, Activity.id == CheckEvent.activity_id)
        .where(CheckEvent.person_id.in_(set(person_ids)))
        .order_by(CheckEvent.id)
    )
    found: dict[int, list[Event]] = defaultdict(list)
    for row in db.session.execute(statement):
        told = Event(activity=row.code, kind=Kind(row.kind), at=row.at, minutes=row.minutes or 0, seat=row.person_id)
        found[row.person_id].append(told)
    return found


def services_of(person_ids: Iterable[int], *, now: datetime) -> dict[int, dict[str, Service]]:
    """Return what each of these volunteers did, by activity: the one source of every view of hours (P15)."""
    found = events_of(person_ids)
    codes = {event.activity for events in found.values() for event in events}
    ends = db.session.execute(select(Activity.code, Activity.ends_at).where(Activity.code.in_(codes)))
    ends_at = {row.code: row.ends_at for row in ends}
    return {person: services(events, ends_at=ends_at, now=now) for person, events in found.items()}


def my_hours(*, person_id: int, now: datetime, limit: int = 200) -> MyHours:
    """Return a volunteer's total and their activities, the latest first, at most `limit`; the total is of all."""
    served = services_of([person_id], now=now).get(person_id, {})
    statement = (
        select(Activity)
        .join(SignUp, SignUp.activity_id == Activity.id)
        .where(SignUp.person_id.in_(same_human(person_id)), SignUp.cancelled_at.is_(None))
        .group_by(Activity.id)
        .order_by(Activity.starts_at.desc(), Activity.id.desc())
        .limit(limit)
    )
    activities = views_of(db.session.scalars(statement).all(), now=now)
    return MyHours(
        total_minutes=total_minutes(served),
        confirmed_minutes=sum(service.minutes for service in served.values() if service.is_confirmed),
        items=[HoursLine(activity=one, service=served.get(one.code) or _signed_up(one.code)) for one in activities],
    )


def activity_view(code: str, *, now: datetime, person_id: int | None = None) -> ActivityView:
    """Return one activity; with a person, also where they stand in it. Refuses `ActivityUnknown`."""
    activity = find_activity(code)
    mine = None if person_id is None else standing(activity, person_id=person_id, now=now)
    (view,) = views_of([activity], now=now, mine={code: mine} if mine else {})
    return view


def standing(activity: Activity, *, person_id: int, now: datetime) -> Service | None:
    """Return where a volunteer stands in an activity, or None for one without a seat."""
    if not seats_of(activity.id, person_id):
        return None
    served = services_of([person_id], now=now).get(person_id, {})
    return served.get(activity.code) or _signed_up(activity.code)


def seats_of(activity_id: int, person_id: int) -> list[SignUp]:
    """Return the seats that a human has in an activity: one, or more where two phones were one man's all along."""
    mine = (SignUp.activity_id == activity_id) & SignUp.person_id.in_(same_human(person_id))
    statement = (
        select(SignUp).where(mine, SignUp.cancelled_at.is_(None)).order_by(SignUp.signed_up_at, SignUp.person_id)
    )
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def require_seat(*, activity: str, person_code: str) -> None:
    """Refuse `NotFound` for who has no seat in an activity."""
    statement = (
        select(SignUp.person_id)
        .join(Person, Person.id == SignUp.person_id)
        .join(Activity, Activity.id == SignUp.activity_id)
        .where(Activity.code == activity, Person.code == person_code, SignUp.cancelled_at.is_(None))
    )
    if db.session.scalar(statement) is None:
        raise NotFound()


def activities_in(region_code: str, *, now: datetime, limit: int, before: str | None = None) -> list[ActivityView]:
    """Return the activities of a village, or of every village below a larger region, the newest first (R139).

    An empty code is the nation. `before` is the code of the last activity already seen.
    """
    in_region = Activity.village_code == region_code
    if len(region_code) < VILLAGE_CODE_LENGTH:
        in_region = Activity.village_code.startswith(region_code, autoescape=True)
    statement = select(Activity).where(in_region).order_by(Activity.id.desc()).limit(limit)
    if before is not None:
        seen = select(Activity.id).where(Activity.code == before).scalar_subquery()
        statement = statement.where(Activity.id < seen)
    return views_of(db.session.scalars(statement).all(), now=now)


def roll(code: str, *, now: datetime) -> list[RollLine]:
    """Return who has a seat in an activity and where each stands, in the order of signing up (R138)."""
    activity = find_activity(code)
    statement = (
        select(SignUp.person_id, SignUp.signed_up_at, Person.code)
        .join(Person, Person.id == SignUp.person_id)
        .where(SignUp.activity_id == activity.id, SignUp.cancelled_at.is_(None))
        .order_by(SignUp.signed_up_at, SignUp.person_id)
    )
    found = db.session.execute(statement).all()
    heads = heads_of(row.person_id for row in found)
    once = {heads[row.person_id]: row for row in reversed(found)}  # The seat that a human took first.
    rows = [row for row in found if once[heads[row.person_id]] is row]
    served = services_of((row.person_id for row in rows), now=now)
    names = values_of((VOLUNTEER_NAME,), (row.code for row in rows))
    minors = minors_of(row.person_id for row in rows)
    return [
        RollLine(
            person_code=row.code,
            name=names.get((VOLUNTEER_NAME, row.code)),
            signed_up_at=row.signed_up_at,
            service=served.get(row.person_id, {}).get(code) or _signed_up(code),
            minor=minors.get(row.person_id),
        )
        for row in rows
    ]


def views_of(
    activities: Sequence[Activity], *, now: datetime, mine: dict[str, Service] | None = None
) -> list[ActivityView]:
    """Return activities as everybody sees them, the village names read in one statement."""
    names = called({activity.village_code for activity in activities})
    return [
        ActivityView(
            code=one.code,
            title=one.title,
            village_code=one.village_code,
            village_name=names.get(one.village_code, ""),
            place=one.place,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            seats=one.seats,
            seats_left=one.seats - one.seats_taken,
            target=one.target,
            content=one.content,
            leader_name=one.leader_name,
            state=_state(one, now=now),
            mine=(mine or {}).get(one.code),
        )
        for one in activities
    ]


def _signed_up(code: str) -> Service:
    return Service(activity=code, state=State.SIGNED_UP)


def _state(activity: Activity, *, now: datetime) -> str:
    if activity.cancelled_at is not None:
        return "cancelled"
    if now >= activity.ends_at:
        return "over"
    if now >= activity.starts_at:
        return "running"
    return "full" if activity.seats_taken >= activity.seats else "open"
