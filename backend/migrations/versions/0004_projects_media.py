"""Pictures, projects, their budgets and their progress posts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.core.db import UtcDateTime

revision = "0004"
down_revision = "0003"

RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
ONE_FUND = sa.text("kind = 'mutual_aid_fund'")


def upgrade() -> None:
    """Make the tables; the database itself allows one mutual-aid fund a village (R86)."""
    _pictures()
    op.create_table("projects", *_about(), *_decision(), *_standing(), *_project_rules())
    op.create_index(
        "ix_projects_one_fund_a_village",
        "projects",
        ["village_code"],
        unique=True,
        sqlite_where=ONE_FUND,
        postgresql_where=ONE_FUND,
    )
    op.create_index("ix_projects_village_code_id", "projects", ["village_code", "id"])
    _plan_and_progress()


def _pictures() -> None:
    op.create_table(
        "pictures",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("width", "height", "size_bytes")),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("region_code", sa.String(12), nullable=False),
        sa.Column("uploaded_by", RowId, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("code", name="uq_pictures_code"),
    )


def _about() -> list[sa.Column[object]]:
    return [
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("kind_reason", sa.String(200)),
        sa.Column("village_code", sa.String(12), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("summary", sa.String(200), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("village_profile", sa.Text(), nullable=False),
        sa.Column("address", sa.String(120)),
        sa.Column("target_fen", sa.BigInteger()),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
    ]


def _decision() -> list[sa.Column[object]]:
    return [
        sa.Column("decision_met_on", sa.Date(), nullable=False),
        sa.Column("decision_attendees", sa.Integer(), nullable=False),
        sa.Column("decision_in_favour", sa.Integer(), nullable=False),
        sa.Column("decision_note", sa.Text(), nullable=False),
        sa.Column("person_in_charge", sa.String(40), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
    ]


def _standing() -> list[sa.Column[object]]:
    return [
        sa.Column("organisation_id", RowId, sa.ForeignKey("organisations.id")),
        sa.Column("filing_number", sa.String(60)),
        sa.Column("cover_media", sa.String(16)),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("published_by", RowId, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("closed_at", UtcDateTime()),
    ]


def _project_rules() -> list[sa.Constraint]:
    return [
        sa.UniqueConstraint("code", name="uq_projects_code"),
        sa.CheckConstraint("target_fen IS NULL OR target_fen > 0", name="target"),
        sa.CheckConstraint("(kind = 'mutual_aid_fund') = (target_fen IS NULL)", name="fund_has_no_target"),
        sa.CheckConstraint("(kind = 'mutual_aid_fund') = (ends_on IS NULL)", name="fund_has_no_end"),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="period"),
        sa.CheckConstraint("closed_at IS NULL OR ended_at IS NOT NULL", name="ended_before_closed"),
    ]


def _plan_and_progress() -> None:
    op.create_table(
        "plan_lines",
        sa.Column("project_id", RowId, sa.ForeignKey("projects.id"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
    )
    op.create_table(
        "progress_posts",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("project_id", RowId, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("photo_media", sa.String(16)),
        sa.Column("posted_by", RowId, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("code", name="uq_progress_posts_code"),
    )
    op.create_index("ix_progress_posts_project_id_id", "progress_posts", ["project_id", "id"])


def downgrade() -> None:
    """Take the tables away again, the youngest first."""
    for table in ("progress_posts", "plan_lines", "projects", "pictures"):
        op.drop_table(table)
