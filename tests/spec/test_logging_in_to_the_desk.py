"""Staff log in with a password; guesses are counted, sessions end, and an account that is closed is closed at once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from backend.core.db import db
from backend.people import passwords, staff
from backend.people.login import forget_old_failures
from backend.people.models import LoginFailure, Staff, StaffSession
from tests.world.desk import PASSWORD, SAME_SITE, Desk, Hand
from tests.world.money import at_once
from tests.world.regions import ZHONGXIN
from tests.world.sparing import CAREFUL


def newcomer(desk: Desk) -> Hand:
    """Somebody's phone that is not logged in."""
    return Hand(desk.app.test_client())


def test_who_logs_in_sees_his_region_and_his_rights(desk: Desk) -> None:
    me = desk.cadre.sees("/desk/me").json
    assert me["staff"] == {"name": "张village", "role": "village", "region": {"code": ZHONGXIN, "name": "众心村委会"}}
    assert {"projects.publish", "spending.record", "activities.open"} <= set(me["actions"])
    assert "payouts.approve" not in me["actions"]
    nation = desk.payer.sees("/desk/me").json
    assert nation["staff"]["region"] == {"code": "00", "name": "全国"}
    assert "payouts.approve" in nation["actions"]


def test_the_desk_is_closed_to_who_is_not_logged_in(desk: Desk) -> None:
    stranger = newcomer(desk)
    stranger.client.post("/api/v1/session", headers=SAME_SITE)
    for path in ("/desk/me", "/desk/projects", "/desk/payouts", "/desk/unallocated", "/desk/organisations"):
        answer = stranger.sees(path)
        assert (answer.status_code, answer.json["code"]) == (401, "SESSION_NEEDED"), path
    assert stranger.does("/desk/projects", desk.fund_form()).status_code == 401
    assert stranger.uploads(b"x").status_code == 401


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(desk: Desk) -> None:
    desk.hires("village", ZHONGXIN, login="li.ming")
    answers = [desk.logs_in(newcomer(desk), login, "not the password").json for login in ("li.ming", "nobody")]
    assert [answer["code"] for answer in answers] == ["LOGIN_FAILED"] * 2
    assert answers[0]["detail"] == answers[1]["detail"]
    assert [subject == "unknown" for _, subject in desk.audit("desk.login_failed")] == [False, True]


def test_a_login_is_written_as_one_likes(desk: Desk) -> None:
    desk.hires("village", ZHONGXIN, login="Li.Ming")
    assert desk.logs_in(newcomer(desk), " lI.mING ").status_code == 200


@pytest.mark.parametrize("login", ["li.ming", "nobody"])
def test_after_five_failures_a_login_waits_also_with_the_right_password(desk: Desk, login: str) -> None:
    desk.hires("village", ZHONGXIN, login="li.ming")
    for _ in range(5):
        assert desk.logs_in(newcomer(desk), login, "guess").status_code == 401
    locked = desk.logs_in(newcomer(desk), login)
    assert (locked.status_code, locked.json["code"], locked.json["wait_seconds"]) == (429, "LOGIN_LOCKED", 31)

    desk.passes(seconds=30)
    assert desk.logs_in(newcomer(desk), login, "guess").status_code == 401
    desk.passes(seconds=59)
    assert desk.logs_in(newcomer(desk), login).status_code == 429
    desk.passes(seconds=1)
    assert desk.logs_in(newcomer(desk), login).status_code == (200 if login == "li.ming" else 401)


def test_a_crowd_of_guesses_at_once_is_counted_one_by_one(desk: Desk) -> None:
    desk.hires("village", ZHONGXIN, login="li.ming")
    answers: list[int] = []
    guesses = [lambda: answers.append(desk.logs_in(newcomer(desk), "li.ming", "guess").status_code)] * 12
    assert at_once(desk.app, guesses) == []
    assert sorted(answers) == [401] * 5 + [429] * 7


def test_a_success_and_a_quiet_day_forget_the_failures(desk: Desk) -> None:
    desk.hires("village", ZHONGXIN, login="li.ming")
    for _ in range(2):
        for _ in range(4):
            desk.logs_in(newcomer(desk), "li.ming", "guess")
        assert desk.logs_in(newcomer(desk), "li.ming").status_code == 200

    for _ in range(4):
        desk.logs_in(newcomer(desk), "li.ming", "guess")
    desk.passes(days=1, seconds=1)
    assert desk.logs_in(newcomer(desk), "li.ming", "guess").status_code == 401
    assert desk.logs_in(newcomer(desk), "li.ming", "guess").status_code == 401
    desk.passes(days=2)
    assert desk.writes(lambda: forget_old_failures(now=desk.clock)) == 1
    assert desk.asks(lambda: db.session.scalars(select(LoginFailure)).first()) is None


def test_a_session_ends_after_half_an_hour_without_work_and_after_eight_hours_with_it(desk: Desk) -> None:
    desk.passes(minutes=29)
    assert desk.cadre.sees("/desk/me").status_code == 200
    for _ in range(15):
        desk.passes(minutes=29)
        assert desk.cadre.sees("/desk/me").status_code == 200
    desk.passes(minutes=16)
    assert desk.cadre.sees("/desk/me").status_code == 401

    idle = desk.hires("village", ZHONGXIN)
    desk.passes(minutes=30)
    assert idle.sees("/desk/me").status_code == 401


