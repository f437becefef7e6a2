"""The ledger, the audit log and the answers kept for repeated requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime

revision = "0001"
down_revision = None

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, and make the database refuse to change what is written in the three that are history."""
    _audit_log()
    _kept_answers()
    _transfers()
    _order()
    _roll_ups()
    for table in ("audit_log", "transfers", "ledger_order"):
        refuse_changes(table)


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("done_at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
    )
    op.create_index("ix_audit_log_subject", "audit_log", ["subject"])


def _kept_answers() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("scope", sa.String(60), primary_key=True),
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("body", sa.Text()),
    )
    op.create_index("ix_kept_answers_claimed_at", "kept_answers", ["claimed_at"])


def _transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("source_account", sa.String(80), nullable=False),
        sa.Column("target_account", sa.String(80), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(120), nullable=False),
        sa.Column("channel", sa.String(20)),
        sa.Column("provider_date", sa.Date()),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("reference", name="uq_transfers_reference"),
        sa.CheckConstraint("amount_fen > 0 AND amount_fen <= 10000000000000", name="amount"),
        sa.CheckConstraint("source_account <> target_account", name="two_accounts"),
        sa.CheckConstraint(
            "(source_account = 'world' OR target_account = 'world')"
            " = (channel IS NOT NULL AND provider_date IS NOT NULL)",
            name="channel_of_world",
        ),
    )
    op.create_index("ix_transfers_source_account_id", "transfers", ["source_account", "id"])
    op.create_index("ix_transfers_target_account_id", "transfers", ["target_account", "id"])


def _order() -> None:
    op.create_table(
        "ledger_queue",
        sa.Column("transfer_id", RowId, sa.ForeignKey("transfers.id"), primary_key=True, autoincrement=False),
    )
    op.create_table(
        "ledger_order",
        sa.Column("position", RowId, primary_key=True, autoincrement=False),
        sa.Column("transfer_id", RowId, sa.ForeignKey("transfers.id"), nullable=False),
        sa.Column("ordered_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("transfer_id", name="uq_ledger_order_transfer_id"),
    )
    op.create_index("ix_ledger_order_ordered_at_position", "ledger_order", ["ordered_at", "position"])
    state = op.create_table(
        "ledger_state",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("last_ordered_at", UtcDateTime()),
    )
    op.bulk_insert(state, [{"id": 1, "last_position": 0}])


def _roll_ups() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("purse", sa.String(40), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_accounts_purse", "accounts", ["purse"])
    op.create_table(
        "account_flows",
        sa.Column("account", sa.String(80), primary_key=True),
        sa.Column("reason", sa.String(40), primary_key=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("in_fen", "out_fen", "in_count", "out_count")),
    )


def downgrade() -> None:
    """Take the tables away again, the youngest first."""
    for table in ("account_flows", "accounts", "ledger_state"):
        op.drop_table(table)
    drop_append_only("ledger_order")
    op.drop_table("ledger_queue")
    drop_append_only("transfers")
    drop_append_only("audit_log")
    op.drop_table("kept_answers")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS refuse_change()")
