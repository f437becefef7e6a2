"""Who is under eighteen serves with a guardian's consent; the guardian is kept apart, and he may take it back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from backend.core.db import db
from backend.core.errors import NotFound
from backend.core.text import TextInvalid
from backend.messages.models import InboxMessage
from backend.people.humans import code_of
from backend.people.models import JoinedPerson
from backend.people.phone import PhoneInvalid
from backend.vault import consent
from backend.vault.erasing import erase
from backend.vault.fields import GUARDIAN_NAME, GUARDIAN_PHONE, VOLUNTEER_AGE
from backend.vault.models import Consent, VaultValue
from backend.vault.queries import values_of
from backend.volunteers import minors, refusals, service
from backend.volunteers.minors import FROM_14, TOLD, UNDER_14, Minor
from backend.volunteers.queries import find_team
from tests.world.vault import tables_with
from tests.world.volunteering import VILLAGE, Volunteering

MOTHER = Minor(band=FROM_14, guardian_name="张秀英", guardian_phone="138 1234 5678", guardian_agrees=True)
CHILD = replace(MOTHER, band=UNDER_14)


@pytest.fixture
def village(app: Flask) -> Volunteering:
    """A village whose clock stands at nine."""
    return Volunteering(app)


@pytest.fixture
def pupil(village: Volunteering) -> int:
    """A pupil with a phone."""
    return village.somebody()


def kept(village: Volunteering, who: int) -> dict[str, str]:
    """What the vault holds of a minor and his guardian, by field."""

    def read() -> dict[str, str]:
        row = code_of(who)
        return {field: value for (field, _), value in values_of(TOLD, [row]).items()}

    return village.asks(read)


def agreed(village: Volunteering, who: int) -> list[tuple[str, bool]]:
    """What was agreed to, the newest first, and whether it stands."""
    rows = village.asks(lambda: consent.consents_of(who))
    return [(row.purpose, row.withdrawn_at is None) for row in rows]


# Telling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("band", "purpose"),
    [
        (FROM_14, "minor_14_17"),  # A guardian agrees to the service (民法典 19, 145).
        (UNDER_14, "minor_under_14"),  # A guardian agrees to the data too: they are sensitive (PIPL 28, 31).
    ],
)
def test_a_minor_signs_up_with_his_guardian_s_consent(
    village: Volunteering, pupil: int, band: str, purpose: str
) -> None:
    village.signs_up(pupil, village.opens_activity(), minor=replace(MOTHER, band=band))
    told = {VOLUNTEER_AGE: band, GUARDIAN_NAME: "张秀英", GUARDIAN_PHONE: "+8613812345678"}
    assert kept(village, pupil) == told
    assert agreed(village, pupil) == [(purpose, True)]
    assert village.findings() == []
    assert village.asks(lambda: tables_with("张秀英", "13812345678")) == set(), "nothing of it stands in the clear"


def test_who_is_of_age_tells_nothing_and_nothing_is_kept(village: Volunteering, pupil: int) -> None:
    activity = village.opens_activity()
    village.signs_up(pupil, activity)
    assert (kept(village, pupil), agreed(village, pupil)) == ({}, [])
    assert [line.minor for line in village.roll_of(activity)] == [None]


@pytest.mark.parametrize(
    ("told", "refusal", "reason"),
    [
        (replace(MOTHER, guardian_agrees=False), refusals.GuardianNeeded, "the guardian has not agreed"),
        (replace(MOTHER, band="17"), refusals.AgeBandInvalid, "an age is more than we may know"),
        (replace(MOTHER, guardian_name="  "), TextInvalid, "a guardian without a name"),
        (replace(MOTHER, guardian_name="长" * 21), TextInvalid, "a name that is none"),
        (replace(MOTHER, guardian_name=" 张小燕 "), refusals.GuardianIsOneself, "his own guardian"),
        (replace(MOTHER, guardian_phone="12345"), PhoneInvalid, "a number that nobody answers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_a_guardian_no_minor_takes_a_seat(
    village: Volunteering, pupil: int, told: Minor, refusal: type[Exception], reason: str
) -> None:
    activity = village.opens_activity()
    with pytest.raises(refusal):
        village.signs_up(pupil, activity, minor=told)
    assert village.roll_of(activity) == [], reason
    assert (kept(village, pupil), agreed(village, pupil)) == ({}, [])


def test_a_wrong_number_of_the_guardian_is_named_as_his(village: Volunteering, pupil: int) -> None:
    with pytest.raises(PhoneInvalid) as fault:
        village.signs_up(pupil, village.opens_activity(), minor=replace(MOTHER, guardian_phone="110"))
    assert fault.value.facts == {"field": "guardian_phone"}


def test_a_minor_joins_the_team_with_his_guardian_too(village: Volunteering, pupil: int) -> None:
    village.opens_activity()
    join = {"village_code": VILLAGE, "person_id": pupil, "name": "张小燕", "now": village.clock}
    with pytest.raises(refusals.GuardianNeeded):
        village.writes(lambda: service.join_team(**join, minor=replace(CHILD, guardian_agrees=False)))
    village.writes(lambda: service.join_team(**join, minor=CHILD))
    assert kept(village, pupil)[VOLUNTEER_AGE] == UNDER_14
    assert agreed(village, pupil) == [("minor_under_14", True)]


def test_the_same_told_again_keeps_the_day_on_which_the_guardian_agreed(village: Volunteering, pupil: int) -> None:
    first, second = village.opens_activity(), village.opens_activity(starts_in=300)
    village.signs_up(pupil, first, minor=MOTHER)
    village.at(10)
    village.signs_up(pupil, second, minor=replace(MOTHER, guardian_phone="+86-13812345678"))
    assert agreed(village, pupil) == [("minor_14_17", True)]
    (line,) = village.roll_of(second)
    assert line.minor is not None
    assert line.minor.agreed_at == line.signed_up_at.replace(hour=1)


def test_a_later_sign_up_that_tells_nothing_stands_on_the_consent_that_stands(
    village: Volunteering, pupil: int
) -> None:
    village.signs_up(pupil, village.opens_activity(), minor=CHILD)
    later = village.opens_activity(starts_in=300)
    village.signs_up(pupil, later)
    assert [line.minor.band for line in village.roll_of(later) if line.minor] == [UNDER_14]


def test_who_turned_fourteen_or_has_another_guardian_tells_it_anew(village: Volunteering, pupil: int) -> None:
    village.signs_up(pupil, village.opens_activity(), minor=CHILD)
    village.at(10)
    grandfather = replace(MOTHER, guardian_name="张大山", guardian_phone="13900000000")
    village.signs_up(pupil, village.opens_activity(starts_in=300), minor=grandfather)
    assert kept(village, pupil) == {VOLUNTEER_AGE: FROM_14, GUARDIAN_NAME: "张大山", GUARDIAN_PHONE: "+8613900000000"}
    assert agreed(village, pupil) == [("minor_14_17", True), ("minor_under_14", False)]
    assert village.findings() == []


# Two phones of one pupil -------------------------------------------------------------------------


def joins(village: Volunteering, one: int, other: int) -> None:
    """Two phones turn out to be one human's."""
    village.writes(lambda: db.session.add(JoinedPerson(person_id=other, head_id=one, joined_at=village.clock)))


