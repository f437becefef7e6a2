"""Databases for tests: migrated once a session, then copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import flask_migrate
import psycopg
from flask import Flask
from miniapp_api.app import create_app
from sqlalchemy.engine import make_url

from backend.core.config import Settings, load_settings
from backend.core.db import db
from backend.payments.keys import sandbox_key

_numbers = count(1)


def settings_for(folder: Path, *, url: str | None = None) -> Settings:
    """Return test settings whose data lies in `folder`."""
    given = {"DATA_DIR": str(folder), "APP_ENV": "test", "SECRET_KEY": "a-secret-of-the-tests-" * 2}
    given["SHARED_ANSWER_MS"] = "0"  # What a test asks, it asks the database; sharing has tests of its own.
    given["RATE_LIMITS"] = "off"  # A test is a crowd behind one address; the limits have tests of their own.
    return load_settings({**given, "DATABASE_URL": url} if url else given, house=folder)


def share_key(template: Settings, settings: Settings) -> None:
    """Let the sandbox of this test sign with the session's key: to make one takes longer than most tests."""
    sandbox_key(template.data_dir)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    shutil.copy2(template.data_dir / "sandbox_key.pem", settings.data_dir)


class SqliteMaker:
    """Copies the migrated file for each test."""

    def __init__(self, folder: Path) -> None:
        self.template = settings_for(folder)
        migrate(self.template)

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[Settings]:
        """Yield settings whose database is a new copy."""
        settings = settings_for(folder)
        source, target = (Path(make_url(one.database_url).database or "") for one in (self.template, settings))
        shutil.copyfile(source, target)
        share_key(self.template, settings)
        yield settings


class PostgresqlMaker:
    """Creates each test's database from the migrated template."""

    def __init__(self, folder: Path, server_url: str) -> None:
        self.server_url = server_url
        # Copying the template's files is three times as fast as logging its pages; before 15 it was the only way.
        self.way = " STRATEGY file_copy" if self._run("SHOW server_version_num") >= "150000" else ""
        self.template = settings_for(folder, url=self._create("template_happy", of="template0"))
        migrate(self.template)

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[Settings]:  # pragma: no cover - while the measuring is off.
        """Yield settings whose database is a new copy, dropped afterwards."""
        name = f"t{next(_numbers)}"
        settings = settings_for(folder, url=self._create(name, of="template_happy"))
        share_key(self.template, settings)
        try:
            yield settings
        finally:
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _create(self, name: str, *, of: str) -> str:
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{of}"{self.way}')
        return make_url(self.server_url).set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> str:
        """Run one statement; return the value that it shows, if any."""
        plain = self.server_url.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as connection:
            told = connection.execute(statement.encode())
            return "".join(str(value) for row in told for value in row) if told.description else ""


def migrate(settings: Settings) -> None:
    """Bring the database of these settings to the newest revision."""
    app = create_app(replace(settings))
    with app.app_context():
        flask_migrate.upgrade()
    dispose(app)


def dispose(app: Flask) -> None:
    """Close every connection of the application, so that its database can be copied or dropped."""
    with app.app_context():
        db.engine.dispose()
