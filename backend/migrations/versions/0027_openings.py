"""Who opened what of whom: rows that nobody changes, and the rights to open and to read them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.append_only import drop_append_only, refuse_changes
from backend.core.db import UtcDateTime

revision = "0027"
down_revision = "0026"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
RIGHTS = {
    "vault.open": ("national", "county", "township", "village"),
    "openings.read": ("national", "auditor"),
}
RULES = {
    "purpose": "purpose IN ('asked', 'review', 'command')",
    "reason_or_work": "(purpose = 'review') = (reason IS NULL)",
    "asked_once": "(purpose = 'asked') = (nonce IS NOT NULL)",
}


def upgrade() -> None:
    """Make the table and write down the rights."""
    op.create_table(
        "vault_openings",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column(
            "staff_id", RowId, sa.ForeignKey("staff.id", name="fk_vault_openings_staff_id_staff"), nullable=False
        ),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id", name="fk_vault_openings_person_id_people")),
        sa.Column("row", sa.String(16), nullable=False),
        sa.Column("fields", sa.String(100), nullable=False),
        sa.Column("region_code", sa.String(12), nullable=False),
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(100)),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("nonce", sa.String(80)),
        sa.UniqueConstraint("staff_id", "nonce", name="uq_vault_openings_staff_id_nonce"),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_vault_openings_{name}")) for name, rule in RULES.items()),
    )
    op.create_index("ix_vault_openings_person_id_id", "vault_openings", ["person_id", "id"])
    op.create_index("ix_vault_openings_staff_id_opened_at", "vault_openings", ["staff_id", "opened_at"])
    refuse_changes("vault_openings")
    permissions = sa.table("permissions", sa.column("role"), sa.column("action"), sa.column("region_prefix"))
    rights = [(role, action) for action, roles in RIGHTS.items() for role in roles]
    op.bulk_insert(permissions, [{"role": role, "action": action, "region_prefix": ""} for role, action in rights])


def downgrade() -> None:
    """Take the rights and the table away again."""
    op.execute("DELETE FROM permissions WHERE action IN ('vault.open', 'openings.read')")
    drop_append_only("vault_openings")
