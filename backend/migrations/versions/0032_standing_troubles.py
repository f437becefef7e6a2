"""What is wrong outside and how often it was found so, and alerts that a check ends by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0032"
down_revision = "0031"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
NAME = "ck_payment_alerts_handled_by"
BY_A_PERSON = "(handled_at IS NULL) = (handled_by IS NULL)"
BY_NOBODY_TOO = "handled_by IS NULL OR handled_at IS NOT NULL"


def upgrade() -> None:
    """Make the table, and let an alert end without a person."""
    op.create_table(
        "standing_troubles",
        sa.Column("kind", sa.String(30), primary_key=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
    )
    _ruled(before=BY_A_PERSON, after=BY_NOBODY_TOO)


def downgrade() -> None:
    """Drop the table; what ended by itself waits for a person again."""
    op.execute("UPDATE payment_alerts SET handled_at = NULL, handled_reason = NULL WHERE handled_by IS NULL")
    _ruled(before=BY_NOBODY_TOO, after=BY_A_PERSON)
    op.drop_table("standing_troubles")


def _ruled(*, before: str, after: str) -> None:
    with op.batch_alter_table("payment_alerts", copy_from=_alerts(before)) as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(op.f(NAME), after)


def _alerts(rule: str) -> sa.Table:
    """Return the table as 0016 made it: SQLite makes it anew, and does not tell its rules."""
    return sa.Table(
        "payment_alerts",
        sa.MetaData(),
        sa.Column("id", RowId, nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("handled_at", UtcDateTime()),
        sa.Column("handled_by", RowId),
        sa.Column("handled_reason", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_payment_alerts"),
        sa.ForeignKeyConstraint(["handled_by"], ["staff.id"], name="fk_payment_alerts_handled_by_staff"),
        sa.UniqueConstraint("code", name="uq_payment_alerts_code"),
        sa.UniqueConstraint("kind", "subject", name="uq_payment_alerts_kind"),
        sa.CheckConstraint(rule, name=op.f(NAME)),
        sa.CheckConstraint(
            "(handled_at IS NULL) = (handled_reason IS NULL)", name=op.f("ck_payment_alerts_handled_reason")
        ),
        sa.Index("ix_payment_alerts_handled_at_id", "handled_at", "id"),
    )
