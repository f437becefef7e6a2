"""Runs migrations on the database of the present application, inside one writing transaction each."""

from __future__ import annotations

from alembic import context

from backend import tables
from backend.core.db import db

assert tables.ALL, "every table must be known before it is compared"

with db.engine.connect().execution_options(writes=True) as connection:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=True,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
