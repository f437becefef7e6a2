"""What every test may ask for: an application on a fresh copy of each database."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from miniapp_api.app import create_app

from backend.core.config import Settings
from tests.world.databases import PostgresqlMaker, SqliteMaker, dispose
from tests.world.desk import desk, lamps
from tests.world.figures import PLAYED, PROMISE, how_to_repeat
from tests.world.measuring import is_twin, measured, unmeasured
from tests.world.postgres import postgresql_server, roomy_memory
from tests.world.regions import whole_country
from tests.world.sparing import spare

DATABASES = os.environ.get("TEST_DATABASES", "sqlite,postgresql").split(",")
Maker = SqliteMaker | PostgresqlMaker
__all__ = ["desk", "lamps", "whole_country"]  # Fixtures that stand in the world's own files.


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of tests that keep a promise, and spare every test what is alike in all of them."""
    config.addinivalue_line("markers", PROMISE)
    # A commit waits for its disk, and a round of the tests has a million of them.
    if memory := roomy_memory():  # pragma: no branch - a machine has room there or not.
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)
    spare()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Measure the coverage of a rule on one database; no seed of the test before is told with it."""
    PLAYED.clear()
    with unmeasured() if is_twin(item, databases=DATABASES) else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell with a failed test of a promise how its dice are thrown again."""
    report = yield
    is_promise = item.get_closest_marker("promise") is not None
    if report.failed and is_promise:  # pragma: no cover - only a broken product gets here.
        report.sections.append(("seed", how_to_repeat(item)))
    return report


@pytest.fixture(scope="session")
def makers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Maker]]:
    """The makers of this process, each made when first asked for: files take turns between the databases."""
    made: dict[str, Maker] = {}
    with ExitStack() as until_the_end:

        def maker_of(kind: str) -> Maker:
            if kind in made:
                return made[kind]
            folder = tmp_path_factory.mktemp("template")
            if kind == "sqlite":
                made[kind] = SqliteMaker(folder)
            else:  # pragma: no cover - while the measuring is off.
                with measured():
                    made[kind] = PostgresqlMaker(folder, until_the_end.enter_context(postgresql_server()))
            return made[kind]

        yield maker_of


@pytest.fixture(scope="session", params=DATABASES)
def database(request: pytest.FixtureRequest, makers: Callable[[str], Maker]) -> Maker:
    """A maker of fresh databases, once on SQLite and once on PostgreSQL."""
    return makers(request.param)


@pytest.fixture
def settings(database: Maker, tmp_path: Path) -> Iterator[Settings]:
    """Settings with a fresh, migrated, empty database."""
    with database.fresh(tmp_path) as settings:
        yield settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application on a fresh database. Each act opens its own application context."""
    app = create_app(settings)
    yield app
    dispose(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies yet."""
    return app.test_client()
