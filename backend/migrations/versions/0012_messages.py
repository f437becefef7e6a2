"""Messages: the in-app inbox, one message for each event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0012"
down_revision = "0011"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
UNREAD = sa.text("read_at IS NULL")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "messages",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("link", sa.String(255)),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime()),
        sa.UniqueConstraint("code", name="uq_messages_code"),
        sa.UniqueConstraint("kind", "key", name="uq_messages_kind_key"),
        sa.CheckConstraint("link IS NULL OR link LIKE '/%'", name="link_is_ours"),
    )
    op.create_index("ix_messages_person_id_id", "messages", ["person_id", "id"])
    op.create_index("ix_messages_unread", "messages", ["person_id"], sqlite_where=UNREAD, postgresql_where=UNREAD)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("messages")
