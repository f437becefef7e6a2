"""The tokens of WeChat's apps, shared by all processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table."""
    instants = ("expires_at", "fetched_at", "replaced_at", "lease_until", "rests_until", "forced_at")
    op.create_table(
        "wechat_tokens",
        sa.Column("app_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("token", sa.Text()),
        sa.Column("lease", sa.String(16)),
        *(sa.Column(name, UtcDateTime()) for name in instants),
        sa.Column("forced_on", sa.Date()),
        sa.Column("forced_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "kind", name="pk_wechat_tokens"),
    )


def downgrade() -> None:
    """Take the table away again; tokens are fetched anew."""
    op.drop_table("wechat_tokens")
