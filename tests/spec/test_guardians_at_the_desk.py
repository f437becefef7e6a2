"""The leader sees that a volunteer is a minor and that a guardian agreed; whom to call is opened for a reason."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from backend.core.audit import AuditEntry
from backend.core.db import db
from backend.core.errors import NotFound
from backend.people.joining import join
from backend.people.models import Person
from backend.vault.fields import GUARDIAN_PHONE
from backend.vault.models import VaultValue
from backend.volunteers.checks import check_volunteers
from backend.volunteers.minors import correct_guardian
from tests.world.desk import SAME_SITE, Desk
from tests.world.regions import ZHONGXIN

WHY = {"reason": "打电话向监护人核对"}
MOTHER = {"band": "under_14", "guardian_name": "张秀英", "guardian_phone": "13812345678", "guardian_agrees": True}
_keys = count(1)


@dataclass
class Pupil:
    """An activity of the village, and the phone of a child who signed up for it."""

    desk: Desk
    activity: str
    phone: FlaskClient
    person: str

    def does(self, path: str, told: dict[str, Any]) -> TestResponse:
        """Act by phone."""
        headers = {**SAME_SITE, "Idempotency-Key": f"of-the-pupil-{next(_keys)}"}
        return self.phone.post(f"/api/v1{path}", json=told, headers=headers)

    def my_data(self) -> dict[str, Any]:
        """What the child is shown of himself."""
        answer = self.phone.get("/api/v1/me/data")
        assert answer.status_code == 200, answer.json
        return dict(answer.json)

    def corrects(self, field: str, row: str, **told: object) -> TestResponse:
        """Write one value anew."""
        return self.phone.put(f"/api/v1/me/data/{field}/{row}", json=told, headers=SAME_SITE)

    def line(self) -> dict[str, Any]:
        """The child on the roll, as the leader sees it."""
        (line,) = self.desk.cadre.sees(f"/desk/activities/{self.activity}/roll").json["items"]
        return dict(line)

    def door(self, what: str) -> str:
        """Where the guardian's name or number is opened."""
        return f"/desk/activities/{self.activity}/volunteers/{self.person}/guardian-{what}/openings"


def opened(desk: Desk, day: str = "2026-06-02") -> str:
    """An activity of the village, at nine in the morning; return its code."""
    form = {"village_code": ZHONGXIN, "title": "扫路", "place": "村口", "seats": 5, "target": "老人", "content": "清扫"}
    form |= {"leader_name": "王", "starts_at": f"{day}T09:00:00+08:00", "ends_at": f"{day}T11:00:00+08:00"}
    return str(desk.cadre.does("/desk/activities", form).json["code"])


@pytest.fixture
def pupil(desk: Desk) -> Pupil:
    """A child signed up for sweeping the road, its mother beside it."""
    activity = opened(desk)
    phone = desk.app.test_client()
    person = phone.post("/api/v1/session", headers=SAME_SITE).json["person"]["code"]
    found = Pupil(desk, activity, phone, person)
    answer = found.does(f"/activities/{activity}/sign-ups", {"name": "张小燕", "minor": MOTHER})
    assert answer.status_code == 201, answer.json
    return found


def test_the_leader_sees_a_minor_and_that_a_guardian_agreed_but_not_whom(pupil: Pupil) -> None:
    minor = pupil.line()["minor"]
    assert minor == {
        "band": "under_14",
        "guardian_name": "张*",
        "guardian_phone": "138****5678",
        "agreed_at": "2026-06-01T12:00:00+08:00",
    }
    grown_up = pupil.desk.app.test_client()
    grown_up.post("/api/v1/session", headers=SAME_SITE)
    told = {"name": "王志愿", "minor": None}
    headers = {**SAME_SITE, "Idempotency-Key": "of-a-grown-up"}
    assert grown_up.post(f"/api/v1/activities/{pupil.activity}/sign-ups", json=told, headers=headers).status_code == 201
    lines = pupil.desk.cadre.sees(f"/desk/activities/{pupil.activity}/roll").json["items"]
    assert [line["minor"] for line in lines] == [minor, None]


