"""Refunds: the case, the fen it took, the giver's reason, what providers told, the sandbox's book, and the rights."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime

revision = "0021"
down_revision = "0020"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
IS_WAITING = sa.text("state IN ('asked', 'checked')")
RULES = {
    "amount": "amount_fen > 0",
    "state": (
        "state IN ('asked', 'checked', 'approved', 'processing', 'success', 'closed', 'abnormal', 'withdrawn',"
        " 'refused')"
    ),
    "four_eyes": (
        "(approved_by IS NULL OR (checked_by IS NOT NULL AND approved_by <> checked_by))"
        " AND (asked_by IS NULL OR ((checked_by IS NULL OR asked_by <> checked_by)"
        " AND (approved_by IS NULL OR asked_by <> approved_by)))"
    ),
    "approved_whole": (
        "(approved_by IS NOT NULL) = (state IN ('approved', 'processing', 'success', 'closed', 'abnormal'))"
        " AND (approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (refund_no IS NULL)"
        " AND (approved_by IS NULL) = (account IS NULL) AND (approved_by IS NULL) = (body IS NULL)"
    ),
    "refused_whole": (
        "(state = 'refused') = (refused_by IS NOT NULL) AND (state = 'refused') = (refuse_reason IS NOT NULL)"
    ),
    "ended_whole": "(state IN ('success', 'closed', 'withdrawn', 'refused')) = (ended_at IS NOT NULL)",
    "success_whole": "(state = 'success') = (success_at IS NOT NULL)",
}
RIGHTS = {"national": "refunds.read refunds.ask refunds.decide", "auditor": "refunds.read"}


def upgrade() -> None:
    """Make the tables; parts are added and never changed."""
    _refunds()
    _parts()
    _words()
    _inbox()
    _sandbox()
    permissions = sa.table("permissions", sa.column("role"), sa.column("action"), sa.column("region_prefix"))
    rows = [
        {"role": role, "action": action, "region_prefix": ""}
        for role, actions in RIGHTS.items()
        for action in actions.split()
    ]
    op.bulk_insert(permissions, rows)


def _refunds() -> None:
    people = ("asked_by", "checked_by", "approved_by", "refused_by")
    op.create_table(
        "refunds",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("gift_id", RowId, sa.ForeignKey("gifts.id", name="fk_refunds_gift_id_gifts"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        *(sa.Column(name, RowId, sa.ForeignKey("staff.id", name=f"fk_refunds_{name}_staff")) for name in people),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        *(sa.Column(name, UtcDateTime()) for name in ("checked_at", "approved_at", "ended_at", "success_at")),
        sa.Column("refuse_reason", sa.String(200)),
        sa.Column("account", sa.String(80)),
        sa.Column("refund_no", sa.String(64)),
        sa.Column("body", sa.Text()),
        sa.Column("provider_refund_no", sa.String(64)),
        sa.Column("provider_code", sa.String(40)),
        sa.Column("next_ask_at", UtcDateTime()),
        sa.UniqueConstraint("code", name="uq_refunds_code"),
        sa.UniqueConstraint("refund_no", name="uq_refunds_refund_no"),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_refunds_{name}")) for name, rule in RULES.items()),
    )
    where: dict[str, Any] = {"sqlite_where": IS_WAITING, "postgresql_where": IS_WAITING}
    op.create_index("ix_refunds_one_waiting", "refunds", ["gift_id"], unique=True, **where)
    op.create_index("ix_refunds_gift_id_id", "refunds", ["gift_id", "id"])
    op.create_index("ix_refunds_state", "refunds", ["state"])
    op.create_index("ix_refunds_next_ask_at", "refunds", ["next_ask_at"])


def _parts() -> None:
    transfer = sa.ForeignKey("transfers.id", name="fk_refund_parts_transfer_id_transfers")
    refund = sa.ForeignKey("refunds.id", name="fk_refund_parts_refund_id_refunds")
    op.create_table(
        "refund_parts",
        sa.Column("refund_id", RowId, refund, primary_key=True, autoincrement=False),
        sa.Column("transfer_id", RowId, transfer, primary_key=True, autoincrement=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_refund_parts_amount")),
    )
    op.create_index("ix_refund_parts_transfer_id", "refund_parts", ["transfer_id"])
    refuse_changes("refund_parts")


def _words() -> None:
    refund = sa.ForeignKey("refunds.id", name="fk_refund_words_refund_id_refunds")
    person = sa.ForeignKey("people.id", name="fk_refund_words_person_id_people")
    op.create_table(
        "refund_words",
        sa.Column("refund_id", RowId, refund, primary_key=True, autoincrement=False),
        sa.Column("person_id", RowId, person, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
    )
    op.create_index("ix_refund_words_person_id", "refund_words", ["person_id"])


def _inbox() -> None:
    op.create_table(
        "refund_inbox",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("notice_id", sa.String(160), nullable=False),
        sa.Column("told_by", sa.String(10), nullable=False),
        sa.Column("refund_no", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.UniqueConstraint("provider", "notice_id", name="uq_refund_inbox_provider"),
    )
    op.create_index("ix_refund_inbox_refund_no", "refund_inbox", ["refund_no"])
    refuse_changes("refund_inbox")


def _sandbox() -> None:
    trade = sa.ForeignKey("sandbox_trades.out_trade_no", name="fk_sandbox_refunds_out_trade_no_sandbox_trades")
    op.create_table(
        "sandbox_refunds",
        sa.Column("refund_no", sa.String(64), primary_key=True),
        sa.Column("out_trade_no", sa.String(32), trade, nullable=False),
        sa.Column("provider_refund_no", sa.String(64), nullable=False),
        sa.Column("refund_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.Column("ends_as", sa.String(10), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("provider_refund_no", name="uq_sandbox_refunds_provider_refund_no"),
    )
    op.create_index("ix_sandbox_refunds_out_trade_no", "sandbox_refunds", ["out_trade_no"])


def downgrade() -> None:
    """Drop the tables and take the rights away again."""
    op.execute("DELETE FROM permissions WHERE action LIKE 'refunds.%'")
    op.drop_table("sandbox_refunds")
    drop_append_only("refund_inbox")
    op.drop_table("refund_words")
    drop_append_only("refund_parts")
    op.drop_table("refunds")
