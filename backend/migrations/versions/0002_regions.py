"""The regions: units, the endings of their names, and which edition is loaded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0002"
down_revision = "0001"

Ending = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, empty: `flask --app wsgi load-regions` fills them."""
    op.create_table(
        "regions",
        sa.Column("code", sa.String(12), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("parent_code", sa.String(9), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_regions_parent_code", "regions", ["parent_code"])
    op.create_table(
        "region_endings",
        sa.Column("place", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("ending", Ending, primary_key=True),
        sa.Column("code", sa.String(12), primary_key=True),
        sqlite_with_rowid=False,
    )
    state = op.create_table(
        "regions_state",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("edition", sa.String(64), nullable=False),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column("loaded_at", UtcDateTime()),
    )
    op.bulk_insert(state, [{"id": 1, "edition": "", "unit_count": 0}])


def downgrade() -> None:
    """Take the tables away again."""
    for table in ("regions_state", "region_endings", "regions"):
        op.drop_table(table)