@pytest.mark.parametrize(("what", "value"), [("name", "张秀英"), ("phone", "+8613812345678")])
def test_the_leader_opens_whom_to_call_for_a_reason_and_the_child_sees_it(pupil: Pupil, what: str, value: str) -> None:
    assert pupil.desk.cadre.does(pupil.door(what), {"reason": "看"}).status_code == 422
    answer = pupil.desk.cadre.does(pupil.door(what), WHY)
    assert (answer.status_code, answer.json) == (201, {"value": value})
    assert answer.headers["Cache-Control"] == "no-store"
    (look,) = pupil.phone.get("/api/v1/me/data/openings").json["items"]
    labels = {"name": "监护人姓名", "phone": "监护人手机号"}
    assert (look["labels"], look["reason"]) == ([labels[what]], WHY["reason"])
    assert value not in str(look)


def test_nothing_is_opened_of_who_has_no_guardian_or_no_seat(pupil: Pupil) -> None:
    pupil.desk.writes(lambda: db.session.execute(delete(VaultValue).where(VaultValue.field == GUARDIAN_PHONE)))
    assert pupil.line()["minor"]["guardian_phone"] is None
    assert pupil.desk.cadre.does(pupil.door("phone"), WHY).status_code == 404
    gone = pupil.phone.delete(f"/api/v1/activities/{pupil.activity}/sign-ups/mine", headers=SAME_SITE)
    assert gone.status_code == 204
    assert pupil.desk.cadre.does(pupil.door("name"), WHY).status_code == 404


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"guardian_agrees": False}, "GUARDIAN_NEEDED"),
        ({"band": "adult"}, "AGE_BAND_INVALID"),
        ({"guardian_phone": "110"}, "PHONE_INVALID"),
        ({"guardian_name": "张小燕"}, "GUARDIAN_IS_ONESELF"),
        ({"birthday": "2015-01-01"}, "INVALID_INPUT"),  # More than we may know.
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_form_without_a_guardian_is_refused_by_name(pupil: Pupil, changed: dict[str, Any], code: str) -> None:
    for path in (f"/activities/{pupil.activity}/sign-ups", f"/villages/{ZHONGXIN}/team/members"):
        answer = pupil.does(path, {"name": "张小燕", "minor": MOTHER | changed})
        assert (answer.status_code, (answer.json or {})["code"]) == (422, code)


def test_child_and_guardian_see_correct_and_withdraw_what_is_kept(pupil: Pupil) -> None:
    seen = {item["field"]: item for item in pupil.my_data()["items"]}
    assert {field: seen[field]["value"] for field in ("volunteer.age", "guardian.name", "guardian.phone")} == {
        "volunteer.age": "未满14周岁",
        "guardian.name": "张秀英",
        "guardian.phone": "+8613812345678",
    }
    assert [field for field, item in seen.items() if not item["may_correct"]] == ["volunteer.age"]
    for field, value in (("guardian.name", "张大山"), ("guardian.phone", "139 0000 0000")):
        answer = pupil.corrects(field, seen[field]["row"], value=value, agrees=True)
        assert answer.status_code == 200, answer.json
    assert pupil.line()["minor"]["guardian_phone"] == "139****0000"
    wrong = pupil.corrects("guardian.phone", pupil.person, value="12", agrees=True)
    assert (wrong.status_code, (wrong.json or {})["code"]) == (422, "PHONE_INVALID")
    given, *ended = pupil.my_data()["consents"]
    assert (given["purpose"], given["policy_version"], given["may_withdraw"]) == ("minor_under_14", 2, True)
    assert [one["withdrawn_at"] is None for one in ended] == [False, False]
    answer = pupil.phone.delete("/api/v1/me/data/consents/minor_under_14", headers=SAME_SITE)
    left = answer.json or {}
    assert [item["field"] for item in left["items"]] == ["volunteer.name"]
    assert {(one["purpose"], one["withdrawn_at"] is None) for one in left["consents"]} == {("minor_under_14", False)}
    assert pupil.desk.cadre.sees(f"/desk/activities/{pupil.activity}/roll").json["items"] == []


