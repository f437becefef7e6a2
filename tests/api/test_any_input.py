"""Whatever is sent to whatever operation, by whomever: never a crash, and an answer as the contract says (P21)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from miniapp_api.app import create_app
from miniapp_api.demo import tell_story
from miniapp_api.demo.cast import NATION_PAYER, PASSWORD, cadre_login
from miniapp_api.demo.story import PLACES, WANLIANG
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance
from sqlalchemy import text

from backend.core.db import db, read_with_retries, write_with_retries
from backend.regions.loading import load_some
from tests.conftest import Maker
from tests.world.databases import dispose
from tests.world.figures import figure

EXAMPLES = figure("P21", slice=8, full=1000)
SAME_SITE = {"X-Requested-With": "happy-home"}
WITH_CODES = ("projects", "gifts", "notices", "volunteer_activities", "links", "payouts", "spending_lines", "pictures")
PHONES, DESK = ("nobody", "giver", "giver"), ("nobody", "cadre", "nation", "cadre", "nation")


@pytest.fixture(scope="module")
def world(database: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A village with a past, so that real codes lead somewhere."""
    with database.fresh(tmp_path_factory.mktemp("any-input")) as found:
        app = create_app(found)
        with app.app_context():
            write_with_retries(lambda: load_some([place.code for place in PLACES]))
            tell_story(settings=found, ends_on=date(2026, 11, 20), places=(WANLIANG,))
        yield app
        dispose(app)  # pragma: no cover - after the last of it, in the setting-up of its twin.


def codes_of(app: Flask) -> list[str]:
    """Return a few real codes of every kind."""
    found = [WANLIANG.code, WANLIANG.code[:6], "sandbox"]
    with app.app_context():
        for table in WITH_CODES:
            column = "link_id" if table == "links" else "code"
            statement = text(f"SELECT {column} FROM {table} ORDER BY 1 LIMIT 3")
            found += read_with_retries(lambda told=statement: list(db.session.scalars(told)))  # type: ignore[misc]  # bound
    return found


def askers_of(app: Flask) -> dict[str, dict[str, str]]:
    """Return the cookies of a giver, a cadre and the national desk; nobody has none."""
    cookies: dict[str, dict[str, str]] = {"nobody": {}}
    giver = app.test_client()
    assert giver.post("/api/v1/session", headers=SAME_SITE).status_code in (200, 201)
    cookies["giver"] = {"session": cookie(giver, "session")}
    for name, login in (("cadre", cadre_login(PLACES.index(WANLIANG))), ("nation", NATION_PAYER)):
        desk = app.test_client()
        told = {"login": login, "password": PASSWORD}
        assert desk.post("/api/v1/desk/session", json=told, headers=SAME_SITE).status_code == 200
        cookies[name] = {"desk": cookie(desk, "desk")}
    return cookies


def cookie(client: object, name: str) -> str:
    found = client.get_cookie(name)  # type: ignore[attr-defined]  # a test client
    assert found is not None
    return str(found.value)


@pytest.mark.promise(name="P21")
def test_no_input_makes_an_operation_crash_or_break_its_word(world: Flask) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", world)
    codes, cookies = codes_of(world), askers_of(world)
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(),
            who=st.sampled_from(DESK if "/desk/" in operation.path else PHONES),
            choice=st.randoms(use_true_random=False),
        )
        def ask(case: schemathesis.Case, who: str, choice: random.Random) -> None:
            lead_somewhere(case, codes, choice)
            case.headers = {**(case.headers or {}), **SAME_SITE, "Idempotency-Key": f"any-{choice.getrandbits(60):x}"}
            case.cookies = cookies[who]
            case.call_and_validate(checks=[not_a_server_error, response_schema_conformance])

        ask()
        asked += 1
    assert asked >= 50


def lead_somewhere(case: schemathesis.Case, codes: list[str], choice: random.Random) -> None:
    """Put a real code into the path every second time, so that not every answer is a 404."""
    for name in case.path_parameters or {}:
        if choice.random() < 1 / 2:
            case.path_parameters[name] = choice.choice(codes)
