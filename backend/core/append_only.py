"""Tables whose rows are added and never changed: the database itself refuses, also in plain SQL (law 2, P4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'rows of % are added, never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""


def refuse_changes(table: str) -> None:
    """Make the database refuse UPDATE, DELETE and TRUNCATE of `table`; called by the migration that creates it."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are added, never changed'); END"
            )
        return
    op.execute(_POSTGRESQL_FUNCTION)
    op.execute(
        f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


@contextmanager
def changed_once(table: str) -> Iterator[None]:
    """Let a migration change rows of such a table: the law may ask for it. Afterwards the database refuses again."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_refuses_{verb}")
    else:
        for verb in ("change", "truncate"):
            op.execute(f"DROP TRIGGER {table}_refuses_{verb} ON {table}")
    yield
    refuse_changes(table)


def drop_append_only(table: str) -> None:
    """Drop a table of this kind with its triggers; called by the downgrade of its migration."""
    op.drop_table(table)
