"""Who brings a code to a phone is a setting; how often, a rule without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from miniapp_api.app import create_app
from sqlalchemy import func, select

from backend.core.config import BadSetting, Settings, load_settings
from backend.core.db import db, read_with_retries
from backend.people.allowance import next_allowed
from backend.people.models import PhoneCode
from tests.world import own_sms
from tests.world.bookkeeping import local
from tests.world.databases import dispose
from tests.world.giving import OURS

NOON = local("2026-06-01 12:00")


WHEN = [
    ((), 0, "the first code"),
    ((1,), 0, "a minute is over"),
    ((0,), 60, "one was sent just now"),
    ((50, 40, 30, 20, 10), 600, "five within the hour: until the oldest of them is an hour old"),
    ((60, 40, 30, 20, 10), 0, "the oldest left the hour"),
    (tuple(range(100, 1100, 100)), (24 * 60 - 1000) * 60, "ten within the day"),
]


@pytest.mark.parametrize(("minutes", "seconds", "reason"), WHEN, ids=[row[2] for row in WHEN])
def test_a_code_may_be_sent_again_when_the_rule_says(minutes: tuple[int, ...], seconds: int, reason: str) -> None:
    sent = [NOON - timedelta(minutes=one) for one in minutes]
    assert next_allowed(sent, now=NOON) == NOON + timedelta(seconds=seconds), reason


def asked(settings: Settings, provider: str) -> tuple[int, Mapping[str, object], int]:
    """Ask for a code; return status, answer, and how many codes wait."""
    app = create_app(replace(settings, sms_provider=provider))
    browser = app.test_client()
    browser.post("/api/v1/session", headers=OURS)
    answer = browser.post("/api/v1/login/phone/code", json={"phone": "13812345678"}, headers=OURS)
    with app.app_context():
        waiting = read_with_retries(lambda: db.session.scalar(select(func.count()).select_from(PhoneCode)) or 0)
    ways = browser.get("/api/v1/login/ways").json or {}
    dispose(app)
    return answer.status_code, (answer.json or {}) | {"way": ways["phone"]}, waiting


def test_a_sender_of_the_installations_own_gets_number_and_code_and_the_page_does_not(settings: Settings) -> None:
    own_sms.SENT.clear()
    status, told, waiting = asked(settings, "tests.world.own_sms:kept")
    ((phone, code),) = own_sms.SENT
    assert (status, told["shown_code"], told["way"], waiting) == (200, None, "sms", 1)
    assert (phone, len(code), code.isdecimal()) == ("+8613812345678", 6, True)


def test_a_sender_that_fails_is_told_as_such_and_leaves_no_code(settings: Settings) -> None:
    status, told, waiting = asked(settings, "tests.world.own_sms:broken")
    assert (status, told["code"], waiting) == (503, "SMS_FAILED", 0)


def test_where_no_codes_are_sent_it_is_said_and_nothing_is_spent(settings: Settings) -> None:
    status, told, waiting = asked(settings, "none")
    assert (status, told["code"], told["way"], waiting) == (409, "PHONE_LOGIN_UNAVAILABLE", "none", 0)


PRODUCTION = {"APP_ENV": "production", "SECRET_KEY": "s" * 32, "PUBLIC_URL": "https://example.org"}
PRODUCTION["VAULT_KEYS"] = f"k1:{'QUJD' * 10}QUI="
NAMED: list[tuple[dict[str, str], str | None, str]] = [
    ({"APP_ENV": "test"}, "page", "a laptop shows codes on the page"),
    (PRODUCTION, "none", "production sends none until somebody is named"),
    (PRODUCTION | {"SMS_PROVIDER": "own.house:sender"}, "own.house:sender", "production with a sender of its own"),
    (PRODUCTION | {"SMS_PROVIDER": "page"}, None, "a code on the page proves nothing: anybody could be anybody"),
    ({"SMS_PROVIDER": "pigeon"}, None, "nobody is called so"),
]


@pytest.mark.parametrize(("given", "name", "reason"), NAMED, ids=[row[2] for row in NAMED])
def test_the_sender_is_named_by_the_settings(
    given: dict[str, str], name: str | None, reason: str, tmp_path: Path
) -> None:
    told = {"DATA_DIR": str(tmp_path), **given}
    if name is None:
        with pytest.raises(BadSetting, match="SMS_PROVIDER"):
            load_settings(told, house=tmp_path)
        return
    assert load_settings(told, house=tmp_path).sms_provider == name, reason
