"""Where the provider tells us of an order's payment, kept with the order: one of the words that never change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Add the address. Orders made before have none: they are announced with that of the settings, as they were."""
    op.add_column("payment_orders", sa.Column("notify_url", sa.String(255)))


def downgrade() -> None:
    """Forget the addresses."""
    op.drop_column("payment_orders", "notify_url")
