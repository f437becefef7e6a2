"""At the desk people's words are masked; whoever opens one says why, and its person sees who looked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError
from werkzeug.test import TestResponse

from backend.core.db import db
from backend.openings.models import VaultOpening
from backend.people.staff import disable_staff
from backend.vault.models import VaultValue
from tests.world.desk import NEIGHBOUR, SAME_SITE, Desk, Hand
from tests.world.regions import ZHONGXIN

WHY = {"reason": "现场核对报名的人"}
NAME = "王志愿"


@dataclass
class Roll:
    """An activity of the village with one volunteer, and his phone."""

    desk: Desk
    activity: str
    phone: FlaskClient
    person: str

    @property
    def door(self) -> str:
        """Where his name is opened."""
        return f"/desk/activities/{self.activity}/volunteers/{self.person}/openings"

    def looks(self) -> list[dict[str, Any]]:
        """Who looked, as he himself sees it."""
        answer = self.phone.get("/api/v1/me/data/openings")
        assert answer.status_code == 200, answer.json
        return list(answer.json["items"])

    def rows(self) -> int:
        """How many openings are written down."""
        return self.desk.asks(lambda: db.session.scalar(select(func.count()).select_from(VaultOpening)) or 0)


@pytest.fixture
def roll(desk: Desk) -> Roll:
    """Somebody signed up for sweeping the road."""
    form = {"village_code": ZHONGXIN, "title": "扫路", "place": "村口", "seats": 5, "target": "老人", "content": "清扫"}
    form |= {"leader_name": "王", "starts_at": "2026-06-02T09:00:00+08:00", "ends_at": "2026-06-02T11:00:00+08:00"}
    activity = str(desk.cadre.does("/desk/activities", form).json["code"])
    phone = desk.app.test_client()
    person = phone.post("/api/v1/session", headers=SAME_SITE).json["person"]["code"]
    headers = {**SAME_SITE, "Idempotency-Key": "sign-up-0001"}
    answer = phone.post(f"/api/v1/activities/{activity}/sign-ups", json={"name": NAME}, headers=headers)
    assert answer.status_code == 201, answer.json
    return Roll(desk, activity, phone, person)


def refused(answer: TestResponse) -> tuple[int, str]:
    """How it was refused."""
    return answer.status_code, str((answer.json or {}).get("code"))


def test_a_name_on_the_roll_is_masked_until_somebody_says_why_he_must_see_it(roll: Roll) -> None:
    (line,) = roll.desk.cadre.sees(f"/desk/activities/{roll.activity}/roll").json["items"]
    assert (line["name"], roll.looks()) == ("王*", [])
    answer = roll.desk.cadre.does(roll.door, WHY)
    assert (answer.status_code, answer.json) == (201, {"value": NAME})
    assert answer.headers["Cache-Control"] == "no-store"


def test_its_person_sees_who_looked_when_what_and_why(roll: Roll) -> None:
    answer = roll.desk.cadre.does(roll.door, WHY)
    (look,) = roll.looks()
    assert (look["staff_name"], look["staff_role"], look["staff_place"]) == ("张village", "village", "众心村")
    assert (look["labels"], look["purpose"], look["reason"]) == (["志愿者姓名"], "asked", WHY["reason"])
    assert (look["row"], look["opened_at"]) == (roll.person, "2026-06-01T12:00:00+08:00")
    assert NAME not in str(look)
    stranger = roll.desk.app.test_client()
    assert stranger.get("/api/v1/me/data/openings").status_code == 401
    stranger.post("/api/v1/session", headers=SAME_SITE)
    assert stranger.get("/api/v1/me/data/openings").json["items"] == []
    auditor = roll.desk.hires("auditor", ZHONGXIN[:2])
    (seen,) = auditor.sees("/desk/openings").json["items"]
    assert (seen["person_code"], seen["request_id"]) == (roll.person, answer.headers["X-Request-ID"])
    assert (bool(seen["staff_code"]), NAME in str(seen)) == (True, False)


STRANGERS: dict[str, Callable[[Desk], Hand]] = {
    "a neighbour's cadre": lambda desk: desk.hires("village", NEIGHBOUR),
    "another province's auditor": lambda desk: desk.hires("auditor", "11"),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_another_region_opens_nothing_and_sees_no_log(roll: Roll, who: str) -> None:
    stranger = STRANGERS[who](roll.desk)
    absent = roll.door.replace(roll.activity, "ZZZZZZZZZZ")
    assert refused(stranger.does(roll.door, WHY))[0] == refused(stranger.does(absent, WHY))[0] == 404
    roll.desk.cadre.does(roll.door, WHY)
    seen = stranger.sees("/desk/openings")
    assert seen.status_code == 403 or seen.json["items"] == []
    assert (roll.rows(), len(roll.desk.audit("desk.refused"))) == (1, 1 + (seen.status_code == 403))


def test_who_may_read_may_not_open_for_that_alone(roll: Roll) -> None:
    auditor = roll.desk.hires("auditor", ZHONGXIN[:2])
    assert refused(auditor.does(roll.door, WHY)) == (403, "FORBIDDEN")
    assert refused(roll.desk.cadre.sees("/desk/openings")) == (403, "FORBIDDEN")
    statement = "DELETE FROM permissions WHERE action = 'vault.open' AND role = 'village'"
    roll.desk.writes(lambda: db.session.execute(text(statement)))
    assert refused(roll.desk.cadre.does(roll.door, WHY)) == (403, "FORBIDDEN")
    assert roll.rows() == 0


NO_REASONS = [({}, "none"), ({"reason": ""}, "an empty one"), ({"reason": " 看 看 "}, "three characters"),
              ({"reason": "看" * 101}, "a story")]  # fmt: skip


@pytest.mark.parametrize(("form", "reason"), NO_REASONS, ids=[row[1] for row in NO_REASONS])
def test_without_a_reason_nothing_is_opened(roll: Roll, form: dict[str, str], reason: str) -> None:
    assert roll.desk.cadre.does(roll.door, form).status_code == 422, reason
    assert roll.rows() == 0


def test_a_value_is_answered_once_and_a_replay_tells_nothing(roll: Roll) -> None:
    cadre = roll.desk.cadre
    assert cadre.does(roll.door, WHY, key="look-000001").status_code == 201
    again = cadre.does(roll.door, WHY, key="look-000001")
    assert (refused(again), NAME in again.text) == ((409, "OPENED_ALREADY"), False)
    nameless = cadre.client.post(f"/api/v1{roll.door}", json=WHY, headers=SAME_SITE)
    assert refused(nameless) == (400, "IDEMPOTENCY_KEY_NEEDED")
    assert refused(cadre.does(roll.door, WHY, key="short")) == (400, "IDEMPOTENCY_KEY_NEEDED")
    kept = roll.desk.asks(lambda: [row.key for row in db.session.execute(text("SELECT key FROM kept_answers"))])
    assert (roll.rows(), "look-000001" in kept) == (1, False), "not even sealed"


def test_a_closed_account_opens_nothing(roll: Roll) -> None:
    leaver = roll.desk.hires("village", ZHONGXIN, login="leaver")
    roll.desk.writes(lambda: disable_staff(login="leaver", now=roll.desk.clock))
    assert refused(leaver.does(roll.door, WHY)) == (401, "SESSION_NEEDED")
    assert refused(Hand(roll.desk.app.test_client()).does(roll.door, WHY)) == (401, "SESSION_NEEDED")
    assert roll.rows() == 0


def test_who_has_no_seat_or_is_forgotten_cannot_be_looked_at(roll: Roll) -> None:
    other = roll.desk.app.test_client().post("/api/v1/session", headers=SAME_SITE).json["person"]["code"]
    assert roll.desk.cadre.does(roll.door.replace(roll.person, other), WHY).status_code == 404
    assert roll.phone.post("/api/v1/me/data/erasure", json={"sure": True}, headers=SAME_SITE).status_code == 200
    assert roll.desk.cadre.does(roll.door, WHY).status_code == 404
    assert roll.desk.cadre.sees(f"/desk/activities/{roll.activity}/roll").json["items"] == []
    assert roll.rows() == 0


def test_a_value_with_a_broken_seal_is_an_absent_one(roll: Roll) -> None:
    broken = "UPDATE vault SET sealed = replace(sealed, '.', '.A') WHERE field = 'volunteer.name'"
    roll.desk.writes(lambda: db.session.execute(text(broken)))
    assert roll.desk.cadre.does(roll.door, WHY).status_code == 404
    (line,) = roll.desk.cadre.sees(f"/desk/activities/{roll.activity}/roll").json["items"]
    assert (line["name"], roll.rows()) == (None, 0)


def test_one_account_opens_thirty_values_an_hour(roll: Roll) -> None:
    assert roll.desk.cadre.does(roll.door, WHY).status_code == 201
    again = (
        "INSERT INTO vault_openings (opened_at, staff_id, person_id, row, fields, region_code, purpose, reason,"
        " request_id, nonce) SELECT opened_at, staff_id, person_id, row, fields, region_code, purpose, reason,"
        " request_id, :nonce FROM vault_openings WHERE nonce NOT LIKE 'again-%'"
    )
    for n in range(29):
        roll.desk.writes(lambda number=n: db.session.execute(text(again), {"nonce": f"again-{number}"}))  # type: ignore[misc]  # bound
    assert refused(roll.desk.cadre.does(roll.door, WHY)) == (429, "OPENED_TOO_MANY")
    assert roll.desk.hires("village", ZHONGXIN).does(roll.door, WHY).status_code == 201
    for minutes in (20, 20, 20):  # Away for half an hour, he would have to log in anew.
        roll.desk.passes(minutes=minutes)
        assert roll.desk.cadre.sees("/desk/me").status_code == 200
    assert roll.desk.cadre.does(roll.door, WHY).status_code == 201
    assert roll.rows() == 32
    page = roll.phone.get("/api/v1/me/data/openings?limit=20").json
    rest = roll.phone.get(f"/api/v1/me/data/openings?limit=20&cursor={page['next_cursor']}").json
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (20, 12, None)


@pytest.mark.parametrize("statement", ["UPDATE vault_openings SET reason = '没有'", "DELETE FROM vault_openings"])
def test_nobody_takes_a_look_back_not_even_in_sql(roll: Roll, statement: str) -> None:
    roll.desk.cadre.does(roll.door, WHY)
    with pytest.raises(DatabaseError, match="never changed"):
        roll.desk.writes(lambda: db.session.execute(text(statement)))
    assert len(roll.looks()) == 1


def test_the_log_holds_no_value(roll: Roll) -> None:
    roll.desk.cadre.does(roll.door, WHY)
    rows = roll.desk.asks(lambda: str(db.session.execute(text("SELECT * FROM vault_openings")).all()))
    assert NAME not in rows
    assert roll.desk.asks(lambda: db.session.scalar(select(func.count()).select_from(VaultValue))) == 1
