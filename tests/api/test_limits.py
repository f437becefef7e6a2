"""Nobody fills the village's books with noise; a whole village behind one address still gets in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from miniapp_api import limits
from miniapp_api.app import create_app

from backend.core.config import Settings
from backend.core.config_security import BadSetting, load_security
from tests.world.databases import dispose
from tests.world.desk import SAME_SITE
from tests.world.redis import redis_server

NOTICES = "/api/v1/payments/notices/sandbox"


@contextmanager
def house(settings: Settings, **security: object) -> Iterator[Flask]:
    """An installation that counts."""
    guarded = replace(settings.security, limits_writes=True, **security)
    app = create_app(replace(settings, security=guarded))
    yield app
    dispose(app)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can reach."""
    monkeypatch.setattr(limits, "WRITES_OF_ONE", "5 per minute")
    monkeypatch.setattr(limits, "WRITES_OF_A_NETWORK", "12 per minute")
    monkeypatch.setattr(limits, "LOGINS_OF_A_NETWORK", "3 per minute")
    monkeypatch.setattr(limits, "PICTURES_OF_A_NETWORK", "2 per minute")


def writes(app: Flask, times: int, *, address: str = "10.0.0.1", **headers: str) -> list[int]:
    """One phone writes so often; return how it was answered."""
    phone = app.test_client()
    told = {"headers": {**SAME_SITE, **headers}, "environ_base": {"REMOTE_ADDR": address}}
    return [phone.post("/api/v1/session", **told).status_code for _ in range(times)]


def test_one_phone_that_writes_without_end_is_told_to_wait_and_for_how_long(settings: Settings) -> None:
    with house(settings) as app:
        phone = app.test_client()
        answers = [phone.post("/api/v1/session", headers=SAME_SITE) for _ in range(8)]
        told = next(answer for answer in answers if answer.status_code == 429)
        assert told.mimetype == "application/problem+json"
        assert (told.json["code"], told.json["retryable"]) == ("TOO_MANY", True)
        assert 1 <= int(told.headers["Retry-After"]) == told.json["wait_seconds"] <= 61
        assert f"{told.json['wait_seconds']} 秒" in told.json["detail"]


def test_reading_is_free(settings: Settings) -> None:
    with house(settings) as app:
        phone = app.test_client()
        assert {phone.get("/api/v1/regions").status_code for _ in range(40)} == {200}


def test_phones_behind_one_address_have_a_limit_each_and_one_together(settings: Settings) -> None:
    with house(settings) as app:
        assert [writes(app, 4, address="10.0.0.2") for _ in range(3)] == [[201, 200, 200, 200]] * 3
        assert writes(app, 1, address="10.0.0.2") == [429]
        assert writes(app, 1, address="10.0.0.3") == [201]


def test_what_a_phone_says_of_its_address_is_believed_only_behind_so_many_proxies(settings: Settings) -> None:
    forged = {"X-Forwarded-For": "1.2.3.4"}
    with house(settings) as app:
        assert writes(app, 6, **forged) == [201, 200, 200, 200, 200, 200]
        assert [writes(app, 1, **{"X-Forwarded-For": f"1.2.3.{one}"})[0] for one in range(8)][-1] == 429
    with house(settings, trusted_proxies=1) as app:
        behind = [writes(app, 1, **{"X-Forwarded-For": f"9.9.9.9, 1.2.3.{one}"})[0] for one in range(14)]
        assert behind == [201] * 14
        assert [writes(app, 1, **{"X-Forwarded-For": f"9.9.9.{one}, 1.2.3.99"})[0] for one in range(6)][-1] == 429


def test_guessing_many_accounts_from_one_address_is_slowed(settings: Settings) -> None:
    with house(settings) as app:
        guesses = [{"login": f"somebody{one}", "password": "guess"} for one in range(5)]
        answers = [app.test_client().post("/api/v1/desk/session", json=guess, headers=SAME_SITE) for guess in guesses]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]


def test_taps_on_the_button_for_the_number_are_slowed_like_codes(settings: Settings) -> None:
    with house(settings) as app:
        taps = [("/login/wechat-phone", {"code": f"made-up-{one}"}) for one in range(2)]
        tries = [*taps, ("/login/phone", {"phone": "13812345678", "code": "123456"}), *taps]
        answers = [app.test_client().post(f"/api/v1{path}", json=told, headers=SAME_SITE) for path, told in tries]
        assert [answer.status_code for answer in answers] == [409, 409, 401, 429, 429]


def test_pictures_are_not_drawn_without_end(settings: Settings) -> None:
    with house(settings) as app:
        paths = [f"/api/v1/links/{'A' * 23}/poster.jpg"] * 4
        assert [app.test_client().get(path).status_code for path in paths] == [404, 404, 429, 429]


def test_a_payment_notice_is_never_turned_away_for_being_many(settings: Settings) -> None:
    with house(settings) as app:
        sent = [app.test_client().post(NOTICES, data=b"{}", content_type="application/json") for _ in range(30)]
        assert {answer.status_code for answer in sent} == {401}


def test_several_processes_count_together_in_redis(settings: Settings) -> None:
    with redis_server() as url, house(settings, limits_url=url) as one, house(settings, limits_url=url) as other:
        first = [status for app in (one, other) for status in writes(app, 1)]
        assert first == [201, 201]
        together = [writes(app, 1)[0] for _ in range(6) for app in (one, other)]
        assert together == [201] * 3 + [429] * 9


def test_when_redis_is_away_nobody_is_turned_away_for_that(settings: Settings) -> None:
    with redis_server() as url:
        gone = url
    with house(settings, limits_url=gone) as app:
        assert writes(app, 6) == [201, 200, 200, 200, 200, 200]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"STAFF_SECOND_FACTOR": "maybe"}, "STAFF_SECOND_FACTOR"),
        ({"RATE_LIMITS": "few"}, "RATE_LIMITS"),
        ({"REDIS_URL": "http://127.0.0.1"}, "REDIS_URL"),
        ({"TRUSTED_PROXIES": "many"}, "TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "10"}, "TRUSTED_PROXIES"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        load_security(given, app_env="development")


@pytest.mark.parametrize("given", [{"STAFF_SECOND_FACTOR": "optional"}, {"RATE_LIMITS": "off"}])
def test_where_money_is_real_no_guard_is_taken_down(given: dict[str, str]) -> None:
    with pytest.raises(BadSetting):
        load_security(given, app_env="production")


def test_a_socket_of_redis_is_understood() -> None:
    assert load_security({"REDIS_URL": "unix:///run/redis.sock"}, app_env="test").limits_url.startswith("redis+unix://")