def test_of_two_phones_of_one_pupil_the_younger_band_is_believed(village: Volunteering, pupil: int) -> None:
    other, activity = village.somebody(), village.opens_activity()
    village.signs_up(pupil, activity, minor=MOTHER)
    later = village.opens_activity(starts_in=300)
    village.signs_up(other, later, minor=CHILD)
    joins(village, pupil, other)
    for code in (activity, later):
        assert [line.minor.band for line in village.roll_of(code) if line.minor] == [UNDER_14]
    last = village.opens_activity(starts_in=600)
    village.signs_up(other, last, minor=MOTHER)
    assert [kept(village, pupil), kept(village, other)[VOLUNTEER_AGE]] == [{}, FROM_14], "one guardian for one human"
    assert village.findings() == []


# Taking it back ----------------------------------------------------------------------------------


def test_a_guardian_takes_his_consent_back_and_what_was_served_stays(village: Volunteering, pupil: int) -> None:
    past, coming = village.opens_activity(), village.opens_activity(starts_in=600)
    told = {"village_code": VILLAGE, "person_id": pupil, "name": "张小燕", "now": village.clock}
    village.writes(lambda: service.join_team(**told, minor=CHILD))
    village.serves(pupil, past, until=(10, 0))
    village.signs_up(pupil, coming)
    assert village.writes(lambda: minors.end_consent(person_id=pupil, now=village.clock)) == 1
    assert (kept(village, pupil), agreed(village, pupil)) == ({}, [("minor_under_14", False)])
    assert (village.roll_of(coming), village.sees(coming).seats_left) == ([], 5)
    team = village.asks(lambda: find_team(VILLAGE))
    assert (team is not None and team.member_count, village.hours_of(pupil).total_minutes) == (0, 60)
    assert village.writes(lambda: minors.end_consent(person_id=pupil, now=village.clock)) == 0
    assert village.findings() == []


