"""The database goes up, down and up again, and then is exactly what the code believes it to be."""

from __future__ import annotations

import flask_migrate
from flask import Flask
from sqlalchemy import inspect

from backend.core.db import db


def test_the_database_goes_up_down_and_up_again(app: Flask) -> None:
    with app.app_context():
        before = set(inspect(db.engine).get_table_names())
        flask_migrate.downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
        flask_migrate.upgrade()
        assert set(inspect(db.engine).get_table_names()) == before


def test_the_migrated_database_is_what_the_code_believes(app: Flask) -> None:
    with app.app_context():
        flask_migrate.check()
        assert set(db.metadata.tables) <= set(inspect(db.engine).get_table_names())
