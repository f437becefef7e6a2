"""A phone is known by an opaque token: a cookie in a browser, a bearer in the mini-program, forgotten on request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from miniapp_api.app import create_app
from miniapp_api.sessions import SessionNeeded, current_person, require_person
from sqlalchemy import select

from backend.core import clock
from backend.core.db import db, reading, writing
from backend.people.models import DeviceSession
from backend.people.service import DEVICE_SESSION_ENDS_AFTER, find_session, forget_ended_sessions
from tests.world.databases import dispose
from tests.world.desk import SAME_SITE


def test_a_phone_gets_one_session_however_often_it_asks(client: FlaskClient) -> None:
    first, again = (client.post("/api/v1/session", headers=SAME_SITE) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert "token" not in first.json


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(client: FlaskClient) -> None:
    cookie = client.post("/api/v1/session", headers=SAME_SITE).headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_on_https_the_cookie_is_bound_to_its_host(app: Flask) -> None:
    secure = create_app(replace(app.config["SETTINGS"], public_url="https://example.org"))
    answer = secure.test_client().post("/api/v1/session", headers=SAME_SITE)
    assert answer.headers["Set-Cookie"].startswith("__Host-session=")
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")
    dispose(secure)


def test_the_mini_program_gets_a_token_once_and_shows_it_each_time(client: FlaskClient) -> None:
    headers = {**SAME_SITE, "X-Session-Transport": "bearer"}
    opened = client.post("/api/v1/session", headers=headers)
    assert "Set-Cookie" not in opened.headers
    bearer = {"Authorization": f"Bearer {opened.json['token']}"}
    again = client.post("/api/v1/session", headers=headers | bearer)
    assert (again.status_code, again.json) == (200, {"person": opened.json["person"]})


def test_only_the_hash_of_a_token_is_kept(app: Flask, client: FlaskClient) -> None:
    client.post("/api/v1/session", headers=SAME_SITE)
    with app.app_context(), reading():
        (kept,) = db.session.scalars(select(DeviceSession.token_hash)).all()
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert cookie.value != kept


def test_a_phone_that_asks_to_be_forgotten_opens_nothing_any_more(client: FlaskClient) -> None:
    first = client.post("/api/v1/session", headers=SAME_SITE).json
    assert client.delete("/api/v1/session", headers=SAME_SITE).status_code == 204
    assert client.get_cookie("session") is None
    assert client.delete("/api/v1/session", headers=SAME_SITE).status_code == 204
    assert client.post("/api/v1/session", headers=SAME_SITE).json != first


def test_a_session_ends_after_four_hundred_days(app: Flask, client: FlaskClient) -> None:
    client.post("/api/v1/session", headers=SAME_SITE)
    cookie = client.get_cookie("session")
    assert cookie is not None
    now = clock.now()
    with app.app_context(), reading():
        assert find_session(cookie.value, now=now + DEVICE_SESSION_ENDS_AFTER - timedelta(minutes=1)) is not None
        assert find_session(cookie.value, now=now + DEVICE_SESSION_ENDS_AFTER) is None
    with app.app_context(), writing():
        assert forget_ended_sessions(now=now + DEVICE_SESSION_ENDS_AFTER - timedelta(minutes=1)) == 0
        assert forget_ended_sessions(now=now + DEVICE_SESSION_ENDS_AFTER + timedelta(minutes=1)) == 1


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer  ", "Basic abc", "Bearer forged"])
def test_who_has_no_session_is_nobody(app: Flask, header: str) -> None:
    with app.test_request_context(headers={"Authorization": header}), reading():
        assert current_person() is None
        with pytest.raises(SessionNeeded):
            require_person()


def test_a_token_that_stands_in_an_address_opens_nothing(client: FlaskClient) -> None:
    headers = {**SAME_SITE, "X-Session-Transport": "bearer"}
    token = client.post("/api/v1/session", headers=headers).json["token"]
    for name in ("token", "session", "access_token", "authorization"):
        assert client.get(f"/api/v1/me/gifts?{name}={token}").status_code in (401, 422)
    assert client.get("/api/v1/me/gifts", headers={"Authorization": f"Bearer {token}"}).status_code == 200
