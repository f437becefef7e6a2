"""The addresses that open the mini-program from a browser, one for each target, app and version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the table."""
    key = (("target_kind", 10), ("target_code", 16), ("app_id", 32), ("version", 10))
    op.create_table(
        "url_links",
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in key),
        sa.Column("address", sa.String(512)),
        sa.Column("ends_at", UtcDateTime()),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(*(name for name, _ in key), name="pk_url_links"),
    )


def downgrade() -> None:
    """Take the table away again; addresses are asked for anew."""
    op.drop_table("url_links")
