"""Staff: a second factor, recovery codes, and sessions that their owner can tell apart and end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0015"
down_revision = "0014"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables; who is at work logs in again, so that each session has a name of its own."""
    op.execute("DELETE FROM staff_sessions")
    with op.batch_alter_table("staff_sessions") as batch:
        batch.add_column(sa.Column("code", sa.String(16), nullable=False))
        batch.add_column(sa.Column("device", sa.String(40), nullable=False))
        batch.create_unique_constraint(op.f("uq_staff_sessions_code"), ["code"])
    op.create_table(
        "staff_factors",
        sa.Column("staff_id", RowId, autoincrement=False, nullable=False),
        sa.Column("secret", sa.String(200), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime()),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_factors")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_factors_staff_id_staff")),
    )
    op.create_table(
        "staff_recovery_codes",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("staff_id", RowId, nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_staff_recovery_codes")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_recovery_codes_staff_id_staff")),
    )
    op.create_index(op.f("ix_staff_recovery_codes_staff_id"), "staff_recovery_codes", ["staff_id"])


def downgrade() -> None:
    """Take the tables away; accounts go back to the password alone."""
    op.drop_table("staff_recovery_codes")
    op.drop_table("staff_factors")
    op.execute("DELETE FROM staff_sessions")
    with op.batch_alter_table("staff_sessions") as batch:
        batch.drop_constraint(op.f("uq_staff_sessions_code"), type_="unique")
        batch.drop_column("device")
        batch.drop_column("code")
