"""Consents: who agreed to what, under which version of the text, since when, and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0025"
down_revision = "0024"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
STANDS = sa.text("withdrawn_at IS NULL")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "consents",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id", name="fk_consents_person_id_people"), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime()),
        sa.CheckConstraint("withdrawn_at IS NULL OR withdrawn_at >= given_at", name="withdrawn_after"),
    )
    columns = ["person_id", "purpose", "policy_version"]
    name = "ix_consents_standing"
    op.create_index(name, "consents", columns, unique=True, sqlite_where=STANDS, postgresql_where=STANDS)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("consents")
