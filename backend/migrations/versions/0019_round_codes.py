"""The round codes of the mini-program, one for each link, app and version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "round_codes",
        sa.Column("link_id", sa.String(10), nullable=False),
        sa.Column("app_id", sa.String(32), nullable=False),
        sa.Column("version", sa.String(10), nullable=False),
        sa.Column("picture", sa.LargeBinary()),
        sa.Column("fetched_at", UtcDateTime()),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.link_id"], name="fk_round_codes_link_id_links"),
        sa.PrimaryKeyConstraint("link_id", "app_id", "version", name="pk_round_codes"),
    )


def downgrade() -> None:
    """Take the table away again; codes are fetched anew."""
    op.drop_table("round_codes")
