"""Orders that are announced by one at a time, payments that come twice, and one posting for each of a provider's."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0023"
down_revision = "0022"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OPEN = sa.text("state IN ('created', 'prepaying', 'payable')")
OPEN_BEFORE = sa.text("state IN ('created', 'payable')")
WISH = ["payer_id", "purse", "amount_fen"]


def upgrade() -> None:
    """Add what an order keeps of its announcement; one open order for a wish, now by the app of the payer too."""
    op.add_column("payment_orders", sa.Column("description", sa.String(127), nullable=False, server_default=""))
    op.add_column("payment_orders", sa.Column("prepay_id", sa.String(64)))
    op.add_column("payment_orders", sa.Column("announced_at", UtcDateTime()))
    op.add_column("payment_orders", sa.Column("announcing_until", UtcDateTime()))
    op.execute(
        "UPDATE payment_orders SET announced_at = created_at,"
        " description = COALESCE((SELECT '捐赠：' || p.title FROM projects p WHERE p.code = payment_orders.purse), '')"
    )
    op.drop_index("ix_payment_orders_one_open", "payment_orders")
    where: dict[str, Any] = {"sqlite_where": OPEN, "postgresql_where": OPEN}
    op.create_index(
        "ix_payment_orders_one_open", "payment_orders", ["payer_id", "app_id", *WISH[1:]], unique=True, **where
    )
    op.create_index("ix_payment_orders_transaction", "payment_orders", ["provider", "transaction_no"], unique=True)
    op.create_table(
        "payment_extras",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("order_id", RowId, sa.ForeignKey("payment_orders.id"), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("transaction_no", sa.String(64), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", UtcDateTime(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("reference", name="uq_payment_extras_reference"),
        sa.UniqueConstraint("provider", "transaction_no", name="uq_payment_extras_provider"),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_extras_amount")),
    )
    op.create_index("ix_payment_extras_order_id", "payment_extras", ["order_id"])


def downgrade() -> None:
    """Take it away again; an order that is being announced waits as if nobody had begun."""
    op.drop_table("payment_extras")
    op.drop_index("ix_payment_orders_transaction", "payment_orders")
    op.drop_index("ix_payment_orders_one_open", "payment_orders")
    op.execute("UPDATE payment_orders SET state = 'created' WHERE state = 'prepaying'")
    where: dict[str, Any] = {"sqlite_where": OPEN_BEFORE, "postgresql_where": OPEN_BEFORE}
    op.create_index("ix_payment_orders_one_open", "payment_orders", WISH, unique=True, **where)
    for name in ("announcing_until", "announced_at", "prepay_id", "description"):
        op.drop_column("payment_orders", name)
