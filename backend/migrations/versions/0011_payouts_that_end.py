"""Payouts that end without money: withdrawn, refused with a reason, or closed with their project."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0011"
down_revision = "0010"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
ENDED_BY = """CASE ended_as
    WHEN 'withdrawn' THEN ended_by IS NOT NULL AND ended_by = proposed_by
    WHEN 'refused' THEN ended_by IS NOT NULL AND ended_by <> proposed_by
    WHEN 'closed' THEN ended_by IS NULL
    ELSE ended_as IS NULL AND ended_by IS NULL END"""
RULES = {
    "one_end": "approved_at IS NULL OR ended_at IS NULL",
    "ended_whole": "(ended_as IS NULL) = (ended_at IS NULL)",
    "ended_by": ENDED_BY,
    "end_reason": "(COALESCE(ended_as, '') = 'refused') = (end_reason IS NOT NULL)",
}


def upgrade() -> None:
    """Add how a payout ended, with the database's own rules; those that wait for a closed project end with it."""
    with op.batch_alter_table("payouts", copy_from=_payouts()) as batch:
        for column in _ends():
            batch.add_column(column)
        for name, rule in RULES.items():
            batch.create_check_constraint(op.f(f"ck_payouts_{name}"), rule)
    op.execute(
        "UPDATE payouts SET ended_as = 'closed',"
        " ended_at = (SELECT p.closed_at FROM projects p WHERE p.id = payouts.project_id)"
        " WHERE approved_at IS NULL AND project_id IN (SELECT id FROM projects WHERE closed_at IS NOT NULL)"
    )


def _payouts() -> sa.Table:
    """Return the table as 0007 made it: SQLite makes it anew, and does not tell its rules."""
    return sa.Table(
        "payouts",
        sa.MetaData(),
        sa.Column("id", RowId, nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("project_id", RowId, nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", RowId, nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", RowId),
        sa.Column("approved_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_payouts"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_payouts_project_id_projects"),
        sa.ForeignKeyConstraint(["proposed_by"], ["staff.id"], name="fk_payouts_proposed_by_staff"),
        sa.ForeignKeyConstraint(["approved_by"], ["staff.id"], name="fk_payouts_approved_by_staff"),
        sa.UniqueConstraint("code", name="uq_payouts_code"),
        sa.CheckConstraint("amount_fen > 0", name="ck_payouts_amount"),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="ck_payouts_four_eyes"),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="ck_payouts_approved_whole"),
        sa.Index("ix_payouts_project_id", "project_id"),
    )


def _ends() -> list[sa.Column[Any]]:
    return [
        sa.Column("ended_as", sa.String(10)),
        sa.Column("ended_by", RowId, sa.ForeignKey("staff.id", name="fk_payouts_ended_by_staff")),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("end_reason", sa.String(200)),
    ]


def downgrade() -> None:
    """Take the ends away again, and the payouts that had one: before them they would wait, and could be approved."""
    op.execute("DELETE FROM payouts WHERE ended_at IS NOT NULL")
    with op.batch_alter_table("payouts", copy_from=_payouts_with_ends()) as batch:
        for name in RULES:
            batch.drop_constraint(op.f(f"ck_payouts_{name}"), type_="check")
        batch.drop_constraint("fk_payouts_ended_by_staff", type_="foreignkey")
        for column in _ends():
            batch.drop_column(column.name)


def _payouts_with_ends() -> sa.Table:
    table = _payouts()
    for column in _ends():
        table.append_column(column)
    for name, rule in RULES.items():
        table.append_constraint(sa.CheckConstraint(rule, name=f"ck_payouts_{name}"))
    return table
