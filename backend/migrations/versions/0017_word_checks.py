"""Words that are checked before they are shown, and who at the desk reads those that were held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0017"
down_revision = "0016"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
RIGHTS = [(role, action) for role in ("county", "national") for action in ("words.read", "words.decide")]
RULES = {
    "kind": "kind IN ('gift', 'share')",
    "state": "state IN ('waiting', 'passed', 'held', 'approved', 'rejected')",
    "waiting_is_due": "(state = 'waiting') = (next_at IS NOT NULL)",
    "decided_by_a_person": "(state IN ('approved', 'rejected')) = (decided_by IS NOT NULL)",
    "decided_whole": "(decided_by IS NULL) = (decided_at IS NULL)",
    "rejected_with_reason": "(state = 'rejected') = (reason IS NOT NULL)",
}


def upgrade() -> None:
    """Make the table and write down the rights."""
    op.create_table(
        "word_checks",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("person_id", RowId, nullable=False),
        sa.Column("region_code", sa.String(12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("held_for", sa.String(20)),
        sa.Column("label", sa.Integer()),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("decided_by", RowId, sa.ForeignKey("staff.id", name="fk_word_checks_decided_by_staff")),
        sa.Column("reason", sa.String(100)),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_word_checks_person_id_people"),
        sa.UniqueConstraint("code", name="uq_word_checks_code"),
        sa.UniqueConstraint("kind", "subject", name="uq_word_checks_kind_subject"),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_word_checks_{name}")) for name, rule in RULES.items()),
    )
    held = sa.text("state = 'held'")
    op.create_index("ix_word_checks_held", "word_checks", ["id"], sqlite_where=held, postgresql_where=held)
    for name in ("person_id", "next_at"):
        op.create_index(f"ix_word_checks_{name}", "word_checks", [name])
    op.bulk_insert(_permissions(), [{"role": role, "action": action, "region_prefix": ""} for role, action in RIGHTS])


def _permissions() -> sa.Table:
    columns = (sa.Column(name, sa.String(40)) for name in ("role", "action", "region_prefix"))
    return sa.Table("permissions", sa.MetaData(), *columns)


def downgrade() -> None:
    """Take the rights and the table away again: what was held is shown as before there was a check."""
    op.execute("DELETE FROM permissions WHERE action IN ('words.read', 'words.decide')")
    op.drop_table("word_checks")