def test_a_session_that_cannot_be_noted_as_in_use_still_answers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise passwords.TooBusyToHash()

    assert desk.cadre.sees("/desk/me").status_code == 200
    monkeypatch.setattr("miniapp_api.desk.guard.see_staff", busy)
    desk.passes(minutes=5)
    assert desk.cadre.sees("/desk/me").status_code == 200


def test_who_logs_out_leaves_nothing_behind(desk: Desk) -> None:
    token = desk.cadre.client.get_cookie("desk").value
    assert desk.cadre.client.delete("/api/v1/desk/session", headers=SAME_SITE).status_code == 204
    assert newcomer(desk).client.get("/api/v1/desk/me", headers={"X-Desk-Token": token}).status_code == 401
    assert desk.cadre.client.get_cookie("desk") is None
    assert newcomer(desk).client.delete("/api/v1/desk/session", headers=SAME_SITE).status_code == 204


def test_a_new_login_on_the_same_phone_ends_the_old_session(desk: Desk) -> None:
    hand = desk.hires("village", ZHONGXIN, login="li.ming")
    old = hand.client.get_cookie("desk").value
    assert desk.logs_in(hand, "li.ming").status_code == 200
    assert newcomer(desk).client.get("/api/v1/desk/me", headers={"X-Desk-Token": old}).status_code == 401
    assert hand.sees("/desk/me").status_code == 200


def test_the_cookie_is_out_of_reach_and_a_client_without_cookies_gets_a_token(desk: Desk) -> None:
    desk.hires("village", ZHONGXIN, login="li.ming")
    told = {"login": "li.ming", "password": PASSWORD}
    answer = newcomer(desk).client.post("/api/v1/desk/session", json=told, headers=SAME_SITE)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("desk=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "token" not in answer.json

    headers = {**SAME_SITE, "X-Session-Transport": "bearer"}
    bare = newcomer(desk).client.post("/api/v1/desk/session", json=told, headers=headers)
    assert "Set-Cookie" not in bare.headers
    seen = newcomer(desk).client.get("/api/v1/desk/me", headers={"X-Desk-Token": bare.json["token"]})
    assert seen.status_code == 200


def test_an_account_that_is_closed_is_closed_at_once(desk: Desk) -> None:
    hand = desk.hires("village", ZHONGXIN, login="li.ming")
    run = desk.app.test_cli_runner()
    assert "已停用" in run.invoke(args=["disable-staff", "li.ming"]).output
    assert hand.sees("/desk/me").status_code == 401
    assert desk.logs_in(newcomer(desk), "li.ming").json["code"] == "LOGIN_FAILED"
    assert run.invoke(args=["disable-staff", "nobody"]).exit_code == 1


def test_passwords_are_kept_as_argon2id_and_sessions_as_hashes(desk: Desk) -> None:
    token = desk.cadre.client.get_cookie("desk").value
    hashes = desk.asks(lambda: list(db.session.scalars(select(Staff.password_hash))))
    kept = desk.asks(lambda: list(db.session.scalars(select(StaffSession.token_hash))))
    assert all(one.startswith("$argon2id$") for one in hashes)
    assert (CAREFUL.time_cost, CAREFUL.memory_cost) >= (2, 19 * 1024), "OWASP's least, outside of these tests"
    assert token not in kept


@pytest.mark.parametrize(
    ("arguments", "said", "reason"),
    [
        (["wang", "--role", "village", "--region", "3209"], "角色和地区不相符", "a city is not a village"),
        (["wang", "--role", "national", "--region", "3209"], "角色和地区不相符", "the nation is 00"),
        (["wang", "--role", "province", "--region", "00"], "角色和地区不相符", "the nation is no province"),
        (["wang", "--role", "auditor", "--region", "3209x"], "角色和地区不相符", "not a code"),
        (["li.ming", "--role", "auditor", "--region", "3209"], "已经有人使用", "the login is taken"),
    ],
)
def test_an_account_fits_its_region(desk: Desk, arguments: list[str], said: str, reason: str) -> None:
    desk.hires("village", ZHONGXIN, login="li.ming")
    answer = desk.app.test_cli_runner().invoke(args=["create-staff", *arguments, "--name", "王", "--generate"])
    assert answer.exit_code == 1, reason
    assert said in answer.output, reason


def test_the_operator_makes_an_account_with_a_password_of_his_own_or_a_generated_one(desk: Desk) -> None:
    run = desk.app.test_cli_runner()
    arguments = ["create-staff", "wang", "--name", "王", "--role", "auditor", "--region", "32"]
    short = run.invoke(args=arguments, input="short\nshort\n")
    assert (short.exit_code, "10 到 128" in short.output) == (1, True)
    assert run.invoke(args=arguments, input=f"{PASSWORD}\n{PASSWORD}\n").exit_code == 0
    assert desk.logs_in(newcomer(desk), "wang").status_code == 200

    generated = run.invoke(args=["create-staff", "sun", "--name", "孙", "--role", "national", "--generate"])
    password = generated.output.strip().rsplit("：", 1)[1]
    assert desk.logs_in(newcomer(desk), "sun", password).status_code == 200
    found = desk.asks(lambda: staff.find_staff("SUN"))
    assert found is not None
    assert desk.asks(lambda: staff.find_staff("nobody")) is None


def test_only_a_few_passwords_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0)
    for _ in range(passwords.AT_ONCE):
        passwords._places.acquire()
    try:
        with pytest.raises(passwords.TooBusyToHash):
            passwords.matches("x", password_hash=None)
    finally:
        passwords._places.release(passwords.AT_ONCE)
    assert passwords.matches("x" * 200, password_hash=passwords.hashed("a well beside the road " * 5)) is False
