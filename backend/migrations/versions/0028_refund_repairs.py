"""Cards to which abnormal refunds are sent instead: sealed until the provider has them, then only the last digits."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0028"
down_revision = "0027"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
IS_OPEN = sa.text("state IN ('entered', 'confirmed', 'taken')")
RULES = {
    "state": "state IN ('entered', 'confirmed', 'taken', 'done', 'refused', 'withdrawn')",
    "two_hands": "confirmed_by IS NULL OR confirmed_by <> entered_by",
    "confirmed_whole": (
        "(confirmed_by IS NULL) = (confirmed_at IS NULL) AND (state <> 'entered' OR confirmed_by IS NULL)"
        " AND (state NOT IN ('confirmed', 'taken', 'done', 'refused') OR confirmed_by IS NOT NULL)"
    ),
    "sealed_whole": (
        "(state IN ('entered', 'confirmed')) = (sealed_account IS NOT NULL)"
        " AND (sealed_account IS NULL) = (sealed_name IS NULL)"
    ),
    "ended_whole": "(state IN ('done', 'refused', 'withdrawn')) = (ended_at IS NOT NULL)",
}


def upgrade() -> None:
    """Make the table."""
    refund = sa.ForeignKey("refunds.id", name="fk_refund_repairs_refund_id_refunds")
    hands = {name: sa.ForeignKey("staff.id", name=f"fk_refund_repairs_{name}_staff") for name in _HANDS}
    op.create_table(
        "refund_repairs",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("refund_id", RowId, refund, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("bank_type", sa.String(16), nullable=False),
        sa.Column("card_tail", sa.String(4), nullable=False),
        sa.Column("key_serial", sa.String(80), nullable=False),
        sa.Column("sealed_account", sa.Text()),
        sa.Column("sealed_name", sa.Text()),
        sa.Column("entered_by", RowId, hands["entered_by"], nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_by", RowId, hands["confirmed_by"]),
        *(sa.Column(name, UtcDateTime()) for name in ("confirmed_at", "taken_at", "ended_at")),
        sa.Column("provider_code", sa.String(40)),
        sa.Column("provider_words", sa.String(200)),
        sa.UniqueConstraint("code", name="uq_refund_repairs_code"),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_refund_repairs_{name}")) for name, rule in RULES.items()),
    )
    where: dict[str, Any] = {"sqlite_where": IS_OPEN, "postgresql_where": IS_OPEN}
    op.create_index("ix_refund_repairs_one_open", "refund_repairs", ["refund_id"], unique=True, **where)
    op.create_index("ix_refund_repairs_refund_id_id", "refund_repairs", ["refund_id", "id"])


_HANDS = ("entered_by", "confirmed_by")


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("refund_repairs")
