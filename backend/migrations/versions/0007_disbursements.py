"""Payouts by two people, spending lines with vouchers, and their corrections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime

revision = "0007"
down_revision = "0006"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables; four eyes are the database's own rule, and what was spent is added, never changed."""
    _payouts()
    _spending_lines()
    _spending_corrections()
    for table in ("spending_lines", "spending_corrections"):
        refuse_changes(table)


def _payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("project_id", RowId, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", RowId, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", RowId, sa.ForeignKey("staff.id")),
        sa.Column("approved_at", UtcDateTime()),
        sa.UniqueConstraint("code", name="uq_payouts_code"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_whole"),
    )
    op.create_index("ix_payouts_project_id", "payouts", ["project_id"])


def _spending_lines() -> None:
    op.create_table(
        "spending_lines",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("project_id", RowId, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("spent_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("voucher_media", sa.String(16), nullable=False),
        sa.Column("voucher_sha256", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(120), nullable=False),
        sa.Column("recorded_by", RowId, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("code", name="uq_spending_lines_code"),
        sa.UniqueConstraint("project_id", "number", name="uq_spending_lines_project_id"),
        sa.UniqueConstraint("voucher_media", name="uq_spending_lines_voucher_media"),
        sa.UniqueConstraint("voucher_sha256", name="uq_spending_lines_voucher_sha256"),
        sa.UniqueConstraint("reference", name="uq_spending_lines_reference"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("number > 0", name="number"),
    )
    op.create_index("ix_spending_lines_project_id_id", "spending_lines", ["project_id", "id"])


def _spending_corrections() -> None:
    op.create_table(
        "spending_corrections",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("line_id", RowId, sa.ForeignKey("spending_lines.id"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("reference", sa.String(120), nullable=False),
        sa.Column("recorded_by", RowId, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("code", name="uq_spending_corrections_code"),
        sa.UniqueConstraint("reference", name="uq_spending_corrections_reference"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
    )
    op.create_index("ix_spending_corrections_line_id", "spending_corrections", ["line_id"])


def downgrade() -> None:
    """Take the tables away again, the youngest first."""
    drop_append_only("spending_corrections")
    drop_append_only("spending_lines")
    op.drop_table("payouts")