def test_a_minor_who_is_erased_takes_his_guardian_along(village: Volunteering, pupil: int) -> None:
    village.signs_up(pupil, village.opens_activity(), minor=CHILD)
    village.writes(lambda: erase(pupil, actor="me", now=village.clock))
    assert (kept(village, pupil), agreed(village, pupil)) == ({}, [("minor_under_14", False)])
    assert village.findings() == []


def test_of_who_is_no_minor_no_guardian_is_found(village: Volunteering, pupil: int) -> None:
    code = village.asks(lambda: code_of(pupil))
    for nobody in (code, "nobody"):
        with pytest.raises(NotFound):
            village.asks(lambda who=nobody: minors.minor_named(who))  # type: ignore[misc]  # bound at once


def test_after_a_year_the_consent_ends_and_the_guardian_is_forgotten(village: Volunteering, pupil: int) -> None:
    village.signs_up(pupil, village.opens_activity(), minor=CHILD)

    def ends() -> int:
        return village.writes(lambda: minors.end_old_consents(now=village.clock))

    village.at(9, day=365)
    assert (ends(), len(kept(village, pupil))) == (0, 3), "to the day it stands"
    village.at(9, 1, day=365)
    assert (ends(), kept(village, pupil), agreed(village, pupil)) == (1, {}, [("minor_under_14", False)])
    assert (ends(), village.findings()) == (0, [])
    inbox = select(InboxMessage.person_id, InboxMessage.title, InboxMessage.link)
    told = village.asks(lambda: [tuple(row) for row in db.session.execute(inbox)])
    assert told == [(pupil, "监护人的同意已满一年", "/mydata")]


def test_a_seat_in_a_coming_activity_keeps_the_consent_on_whatever_phone_it_was_taken(
    village: Volunteering, pupil: int
) -> None:
    village.signs_up(pupil, village.opens_activity(), minor=CHILD)
    other = village.somebody()
    joins(village, pupil, other)
    coming = village.opens_activity(starts_in=400 * 24 * 60)
    village.signs_up(other, coming)
    village.at(9, day=399)
    assert village.writes(lambda: minors.end_old_consents(now=village.clock)) == 0
    assert len(village.roll_of(coming)) == 1
    village.at(12, day=400)
    assert village.writes(lambda: minors.end_old_consents(now=village.clock)) == 1
    assert kept(village, pupil) == {}


# What `verify` asks ------------------------------------------------------------------------------


def test_verify_names_a_minor_without_a_guardian_or_consent(village: Volunteering, pupil: int) -> None:
    activity = village.opens_activity()
    village.signs_up(pupil, activity, minor=CHILD)
    code = village.asks(lambda: code_of(pupil))
    named = f"未成年志愿者 {code} 没有监护人姓名、电话或同意的记录"
    gone = update(Consent).values(withdrawn_at=village.clock)
    village.writes(lambda: db.session.execute(gone))
    assert village.findings() == [named]
    assert [line.minor.agreed_at for line in village.roll_of(activity) if line.minor] == [None]
    village.writes(lambda: db.session.execute(update(Consent).values(withdrawn_at=None)))
    village.writes(lambda: db.session.execute(delete(VaultValue).where(VaultValue.field == GUARDIAN_PHONE)))
    assert village.findings() == [named]


def test_verify_names_a_guardian_s_consent_for_nobody(village: Volunteering, pupil: int) -> None:
    village.signs_up(pupil, village.opens_activity(), minor=CHILD)
    village.writes(lambda: db.session.execute(delete(VaultValue).where(VaultValue.field.in_(TOLD))))
    number = village.asks(lambda: db.session.scalars(select(Consent.id)).one())
    assert village.findings() == [f"监护人的同意 {number} 没有对应的未成年志愿者"]
