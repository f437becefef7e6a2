"""Volunteers under eighteen: a guardian's consent, whom to call, and what follows when it is taken back.

Who is of age tells nothing and nothing is kept of it. Of a minor the band alone is kept, no birthday (PIPL 6): under
fourteen his data are sensitive and a guardian agrees to their being kept (PIPL 28, 31); from fourteen to seventeen a
guardian agrees to the service itself (民法典 19, 20, 145; what is fit for the age: 志愿服务条例 15).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select

from backend.core import audit
from backend.core.db import db
from backend.core.errors import NotFound
from backend.core.text import clean_line
from backend.messages.service import Telling, tell_all
from backend.people.humans import code_of, head_id, heads_of, rows_of, same_human
from backend.people.models import Person
from backend.people.phone import PhoneInvalid, normal_phone
from backend.vault import consent
from backend.vault import service as vault
from backend.vault.fields import GUARDIAN_NAME, GUARDIAN_PHONE, VOLUNTEER_AGE, VOLUNTEER_NAME
from backend.vault.models import Consent
from backend.vault.policy import present_policy
from backend.vault.queries import values_of
from backend.volunteers.joining import free_coming_seats
from backend.volunteers.models import Activity, SignUp, TeamMember, VolunteerName
from backend.volunteers.refusals import AgeBandInvalid, GuardianAgreesAnew, GuardianIsOneself, GuardianNeeded

FROM_14, UNDER_14 = "14_17", "under_14"
BANDS = (FROM_14, UNDER_14)
PURPOSES = {FROM_14: consent.MINOR_14_17, UNDER_14: consent.MINOR_UNDER_14}
TOLD = (VOLUNTEER_AGE, GUARDIAN_NAME, GUARDIAN_PHONE)
STANDS_FOR = timedelta(days=365)
"""A guardian's consent ends after a year: children grow, numbers change, and nothing is kept for longer (PIPL 19)."""
ENDED_TITLE = "监护人的同意已满一年"
ENDED_TEXT = (
    "监护人同意参加志愿服务已满一年，年龄段、监护人的姓名和手机号已经删除，也已退出志愿队。志愿时长都留着。"
    "还想参加的，未满18岁请监护人再同意一次，已满18岁直接报名。"
)


@dataclass(frozen=True, kw_only=True)
class Minor:
    """What is told of a volunteer under eighteen; `guardian_agrees` is the guardian's own tick."""

    band: str
    guardian_name: str
    guardian_phone: str
    guardian_agrees: bool


@dataclass(frozen=True, kw_only=True)
class KnownMinor:
    """A volunteer of whom it was told. `row` is where it lies in the vault; `agreed_at`: when the guardian agreed."""

    row: str
    band: str
    guardian_name: str | None
    guardian_phone: str | None
    agreed: consent.Standing | None

    @property
    def agreed_at(self) -> datetime | None:
        """Return when the guardian agreed, or None where no consent stands."""
        return None if self.agreed is None else self.agreed.given_at


def keep_minor(*, person_id: int, name: str, minor: Minor, now: datetime) -> None:
    """Keep who answers for a minor called `name`, and that he agreed; told again otherwise, the former is replaced.

    The same told again under the same text changes nothing, so the consent keeps its day. Refuses `AgeBandInvalid`,
    `GuardianNeeded` without the guardian's tick, `GuardianIsOneself`, `TextInvalid` (1 to 20 characters) and
    `PhoneInvalid`. Runs in the transaction of the sign-up, after the volunteer's row is held.
    """
    if minor.band not in BANDS:
        raise AgeBandInvalid(field="band")
    if not minor.guardian_agrees:
        raise GuardianNeeded(field="guardian_agrees")
    guardian, phone = _guardian_name(minor.guardian_name), _guardian_phone(minor.guardian_phone)
    if guardian == clean_line(name, limit=20, field="name"):
        raise GuardianIsOneself(field="guardian_name")
    known = minors_of([person_id]).get(person_id)
    told = (minor.band, guardian, phone, present_policy().version)
    if known is not None and told == _as_told(known):
        return
    _forget(person_id, now=now)
    values: dict[str, str | None] = {VOLUNTEER_AGE: minor.band, GUARDIAN_NAME: guardian, GUARDIAN_PHONE: phone}
    vault.put(person_id=person_id, row=code_of(person_id), values=values, now=now)
    consent.give(person_id=person_id, purpose=PURPOSES[minor.band], now=now)


def correct_guardian(*, row: str, field: str, value: str, agrees: bool, now: datetime) -> None:
    """Write the guardian's name or number anew (PIPL 46): who is named now agrees now, and what was agreed to ends.

    The caller has seen that the row is the asker's own. Refuses what signing up refuses of a guardian, and
    `GuardianAgreesAnew` without his tick: nobody may swap him under a consent that another gave.
    """
    if not agrees:
        raise GuardianAgreesAnew(field="agrees")
    kept = _guardian_name(value) if field == GUARDIAN_NAME else _guardian_phone(value)
    person_id = db.session.scalars(select(Person.id).where(Person.code == row)).one()
    _hold_volunteer(person_id)
    known = minors_of([person_id]).get(person_id)
    if known is None:
        raise NotFound()
    if field == GUARDIAN_NAME and kept in _names_of(person_id):
        raise GuardianIsOneself(field="guardian_name")
    before = values_of((GUARDIAN_NAME, GUARDIAN_PHONE), [row])
    values = {name: before.get((name, row)) for name in (GUARDIAN_NAME, GUARDIAN_PHONE)}
    _forget(person_id, now=now)
    vault.put(person_id=person_id, row=row, values=values | {VOLUNTEER_AGE: known.band, field: kept}, now=now)
    consent.give(person_id=person_id, purpose=PURPOSES[known.band], now=now)
    audit.record(action="volunteers.guardian", actor=row, subject=row, now=now, field=field)


