"""Who approves money shows two things: what he knows and what he holds. Whatever was copied opens nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyotp
import pytest
from miniapp_api.devices import device_name
from sqlalchemy import select

from backend.core.config import Settings
from backend.core.db import db
from backend.people.models import StaffFactor, StaffRecoveryCode
from tests.world.desk import PASSWORD, SAME_SITE, Desk, Hand
from tests.world.money import at_once
from tests.world.regions import ZHONGXIN

PHONE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36 MicroMessenger/8.0"


class Holder:
    """Somebody with an account, and the authenticator in his hand."""

    def __init__(self, desk: Desk, login: str, role: str = "national", region: str = "00") -> None:
        self.desk, self.login = desk, login
        self.hand = desk.hires(role, region, login=login)
        self.secret = ""
        self.recovery: list[str] = []

    def sets_up(self) -> list[str]:
        """He scans the picture and enters a code; return the recovery codes."""
        self.secret = self.hand.does("/desk/factor").json["secret"]
        answer = self.hand.does("/desk/factor/confirmation", {"code": self.code()})
        assert answer.status_code == 201, answer.json
        self.recovery = answer.json["recovery_codes"]
        self.desk.passes(seconds=30)
        return self.recovery

    def code(self, *, steps: int = 0) -> str:
        """What the authenticator shows, some steps from now."""
        return pyotp.TOTP(self.secret).at(self.desk.clock, counter_offset=steps)

    def enters(self, *, hand: Hand | None = None, password: str = PASSWORD, **told: str) -> Any:
        """He logs in on a phone."""
        phone = hand or Hand(self.desk.app.test_client())
        told |= {"login": self.login, "password": password}
        return phone.client.post("/api/v1/desk/session", json=told, headers={**SAME_SITE, "User-Agent": PHONE})


@pytest.fixture
def holder(desk: Desk) -> Holder:
    """Somebody at the national desk whose second factor is set up."""
    made = Holder(desk, "li.ming")
    made.sets_up()
    return made


@pytest.fixture
def strict(desk: Desk, settings: Settings) -> Iterator[Desk]:
    """A desk where two factors are required, as in production."""
    strict = replace(settings, security=replace(settings.security, second_factor_required=True))
    desk.app.config["SETTINGS"] = strict
    yield desk
    desk.app.config["SETTINGS"] = settings


def test_without_its_code_a_right_password_opens_nothing(holder: Holder) -> None:
    assert (holder.enters().status_code, holder.enters().json["code"]) == (401, "CODE_NEEDED")
    assert holder.enters(code=holder.code()).status_code == 200


def test_a_wrong_password_never_tells_that_there_is_a_second_factor(holder: Holder) -> None:
    assert holder.enters(password="not the password").json["code"] == "LOGIN_FAILED"


def test_a_code_opens_once_also_when_it_comes_twice_at_the_same_moment(holder: Holder) -> None:
    answers: list[int] = []
    tries = [lambda: answers.append(holder.enters(code=holder.code()).status_code)] * 4
    assert at_once(holder.desk.app, tries) == []
    assert sorted(answers) == [200, 401, 401, 401]


@pytest.mark.parametrize(
    ("steps", "opens", "reason"),
    [
        (0, True, "the code of now"),
        (-1, True, "the code that changed while it was typed"),
        (-2, False, "a minute old"),
        (1, False, "a phone whose clock is ahead"),
    ],
)
def test_a_code_lives_for_its_own_half_minute_and_the_next(
    holder: Holder, steps: int, opens: bool, reason: str
) -> None:
    holder.desk.passes(minutes=5)
    assert (holder.enters(code=holder.code(steps=steps)).status_code == 200) is opens, reason


@pytest.mark.parametrize("code", ["000000", "12345", "１２３４５６", "abcdef", "x" * 100])
def test_what_is_no_code_of_now_opens_nothing(holder: Holder, code: str) -> None:
    assert holder.enters(code=code).json["code"] == "CODE_WRONG"


def test_guesses_of_the_code_are_counted_and_asking_for_it_takes_none_back(holder: Holder) -> None:
    for _ in range(4):
        assert holder.enters(code="000000").json["code"] == "CODE_WRONG"
        assert holder.enters().json["code"] == "CODE_NEEDED"
    assert holder.enters(code="000000").json["code"] == "CODE_WRONG"
    assert holder.enters(code=holder.code()).json["code"] == "LOGIN_LOCKED"


def test_a_recovery_code_opens_once_as_it_was_written_down(holder: Holder) -> None:
    first, second = holder.recovery[:2]
    assert holder.enters(code=first).status_code == 200
    assert holder.enters(code=first).json["code"] == "CODE_WRONG"
    assert holder.enters(code=f" {second.lower().replace('-', ' ')} ").status_code == 200
    assert holder.hand.sees("/desk/factor").json["recovery_codes_left"] == 8
    assert len(holder.desk.audit("staff.recovery_code")) == 2


def test_ten_recovery_codes_differ_and_none_is_kept_as_it_is(holder: Holder) -> None:
    assert len(set(holder.recovery)) == 10
    kept = holder.desk.asks(lambda: list(db.session.scalars(select(StaffRecoveryCode.code_hash))))
    sealed = holder.desk.asks(lambda: list(db.session.scalars(select(StaffFactor.secret))))
    assert not set(holder.recovery) & set(kept)
    assert holder.secret not in sealed[0]


def test_a_secret_counts_for_nothing_before_one_of_its_codes_was_entered(desk: Desk) -> None:
    somebody = Holder(desk, "wang")
    assert somebody.hand.does("/desk/factor/confirmation", {"code": "123456"}).status_code == 404
    somebody.secret = somebody.hand.does("/desk/factor").json["secret"]
    assert somebody.hand.does("/desk/factor/confirmation", {"code": "000000"}).json["code"] == "CODE_WRONG"
    assert somebody.enters().status_code == 200
    assert somebody.hand.sees("/desk/factor").json["is_on"] is False


def test_the_picture_says_the_same_as_the_secret(desk: Desk) -> None:
    made = Holder(desk, "wang").hand.does("/desk/factor").json
    assert made["picture"].startswith("data:image/png;base64,")
    assert len(made["secret"]) == 32


def test_a_second_factor_that_stands_is_not_replaced_by_who_found_the_phone_open(holder: Holder) -> None:
    assert holder.hand.does("/desk/factor").json["code"] == "FACTOR_STANDS"
    assert holder.hand.does("/desk/factor/confirmation", {"code": holder.code()}).json["code"] == "FACTOR_STANDS"


def test_taking_it_off_needs_the_password_and_a_code(holder: Holder) -> None:
    wrong = holder.hand.does("/desk/factor/removal", {"password": PASSWORD})
    assert (wrong.status_code, wrong.json["code"]) == (401, "CODE_WRONG")
    told = {"password": "not the password", "code": holder.code()}
    assert holder.hand.does("/desk/factor/removal", told).json["code"] == "LOGIN_FAILED"
    taken = holder.hand.does("/desk/factor/removal", {"password": PASSWORD, "code": holder.code()})
    assert taken.json == {"is_on": False, "is_required": False, "recovery_codes_left": 0}
    assert holder.enters().status_code == 200


def test_the_operator_takes_it_off_who_lost_everything(holder: Holder) -> None:
    run = holder.desk.app.test_cli_runner()
    assert "已停用" in run.invoke(args=["reset-factor", "li.ming"]).output
    assert run.invoke(args=["reset-factor", "nobody"]).exit_code == 1
    assert holder.enters().status_code == 200
    assert len(holder.desk.audit("staff.factor_reset")) == 1


def test_where_it_is_required_nothing_is_done_without_it(strict: Desk) -> None:
    somebody = Holder(strict, "wang")
    assert somebody.hand.sees("/desk/me").json["must_set_factor"] is True
    for path in ("/desk/payouts", "/desk/projects", "/desk/unallocated"):
        answer = somebody.hand.sees(path)
        assert (answer.status_code, answer.json["code"]) == (403, "FACTOR_REQUIRED"), path
    somebody.sets_up()
    assert somebody.hand.sees("/desk/payouts").status_code == 200
    assert somebody.hand.sees("/desk/me").json["must_set_factor"] is False
    assert somebody.hand.sees("/desk/factor").json["is_required"] is True


def test_a_village_s_cadre_works_without_it(strict: Desk) -> None:
    cadre = Holder(strict, "cun", "village", ZHONGXIN)
    assert cadre.hand.sees("/desk/projects").status_code == 200
    assert cadre.hand.sees("/desk/factor").json["is_required"] is False


def test_setting_it_up_ends_what_was_open_elsewhere(desk: Desk) -> None:
    somebody = Holder(desk, "wang")
    elsewhere = Hand(desk.app.test_client())
    assert somebody.enters(hand=elsewhere).status_code == 200
    somebody.sets_up()
    assert elsewhere.sees("/desk/me").status_code == 401
    assert somebody.hand.sees("/desk/me").status_code == 200


def test_one_sees_where_one_is_at_work_and_ends_it(desk: Desk) -> None:
    somebody, other = Holder(desk, "wang"), Holder(desk, "sun")
    elsewhere = Hand(desk.app.test_client())
    somebody.enters(hand=elsewhere)
    lines = somebody.hand.sees("/desk/sessions").json["items"]
    assert sorted((line["device"], line["is_this"]) for line in lines) == [
        ("其他设备", True),
        ("安卓手机 · 微信", False),
    ]
    (strange,) = [line["code"] for line in lines if not line["is_this"]]
    path = f"/api/v1/desk/sessions/{strange}"
    assert other.hand.client.delete(path, headers=SAME_SITE).status_code == 404
    assert elsewhere.sees("/desk/me").status_code == 200
    assert somebody.hand.client.delete(path, headers=SAME_SITE).status_code == 204
    assert elsewhere.sees("/desk/me").status_code == 401
    assert somebody.hand.sees("/desk/me").status_code == 200


def test_the_operator_ends_every_session_of_an_account(desk: Desk) -> None:
    somebody = Holder(desk, "wang")
    run = desk.app.test_cli_runner()
    assert "已结束" in run.invoke(args=["end-sessions", "wang"]).output
    assert run.invoke(args=["end-sessions", "nobody"]).exit_code == 1
    assert somebody.hand.sees("/desk/me").status_code == 401


def test_a_password_is_changed_by_who_knows_the_old_one_and_ends_what_is_open_elsewhere(holder: Holder) -> None:
    elsewhere = Hand(holder.desk.app.test_client())
    assert holder.enters(hand=elsewhere, code=holder.code()).status_code == 200
    holder.desk.passes(seconds=30)
    new = "three wells beside the road"
    told = {"password": PASSWORD, "new_password": new, "code": holder.code()}
    assert holder.hand.does("/desk/password", told | {"password": "wrong"}).json["code"] == "LOGIN_FAILED"
    assert holder.hand.does("/desk/password", told | {"code": "000000"}).json["code"] == "CODE_WRONG"
    assert holder.hand.does("/desk/password", told).status_code == 204
    assert elsewhere.sees("/desk/me").status_code == 401
    assert holder.hand.sees("/desk/me").status_code == 200
    holder.desk.passes(seconds=30)
    assert holder.enters(code=holder.code()).json["code"] == "LOGIN_FAILED"
    assert holder.enters(code=holder.code(), password=new).status_code == 200


@pytest.mark.parametrize(
    ("password", "code", "reason"),
    [
        ("1234567890", "PASSWORD_WEAK", "the keys of a row"),
        ("woaini1314", "PASSWORD_WEAK", "what many choose"),
        ("li.ming2026", "PASSWORD_WEAK", "his own name"),
        ("short", "PASSWORD_INVALID", "too short"),
        ("长" * 129, "PASSWORD_INVALID", "too long"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(desk: Desk, password: str, code: str, reason: str) -> None:
    somebody = Holder(desk, "li.ming")
    answer = somebody.hand.does("/desk/password", {"password": PASSWORD, "new_password": password})
    assert (answer.status_code, answer.json["code"]) == (422, code), reason


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (PHONE, "安卓手机 · 微信"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Version/17.0 Safari/604.1", "苹果手机 · Safari"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537.36 Edg/120", "Windows 电脑 · Edge"),
        ("", "其他设备"),
        ("<script>", "其他设备"),
    ],
)
def test_a_device_is_called_as_people_call_it(told: str, name: str) -> None:
    assert device_name(told) == name
