"""Teams, activities and seats: who opens, who joins, who takes the last one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update

from backend.core import audit
from backend.core.db import db, insert_once
from backend.core.ids import new_code
from backend.core.text import clean_line, clean_text
from backend.people.humans import code_of, same_human
from backend.people.models import Person
from backend.regions.names import village_name
from backend.regions.queries import village_or_refuse
from backend.vault import service as vault
from backend.vault.fields import VOLUNTEER_NAME
from backend.volunteers.hours import Kind
from backend.volunteers.minors import Minor, keep_minor
from backend.volunteers.models import Activity, CheckEvent, SignUp, Team, TeamMember, VolunteerName
from backend.volunteers.queries import find_activity, seats_of
from backend.volunteers.refusals import (
    ActivityCancelled,
    ActivityFull,
    ActivityHasBegun,
    ActivityOver,
    AlreadyCheckedIn,
    AlreadySignedUp,
    NotSignedUp,
    Overlap,
    SeatsInvalid,
    TeamUnknown,
    TimesInvalid,
)

SEATS_MAX = 1000
LENGTH_MAX = timedelta(hours=24)


def create_team(*, village_code: str, by: str, now: datetime, name: str | None = None) -> Team:
    """Register the village's own volunteer team, or return the one it has: one for each village (R136).

    Without a name it is called after its village. Refuses what is not a village (`RegionUnknown`, `NotAVillage`).
    """
    village = village_or_refuse(village_code)
    called = clean_line(name or f"{village_name(village.name)}慈善志愿者服务队", limit=60, field="name")
    row = insert_once(Team).values(
        code=new_code(), village_code=village_code, name=called, created_at=now, created_by=by
    )
    made = db.session.scalar(row.on_conflict_do_nothing(index_elements=["village_code"]).returning(Team.code))
    if made is not None:
        audit.record(action="team.create", actor=by, subject=made, now=now, village=village_code)
    return db.session.scalars(select(Team).where(Team.village_code == village_code)).one()


def join_team(*, village_code: str, person_id: int, name: str, now: datetime, minor: Minor | None = None) -> Team:
    """Make a person a member of the village's team; joining again changes what he tells only. Refuses `TeamUnknown`.

    `minor` is told of who is under eighteen (`minors.keep_minor`); without it what was told before stands.
    """
    team = db.session.scalar(select(Team).where(Team.village_code == village_code))
    if team is None:
        raise TeamUnknown()
    tell_name(person_id=person_id, name=name, now=now)
    if minor is not None:
        keep_minor(person_id=person_id, name=name, minor=minor, now=now)
    row = insert_once(TeamMember).values(team_id=team.id, person_id=person_id, joined_at=now)
    db.session.execute(row.on_conflict_do_nothing())
    return team


def tell_name(*, person_id: int, name: str, now: datetime) -> None:
    """Keep what a volunteer is called, 1 to 20 characters, and hold their row: acts of one person take turns."""
    kept = clean_line(name, limit=20, field="name")
    row = insert_once(VolunteerName).values(person_id=person_id, told_at=now)
    told = {"told_at": row.excluded.told_at}
    db.session.execute(row.on_conflict_do_update(index_elements=["person_id"], set_=told))
    vault.put(person_id=person_id, row=code_of(person_id), values={VOLUNTEER_NAME: kept}, now=now)


def correct_name(*, row: str, name: str, now: datetime) -> None:
    """Write a volunteer's name anew where it lies (PIPL 46). The caller has seen that the row is the asker's own.

    Of a human who was two persons the roll reads the name under the one who took the seat.
    """
    tell_name(person_id=db.session.scalars(select(Person.id).where(Person.code == row)).one(), name=name, now=now)


@dataclass(frozen=True, kw_only=True)
class ActivityForm:
    """What the desk fills in: where, when, for whom (`target`), what, led by whom (令67 art. 7)."""

    village_code: str
    title: str
    place: str
    starts_at: datetime
    ends_at: datetime
    seats: int
    target: str
    content: str
    leader_name: str


def open_activity(form: ActivityForm, *, by: str, now: datetime) -> Activity:
    """Publish an activity of the village's team; a village without a team gets one (R137, R139).

    Refuses `TimesInvalid` (at most 24 hours, not over yet), `SeatsInvalid` (1 to 1000), and what is
    not a village.
    """
    if not form.starts_at < form.ends_at <= form.starts_at + LENGTH_MAX or form.ends_at <= now:
        raise TimesInvalid(field="ends_at")
    if type(form.seats) is not int or not 1 <= form.seats <= SEATS_MAX:
        raise SeatsInvalid(field="seats")
    team = create_team(village_code=form.village_code, by=by, now=now)
    activity = Activity(
        code=new_code(),
        team_id=team.id,
        village_code=form.village_code,
        title=clean_line(form.title, limit=60, field="title"),
        place=clean_line(form.place, limit=60, field="place"),
        starts_at=form.starts_at,
        ends_at=form.ends_at,
        seats=form.seats,
        seats_taken=0,
        target=clean_line(form.target, limit=60, field="target"),
        content=clean_text(form.content, limit=1000, field="content"),
        leader_name=clean_line(form.leader_name, limit=20, field="leader_name"),
        opened_at=now,
        opened_by=by,
    )
    db.session.add(activity)
    db.session.flush()  # So that whoever opened it can look at it at once.
    told = {"village": form.village_code, "seats": form.seats}
    audit.record(action="activity.open", actor=by, subject=activity.code, now=now, **told)
    return activity


def cancel_activity(*, code: str, reason: str, by: str, now: datetime) -> Activity:
    """Call an activity off. Refuses `ActivityOver`; `ActivityHasBegun` once somebody checked in: hours are facts."""
    activity = find_activity(code)
    db.session.refresh(activity, with_for_update=True)
    if now >= activity.ends_at:
        raise ActivityOver()
    if db.session.scalar(select(exists().where(CheckEvent.activity_id == activity.id))):
        raise ActivityHasBegun()
    if activity.cancelled_at is None:
        activity.cancelled_at = now
        activity.cancel_reason = clean_line(reason, limit=100, field="reason")
        audit.record(action="activity.cancel", actor=by, subject=code, now=now)
    return activity


def sign_up(*, activity: str, person_id: int, name: str, now: datetime, minor: Minor | None = None) -> Activity:
    """Take a seat for a person until the activity ends; of two who want the last one, one gets it (R138).

    Refuses `AlreadySignedUp`, `ActivityFull`, `ActivityOver`, `ActivityCancelled`, and `Overlap` with another activity
    in which this person has a seat and has not yet checked out. `minor` is told of who is under eighteen
    (`minors.keep_minor`); without it what was told before stands, with the consent that stands.
    """
    wanted = find_activity(activity)
    tell_name(person_id=person_id, name=name, now=now)
    if minor is not None:
        keep_minor(person_id=person_id, name=name, minor=minor, now=now)
    if seats_of(wanted.id, person_id):
        raise AlreadySignedUp()
    if now >= wanted.ends_at:
        raise ActivityOver()
    _refuse_overlap(wanted, person_id)
    _take_seat(wanted)
    row = insert_once(SignUp).values(activity_id=wanted.id, person_id=person_id, signed_up_at=now)
    again = {"signed_up_at": now, "cancelled_at": None}
    db.session.execute(row.on_conflict_do_update(index_elements=["activity_id", "person_id"], set_=again))
    db.session.refresh(wanted)
    return wanted


def cancel_sign_up(*, activity: str, person_id: int, now: datetime) -> None:
    """Give the seat back; a second time changes nothing. Refuses `NotSignedUp`, `AlreadyCheckedIn`, `ActivityOver`."""
    held = find_activity(activity)
    hold_volunteer(person_id)
    human, seats = same_human(person_id), seats_of(held.id, person_id)
    if not seats:
        once = (SignUp.activity_id == held.id) & SignUp.person_id.in_(human)
        if db.session.scalar(select(exists().where(once))):
            return
        raise NotSignedUp()
    mine = (CheckEvent.activity_id == held.id) & CheckEvent.person_id.in_(human)
    if db.session.scalar(select(exists().where(mine))):
        raise AlreadyCheckedIn()
    if now >= held.ends_at:
        raise ActivityOver()
    for seat in seats:
        seat.cancelled_at = now
    free = update(Activity).where(Activity.id == held.id).values(seats_taken=Activity.seats_taken - len(seats))
    db.session.execute(free)


def hold_volunteer(person_id: int) -> None:
    """Hold a volunteer's rows for the rest of the transaction, so that two phones of one human take turns.

    Refuses `NotSignedUp` for a person who never told a name.
    """
    mine = select(VolunteerName.person_id).where(VolunteerName.person_id.in_(same_human(person_id)))
    if not db.session.scalars(mine.order_by(VolunteerName.person_id).with_for_update()).all():
        raise NotSignedUp()


def _refuse_overlap(wanted: Activity, person_id: int) -> None:
    closed = exists().where(
        CheckEvent.activity_id == Activity.id,
        CheckEvent.person_id.in_(same_human(person_id)),
        CheckEvent.kind != Kind.CHECK_IN.value,
    )
    statement = (
        select(Activity.code)
        .join(SignUp, SignUp.activity_id == Activity.id)
        .where(SignUp.person_id.in_(same_human(person_id)), SignUp.cancelled_at.is_(None), Activity.id != wanted.id)
        .where(Activity.starts_at < wanted.ends_at, Activity.ends_at > wanted.starts_at)
        .where(Activity.cancelled_at.is_(None), ~closed)
    )
    other = db.session.scalar(statement.limit(1))
    if other is not None:
        raise Overlap(activity=other)


def _take_seat(wanted: Activity) -> None:
    """Raise the count by one statement with its condition; looking first would give the last seat to two."""
    is_free = (Activity.id == wanted.id) & (Activity.seats_taken < Activity.seats) & Activity.cancelled_at.is_(None)
    take = update(Activity).where(is_free).values(seats_taken=Activity.seats_taken + 1).returning(Activity.id)
    if db.session.scalar(take) is None:
        db.session.refresh(wanted)
        raise ActivityFull() if wanted.cancelled_at is None else ActivityCancelled()
