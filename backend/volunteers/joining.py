"""What joining two persons, or forgetting one, means for seats; hours are read as one human's by `events_of`."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, update

from backend.core.db import db
from backend.people.humans import same_human
from backend.volunteers.models import Activity, CheckEvent, SignUp, VolunteerName


def is_recorded() -> ColumnElement[bool]:
    """Say, in SQL, whether anything was recorded of the person who has this seat in its activity."""
    mine = (CheckEvent.activity_id == SignUp.activity_id) & (CheckEvent.person_id == SignUp.person_id)
    return exists().where(mine)


def free_double_seats(person_id: int, *, now: datetime) -> int:
    """Give back the seats that one human took twice, while nothing is recorded there; return how many.

    Where nothing is recorded on either, the one taken first stays; where both hold hours, both stay: what was recorded
    is not undone, and its minutes are counted once. Runs in the transaction that joins; a check-in of either phone at
    the same moment is waited for.
    """
    human = same_human(person_id)
    names = select(VolunteerName.person_id).where(VolunteerName.person_id.in_(human)).order_by(VolunteerName.person_id)
    db.session.execute(names.with_for_update())
    statement = (
        select(SignUp.activity_id, SignUp.person_id, is_recorded())
        .where(SignUp.person_id.in_(human), SignUp.cancelled_at.is_(None))
        .order_by(is_recorded().desc(), SignUp.signed_up_at, SignUp.person_id)
    )
    seats: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for row in db.session.execute(statement):
        seats[row.activity_id].append((row.person_id, bool(row[2])))
    double = [(activity, person) for activity, rows in seats.items() for person, recorded in rows[1:] if not recorded]
    for activity, person in double:
        _free(activity, person, now=now)
    return len(double)


def free_coming_seats(person_id: int, *, now: datetime) -> int:
    """Give back every seat of a human who has himself forgotten, where nothing is recorded yet; return how many.

    Seats of what is over stay, as hours do: that is the past. Runs in the transaction that forgets, before his keys are
    held: a sign-up of his other phone at the same moment is waited for.
    """
    human = same_human(person_id)
    names = select(VolunteerName.person_id).where(VolunteerName.person_id.in_(human)).order_by(VolunteerName.person_id)
    db.session.execute(names.with_for_update())
    statement = (
        select(SignUp.activity_id, SignUp.person_id)
        .join(Activity, Activity.id == SignUp.activity_id)
        .where(SignUp.person_id.in_(human), SignUp.cancelled_at.is_(None), Activity.ends_at > now, ~is_recorded())
        .order_by(SignUp.activity_id, SignUp.person_id)
    )
    coming = [(row.activity_id, row.person_id) for row in db.session.execute(statement)]
    for activity, person in coming:
        _free(activity, person, now=now)
    return len(coming)


def _free(activity_id: int, person_id: int, *, now: datetime) -> None:
    mine = (SignUp.activity_id == activity_id) & (SignUp.person_id == person_id)
    db.session.execute(update(SignUp).where(mine).values(cancelled_at=now))
    free = update(Activity).where(Activity.id == activity_id).values(seats_taken=Activity.seats_taken - 1)
    db.session.execute(free)
