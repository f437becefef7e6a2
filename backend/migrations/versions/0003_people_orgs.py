"""People and their devices, staff and their rights, organisations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0003"
down_revision = "0002"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

READS = "projects.read payouts.read activities.read posters.read"
WORKS = "media.upload progress.post activities.open activities.run posters.make"
PUBLISHES = "projects.publish projects.end links.revoke"
PAYS = "payouts.propose payouts.approve unallocated.reallocate"
RIGHTS = {
    "village": f"{READS} {WORKS} {PUBLISHES} spending.record spending.correct",
    "township": f"{READS} {WORKS}",
    "county": f"{READS} {WORKS} {PUBLISHES}",
    "city": READS,
    "province": READS,
    "national": f"{READS} {PUBLISHES} {PAYS} unallocated.read audit.read",
    "auditor": f"{READS} unallocated.read audit.read",
}


def upgrade() -> None:
    """Make the tables and write down who may do what; each right is a row, everywhere within one's own region."""
    _people()
    _staff()
    _staff_sessions()
    _permissions()
    _organisations()


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("code", name="uq_people_code"),
    )
    op.create_table(
        "device_sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("person_id", RowId, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_device_sessions_person_id", "device_sessions", ["person_id"])
    op.create_index("ix_device_sessions_ends_at", "device_sessions", ["ends_at"])


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("login", sa.String(60), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("region_code", sa.String(12), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime()),
        sa.UniqueConstraint("code", name="uq_staff_code"),
        sa.UniqueConstraint("login", name="uq_staff_login"),
    )
    op.create_index("ix_staff_region_code", "staff", ["region_code"])


def _staff_sessions() -> None:
    op.create_table(
        "staff_sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("staff_id", RowId, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_staff_sessions_staff_id", "staff_sessions", ["staff_id"])
    op.create_table(
        "login_failures",
        sa.Column("login_hash", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", UtcDateTime(), nullable=False),
        sa.Column("locked_until", UtcDateTime()),
    )
    op.create_index("ix_login_failures_failed_at", "login_failures", ["failed_at"])


def _permissions() -> None:
    permissions = op.create_table(
        "permissions",
        sa.Column("role", sa.String(20), primary_key=True),
        sa.Column("action", sa.String(40), primary_key=True),
        sa.Column("region_prefix", sa.String(12), primary_key=True),
    )
    rights = [(role, action) for role, actions in RIGHTS.items() for action in actions.split()]
    op.bulk_insert(permissions, [{"role": role, "action": action, "region_prefix": ""} for role, action in rights])


def _organisations() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("fundraising_certificate", sa.String(60)),
        sa.Column("region_code", sa.String(12), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("code", name="uq_organisations_code"),
        sa.UniqueConstraint("uscc", name="uq_organisations_uscc"),
    )
    op.create_index("ix_organisations_region_code", "organisations", ["region_code"])


def downgrade() -> None:
    """Take the tables away again, the youngest first."""
    for table in ("organisations", "permissions", "login_failures", "staff_sessions", "staff"):
        op.drop_table(table)
    for table in ("device_sessions", "people"):
        op.drop_table(table)
