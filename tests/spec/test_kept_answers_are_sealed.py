"""An answer is kept for a week, so that a repeat counts once; what its asker wrote lies in it sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from miniapp_api.app import create_app
from sqlalchemy import func, select, update

from backend.core.db import db
from backend.core.idempotency import KeptAnswer
from backend.donations.models import Gift
from backend.payments.providers import OrderToPrepay, PaymentUnavailable, PayWay
from backend.payments.sandbox import SandboxProvider
from tests.world.databases import dispose
from tests.world.giving import Giving, Phone, village
from tests.world.vault import tables_with, with_keys

__all__ = ["village"]
BEFORE = "0029"
NEW, NEWER = b"n" * 32, b"m" * 32
WORDS: dict[str, Any] = {"display": "real_name", "name": "张三丰", "message": "愿孩子们好好读书"}
TOLD = ("张三丰", "愿孩子们好好读书")


def gifts(village: Giving) -> int:
    """How many gifts there are."""
    return village.asks(lambda: db.session.scalar(select(func.count()).select_from(Gift)) or 0)


def of_house(app: Flask, phone: Phone) -> Phone:
    """The same phone before the same house with other keys."""
    cookie, browser = phone.browser.get_cookie("session"), app.test_client()
    assert cookie is not None
    browser.set_cookie("session", cookie.value)
    return Phone(browser)


def breaks_off(village: Giving, phone: Phone, roof: str, key: str) -> None:
    """Order a gift of which the provider never heard: the request ends half-way."""

    def hangs(self: SandboxProvider, order: OrderToPrepay, *, now: datetime) -> PayWay:
        raise PaymentUnavailable()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SandboxProvider, "prepay", hangs)
        assert phone.orders(roof, 7_00, key=key, **WORDS).status_code == 503


def test_what_was_kept_before_is_sealed_by_the_upgrade_and_still_answers(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    first = phone.orders(roof, key="answered-already", **WORDS)
    breaks_off(village, phone, roof, "broken-off-half-way")
    assert village.asks(lambda: tables_with(*TOLD)) == set()
    with village.app.app_context():
        flask_migrate.downgrade(revision=BEFORE)
    assert village.asks(lambda: tables_with(*TOLD)) == {"kept_answers"}
    with village.app.app_context():
        flask_migrate.upgrade()
    assert village.asks(lambda: tables_with(*TOLD)) == set()
    assert phone.orders(roof, key="answered-already", **WORDS).data == first.data
    assert phone.orders(roof, 7_00, key="broken-off-half-way", **WORDS).status_code == 201
    assert gifts(village) == 2


def test_after_a_new_key_of_the_vault_a_repeat_still_gets_its_answer(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    first = phone.orders(roof, key="before-the-new-key", **WORDS)
    app = create_app(with_keys(village.settings, {"n": NEW}))
    assert of_house(app, phone).orders(roof, key="before-the-new-key", **WORDS).data == first.data
    dispose(app)


def test_when_the_key_was_taken_away_a_repeat_is_refused_and_gives_no_second_time(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    before, after = (create_app(with_keys(village.settings, keys)) for keys in ({"n": NEW}, {"m": NEWER}))
    assert of_house(before, phone).orders(roof, key="of-a-key-now-gone").status_code == 201
    again = of_house(after, phone).orders(roof, key="of-a-key-now-gone")
    assert (again.status_code, (again.json or {})["code"]) == (409, "ANSWER_SEALED")
    assert of_house(before, phone).orders(roof, key="of-a-key-now-gone").status_code == 201
    assert gifts(village) == 1
    for app in (before, after):
        dispose(app)


def test_an_answer_that_was_moved_opens_nowhere(village: Giving) -> None:
    roof, phone, thief = village.opens_project("屋顶"), village.phone(), village.phone()
    phone.orders(roof, key="a-gift-of-mine", **WORDS)
    thief.orders(roof, 1_00, key="a-gift-of-his")
    mine = select(KeptAnswer.body).where(KeptAnswer.key == "a-gift-of-mine").scalar_subquery()
    moving = update(KeptAnswer).where(KeptAnswer.key == "a-gift-of-his").values(body=mine)
    village.writes(lambda: db.session.execute(moving))
    assert thief.orders(roof, 1_00, key="a-gift-of-his").json["code"] == "ANSWER_SEALED"


def test_what_does_not_open_stays_sealed_when_the_upgrade_is_taken_back(village: Giving) -> None:
    roof, phone = village.opens_project("屋顶"), village.phone()
    app = create_app(with_keys(village.settings, {"n": NEW}))
    of_house(app, phone).orders(roof, key="of-a-key-now-gone", **WORDS)
    dispose(app)
    kept = village.asks(lambda: db.session.scalar(select(KeptAnswer.body)))
    with village.app.app_context():
        flask_migrate.downgrade(revision=BEFORE)
    assert village.asks(lambda: db.session.scalar(select(KeptAnswer.body))) == kept
