"""Payments and gifts: orders, inbox, outbox, alerts, the sandbox's book; gifts, their words, receipts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime

revision = "0006"
down_revision = "0005"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
ORDER_IS_OPEN = sa.text("state IN ('created', 'payable')")
WAITING = sa.text("outcome = 'waiting'")


def upgrade() -> None:
    """Make the tables; a receipt, once issued, the database itself refuses to change."""
    _orders()
    _inbox()
    _outbox()
    _sandbox()
    _gifts()
    _receipts()
    refuse_changes("receipts")


def _orders() -> None:
    op.create_table(
        "payment_orders",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("out_trade_no", sa.String(32), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("merchant", sa.String(32), nullable=False),
        sa.Column("app_id", sa.String(32), nullable=False),
        sa.Column("payer_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("purse", sa.String(40), nullable=False),
        sa.Column("target_account", sa.String(80), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("pay_url", sa.String(255)),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("paid_at", UtcDateTime()),
        sa.Column("paid_fen", sa.BigInteger()),
        sa.Column("transaction_no", sa.String(64)),
        sa.UniqueConstraint("out_trade_no", name="uq_payment_orders_out_trade_no"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint(
            "(state = 'paid') = (paid_at IS NOT NULL AND paid_fen IS NOT NULL AND transaction_no IS NOT NULL)",
            name="paid_is_whole",
        ),
    )
    op.create_index(
        "ix_payment_orders_one_open",
        "payment_orders",
        ["payer_id", "purse", "amount_fen"],
        unique=True,
        sqlite_where=ORDER_IS_OPEN,
        postgresql_where=ORDER_IS_OPEN,
    )
    op.create_table(
        "order_asks",
        sa.Column("order_id", RowId, sa.ForeignKey("payment_orders.id"), primary_key=True, autoincrement=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_order_asks_next_at", "order_asks", ["next_at"])


def _inbox() -> None:
    op.create_table(
        "payment_inbox",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("notice_id", sa.String(80), nullable=False),
        sa.Column("told_by", sa.String(10), nullable=False),
        sa.Column("out_trade_no", sa.String(64)),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.UniqueConstraint("provider", "notice_id", name="uq_payment_inbox_provider"),
    )
    op.create_index("ix_payment_inbox_out_trade_no", "payment_inbox", ["out_trade_no"])
    op.create_index("ix_payment_inbox_waiting", "payment_inbox", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_table(
        "payment_alerts",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("kind", "subject", name="uq_payment_alerts_kind"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime()),
        sa.Column("delivered_at", UtcDateTime()),
    )
    op.create_index("ix_outbox_subject", "outbox", ["subject"])
    op.create_index("ix_outbox_next_at", "outbox", ["next_at"])


def _sandbox() -> None:
    op.create_table(
        "sandbox_trades",
        sa.Column("out_trade_no", sa.String(32), primary_key=True),
        sa.Column("merchant", sa.String(32), nullable=False),
        sa.Column("app_id", sa.String(32), nullable=False),
        sa.Column("description", sa.String(127), nullable=False),
        sa.Column("attach", sa.String(128), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("return_url", sa.String(255), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("transaction_no", sa.String(64)),
        sa.Column("success_at", UtcDateTime()),
        sa.UniqueConstraint("transaction_no", name="uq_sandbox_trades_transaction_no"),
    )


def _gifts() -> None:
    op.create_table(
        "gifts",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("order_id", RowId, sa.ForeignKey("payment_orders.id"), nullable=False),
        sa.Column("display", sa.String(10), nullable=False),
        sa.Column("hide_amount", sa.Boolean(), nullable=False),
        sa.Column("link_id", sa.String(10), sa.ForeignKey("links.link_id")),
        sa.Column("ordered_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("code", name="uq_gifts_code"),
        sa.UniqueConstraint("order_id", name="uq_gifts_order_id"),
    )
    op.create_index("ix_gifts_person_id_id", "gifts", ["person_id", "id"])
    op.create_index("ix_gifts_link_id", "gifts", ["link_id"])
    op.create_table(
        "gift_words",
        sa.Column("gift_id", RowId, sa.ForeignKey("gifts.id"), primary_key=True, autoincrement=False),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("name", sa.String(20)),
        sa.Column("message", sa.String(100)),
    )
    op.create_index("ix_gift_words_person_id", "gift_words", ["person_id"])


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("number", RowId, primary_key=True, autoincrement=False),
        sa.Column("transfer_id", RowId, sa.ForeignKey("transfers.id"), nullable=False),
        sa.Column("gift_id", RowId, sa.ForeignKey("gifts.id"), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("transfer_id", name="uq_receipts_transfer_id"),
        sa.UniqueConstraint("gift_id", name="uq_receipts_gift_id"),
    )
    state = op.create_table(
        "receipt_state",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "last_position": 0, "last_number": 0}])


def downgrade() -> None:
    """Take the tables away again, the youngest first."""
    op.drop_table("receipt_state")
    drop_append_only("receipts")
    for table in ("gift_words", "gifts", "sandbox_trades", "outbox", "payment_alerts", "payment_inbox"):
        op.drop_table(table)
    for table in ("order_asks", "payment_orders"):
        op.drop_table(table)
