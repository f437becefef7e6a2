"""Reconciliation: days, the bills as they came, differences, seals, and money of a federation's own for fees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime

revision = "0020"
down_revision = "0019"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
RIGHTS = (
    ("national", "reconciliation.read"),
    ("national", "reconciliation.decide"),
    ("national", "fees.fund"),
    ("national", "media.upload"),
    ("auditor", "reconciliation.read"),
)


def upgrade() -> None:
    """Make the tables; the database itself refuses to change a bill or a seal. Find transfers by channel and day."""
    _bills()
    _days()
    _differences()
    _seals()
    _own_money()
    refuse_changes("bill_files")
    refuse_changes("day_seals")
    op.create_index("ix_transfers_of_channel", "transfers", ["channel", "provider_date"])
    permissions = sa.table("permissions", sa.column("role"), sa.column("action"), sa.column("region_prefix"))
    op.bulk_insert(permissions, [{"role": role, "action": action, "region_prefix": ""} for role, action in RIGHTS])


def _bills() -> None:
    op.create_table(
        "bill_files",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("channel", "day", "kind", "sha256", name="uq_bill_files_channel"),
    )


def _days() -> None:
    op.create_table(
        "reconciled_days",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("answer", sa.String(10)),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), index=True),
        sa.Column("trade_bill_id", RowId, sa.ForeignKey("bill_files.id")),
        sa.Column("fund_bill_id", RowId, sa.ForeignKey("bill_files.id")),
        sa.Column("fetched_at", UtcDateTime()),
        sa.Column("matched_at", UtcDateTime()),
        sa.Column("payment_count", sa.Integer(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("refund_count", sa.Integer(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("flow_fen", sa.BigInteger(), nullable=False),
        sa.Column("closing_fen", sa.BigInteger()),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("closed_by", RowId, sa.ForeignKey("staff.id")),
        sa.UniqueConstraint("channel", "day", name="uq_reconciled_days_channel"),
        sa.CheckConstraint("(state IN ('closed', 'sealed')) = (closed_at IS NOT NULL)", name="closed_whole"),
        sa.CheckConstraint("state = 'waiting' OR fetched_at IS NOT NULL", name="fetched_whole"),
    )
    op.create_table(
        "billed_refunds",
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("refund_no", sa.String(64), primary_key=True),
        sa.Column("day_id", RowId, sa.ForeignKey("reconciled_days.id"), nullable=False, index=True),
        sa.Column("refund_fen", sa.BigInteger(), nullable=False),
    )


def _differences() -> None:
    op.create_table(
        "bill_differences",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("day_id", RowId, sa.ForeignKey("reconciled_days.id"), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(250), nullable=False),
        sa.Column("order_no", sa.String(64)),
        sa.Column("transaction_no", sa.String(64)),
        sa.Column("refund_no", sa.String(64)),
        sa.Column("ours_fen", sa.BigInteger()),
        sa.Column("theirs_fen", sa.BigInteger()),
        sa.Column("delta_fen", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(120), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("is_posted", sa.Boolean(), nullable=False),
        sa.Column("action", sa.String(10)),
        sa.Column("reason", sa.String(200)),
        sa.Column("proposed_by", RowId, sa.ForeignKey("staff.id")),
        sa.Column("proposed_at", UtcDateTime()),
        sa.Column("decided_by", RowId, sa.ForeignKey("staff.id")),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("reference", sa.String(120)),
        sa.UniqueConstraint("code", name="uq_bill_differences_code"),
        sa.UniqueConstraint("day_id", "kind", "subject", name="uq_bill_differences_day_id"),
        sa.UniqueConstraint("reference", name="uq_bill_differences_reference"),
        sa.CheckConstraint("state <> 'proposed' OR proposed_by IS NOT NULL", name="proposed_whole"),
        sa.CheckConstraint("state NOT IN ('settled', 'explained') OR decided_by IS NOT NULL", name="decided_whole"),
        sa.CheckConstraint("state <> 'settled' OR decided_by <> proposed_by", name="four_eyes"),
        sa.CheckConstraint("(state = 'settled') = (reference IS NOT NULL)", name="settled_whole"),
    )
    op.create_index("ix_bill_differences_order_no", "bill_differences", ["order_no"])
    op.create_index("ix_bill_differences_day_id_id", "bill_differences", ["day_id", "id"])


def _seals() -> None:
    op.create_table(
        "day_seals",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("replaces", sa.String(64)),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("channel", "previous_hash", name="uq_day_seals_channel"),
        sa.UniqueConstraint("channel", "day", "version", name="uq_day_seals_day"),
        sa.UniqueConstraint("hash", name="uq_day_seals_hash"),
    )


def _own_money() -> None:
    op.create_table(
        "own_money",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("voucher_media", sa.String(16), nullable=False),
        sa.Column("proposed_by", RowId, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", RowId, sa.ForeignKey("staff.id")),
        sa.Column("approved_at", UtcDateTime()),
        sa.Column("ended_as", sa.String(10)),
        sa.Column("ended_by", RowId, sa.ForeignKey("staff.id")),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("end_reason", sa.String(200)),
        sa.UniqueConstraint("code", name="uq_own_money_code"),
        sa.UniqueConstraint("voucher_media", name="uq_own_money_voucher_media"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_whole"),
        sa.CheckConstraint("approved_at IS NULL OR ended_at IS NULL", name="one_end"),
        sa.CheckConstraint(
            "(ended_as IS NULL) = (ended_at IS NULL) AND (ended_as IS NULL) = (ended_by IS NULL)", name="ended_whole"
        ),
    )


def downgrade() -> None:
    """Drop all of it; what was posted for it stays in the ledger."""
    rows = sa.table("permissions", sa.column("role"), sa.column("action"))
    for role, action in RIGHTS:
        op.execute(sa.delete(rows).where(rows.c.role == role, rows.c.action == action))
    op.drop_index("ix_transfers_of_channel", "transfers")
    drop_append_only("day_seals")
    for table in ("own_money", "billed_refunds", "bill_differences", "reconciled_days"):
        op.drop_table(table)
    drop_append_only("bill_files")
