"""The public list of gifts is read by day: within a day in an order that says nothing about the hour (ADR 0013)."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the index that the list is read by."""
    op.create_index("ix_transfers_of_day", "transfers", ["target_account", "provider_date", "reference"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_transfers_of_day", "transfers")
