"""A short vocabulary for logging in: phones with and without cookies, a WeChat that knows people by their codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from miniapp_api.app import create_app
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.core import clock
from backend.core.config import Settings
from backend.core.db import db
from backend.people.models import Person
from tests.world.bookkeeping import local
from tests.world.databases import dispose
from tests.world.giving import OURS, ClientWire, Giving, Phone
from tests.world.weixin import Asked, Weixin, says, weixin, with_wechat

CODE2SESSION, OAUTH = "/sns/jscode2session", "/sns/oauth2/access_token"
PHONE_OF_CODE = "/wxa/business/getuserphonenumber"
codes = count(1)


@dataclass
class Handset(Phone):
    """A phone whose owner may log in."""

    house: Entering

    def posts(self, path: str, body: dict[str, Any] | None = None) -> TestResponse:
        """Send."""
        return self.browser.post(f"/api/v1{path}", json=body or {}, headers=OURS)

    def logs_in_mini(self, who: str, *, unionid: str | None = None, adds: bool = False) -> TestResponse:
        """Log in inside the mini-program as a WeChat user."""
        return self.posts("/login/wechat-mini", {"code": self.house.code_of(who, unionid), "adds": adds})

    def adds_h5(self, who: str, *, page: str = "/me") -> TestResponse:
        """Add the WeChat of this browser, as a page of ours asks for it, there and back."""
        away = self.posts("/login/wechat-official", {"next": page})
        assert away.status_code == 200, away.text
        state = str((away.json or {})["address"]).partition("state=")[2].partition("#")[0]
        return self.comes_back(self.house.code_of(who), state)

    def logs_in_h5(self, who: str, *, unionid: str | None = None, page: str = "/gifts", more: str = "") -> TestResponse:
        """Log in through the official account's page, there and back."""
        away = self.browser.get(f"/login/wechat?next={page}{more}")
        state = str(away.headers["Location"]).partition("state=")[2].partition("#")[0]
        return self.comes_back(self.house.code_of(who, unionid), state)

    def comes_back(self, code: str, state: str) -> TestResponse:
        """Come back from WeChat's page."""
        return self.browser.get("/login/wechat/callback", query_string={"code": code, "state": state})

    def wants_code(self, number: str = "13812345678") -> TestResponse:
        """Ask for a one-time code."""
        return self.posts("/login/phone/code", {"phone": number})

    def tells_code(self, code: str, number: str = "13812345678", *, adds: bool = False) -> TestResponse:
        """Log in by a one-time code."""
        return self.posts("/login/phone", {"phone": number, "code": code, "adds": adds})

    def logs_in_by_phone(self, number: str = "13812345678", *, adds: bool = False) -> TestResponse:
        """Ask for a code and tell it."""
        sent = self.wants_code(number)
        assert sent.status_code == 200, sent.text
        return self.tells_code((sent.json or {})["shown_code"], number, adds=adds)

    def token(self) -> str:
        """The cookie of the session, empty when there is none."""
        found = self.browser.get_cookie("session")
        return found.value if found is not None else ""

    def me(self) -> Any:
        """Ask how I can come back."""
        return self.asks("/me/account")

    def code(self) -> str:
        """My public code."""
        return str(self.me()["person"]["code"])

    def takes_off(self, account: str, *, sure: bool = False) -> TestResponse:
        """Take one of my accounts off."""
        return self.browser.delete(f"/api/v1/me/accounts/{account}?sure={str(sure).lower()}", headers=OURS)


class Entering(Giving):
    """A village with a WeChat of its own."""

    wechat: Weixin

    def handset(self, *, guest: bool = True) -> Handset:
        """Somebody new with a phone; a `guest` has a session already."""
        phone = Handset(self.app.test_client(), self)
        if guest:
            assert phone.posts("/session").status_code == 201
        return phone

    def code_of(self, who: str, unionid: str | None = None) -> str:
        """A fresh code of WeChat's, for `who`; WeChat opens each once."""
        code = f"code-{next(codes)}"
        told = {"openid": f"openid-{who}", "session_key": "c2VjcmV0LXNlc3Npb24ta2V5"}
        self.people[code] = told | ({} if unionid is None else {"unionid": unionid})
        return code

    def opens(self, asked: Asked) -> Any:
        """WeChat opens a code once."""
        code = asked.query.get("js_code") or asked.query.get("code", "")
        if code in self.spent:
            return says(40163, "code been used")
        self.spent.add(code)
        return self.people.get(code) or says(40029, "invalid code")

    def person_id(self, phone: Handset) -> int:
        """The number of the person who stands for a phone's human."""
        code = phone.code()
        return self.asks(lambda: db.session.scalars(select(Person.id).where(Person.code == code)).one())

    people: dict[str, dict[str, str]]
    spent: set[str]


@pytest.fixture
def entering(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entering]:
    """The village on the first of June, with WeChat's server beside it."""
    with weixin() as world:
        app = create_app(with_wechat(settings, world.url))
        yield _village(app, world, monkeypatch)
        dispose(app)


def _village(app: Flask, world: Weixin, monkeypatch: pytest.MonkeyPatch) -> Entering:
    village = Entering(app, clock=local("2026-06-01 10:00"))
    village.wire, village.wechat = ClientWire(app), world
    village.people, village.spent = {}, set()
    world.lays(CODE2SESSION, village.opens)
    world.lays(OAUTH, village.opens)
    monkeypatch.setattr(clock, "now", lambda: village.clock)
    return village


def codes_of(browser: FlaskClient, path: str) -> list[str]:
    """The codes of a list."""
    return [item["code"] for item in (browser.get(f"/api/v1{path}").json or {})["items"]]
