"""Volunteering over HTTP: the phone signs up and checks in, the desk shows the code and stands in for a check-out."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from backend.core import clock
from backend.core.db import write_with_retries
from backend.people.staff import create_staff, find_staff, open_staff_session
from tests.world.volunteering import NEIGHBOUR, VILLAGE, Volunteering

FORM = {
    "village_code": VILLAGE,
    "title": "给老人送午饭",
    "place": "村委会食堂",
    "starts_at": "2026-06-01T09:00:00+08:00",
    "ends_at": "2026-06-01T11:00:00+08:00",
    "seats": 2,
    "target": "独居老人",
    "content": "做饭、送饭、洗碗。",
    "leader_name": "王建国",
}
_keys = count(1)


@dataclass
class Caller:
    """A phone or a desk: a browser with its own cookies or token."""

    browser: FlaskClient
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> TestResponse:
        """Ask."""
        return self.browser.get(f"/api/v1{path}", headers=self.headers)

    def post(self, path: str, told: dict[str, Any], *, key: str | None = None) -> TestResponse:
        """Act, under a new Idempotency-Key unless one is given."""
        named = {"X-Requested-With": "happy-home", "Idempotency-Key": key or f"key-number-{next(_keys)}"}
        named["Content-Type"] = "application/json"
        return self.browser.post(f"/api/v1{path}", data=json.dumps(told), headers=self.headers | named)

    def delete(self, path: str) -> TestResponse:
        """Take back."""
        named = {"X-Requested-With": "happy-home"}
        return self.browser.delete(f"/api/v1{path}", headers=self.headers | named)


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Volunteering]:
    """A village on whose clock the application runs too."""
    village = Volunteering(app)
    village.at(8)
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    return village


def phone(village: Volunteering) -> Caller:
    """A phone with a device session."""
    caller = Caller(village.app.test_client())
    assert caller.post("/session", {}).status_code == 201
    return caller


def desk(village: Volunteering, *, region: str = VILLAGE, role: str = "village") -> Caller:
    """A desk at which somebody logs in now."""
    login = f"{role}-{region}"

    def log_in() -> str:
        about = {"login": login, "name": "李会计", "role": role, "region_code": region, "password_hash": "x"}
        staff = find_staff(login) or create_staff(**about, now=village.clock)
        return open_staff_session(staff, now=village.clock)

    with village.app.app_context():
        token = write_with_retries(log_in)
    return Caller(village.app.test_client(), {"X-Desk-Token": token})


def opened(staff: Caller, **changes: object) -> str:
    answer = staff.post("/desk/activities", FORM | changes)
    assert answer.status_code == 201, answer.json
    code: str = answer.json["code"]
    return code


def test_a_phone_signs_up_checks_in_and_out_and_finds_its_hours(village: Volunteering) -> None:
    staff, me = desk(village), phone(village)
    code = opened(staff)
    signed_up = me.post(f"/activities/{code}/sign-ups", {"name": "张小燕"})
    assert signed_up.status_code == 201
    assert signed_up.json["mine"]["state"] == "signed_up"
    assert (signed_up.json["seats_left"], signed_up.json["leader_name"]) == (1, "王建国")

    village.at(9)
    staff = desk(village)  # A desk that nobody touched for half an hour asks for the login again.
    shown = staff.get(f"/desk/activities/{code}/code")
    assert shown.json["valid_until"] == "2026-06-01T09:00:30+08:00"
    assert shown.headers["Cache-Control"] == "no-store"
    came = me.post(f"/activities/{code}/check-ins", {"code": shown.json["code"]})
    assert (came.status_code, came.json["checked_in_at"]) == (201, "2026-06-01T09:00:00+08:00")
    village.at(10, 30)
    staff = desk(village)
    shown = staff.get(f"/desk/activities/{code}/code").json
    left = me.post(f"/activities/{code}/check-outs", {"code": shown["code"]})
    assert (left.status_code, left.json["minutes"], left.json["state"]) == (201, 90, "served")

    hours = me.get("/me/hours").json
    assert (hours["total_minutes"], hours["confirmed_minutes"]) == (90, 0)
    assert hours["items"][0]["activity"]["title"] == "给老人送午饭"
    assert hours["items"][0]["checked_out_at"] == "2026-06-01T10:30:00+08:00"
    assert me.get(f"/activities/{code}").json["mine"]["minutes"] == 90
    assert staff.get(f"/desk/activities/{code}/roll").json["items"][0]["minutes"] == 90


def test_the_picture_on_the_screen_says_where_to_check_in(village: Volunteering) -> None:
    staff = desk(village)
    code = opened(staff)
    shown = staff.get(f"/desk/activities/{code}/code").json
    picture = staff.get(shown["qr_url"].removeprefix("/api/v1"))
    assert picture.mimetype == "image/png"
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.data)))
    assert read.text == shown["url"]
    assert read.text.endswith(f"/activity?code={code}&c={shown['code']}")
    village.at(8, 1)
    assert staff.get(shown["qr_url"].removeprefix("/api/v1")).status_code == 404


def test_a_check_in_sent_twice_is_answered_with_the_same_bytes(village: Volunteering) -> None:
    staff, me = desk(village), phone(village)
    code = opened(staff)
    me.post(f"/activities/{code}/sign-ups", {"name": "张小燕"})
    told = {"code": staff.get(f"/desk/activities/{code}/code").json["code"]}
    first = me.post(f"/activities/{code}/check-ins", told, key="one-tap-one-key")
    village.at(9)
    again = me.post(f"/activities/{code}/check-ins", told, key="one-tap-one-key")
    assert (again.status_code, again.data) == (201, first.data)
    other = me.post(f"/activities/{code}/check-ins", {"code": "123456"}, key="one-tap-one-key")
    assert (other.status_code, other.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")


def test_wrong_codes_are_remembered_although_they_are_refused(village: Volunteering) -> None:
    staff, me = desk(village), phone(village)
    code = opened(staff)
    me.post(f"/activities/{code}/sign-ups", {"name": "张小燕"})
    right = staff.get(f"/desk/activities/{code}/code").json["code"]
    wrong = {"code": f"{(int(right) + 1) % 1_000_000:06}"}
    refused = [me.post(f"/activities/{code}/check-ins", wrong) for _ in range(5)]
    assert {(answer.status_code, answer.json["code"]) for answer in refused} == {(409, "CODE_EXPIRED")}
    assert "attempt" not in refused[0].json
    waits = me.post(f"/activities/{code}/check-ins", {"code": right})
    assert (waits.status_code, waits.json["code"]) == (429, "TOO_MANY_WRONG_CODES")


def test_without_a_session_one_can_look_but_not_sign_up(village: Volunteering) -> None:
    code = opened(desk(village))
    stranger = Caller(village.app.test_client())
    assert stranger.get(f"/activities/{code}").json["mine"] is None
    for answer in (
        stranger.post(f"/activities/{code}/sign-ups", {"name": "张小燕"}),
        stranger.post(f"/activities/{code}/check-ins", {"code": "123456"}),
        stranger.get("/me/hours"),
        stranger.delete(f"/activities/{code}/sign-ups/mine"),
    ):
        assert (answer.status_code, answer.json["code"]) == (401, "SESSION_NEEDED")
    assert stranger.get("/activities/nothing").status_code == 404


def test_a_seat_can_be_given_back(village: Volunteering) -> None:
    me = phone(village)
    code = opened(desk(village), seats=1)
    me.post(f"/activities/{code}/sign-ups", {"name": "张小燕"})
    assert me.get(f"/activities/{code}").json["state"] == "full"
    refused = phone(village).post(f"/activities/{code}/sign-ups", {"name": "刘洋"})
    assert (refused.status_code, refused.json["code"]) == (409, "ACTIVITY_FULL")
    assert me.delete(f"/activities/{code}/sign-ups/mine").status_code == 204
    assert me.get(f"/activities/{code}").json["seats_left"] == 1


def test_a_village_lists_its_activities_page_by_page(village: Volunteering) -> None:
    staff, me = desk(village), phone(village)
    codes = [opened(staff, title=f"第{number}次") for number in range(3)]
    first = me.get(f"/villages/{VILLAGE}/activities?limit=2").json
    assert [item["code"] for item in first["items"]] == [codes[2], codes[1]]
    second = me.get(f"/villages/{VILLAGE}/activities?limit=2&cursor={first['next_cursor']}").json
    assert ([item["code"] for item in second["items"]], second["next_cursor"]) == ([codes[0]], None)
    assert "leader_name" not in first["items"][0]
    assert len(staff.get("/desk/activities").json["items"]) == 3
    assert me.get("/villages/320904104999/activities").status_code == 404


def test_a_person_joins_the_villages_team(village: Volunteering) -> None:
    me, staff = phone(village), desk(village)
    assert me.post(f"/villages/{VILLAGE}/team/members", {"name": "张小燕"}).json["code"] == "TEAM_UNKNOWN"
    made = staff.post("/desk/teams", {"village_code": VILLAGE, "name": "众心志愿者"})
    assert (made.status_code, made.json["member_count"]) == (201, 0)
    joined = me.post(f"/villages/{VILLAGE}/team/members", {"name": "张小燕"})
    assert (joined.status_code, joined.json["name"], joined.json["member_count"]) == (201, "众心志愿者", 1)


def test_the_desk_stands_in_for_a_forgotten_check_out(village: Volunteering) -> None:
    staff, me = desk(village), phone(village)
    code = opened(staff)
    me.post(f"/activities/{code}/sign-ups", {"name": "张小燕"})
    me.post(f"/activities/{code}/check-ins", {"code": staff.get(f"/desk/activities/{code}/code").json["code"]})
    village.at(16)
    staff = desk(village, region="320904", role="county")
    (line,) = staff.get(f"/desk/activities/{code}/roll").json["items"]
    assert (line["name"], line["state"], line["minutes"]) == ("张*", "awaiting_confirmation", 0)
    told = {"person_code": line["person_code"], "minutes": 100, "reason": "忘记签退，王建国证明"}
    nobody = staff.post(f"/desk/activities/{code}/confirmations", told | {"person_code": "nobody"})
    assert nobody.json["code"] == "NOT_CHECKED_IN"
    confirmed = staff.post(f"/desk/activities/{code}/confirmations", told)
    assert (confirmed.status_code, confirmed.json["minutes"], confirmed.json["is_confirmed"]) == (201, 100, True)
    hours = me.get("/me/hours").json
    assert (hours["total_minutes"], hours["confirmed_minutes"]) == (100, 100)


def test_an_activity_is_called_off_for_everybody(village: Volunteering) -> None:
    staff = desk(village)
    code = opened(staff)
    assert staff.post(f"/desk/activities/{code}/cancellation", {"reason": "暴雨"}).json["state"] == "cancelled"
    refused = phone(village).post(f"/activities/{code}/sign-ups", {"name": "张小燕"})
    assert refused.json["code"] == "ACTIVITY_CANCELLED"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/code", None),
        ("/code.png?window=1", None),
        ("/roll", None),
        ("/cancellation", {"reason": "x"}),
        ("/confirmations", {"reason": "x", "minutes": 1, "person_code": "x"}),
    ],
    ids=["its code", "its picture", "its roll", "calling it off", "standing in"],
)
def test_another_villages_activity_is_as_if_it_did_not_exist(
    village: Volunteering, path: str, told: dict[str, Any] | None
) -> None:
    code = opened(desk(village))
    neighbour = desk(village, region=NEIGHBOUR)

    def asked(activity: str) -> dict[str, Any]:
        where = f"/desk/activities/{activity}{path}"
        answer = neighbour.get(where) if told is None else neighbour.post(where, told)
        assert answer.status_code == 404
        return {name: value for name, value in answer.json.items() if name != "request_id"}

    assert asked(code) == asked("nothing")


@pytest.mark.parametrize(
    ("changes", "expected", "reason"),
    [
        ({"village_code": NEIGHBOUR}, (404, "NOT_FOUND"), "another village's activity"),
        ({"seats": 0}, (422, "SEATS_INVALID"), "no seat"),
        ({"seats": 10**30}, (422, "SEATS_INVALID"), "more seats than people"),
        ({"seats": "2"}, (422, "INVALID_INPUT"), "a text is no number"),
        ({"ends_at": "2026-06-01T08:00:00+08:00"}, (422, "TIMES_INVALID"), "it ends before it starts"),
        ({"starts_at": "2026-06-01T09:00:00"}, (422, "INVALID_INPUT"), "a time without its offset says nothing"),
        ({"starts_at": "0001-01-01T00:00:00+08:00"}, (422, "INVALID_INPUT"), "before time began"),
        ({"ends_at": "9999-12-31T23:59:59-08:00"}, (422, "INVALID_INPUT"), "after it ended"),
        ({"title": "  "}, (422, "TEXT_INVALID"), "nothing said"),
        ({"leader_name": "\ud800"}, (422, "TEXT_INVALID"), "half a character"),
        ({"state": "over"}, (422, "UNKNOWN_FIELD"), "not the desk's to say"),
    ],
)
def test_a_form_that_cannot_be_is_refused_by_name(
    village: Volunteering, changes: dict[str, Any], expected: tuple[int, str], reason: str
) -> None:
    answer = desk(village).post("/desk/activities", FORM | changes)
    assert (answer.status_code, answer.json["code"]) == expected, reason


def test_an_auditor_reads_the_list_but_shows_no_code(village: Volunteering) -> None:
    code = opened(desk(village))
    auditor = desk(village, region="32", role="auditor")
    assert [item["code"] for item in auditor.get("/desk/activities").json["items"]] == [code]
    assert auditor.get(f"/desk/activities/{code}/code").status_code == 403
    assert Caller(village.app.test_client()).get("/desk/activities").status_code == 401