SWAPS = [
    ("guardian.name", {"value": "张大山"}, "GUARDIAN_AGREES_ANEW", "nobody ticked"),
    ("guardian.phone", {"value": "13900000000", "agrees": False}, "GUARDIAN_AGREES_ANEW", "the guardian did not tick"),
    ("guardian.name", {"value": " 张小燕", "agrees": True}, "GUARDIAN_IS_ONESELF", "the child's own name"),
    ("guardian.name", {"value": "长" * 21, "agrees": True}, "TEXT_INVALID", "a name that is none"),
    ("guardian.phone", {"value": "110", "agrees": True}, "PHONE_INVALID", "a number that nobody answers"),
]


@pytest.mark.parametrize(("field", "told", "code", "why"), SWAPS, ids=[row[3] for row in SWAPS])
def test_a_child_swaps_no_guardian_under_the_consent_of_another(
    pupil: Pupil, field: str, told: dict[str, object], code: str, why: str
) -> None:
    before, line = pupil.my_data(), pupil.line()
    pupil.desk.passes(minutes=20)
    refused = pupil.corrects(field, pupil.person, **told)
    assert (refused.status_code, (refused.json or {})["code"]) == (422, code), why
    assert (pupil.my_data(), pupil.line()) == (before, line)
    assert pupil.desk.audit("volunteers.guardian") == []


def test_a_corrected_guardian_has_agreed_today_and_the_correction_leaves_a_trace_without_names(pupil: Pupil) -> None:
    pupil.desk.passes(minutes=20)
    assert pupil.corrects("guardian.name", pupil.person, value="张大山", agrees=True).status_code == 200
    assert pupil.line()["minor"]["agreed_at"] == "2026-06-01T12:20:00+08:00"
    consents = [(one["given_at"], one["withdrawn_at"]) for one in pupil.my_data()["consents"]]
    now, before = "2026-06-01T12:20:00+08:00", "2026-06-01T12:00:00+08:00"
    assert consents == [(now, None), (before, now)]
    assert pupil.desk.audit("volunteers.guardian") == [(pupil.person, pupil.person)]
    acts = pupil.desk.asks(lambda: str(db.session.execute(select(AuditEntry.facts)).all()))
    assert ("guardian.name" in acts, "张大山" in acts) == (True, False)
    assert pupil.desk.asks(check_volunteers) == []


def test_a_consent_taken_back_meanwhile_is_not_begun_anew_by_a_correction(pupil: Pupil) -> None:
    pupil.phone.delete("/api/v1/me/data/consents/minor_under_14", headers=SAME_SITE)
    told = {"row": pupil.person, "field": GUARDIAN_PHONE, "value": "13900000000", "agrees": True}
    with pytest.raises(NotFound):
        pupil.desk.writes(lambda: correct_guardian(**told, now=pupil.desk.clock))


def test_of_who_was_two_persons_each_name_is_corrected_where_the_roll_reads_it(pupil: Pupil) -> None:
    desk, phone = pupil.desk, pupil.desk.app.test_client()
    other = phone.post("/api/v1/session", headers=SAME_SITE).json["person"]["code"]
    later = opened(desk, "2026-06-03")
    second = Pupil(desk, later, phone, other)
    assert second.does(f"/activities/{later}/sign-ups", {"name": "张小雁"}).status_code == 201
    one, two = (desk.asks(lambda code=code: person_of(code)) for code in (pupil.person, other))  # type: ignore[misc]  # bound
    assert desk.writes(lambda: join(one, two, now=desk.clock)) == one
    assert pupil.corrects("volunteer.name", other, value="张小艳").status_code == 200
    assert (second.line()["name"], pupil.line()["name"]) == ("张*", "张*")
    seen = {item["row"]: item["value"] for item in pupil.my_data()["items"] if item["field"] == "volunteer.name"}
    assert seen == {pupil.person: "张小燕", other: "张小艳"}
    door = f"/desk/activities/{later}/volunteers/{other}/openings"
    assert desk.cadre.does(door, WHY).json == {"value": "张小艳"}


def person_of(code: str) -> int:
    return db.session.scalars(select(Person.id).where(Person.code == code)).one()


def test_the_text_about_data_tells_what_is_kept_of_children(pupil: Pupil) -> None:
    text = pupil.phone.get("/api/v1/privacy").json
    headings = [section["heading"] for section in text["sections"]]
    assert {"未满十八周岁的人", "未满十四周岁孩子的信息"} <= set(headings)
    assert ("监护人" in str(text), "撤回同意" in str(text)) == (True, True)