def end_consent(*, person_id: int, now: datetime) -> int:
    """Take a guardian's consent back; return how many seats in coming activities were given back (PIPL 15).

    Age band, name and number are taken out, and the minor leaves his teams. What he has served stays his: hours are
    facts. Again changes nothing. Who is of age now ends it so too.
    """
    freed = free_coming_seats(person_id, now=now)
    db.session.execute(delete(TeamMember).where(TeamMember.person_id.in_(same_human(person_id))))
    _forget(person_id, now=now)
    return freed


def end_old_consents(*, now: datetime, limit: int = 20) -> int:
    """End consents that were given more than a year ago, and tell their persons; return how many. For the scheduler.

    One on which a seat in a coming activity rests waits until that is over.
    """
    seat = exists().where(
        head_id(SignUp.person_id) == head_id(Consent.person_id),
        SignUp.cancelled_at.is_(None),
        Activity.id == SignUp.activity_id,
        Activity.ends_at > now,
    )
    standing = Consent.purpose.in_(consent.BY_GUARDIAN) & Consent.withdrawn_at.is_(None)
    old = select(Consent.id, Consent.person_id).where(standing, Consent.given_at < now - STANDS_FOR, ~seat)
    ended = db.session.execute(old.order_by(Consent.id).limit(limit)).all()
    for row in ended:
        end_consent(person_id=row.person_id, now=now)
    told = {"kind": "guardian.ended", "title": ENDED_TITLE, "text": ENDED_TEXT, "link": "/mydata"}
    tell_all([Telling(person_id=row.person_id, key=str(row.id), **told) for row in ended], now=now)
    return len(ended)


def minors_of(person_ids: Iterable[int]) -> dict[int, KnownMinor]:
    """Return those of these persons who told that they are under eighteen, under whatever row of theirs.

    Where two rows of one human tell differently, the younger is believed.
    """
    heads = heads_of(person_ids)
    rows = rows_of(heads.values())
    people = db.session.execute(select(Person.id, Person.code).where(Person.id.in_(sorted(rows)))).all()
    told = values_of(TOLD, (one.code for one in people))
    agreed = consent.standing(rows, consent.BY_GUARDIAN)
    found: dict[int, list[KnownMinor]] = defaultdict(list)
    for one in people:
        band = told.get((VOLUNTEER_AGE, one.code))
        if band is not None:
            whom = {"guardian_name": GUARDIAN_NAME, "guardian_phone": GUARDIAN_PHONE}
            guardian = {name: told.get((field, one.code)) for name, field in whom.items()}
            known = KnownMinor(row=one.code, band=band, **guardian, agreed=agreed.get(one.id))
            found[rows[one.id]].append(known)
    youngest = {head: min(each, key=lambda one: (one.band != UNDER_14, one.row)) for head, each in found.items()}
    return {person: youngest[head] for person, head in heads.items() if head in youngest}


def minor_named(person_code: str) -> KnownMinor:
    """Return what is known of a minor by his public code. Refuses `NotFound` for who is none."""
    person_id = db.session.scalar(select(Person.id).where(Person.code == person_code))
    known = None if person_id is None else minors_of([person_id]).get(person_id)
    if known is None:
        raise NotFound()
    return known


def _hold_volunteer(person_id: int) -> None:
    """Hold the volunteer's rows: acts of one person take turns."""
    mine = select(VolunteerName.person_id).where(VolunteerName.person_id.in_(same_human(person_id)))
    db.session.execute(mine.order_by(VolunteerName.person_id).with_for_update())


def _names_of(person_id: int) -> set[str]:
    """Return what a volunteer is called, under whatever row of his."""
    codes = db.session.scalars(select(Person.code).where(Person.id.in_(same_human(person_id))))
    return set(values_of((VOLUNTEER_NAME,), codes).values())


def _as_told(known: KnownMinor) -> tuple[str, str | None, str | None, int]:
    return known.band, known.guardian_name, known.guardian_phone, known.agreed.policy_version if known.agreed else 0


def _forget(person_id: int, *, now: datetime) -> None:
    vault.drop_all(person_id=person_id, fields=TOLD)
    consent.take_back(person_id=person_id, purposes=consent.BY_GUARDIAN, now=now)


def _guardian_name(text: str) -> str:
    return clean_line(text, limit=20, field="guardian_name")


def _guardian_phone(text: str) -> str:
    try:
        return normal_phone(text)
    except PhoneInvalid as fault:
        raise PhoneInvalid(field="guardian_phone") from fault
