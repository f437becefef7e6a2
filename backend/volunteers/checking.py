"""Checking in and out by the rotating code, and a leader's word where a check-out is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from backend.core import audit
from backend.core.db import db
from backend.core.text import clean_line
from backend.people.models import Person
from backend.volunteers import codes
from backend.volunteers.hours import (
    CHECK_IN_OPENS_BEFORE,
    CHECK_OUT_CLOSES_AFTER,
    MINUTE,
    MINUTES_A_DAY_MAX,
    Event,
    Interval,
    Kind,
    Service,
    stays,
)
from backend.volunteers.models import Activity, CheckEvent, WrongCode
from backend.volunteers.queries import events_of, find_activity, seats_of, standing
from backend.volunteers.refusals import (
    ActivityCancelled,
    ActivityNotOver,
    ActivityOver,
    AlreadyCheckedIn,
    AlreadyCheckedOut,
    CheckInNotOpen,
    CheckOutBeforeCheckIn,
    CheckOutClosed,
    CodeExpired,
    MinutesInvalid,
    NotCheckedIn,
    NotSignedUp,
    Overlap,
    TooManyWrongCodes,
    WrongAttempt,
)
from backend.volunteers.service import hold_volunteer

WRONG_CODES_MAX = 5
WRONG_CODES_WITHIN = timedelta(minutes=10)


def check_in(*, activity: str, person_id: int, code: str, nonce: str, secret: str, now: datetime) -> Service:
    """Record that a person came, at the server's time, and return where they stand (R138, bad inputs 36, 37).

    From sixty minutes before the start until the end. The same `nonce` again, also later, changes nothing. Refuses
    `NotSignedUp`, `AlreadyCheckedIn`, `CheckInNotOpen`, `ActivityOver`, `ActivityCancelled`, `TooManyWrongCodes`,
    `CodeExpired` (remember it with `remember_wrong_code`) and `Overlap` with an activity not yet checked out of.
    """
    visit = _visit(activity, person_id)
    if visit.was_told(Kind.CHECK_IN, nonce):
        return _standing(visit, now)
    if visit.arrival is not None:
        raise AlreadyCheckedIn()
    if visit.activity.cancelled_at is not None:
        raise ActivityCancelled()
    if now < visit.activity.starts_at - CHECK_IN_OPENS_BEFORE:
        raise CheckInNotOpen()
    if now >= visit.activity.ends_at:
        raise ActivityOver()
    window = _window_of_code(visit, code, secret=secret, now=now)
    _refuse_second_place(visit, now)
    _record(visit, Kind.CHECK_IN, nonce=nonce, now=now, code_window=window)
    return _standing(visit, now)


def check_out(*, activity: str, person_id: int, code: str, nonce: str, secret: str, now: datetime) -> Service:
    """Record that a person leaves and return their minutes. Until four hours after the end; the same `nonce` once.

    Refuses `NotSignedUp`, `CheckOutBeforeCheckIn`, `AlreadyCheckedOut`, `CheckOutClosed`, `TooManyWrongCodes`,
    `CodeExpired` (remember it with `remember_wrong_code`) and `Overlap` when the person has been elsewhere since.
    """
    visit = _visit(activity, person_id)
    if visit.was_told(Kind.CHECK_OUT, nonce):
        return _standing(visit, now)
    if visit.arrival is None or now < visit.arrival.at:
        raise CheckOutBeforeCheckIn()
    if visit.is_closed:
        raise AlreadyCheckedOut()
    if now > visit.activity.ends_at + CHECK_OUT_CLOSES_AFTER:
        raise CheckOutClosed()
    window = _window_of_code(visit, code, secret=secret, now=now)
    _refuse_overlap(visit, Interval(activity=activity, start=visit.arrival.at, end=now))
    _record(visit, Kind.CHECK_OUT, nonce=nonce, now=now, code_window=window)
    return _standing(visit, now)


def confirm_minutes(
    *, activity: str, person_code: str, minutes: int, reason: str, nonce: str, by: str, now: datetime
) -> Service:
    """Record a leader's word for a check-out that is missing: minutes from the check-in on, with the reason.

    It stands apart from recorded check-outs, by whom is kept. 0 says that the person did not serve. Refuses
    `NotCheckedIn`, `AlreadyCheckedOut`, `ActivityNotOver`, `MinutesInvalid` above the time from check-in to the planned
    end or above twelve hours, and `Overlap`.
    """
    person_id = db.session.scalar(select(Person.id).where(Person.code == person_code))
    if person_id is None:
        raise NotCheckedIn()
    visit = _visit(activity, person_id)
    if visit.was_told(Kind.CONFIRMATION, nonce):
        return _standing(visit, now)
    if visit.arrival is None:
        raise NotCheckedIn()
    if visit.is_closed:
        raise AlreadyCheckedOut()
    if now < visit.activity.ends_at:
        raise ActivityNotOver()
    highest = min((visit.activity.ends_at - visit.arrival.at) // MINUTE, MINUTES_A_DAY_MAX)
    if type(minutes) is not int or not 0 <= minutes <= highest:
        raise MinutesInvalid(f"补录的分钟数应是 0 到 {highest} 之间的整数。", field="minutes", highest=highest)
    end = visit.arrival.at + minutes * MINUTE
    _refuse_overlap(visit, Interval(activity=activity, start=visit.arrival.at, end=end))
    told = clean_line(reason, limit=100, field="reason")
    _record(visit, Kind.CONFIRMATION, nonce=nonce, now=now, minutes=minutes, reason=told, by=by)
    audit.record(action="hours.confirm", actor=by, subject=activity, now=now, person=person_code, minutes=minutes)
    return _standing(visit, now)


def remember_wrong_code(attempt: WrongAttempt, *, now: datetime) -> None:
    """Keep that a wrong code was tried, in a transaction of its own after the refused one was undone (law 13)."""
    mine = (WrongCode.activity_id == attempt.activity_id) & (WrongCode.person_id == attempt.person_id)
    db.session.execute(delete(WrongCode).where(mine, WrongCode.tried_at <= now - WRONG_CODES_WITHIN))
    db.session.add(WrongCode(activity_id=attempt.activity_id, person_id=attempt.person_id, tried_at=now))


@dataclass(frozen=True, kw_only=True)
class _Visit:
    activity: Activity
    person_id: int
    recorded: dict[Kind, CheckEvent]
    told: frozenset[tuple[Kind, str]]

    @property
    def arrival(self) -> CheckEvent | None:
        return self.recorded.get(Kind.CHECK_IN)

    @property
    def is_closed(self) -> bool:
        return bool(self.recorded.keys() & {Kind.CHECK_OUT, Kind.CONFIRMATION})

    def was_told(self, kind: Kind, nonce: str) -> bool:
        return (kind, nonce) in self.told

    def others(self) -> list[Event]:
        events = events_of([self.person_id]).get(self.person_id, [])
        return [event for event in events if event.activity != self.activity.code]


def _visit(code: str, person_id: int) -> _Visit:
    """Hold the volunteer's rows and read what is recorded of them in one activity; refuses one without a seat.

    Who had two seats before his two phones were known to be one man's goes on where he is still checked in.
    """
    activity = find_activity(code)
    hold_volunteer(person_id)
    seats = [seat.person_id for seat in seats_of(activity.id, person_id)]
    if not seats:
        raise NotSignedUp()
    mine = (CheckEvent.activity_id == activity.id) & CheckEvent.person_id.in_(seats)
    recorded: dict[int, dict[Kind, CheckEvent]] = {seat: {} for seat in seats}
    for event in db.session.scalars(select(CheckEvent).where(mine)):
        recorded[event.person_id][Kind(event.kind)] = event
    visits = [
        _Visit(activity=activity, person_id=seat, recorded=recorded[seat], told=_nonces(recorded)) for seat in seats
    ]
    return next((visit for visit in visits if visit.arrival is not None and not visit.is_closed), visits[0])


def _nonces(recorded: Mapping[int, Mapping[Kind, CheckEvent]]) -> frozenset[tuple[Kind, str]]:
    return frozenset((kind, event.nonce) for events in recorded.values() for kind, event in events.items())


def _standing(visit: _Visit, now: datetime) -> Service:
    found = standing(visit.activity, person_id=visit.person_id, now=now)
    assert found is not None, "who was recorded has a seat"
    return found


def _window_of_code(visit: _Visit, code: str, *, secret: str, now: datetime) -> int:
    tries = select(func.count()).where(
        WrongCode.activity_id == visit.activity.id,
        WrongCode.person_id == visit.person_id,
        WrongCode.tried_at > now - WRONG_CODES_WITHIN,
    )
    if (db.session.scalar(tries) or 0) >= WRONG_CODES_MAX:
        raise TooManyWrongCodes()
    key = codes.activity_key(secret=secret, activity=visit.activity.code)
    window = codes.window_shown_by(code, key=key, now=now)
    if window is None:
        raise CodeExpired(WrongAttempt(activity_id=visit.activity.id, person_id=visit.person_id))
    return window


def _refuse_second_place(visit: _Visit, now: datetime) -> None:
    """Refuse to check in here while still being somewhere else: checked in, not out, and that activity goes on."""
    open_stays = [stay.activity for stay in stays(visit.others()) if stay.is_open]
    if not open_stays:
        return
    running = select(Activity.code).where(Activity.code.in_(open_stays), Activity.ends_at > now)
    other = db.session.scalar(running.limit(1))
    if other is not None:
        raise Overlap("您还在另一个活动中，请先签退。", activity=other)


def _refuse_overlap(visit: _Visit, mine: Interval) -> None:
    other = next((stay for stay in stays(visit.others()) if stay.overlaps(mine)), None)
    if other is not None:
        raise Overlap(activity=other.activity)


def _record(
    visit: _Visit,
    kind: Kind,
    *,
    nonce: str,
    now: datetime,
    code_window: int | None = None,
    minutes: int | None = None,
    reason: str | None = None,
    by: str = "self",
) -> None:
    event = CheckEvent(
        activity_id=visit.activity.id,
        person_id=visit.person_id,
        kind=kind.value,
        at=now,
        code_window=code_window,
        nonce=nonce,
        recorded_by=by,
        minutes=minutes,
        reason=reason,
    )
    db.session.add(event)
    db.session.flush()  # So that the answer reads this event too.
