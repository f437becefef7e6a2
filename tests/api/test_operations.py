"""Operators see part by part what is ready, count what happens, and read logs in which nobody is named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from miniapp_api import logs, metrics, ops
from miniapp_api.app import create_app
from sqlalchemy import update

from backend.core import clock
from backend.core.config import Settings
from backend.core.db import db
from backend.jobs import clock_guard
from backend.jobs.clock_guard import Beat
from backend.regions.models import RegionsState
from tests.world.bookkeeping import Bookkeeping
from tests.world.databases import dispose


def parts(client: FlaskClient) -> dict[str, str | None]:
    """What is not ready, by part."""
    told = client.get("/readyz").json
    return {part["name"]: part["detail"] for part in told["parts"] if not part["ready"]}


def make_ready(village: Bookkeeping, **jump: int) -> None:
    """Load one region and let the scheduler beat once, perhaps with a clock that jumped."""
    now = clock.now() + timedelta(**jump)
    sign = Beat(host="h", worker="w", boot="b", steady_ms=1, now=now)
    village.writes(lambda: db.session.execute(update(RegionsState).values(unit_count=1)))
    village.writes(lambda: clock_guard.beat(sign))


def test_the_process_says_that_it_lives_even_without_a_database(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_an_empty_house_is_not_ready_and_says_why_with_the_command_that_mends_it(client: FlaskClient) -> None:
    assert client.get("/readyz").status_code == 503
    wrong = parts(client)
    assert set(wrong) == {"regions", "scheduler"}
    assert "load-regions" in (wrong["regions"] or "")


def test_a_house_with_everything_is_ready(app: Flask, client: FlaskClient) -> None:
    make_ready(Bookkeeping(app))
    assert client.get("/readyz").status_code == 200
    assert parts(client) == {}


def test_a_clock_that_jumped_is_told_until_it_is_confirmed(app: Flask, client: FlaskClient) -> None:
    village = Bookkeeping(app)
    make_ready(village)
    make_ready(village, days=2)
    assert "confirm-clock" in (parts(client)["clock"] or "")
    result = app.test_cli_runner().invoke(args=["confirm-clock"])
    assert "公示恢复" in result.output
    assert "没有暂停" in app.test_cli_runner().invoke(args=["confirm-clock"]).output
    make_ready(village)
    assert "clock" not in parts(client)


def test_a_queue_that_nobody_orders_is_told(app: Flask, client: FlaskClient) -> None:
    village = Bookkeeping(app, clock=clock.now() - timedelta(minutes=5))
    fund = village.opens_fund()
    village.receives(fund, 100)
    assert "1 笔转账" in (parts(client)["ledger_queue"] or "")
    village.publishes()
    assert "ledger_queue" not in parts(client)


def test_a_database_behind_the_code_is_told(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops, "heads", lambda _folder: {"9999"})
    assert "db upgrade" in (parts(client)["migrations"] or "")


def test_a_database_that_is_away_is_told_by_the_kind_of_its_fault(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise ConnectionError("postgresql://user:password@host")

    monkeypatch.setitem(ops.PARTS, "database", away)
    answer = client.get("/readyz")
    assert parts(client)["database"] == "无法检查（ConnectionError）"
    assert "password" not in answer.text


def test_the_counters_tell_rules_and_never_addresses(app: Flask, client: FlaskClient) -> None:
    village = Bookkeeping(app)
    village.receives(village.opens_fund(), 100)
    village.publishes()
    client.get("/n/secretcode")
    text = client.get("/metrics").text
    assert 'happy_home_requests_total{endpoint="/n/<string:code>",method="GET",status="404"}' in text
    assert "secretcode" not in text
    assert "happy_home_gifts_settled 1.0" in text
    assert "happy_home_ledger_queue 0.0" in text


@pytest.mark.parametrize(
    ("env", "token", "sent", "status"),
    [
        ("test", None, "", 200),
        ("test", "t0ken", "", 404),
        ("test", "t0ken", "Bearer t0ken", 200),
        ("production", None, "Bearer ", 404),
        ("production", "t0ken", "Bearer other", 404),
        ("production", "t0ken", "Bearer t0ken", 200),
    ],
)
def test_where_money_is_real_the_counters_are_for_who_holds_their_token(
    settings: Settings, env: str, token: str | None, sent: str, status: int
) -> None:
    guarded = replace(settings.security, metrics_token=token)
    app = create_app(replace(settings, app_env=env, security=guarded, demo=False))
    assert app.test_client().get("/metrics", headers={"Authorization": sent}).status_code == status
    dispose(app)


def test_counters_of_several_processes_add_up(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert client.get("/metrics").status_code == 200
    assert metrics._requests() is not metrics.OWN


def test_a_request_is_logged_by_its_rule_without_address_or_query(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.get("/n/secretcode?name=somebody")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["endpoint"], line["status"]) == ("/n/<string:code>", 404)
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert "secretcode" not in str(lines)
    assert "somebody" not in str(lines)


def test_a_slow_request_is_a_warning(
    client: FlaskClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "SLOW_MS", 0)
    client.get("/healthz")
    assert '"level": "warning"' in capsys.readouterr().err


def test_an_error_is_logged_by_its_kind_and_places_and_never_by_its_text(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    log = structlog.get_logger()
    try:
        raise ValueError("what somebody typed")
    except ValueError:
        log.exception("crash", path="/r/secret", phone="13800000000")
    log.info("calm", exc_info=True)
    said = capsys.readouterr().err
    assert '"error": "ValueError"' in said
    assert "test_operations.py" in said
    assert not [word for word in ("typed", "secret", "13800000000") if word in said]


def test_a_line_of_the_log_says_when_and_what_and_nothing_from_outside_begins_another(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/n/x%0a%7b%22event%22%3a%22forged%22%7d", headers={"X-Request-ID": 'a","event":"forged'})
    structlog.get_logger().warning("told", code='first\n{"event": "forged"}')
    lines = capsys.readouterr().err.splitlines()
    told = [json.loads(line) for line in lines]
    assert [line["event"] for line in told] == ["request", "told"]
    assert all(line["timestamp"].endswith("Z") and line["level"] for line in told), "UTC, and how grave"
    assert {"request_id", "method", "endpoint", "status", "ms"} <= told[0].keys()
